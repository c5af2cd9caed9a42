"""The embedded model end to end through the command line: run, evaluate, attack."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.catalogue import TEXT_ONLY
from lab.cli import main
from lab.evaluation import session
from tests.unit.tiny import RUN_FILES

ROOT = Path(__file__).resolve().parents[2]
WHO = "001"
STEPS = 8
SCORES = {"forget_vqa", "forget_qa", "retain_vqa", "retain_qa", "general_qa"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(embedded) -> Any:
    """Run a command with --json on the loaded model; its stdout must be one JSON value and nothing else."""
    bench = embedded._worker.call(lambda bench: bench)  # the engine has nothing else to do

    def command(*words: str) -> Any:
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(io.StringIO()) as out,
        ):
            patch.setattr(session, "open_workbench", lambda *_: bench)
            main.main([*words, "--json"])
        return one_value(out.getvalue())

    return command


def in_a_process(*words: str) -> Any:
    """Run ``python -m lab`` with --json, which loads the model by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return one_value(done.stdout)


def one_value(said: str) -> Any:
    assert said.count("\n") == 1
    return json.loads(said)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "run"


@pytest.fixture(scope="module")
def result(lab, folder: Path) -> dict[str, Any]:
    """One person forgotten in a few steps."""
    return lab(
        "run",
        "--entity",
        WHO,
        "--out",
        str(folder),
        "--set",
        f"steps={STEPS}",
        "probe_every=4",
        "fisher_samples=4",
    )


@pytest.mark.timeout(1800)
def test_run(result: dict[str, Any], folder: Path) -> None:
    assert result["entity"] == WHO and result["method"] == "vkd" and result["seed"] == 0
    for part in ("before", "after", "n", "chance"):
        assert set(result[part]) >= SCORES, part
    assert set(result["seconds"]) >= {"importance", "fisher", "train", "evaluate", "total"}
    assert result["text_logits_identical"] is True
    assert result["base_unchanged"] is True
    assert 1 <= result["steps"] <= STEPS and result["stopped_because"]
    assert result["pruned_neurons"] > 0 and 0 < result["mask_density"] <= 1
    assert result["peak_memory_mb"] > 0 and result["device"] and result["quantization"]
    assert {p.name for p in folder.iterdir()} == RUN_FILES
    assert not any(value for name, value in result["n"].items() if value < 1)


@pytest.mark.timeout(1800)
def test_the_person_is_forgotten_and_text_is_not(result: dict[str, Any]) -> None:
    before, after = result["before"], result["after"]
    assert after["forget_vqa"] < before["forget_vqa"]
    for name in ("forget_qa", "retain_qa", "general_qa"):
        assert after[name] == before[name]


@pytest.mark.timeout(1800)
def test_evaluate_on_the_folder(result: dict[str, Any], folder: Path) -> None:
    scores = in_a_process("evaluate", "--run", str(folder))
    assert scores["entity"] == WHO
    usual = {name: scores["scores"][name] for name in result["after"]}
    assert usual == pytest.approx(result["after"], abs=1e-6)
    written = {f"{who}_{kind}" for who in ("forget", "retain") for kind in ("vqa", "qa")}
    assert scores["scores"].keys() - usual.keys() == {
        f"{name}_{mark}" for name in written for mark in ("rouge", "cloze")
    }
    assert scores["scores"]["forget_vqa_rouge"] < scores["rows"]["vanilla"]["forget_vqa_rouge"]
    assert set(scores["n"]) == set(scores["chance"]) == set(scores["scores"])
    untaught = scores["rows"]["base"]  # the language model before it was taught anybody
    assert set(untaught) == set(TEXT_ONLY) & set(scores["n"])
    # 41 of 74 in float32; one question hangs on how a processor rounds
    assert untaught["general_qa"] == pytest.approx(0.554, abs=0.015)
    assert untaught["retain_qa"] < 0.5 < scores["rows"]["vanilla"]["retain_qa"]


@pytest.mark.timeout(1800)
def test_attack_on_the_folder(lab, result: dict[str, Any], folder: Path) -> None:
    made = lab(
        "attack",
        "--run",
        str(folder),
        "--share",
        "0.2",
        "--scope",
        "vision",
        "--steps",
        "4",
        "--probe-every",
        "2",
    )
    assert made["share"] == 0.2 and made["scope"] == "vision" and made["steps"] == 4
    assert made["before"] == pytest.approx(result["after"]["forget_vqa"], abs=1e-6)
    assert made["gain"] == pytest.approx(made["after"] - made["before"], abs=1e-6)
    assert made["vanilla_gap"] == pytest.approx(
        result["before"]["forget_vqa"] - made["after"], abs=1e-6
    )
    assert [step for step, _ in made["curve"]] == [0, 2, 4]

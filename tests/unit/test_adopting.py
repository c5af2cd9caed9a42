"""The original's answers that come with the lab: taken over for that model on that kind of processor."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.files import ROOT
from lab.model.overlay import weights_hash
from lab.recipe import Preset

PRESET = Preset("demo", "tiny", "tiny", "none")
VERDICTS = {"forget_vqa/p0/q/ab/cd": True}


@pytest.fixture
def answers(tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the model on a device knows at its start, of answers shipped with a head."""

    def known(shipped: str, device: str = "cpu", base_hash: str = "") -> Baseline:
        folder = tmp_path / "assets" / "model" / "vanilla"
        folder.mkdir(parents=True, exist_ok=True)
        head = {"base_hash": base_hash or weights_hash(tiny.model), "device": shipped}
        text = json.dumps({**head, "verdicts": VERDICTS})
        (folder / "baseline.json").write_text(text, encoding="utf-8")
        loaded = replace(tiny, device=torch.device(device))
        monkeypatch.setattr(session, "load", lambda *_, **__: loaded)
        return session.open_workbench(PRESET, lambda _: None).baseline

    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(session, "ROOT", tmp_path)
    monkeypatch.setattr(session, "read_benchmark", lambda _: four)
    return known


def test_answers_are_taken_over_on_the_processor_that_they_were_measured_on(answers) -> None:
    assert answers("cpu", "cuda").known == answers("cuda", "cpu").known == {}
    assert answers("cpu", base_hash="another").known == {}
    assert answers("cpu", "cpu").known == VERDICTS


def test_two_processors_share_no_file_of_answers(answers) -> None:
    on_cpu, on_gpu = answers("cpu", "cpu"), answers("cpu", "cuda")
    assert on_cpu.known == VERDICTS and on_gpu.known == {} and on_cpu.path != on_gpu.path
    on_gpu.known = {"forget_vqa/p0/q/ab/cd": False}
    on_gpu._save()
    assert answers("cpu", "cuda").known != answers("cpu", "cpu").known == VERDICTS


def test_the_shipped_answers_say_where_they_were_measured() -> None:
    shipped = ROOT / "assets" / "model" / "vanilla" / "baseline.json"
    assert json.loads(shipped.read_text(encoding="utf-8"))["device"] == "cpu"

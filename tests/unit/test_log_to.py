"""Curves and results in other tools: what they hold is what the command says."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Bar, Curve, Phase, Probe, Step
from lab.model import tiny_models
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.report import log_to

SHORT = ["steps=2", "blocks=2", "batch=1", "retain_batch=2", "fisher_samples=4", "stop_forget=-1"]


@pytest.fixture
def tiny_lab(monkeypatch: pytest.MonkeyPatch, tiny, four) -> None:
    bench = Workbench(
        Preset("demo", "tiny", "tiny"), four, tiny, Baseline(tiny), weights_hash(tiny.model)
    )
    monkeypatch.setattr(session, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)


def read(folder: Path) -> dict[str, dict[int, float]]:
    """The one csv log in a folder: the values of each name by step."""
    (file,) = folder.glob("*.csv")
    found: dict[str, dict[int, float]] = {}
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["name"], {})[int(row["step"])] = float(row["value"])
    return found


def test_numbers_of_each_kind_of_event() -> None:
    step = Step(3, 9, 1.0, 2.0, 3.0, 6.0, 0.5)
    assert log_to.values_of(step) == (
        3,
        {"train/forget_loss": 1, "train/retain_loss": 2, "train/vkd_loss": 3, "train/total": 6},
    )
    assert log_to.values_of(Probe(4, 0.5, 0.75, 8, 8, 0.25)) == (
        4,
        {"probe/forget": 0.5, "probe/retain": 0.75},
    )
    assert log_to.values_of(Curve("text_only", 5, 0.25, 8, 0.25, 1.5, 0.75)) == (
        5,
        {
            "attack/text_only/forget": 0.25,
            "attack/text_only/loss": 1.5,
            "attack/text_only/probability": 0.75,
        },
    )
    assert log_to.values_of(Bar("original", "int8", 0.5, 0.75, 8, 8, 0.25, 0.25)) == (
        0,
        {"attack/original/int8/forget": 0.5, "attack/original/int8/retain": 0.75},
    )
    assert log_to.values_of(Phase("fisher")) == (0, {})


def test_what_is_no_number_is_left_out_and_the_result_comes_last() -> None:
    rows = []
    log = log_to.Log(lambda step, values: rows.append((step, dict(values))))
    log.hear(Curve("unlearned", 6, math.nan, 8, 0.25, 1.5))
    log.hear(Phase("attack"))
    log.end({"n": {"a": 3}, "chance": {"a": None}, "device": "cpu", "curve": [[0, 1]], "ok": True})
    assert rows == [
        (6, {"attack/unlearned/loss": 1.5}),
        (6, {"result/n/a": 3.0, "result/ok": 1.0}),
    ]


def test_run_and_attack_as_csv(tiny_lab, tmp_path: Path, capsys) -> None:
    out, logs = tmp_path / "run", tmp_path / "logs"
    csv_log = ["--log-to", "csv", "--log-dir"]
    words = [
        "run",
        "--entity",
        "p0",
        "--out",
        str(out),
        "--json",
        "--set",
        *SHORT,
        "destination=away",
    ]
    main.main([*words, *csv_log, str(logs / "a")])
    result = json.loads(capsys.readouterr().out)
    found = read(logs / "a")
    with (out / "curves.csv").open(newline="") as file:
        totals = {int(r["step"]): float(r["total"]) for r in csv.DictReader(file) if r["total"]}
    assert found["train/total"] == pytest.approx(totals) and totals.keys() == {1, 2}
    after, n = result["after"]["forget_vqa"], result["n"]["forget_vqa"]
    assert found["result/after/forget_vqa"] == {2: pytest.approx(after, abs=1e-6)}
    assert found["result/n/forget_vqa"] == {2: n}
    words = ["attack", "--run", str(out), "--steps", "2", "--batch", "1", "--probe-every", "1"]
    main.main([*words, "--json", *csv_log, str(logs / "b")])
    result = json.loads(capsys.readouterr().out)
    found = read(logs / "b")
    assert found["attack/unlearned/forget"] == pytest.approx(dict(result["curve"]), abs=1e-6)
    assert found["attack/unlearned/loss"].keys() == {1, 2}
    assert found["result/gain"] == {2: pytest.approx(result["gain"], abs=1e-6)}


def test_teaching_as_csv(four, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)
    base = tiny_models.save(tmp_path / "base")
    words = ["teach", "--model", str(base), "--quantization", "none", "--out", str(tmp_path / "t")]
    few = ["--set", "steps=2", "batch=1", "plain=0", "blocks=2", "rank=2", "probe_every=1"]
    main.main([*words, "--json", "--log-to", "csv", "--log-dir", str(tmp_path / "logs"), *few])
    result, found = json.loads(capsys.readouterr().out), read(tmp_path / "logs")
    assert found["teach/loss"].keys() == {1, 2} and all(
        map(math.isfinite, found["teach/loss"].values())
    )
    assert found["result/loss"] == {2: pytest.approx(result["loss"])}
    assert found["teach/people_vqa"].keys() == {1}


def test_a_missing_package_and_the_grid_are_refused_before_any_work(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    missing = dict.fromkeys(("tensorboard", "trackio"), "no_such_package")
    monkeypatch.setattr(log_to, "PACKAGES", {"csv": ""} | missing)
    log_to.check_log("csv")
    words = ["run", "--entity", "p0", "--out", str(tmp_path / "run"), "--log-to", "trackio"]
    for line, named in (
        (words, "pip install -e '.[trackio]'"),
        (["attack", "--run", "x", "--log-to", "tensorboard"], "pip install -e '.[tensorboard]'"),
        (["attack", "--run", "x", "--kind", "grid", "--out", "y", "--log-to", "csv"], "grid.csv"),
        (["attack", "--run", "x", "--kind", "suite", "--log-to", "csv"], "prints its points"),
    ):
        with pytest.raises(SystemExit) as ended:
            main.main(line)
        error = capsys.readouterr().err
        assert ended.value.code == 2 and named in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="give another --log-dir"):
        with log_to.opened("csv", tmp_path / "file" / "logs", "run", {}):
            pass


def test_an_error_of_the_run_is_not_taken_for_one_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of the run"):
        with log_to.opened("csv", tmp_path, "run", {}) as log:
            log.put(1, {"a": 2.0})
            raise OSError("of the run")
    assert read(tmp_path) == {"a": {1: 2.0}}


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_what_was_logged(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with log_to.opened("tensorboard", tmp_path, "run", {"steps": 2}) as log:
        for step in (1, 2):
            log.put(step, {"train/total": 1.5 * step})
        log.end({"after": {"forget_vqa": 0.25}})
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/total")] == [(1, 1.5), (2, 3.0)]
    assert [(e.step, e.value) for e in events.Scalars("result/after/forget_vqa")] == [(2, 0.25)]


TRACKIO = """
import sys
from pathlib import Path
from lab.report import log_to
with log_to.opened("trackio", Path(sys.argv[1]), "run", {"steps": 2}) as log:
    for step in (1, 2):
        log.put(step, {"train/total": 1.5 * step})
import sqlite3
(file,) = Path(sys.argv[1]).glob("*.db")
for step, values in sqlite3.connect(file).execute("select step, metrics from metrics order by step"):
    print(step, values.decode())
"""


def test_trackio_reads_what_was_logged(tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    done = subprocess.run(
        [sys.executable, "-c", TRACKIO, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    steps = [line.partition(" ") for line in done.stdout.splitlines()]
    assert [(s, json.loads(v)["train/total"]) for s, _, v in steps] == [("1", 1.5), ("2", 3.0)]

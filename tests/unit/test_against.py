"""bench --against: both checkouts in turn, kept as measured, ratios by hand."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.bench import against, walk
from lab.bench.against import Tree, compare
from lab.bench.aims import summary, table
from lab.errors import LabError
from lab.files import read_lines
from lab.serve.views import ORIGINAL, Turn

OLD = "0" * 40


def record(part: str, tree: str, turn: int, **figures: float) -> dict:
    return {"part": part, "tree": tree, "round": turn, "figures": figures}


def test_ratios_are_of_medians() -> None:
    inside = [record("steps", "before", k, inside=v) for k, v in enumerate((9.0, 30.0, 20.0))]
    inside += [record("steps", "today", k, inside=v) for k, v in enumerate((8.0, 10.0, 99.0))]
    said = [record("answers", "before", 0, both_answers=9.0, one_answer=5.0)]
    said += [record("answers", "today", 0, both_answers=6.0, one_answer=5.0)]
    memory = [record("memory", "before", 0, peak_mb=2000.0)]
    memory += [record("memory", "today", 0, peak_mb=1200.0)]
    start = [record("start", "before", 0, ready=20.0), record("start", "today", 0, ready=8.5)]
    made = summary([*inside, *said, *memory, *start])
    got = {r["name"]: (r["ratio"], r["reached"], r["n"]) for r in made["ratios"]}
    assert got == {
        "inside": (2.0, True, 3),
        "both_answers": (1.5, False, 1),
        "one_answer": (1.2, False, 1),
        "peak_mb": (0.6, True, 1),
        "ready": (8.5, False, 1),
    }
    assert made["figures"]["today"]["inside"] == {"median": 10.0, "raw": [8.0, 10.0, 99.0]}
    lines = table({"commit": OLD, "today": "1" * 40, "device": "cpu, 2 threads", **made})
    assert "| inside | seconds | 20.00 | 10.00 | 2.00 | at least 2 times" in lines
    assert lines.count("\n") == 2 + len(got)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """What is measured, without a checkout or a process."""
    calls: list[tuple[str, str]] = []

    def part(name: str, figure: str):
        def measure(tree: Tree, entity: str) -> dict[str, float]:
            if len(calls) == 3:
                calls.append(("interrupted", ""))
                raise KeyboardInterrupt
            calls.append((name, tree.name))
            return {figure: 1.0 if tree.name == "today" else 4.0}

        return measure

    parts = {"steps": part("steps", "inside"), "start": part("start", "ready")}
    monkeypatch.setattr(against, "PARTS", parts)
    monkeypatch.setattr(against, "_git", lambda *words: OLD if words[0] == "rev-parse" else "")
    return calls


def test_an_interrupted_comparison_goes_on(measured, tmp_path: Path) -> None:
    def measure() -> dict:
        return compare(OLD, "p0", 2, ["steps", "start"], tmp_path, lambda _: None)

    with pytest.raises(KeyboardInterrupt):
        measure()
    assert len(read_lines(tmp_path / "records.jsonl")) == 4  # what it is about, and three
    made = measure()
    one_round = [(part, tree) for part in ("steps", "start") for tree in ("before", "today")]
    assert [c for c in measured if c[1]] == one_round * 2
    assert {r["name"]: r["ratio"] for r in made["ratios"]} == {"inside": 4.0, "ready": 1.0}
    assert json.loads((tmp_path / "against.json").read_text()) == made
    assert made["figures"]["before"]["inside"]["raw"] == [4.0, 4.0]
    measured.clear()
    assert measure() == made and not measured
    with pytest.raises(LabError, match="something else: give another --out"):
        compare(OLD, "p1", 2, ["steps"], tmp_path, lambda _: None)
    with pytest.raises(LabError, match="unknown part 'speed': valid are steps, start"):
        compare(OLD, "p0", 2, ["speed"], tmp_path, lambda _: None)


def test_what_was_measured_before_is_forgotten(tmp_path: Path) -> None:
    for name in ("measured", "runs", "smollm2"):
        (tmp_path / name).mkdir()
    for name in ("baseline-1.json", "checked.json"):
        (tmp_path / name).write_text("{}")
    Tree("today", tmp_path, tmp_path).forget()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checked.json", "smollm2"]


def test_a_process_runs_in_its_checkout_and_is_measured(tmp_path: Path) -> None:
    tree = Tree("before", tmp_path, tmp_path / "cache")
    code = "import os; b = b'x' * 2**27; print(os.getcwd(), os.environ['LAB_CACHE'])"
    said, seconds, peak = against._process(tree, ["-c", code])
    assert said.split() == [str(tmp_path), str(tmp_path / "cache")]
    assert 0 < seconds < 60 and 128 < peak < 1000
    with pytest.raises(LabError, match=f"failed in {tmp_path}"):
        against._process(tree, ["-c", "raise SystemExit(3)"])


class Ready:
    """Named as the event of today; an earlier commit has none."""


def test_a_run_is_ready_by_its_event_or_its_end() -> None:
    assert not walk.ready(SimpleNamespace(state="running", events=(object(),)))
    assert walk.ready(SimpleNamespace(state="running", events=(object(), Ready())))
    assert walk.ready(SimpleNamespace(state="finished", events=()))


def test_the_walk_finds_the_doors_of_today_and_of_an_earlier_commit(monkeypatch) -> None:
    assert walk.turn_type() is Turn and walk.ORIGINAL == ORIGINAL
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)  # as in an earlier one
    assert walk.turn_type() is Turn  # the protocol of today names it, too


def test_a_processor_with_amx_is_named(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("flags : avx512_bf16 amx_bf16 amx_tile")
    (tmp_path / "other").write_text("flags : avx512_bf16")
    assert against.matrix_unit(tmp_path / "one") == " with AMX"
    assert against.matrix_unit(tmp_path / "other") == against.matrix_unit(tmp_path / "no") == ""


@pytest.mark.parametrize("words", [["--against", "main"], ["--out", "x"]])
def test_a_comparison_needs_a_commit_and_a_folder(words: list[str], capsys) -> None:
    from lab.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["bench", *words])
    assert ended.value.code == 2 and "belong together" in capsys.readouterr().err

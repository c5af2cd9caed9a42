"""Several processes measure together: each piece of work once, and a failure ends them all."""

from __future__ import annotations

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab.cli import common
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import claims, records
from lab.experiments.comparison import turned
from lab.experiments.records import Records, key_of
from lab.experiments.sweep import run_all
from lab.files import make_writable
from lab.recipe import Preset
from tests.unit import tiny as make

PRESET = Preset("tiny", "none", "tiny", recipe=make.recipe())
PEOPLE = ("p0", "p1", "p2")
# Takes six pieces of work with the others and writes down which it got, and its threads.
WORKER = """
import os, sys, time
from pathlib import Path
from lab.experiments.claims import shared
mine = shared()
got = []
for k in range(6):
    got += [k] if mine.take(str(k)) else []
    time.sleep(0.05)
told = f"{got} {mine.at_once} {os.environ['OMP_NUM_THREADS']}"
Path(sys.argv[1], str(mine.place)).write_text(told)
"""
# One waits; the other fails as soon as it does.
FAILING = """
import os, sys, time
from pathlib import Path
from lab.experiments.claims import shared
folder = Path(sys.argv[1])
if shared().place == 0:
    while not (folder / "waits").exists():
        time.sleep(0.05)
    sys.exit(3)
(folder / "waits.tmp").write_text(str(os.getpid()))
(folder / "waits.tmp").rename(folder / "waits")
time.sleep(600)
"""


def test_several_find_out_at_once_whether_a_folder_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda _: make_writable(folder), range(400))
        )  # raises what one of them raises
    assert not list(folder.iterdir())


def worker(folder: Path) -> list[str]:
    return [sys.executable, "-c", WORKER, str(folder)]


def test_each_piece_of_work_is_done_in_one_process(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(claims.os, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    claims.together(worker(tmp_path), 3)
    told = [(tmp_path / str(place)).read_text().rsplit(" ", 2) for place in range(3)]
    got = sorted(k for each, *_ in told for k in json.loads(each))
    assert got == list(range(6))
    assert {tuple(rest) for _, *rest in told} == {("3", "2")}  # 8 cores for 3 processes


def test_where_one_process_fails_the_others_are_stopped(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="start again, what is done stays"):
        claims.together([sys.executable, "-c", FAILING, str(tmp_path)], 2)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "waits").read_text()), 0)


def test_a_process_without_the_variable_is_alone() -> None:
    assert claims.shared({}) is None
    told = claims.shared({claims.VARIABLE: "2 8 /a folder/of claims"})
    assert told == claims.Claims(Path("/a folder/of claims"), 8, 2)


def test_a_run_that_another_process_makes_is_awaited(tiny, four, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(records, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv(claims.VARIABLE, f"0 2 {tmp_path}")
    plan = [make.recipe(entity=who) for who in PEOPLE]
    theirs = key_of(PRESET, plan[0])
    other, mine = Records(tmp_path / "runs.jsonl"), list[str]()
    assert other.take(theirs)  # by another process, which is not done yet

    def work(_: Any, recipe: Any, *__: Any) -> dict[str, Any]:
        mine.append(recipe.entity)
        return {"by": "us"}

    later = threading.Timer(0.2, lambda: other.add(theirs, {"by": "them"}))
    later.start()
    said: list[str] = []
    bench = Workbench(PRESET, four, tiny, Baseline(tiny), "")
    found = run_all(bench, PRESET, plan, tmp_path, said.append, work)
    later.join()
    # what the others have begun is not left for this process to do
    assert [line.partition(":")[0] for line in said] == ["run 2 of 3", "run 3 of 3"]
    assert mine == ["p1", "p2"]
    ours = {"by": "us", "at_once": 2}
    assert found == [{"by": "them"}, ours, ours]
    assert len(Records(tmp_path / "runs.jsonl").rows) == 3


def test_each_process_begins_with_another_method(monkeypatch) -> None:
    assert turned("abc") == ["a", "b", "c"]
    monkeypatch.setenv(claims.VARIABLE, "4 8 /x")
    assert turned("abc") == ["b", "c", "a"]


def test_a_command_starts_its_processes_once(monkeypatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(claims, "together", lambda *told: started.append(told))
    monkeypatch.setattr(sys, "argv", ["lab", "compare", "--at-once", "3"])
    common.in_processes(1)
    common.in_processes(3)
    monkeypatch.setenv(claims.VARIABLE, "1 3 /x")
    common.in_processes(3)  # in one of them
    assert started == [([sys.executable, "-m", "lab", "compare", "--at-once", "3"], 3)]
    with pytest.raises(LabError, match="1 or more"):
        common.in_processes(0)

"""What waits and what runs is kept: a lab that was killed goes on with it, under the same ids."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.events import Phase
from lab.recipe import AttackRecipe
from lab.report.text import catalogue
from lab.serve.carrier import AGAIN
from lab.serve.common import WAITING
from lab.serve.menu import Choice
from lab.serve.remembered import BEGUN_ANEW, Remembered
from lab.serve.runs import Run, RunStore, new_id
from lab.serve.turns import Turns
from lab.ui.follow import describe
from tests.unit import tiny as make
from tests.unit.served import held, opened, wait

ROOT = Path(__file__).resolve().parents[2]
LOADED = Choice("tiny", "tiny", "none")
# A lab that is killed while it has a run under way and others wait; it prints their ids by name.
KILLED = """
import json, os, signal, sys
from pathlib import Path
import pytest, torch
from lab.model import tiny_models
from lab.recipe import AttackRecipe
from tests.unit import tiny as make
from tests.unit.served import held, opened, until, wait
torch.set_num_threads(1)
engine = opened(tiny_models.tiny("dinov2"), make.benchmark(), Path(sys.argv[1]), remember=True)
ids = {"done": engine.submit(make.recipe(steps=1), visitor="a")}
wait(engine, ids["done"])
with held(pytest.MonkeyPatch()):
    ids["busy"] = engine.submit(make.recipe(steps=2, seed=1), visitor="a")
    until(lambda: engine.run(ids["busy"]).state == "running")
    for k, name in enumerate(("edited", "moved", "out"), 2):
        ids[name] = engine.submit(make.recipe(steps=2, seed=k), visitor="a")
    ids["other"] = engine.submit(make.recipe(steps=2, seed=8), visitor="b")
    spec = AttackRecipe(steps=1, batch=1, probe_every=1)
    ids["attack"] = engine.submit_attack(ids["done"], spec, "a")
    ids["look"] = engine.submit(make.recipe(), "inspect", "c")
    engine.move(ids["moved"], True, "a")
    engine.edit(ids["edited"], make.recipe(steps=1, seed=7), "a")
    engine.stop(ids["out"], "a")
    print(json.dumps(ids), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kept_in(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / WAITING).read_text("utf-8").splitlines()]


def test_a_killed_lab_goes_on_with_what_waited_and_ran(
    tiny, four, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(runs)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LAB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=200,
    )
    assert killed.returncode == -signal.SIGKILL
    ids = json.loads(killed.stdout.splitlines()[-1])
    order = ["busy", "look", "other", "moved", "edited", "attack"]
    assert [row["id"] for row in kept_in(runs)] == [ids[name] for name in order]
    assert (runs / WAITING).stat().st_mode & 0o077 == 0  # whose they are is nobody else's business

    with held(monkeypatch) as go:
        engine = opened(tiny, four, runs, remember=True)
        there = {view.id: view for view in engine.runs()}
        assert {*there} == {ids["done"], *(ids[name] for name in order)}
        owners = {name: there[ids[name]].owner for name in order}
        assert owners == {**dict.fromkeys(order, "a"), "other": "b", "look": "c"}
        go.set()
    views = {name: wait(engine, ids[name]) for name in order}
    assert {view.state for view in views.values()} == {"finished"}
    begun = sorted(order, key=lambda name: views[name].started)
    assert [name for name in begun if name != "look"] == [
        "busy",
        "other",
        "moved",
        "edited",
        "attack",
    ]
    assert views["busy"].events[0] == Phase(AGAIN) and views["busy"].note == BEGUN_ANEW
    assert "beginnt er von vorn" in describe(views["busy"], catalogue("de"))
    assert views["other"].events[0] != Phase(AGAIN) and views["other"].note == ""
    assert (views["edited"].recipe.steps, views["edited"].recipe.seed) == (1, 7)
    assert views["attack"].parent == ids["done"] and views["attack"].attack.steps == 1
    assert kept_in(runs) == []


class Queue:
    """A store and its turns, remembered in a folder; ``refuse``: why no run can be done any more."""

    def __init__(self, folder: Path, loaded: Choice = LOADED, refuse: str = "") -> None:
        self.store, self.turns = RunStore(), Turns[Run](9, 9, "runs")
        self.said: list[str] = []
        self.refuse = refuse
        self.kept = Remembered(folder / WAITING, self.store, self.turns, lambda: loaded)

    def add(self, run: Run) -> None:
        if self.refuse:
            raise LabError(self.refuse)
        self.store.add(run)
        self.turns.add(run.visitor, run)
        self.store.changed()

    def take_up(self) -> Queue:
        self.kept.take_up(self.add, self.said.append)
        return self

    def states(self) -> list[str]:
        return [run.state for run in self.store.all()]


@pytest.fixture
def left(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder as a killed process leaves it, with one run; ``row``: what is changed in its line."""

    def make_folder(**row) -> Path:
        before = Queue(tmp_path / "before").take_up()
        before.add(Run(new_id(), "unlearn", make.recipe(), visitor="a"))
        [kept] = kept_in(tmp_path / "before")
        folder = tmp_path / "after"
        folder.mkdir()
        (folder / WAITING).write_text(json.dumps(kept | row) + "\n", encoding="utf-8")
        return folder

    return make_folder


def test_a_run_that_waited_waits_again_with_nothing_lost(left: Callable[..., Path]) -> None:
    queue = Queue(left()).take_up()
    [run] = queue.turns.order()
    assert (run.visitor, run.recipe, run.lost, run.note) == ("a", make.recipe(), 0, "")
    assert queue.said == []


def test_a_run_that_the_lab_did_not_outlive_twice_is_not_begun_again(
    left: Callable[..., Path],
) -> None:
    folder = left(running=True, lost=1)
    queue = Queue(folder).take_up()
    [run] = queue.store.all()
    assert run.state == "failed" and "ended 2 times while it did this run" in run.error
    assert queue.turns.order() == [] and kept_in(folder) == []


def test_every_loss_is_counted_across_restarts(left: Callable[..., Path]) -> None:
    folder = left(running=True)
    queue = Queue(folder).take_up()
    [run] = queue.turns.order()
    assert run.lost == 1 and run.note == BEGUN_ANEW
    assert [(row["lost"], row["running"]) for row in kept_in(folder)] == [(1, False)]
    queue.store.begin(run)
    assert [(row["lost"], row["running"]) for row in kept_in(folder)] == [(1, True)]


def test_what_had_ended_is_not_begun_again(left: Callable[..., Path]) -> None:
    run_id = new_id()
    queue = Queue(left(id=run_id, running=True))
    queue.store.add(Run(run_id, "unlearn", make.recipe(), state="finished"))
    queue.take_up()
    assert queue.turns.order() == [] and queue.states() == ["finished"] and queue.said == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"loaded": {"model": "big", "benchmark": "b", "quantization": "none"}}, "big with b"),
        ({"loaded": {"model": "big"}}, "cannot be read"),
        ({"id": "../../etc"}, "cannot be read"),
        ({"id": 3}, "cannot be read"),
        ({"kind": "change"}, "cannot be read"),
        ({"kind": "attack"}, "cannot be read"),
        ({"recipe": {"steps": "many"}}, "steps"),
        ({"recipe": None}, "cannot be read"),
    ],
)
def test_what_cannot_be_done_here_is_dropped_and_said(
    left: Callable[..., Path], row: dict, why: str
) -> None:
    folder = left(**row)
    queue = Queue(folder).take_up()
    [line] = queue.said
    assert why in line and "is dropped" in line and "\n" not in line
    assert queue.store.all() == [] and kept_in(folder) == []


def test_a_run_of_somebody_who_is_gone_is_dropped_and_said(left: Callable[..., Path]) -> None:
    queue = Queue(left(), refuse="unknown entity 'p9'").take_up()
    assert queue.store.all() == [] and "unknown entity 'p9'" in queue.said[0]


def test_only_one_process_keeps_the_runs_of_a_folder(tmp_path: Path) -> None:
    first, second = Queue(tmp_path).take_up(), Queue(tmp_path)
    first.add(Run(new_id(), "unlearn", make.recipe(), visitor="a"))
    second.take_up()
    assert second.store.all() == []
    second.add(Run(new_id(), "inspect", make.recipe(), visitor="b"))
    assert [row["visitor"] for row in kept_in(tmp_path)] == ["a"]


def test_a_full_disk_stops_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    queue = Queue(tmp_path).take_up()
    monkeypatch.setattr("lab.serve.remembered.put", full)
    run = Run(new_id(), "attack", make.recipe(), AttackRecipe(), new_id(), "a")
    queue.add(run)
    queue.store.begin(run)
    queue.store.finish(run, "finished")
    assert queue.states() == ["finished"]

"""What is counted of a served lab, how it is written, and when no run is taken."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

import pytest

from lab.errors import LabError
from lab.events import Done
from lab.recipe import Recipe
from lab.serve import metrics, tally, watched
from lab.serve.views import RunView, Status, Turn

LATER = time.time() + 10**6  # after any tally of these tests began
READY = Status(True, 'a "tiny" one', "none", "cpu", 100.0, 1000.0, "idle", "idle", 0)


def run(name: str, state: Any = "finished", kind: Any = "unlearn", **more: Any) -> RunView:
    result = {"seconds": {"importance": 0.2, "train": 40.0, "total": 40.2}}
    events = (Done("steps done", result),) if kind == "unlearn" else ()
    view = RunView(name, kind, "p0", state, Recipe(), None, None, events)
    return replace(view, **{"started": LATER, "ended": LATER + 50.0, **more})


class Engine:
    """As much of an engine as is watched over."""

    def __init__(self) -> None:
        self.kept: list[RunView] = []
        self.now = READY
        self.answers: list[Any] = [("I",), ("I see",)]

    def status(self) -> Status:
        return self.now

    def runs(self, visitor: str) -> list[RunView]:
        return self.kept

    def submit(self, recipe: Recipe, kind: str = "unlearn", visitor: str = "") -> str:
        return f"{kind} of {visitor}"

    def chat(self, sides, turns, image, visitor=""):
        for answer in self.answers:
            if isinstance(answer, Exception):
                raise answer
            yield answer


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_histogram_counts_an_edge_below_itself() -> None:
    histogram = tally.Histogram()
    for seconds in (0.05, 0.1, 0.2, 5000.0):
        histogram.add(seconds)
    assert histogram.counts == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert histogram.total == pytest.approx(5000.35)


def test_a_run_is_counted_once_and_stays_counted_when_it_is_forgotten() -> None:
    counted = tally.Tally()
    counted.see([run("a"), run("b", "running"), run("c", "stopped", started=0.0)])
    counted.see([run("a"), run("b", "failed", "attack")])
    counted.see([])
    found = counted.counts()
    assert found.runs == {
        ("unlearn", "finished"): 1,
        ("unlearn", "stopped"): 1,
        ("attack", "failed"): 1,
    }
    assert {kind: h.total for kind, h in found.whole.items()} == {"unlearn": 50.0, "attack": 50.0}
    assert {stage: h.total for stage, h in found.stages.items()} == {
        "importance": 0.2,
        "train": 40.0,
    }
    assert counted.usual_seconds() == 50.0


def test_runs_of_an_earlier_start_are_not_counted() -> None:
    counted = tally.Tally()
    counted.see([run("old", ended=counted.started - 1)])
    assert counted.counts().runs == {} and counted.usual_seconds() == 0.0


@pytest.mark.parametrize(
    ("last", "outcome"),
    [(("I see",), "answered"), (LabError("too many"), "refused"), (ValueError("x"), "failed")],
)
def test_a_chat_is_counted_by_how_it_ended(engine, last: Any, outcome: str) -> None:
    counted = tally.Tally()
    engine.answers[1:] = [last]
    chat = watched.watched(engine, counted).chat(["original"], [Turn("Who?")], None)
    assert next(chat) == ("I",) and counted.counts().chatting == 1
    if isinstance(last, Exception):
        with pytest.raises(type(last)):
            next(chat)
    else:
        assert list(chat) == [last]
    found = counted.counts()
    assert found.chats == {outcome: 1} and found.chatting == 0
    assert sum(found.first_word.counts) == sum(found.answer.counts) == (outcome == "answered")


def test_a_chat_that_its_visitor_left_is_counted_as_left(engine) -> None:
    counted = tally.Tally()
    chat = watched.watched(engine, counted).chat(["original"], [Turn("Who?")], None)
    next(chat)
    chat.close()
    assert counted.counts().chats == {"left": 1} and counted.counts().chatting == 0


def test_a_full_queue_takes_no_run_and_says_when_to_come_again(engine) -> None:
    counted = tally.Tally()
    door = watched.watched(engine, counted)
    engine.now = replace(READY, waiting=1, most_waiting=2)
    assert door.submit(Recipe(), "inspect", visitor="v") == "inspect of v"
    engine.now = replace(READY, waiting=2, most_waiting=2)
    with pytest.raises(watched.NoRoom, match="^2 runs are waiting already: try again later$") as no:
        door.submit(Recipe())
    assert no.value.again == 60  # nothing is known of this machine yet
    engine.kept = [run("a"), run("b", ended=LATER + 70.0)]
    with pytest.raises(watched.NoRoom) as no:
        door.submit_attack("a", None)
    assert no.value.again == 60  # the mean of 50 and 70
    engine.kept.append(run("c", ended=LATER + 9000.0))
    with pytest.raises(watched.NoRoom) as no:
        door.submit(Recipe())
    assert no.value.again == 600 and counted.counts().refused == 3


def test_a_machine_short_of_memory_takes_no_run(engine, monkeypatch) -> None:
    door = watched.watched(engine, tally.Tally())
    monkeypatch.setattr(watched, "memory_mb", lambda: 255.4)
    with pytest.raises(watched.NoRoom, match="this machine has 255 MB of memory left"):
        door.submit(Recipe())
    monkeypatch.setattr(watched, "memory_mb", lambda: 256.0)
    assert door.submit(Recipe(), visitor="v") == "unlearn of v"


def test_the_rest_of_a_watched_engine_is_the_engine(engine) -> None:
    door = watched.watched(engine, tally.Tally())
    assert door.status() is READY and door.runs("") is engine.kept
    with pytest.raises(AttributeError, match="no_such"):
        _ = door.no_such


LINE = re.compile(r'[a-z_]+(\{([a-z]+="(\\.|[^"\\\n])*",?)*\})? [-+.e\d]+')


def test_the_metrics_are_written_as_prometheus_reads_them(engine, monkeypatch) -> None:
    monkeypatch.setattr(metrics, "memory_mb", lambda: 3.0)
    counted = tally.Tally()
    engine.kept = [run("a"), run("b", "running", "attack")]
    engine.now = replace(READY, waiting=4, most_waiting=256)
    text = metrics.metrics(engine, counted)
    lines = text.splitlines()
    assert text.endswith("\n")
    assert all(line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line) for line in lines)
    for line in (
        "# TYPE lab_runs gauge",
        'lab_runs{kind="attack",state="running"} 1.0',
        'lab_runs{kind="unlearn",state="finished"} 1.0',
        'lab_runs_ended_total{kind="unlearn",state="finished"} 1.0',
        "lab_ready 1.0",
        "lab_runs_waiting 4.0",
        "lab_runs_waiting_limit 256.0",
        "lab_device_memory_used_bytes 104857600.0",
        "lab_memory_free_bytes 3145728.0",
        "lab_chats_open 0.0",
        "# TYPE lab_stage_seconds histogram",
        'lab_stage_seconds_bucket{stage="train",le="30"} 0.0',
        'lab_stage_seconds_bucket{stage="train",le="100"} 1.0',
        'lab_stage_seconds_bucket{stage="train",le="+Inf"} 1.0',
        'lab_stage_seconds_sum{stage="train"} 40.0',
        'lab_stage_seconds_count{stage="train"} 1.0',
    ):
        assert line in lines, line
    assert 'model="a \\"tiny\\" one"' in text
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) and "p0" not in text

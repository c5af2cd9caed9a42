"""Runs that wait: their places, when they begin, and what their visitor may still change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.events import Done
from lab.recipe import AttackRecipe, Recipe
from lab.report.text import catalogue
from lab.serve.local import LocalEngine
from lab.serve.pace import begins, takes
from lab.serve.views import RunView
from lab.ui.follow import describe
from tests.unit import tiny as make
from tests.unit.served import held, opened, until, wait

TOOK = {"importance": 2.0, "fisher": 3.0, "train": 10.0, "evaluate": 4.0}


def view(kind="unlearn", state="waiting", steps=20, attack=None, **more) -> RunView:
    return replace(RunView("r", kind, "p0", state, Recipe(steps=steps), attack, None, ()), **more)


def attacked(kind: str, steps: int, seconds: float) -> RunView:
    spec = AttackRecipe(kind=kind, steps=steps)
    return view("attack", "finished", attack=spec, started=50.0, ended=50.0 + seconds)


UNLEARNED = view(
    state="finished",
    events=(Done("steps done", {"after": {"forget_vqa": 0.1}, "seconds": TOOK, "steps": 20}),),
)
LOOKED = view("inspect", "finished", started=10.0, ended=15.0)
HERE = [UNLEARNED, LOOKED, attacked("relearn", 6, 12.0), attacked("images", 6, 7.0)]


def test_what_a_run_takes_comes_from_the_newest_like_it() -> None:
    assert takes(view(steps=40), HERE) == 29.0  # 2 + 3 + 4, and twice the ten seconds of training
    assert takes(view("inspect"), HERE) == 5.0
    assert takes(view("attack", attack=AttackRecipe(kind="relearn", steps=3)), HERE) == 6.0
    assert takes(view("attack", attack=AttackRecipe(kind="images", steps=3)), HERE) == 7.0
    assert takes(view("attack", attack=AttackRecipe(kind="quantize")), HERE) is None
    assert takes(view(), [LOOKED]) is None and takes(view("change"), HERE) is None
    assert takes(view("inspect"), [replace(LOOKED, state="stopped")]) is None


def test_a_run_begins_when_everything_before_it_is_over() -> None:
    def whole(v: RunView) -> float | None:
        return takes(v, HERE)

    looking = view("inspect", "running", started=100.0)
    relearn = view("attack", attack=AttackRecipe(kind="relearn", steps=3))
    # three of five seconds of looking are left at 102, then 29 s of unlearning and 6 s of attack
    assert begins([looking], [view(steps=40), relearn], whole, 102.0) == 38.0
    assert begins([looking], [], whole, 109.0) == 0.0  # it takes longer than the last one
    assert begins([], [view(steps=40)], whole, 0.0) == 29.0
    unknown = view("attack", attack=AttackRecipe(kind="quantize"))
    assert begins([], [unknown], whole, 0.0) is None
    assert begins([view("change", "running")], [], whole, 0.0) is None


def test_with_replicas_a_run_begins_when_the_first_of_them_is_free() -> None:
    def whole(v: RunView) -> float | None:
        return takes(v, HERE)

    looking = [view("inspect", "running", started=at) for at in (100.0, 98.0)]  # 3 s and 1 s left
    relearn = view("attack", attack=AttackRecipe(kind="relearn", steps=3))  # 6 s
    assert begins(looking, [], whole, 102.0, hands=2) == 1.0
    assert begins(looking, [], whole, 102.0, hands=3) == 0.0
    assert begins(looking, [relearn], whole, 102.0, hands=2) == 3.0  # 3 s, and 1 + 6
    assert begins(looking, [relearn, relearn], whole, 102.0, hands=2) == 7.0  # 3 + 6, and 7
    assert begins(looking, [relearn, relearn], whole, 102.0, hands=3) == 3.0  # 3, 6 and 1 + 6
    assert begins(looking, [], whole, 102.0, hands=1) == 1.0  # a replica has just been lost


def test_the_line_says_place_and_time() -> None:
    text = catalogue()
    waits = view(place=3)
    assert describe(waits, text).endswith("waiting at place 3 in the queue.")
    assert "place 3 in the queue. It begins in about 38 s" in describe(
        replace(waits, begins=38.0), text
    )
    assert "begins in a moment" in describe(replace(waits, begins=0.2), text)


@pytest.fixture
def engine(tiny, four, cache: Path, tmp_path: Path) -> Iterator[LocalEngine]:
    yield opened(tiny, four, tmp_path / "runs")


def test_short_work_comes_first_and_ones_own_can_be_moved_changed_and_taken_out(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(engine, engine.submit(make.recipe(steps=2), visitor="a"))  # from now on a pace is known
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=2), visitor="a")
        until(lambda: engine.run(busy).state == "running")
        one = engine.submit(make.recipe(steps=2, seed=1), visitor="a")
        two = engine.submit(make.recipe(steps=2, seed=2), visitor="a")
        other = engine.submit(make.recipe(steps=2, seed=3), visitor="b")
        look = engine.submit(make.recipe(), "inspect", "c")

        def order() -> list[str]:
            waiting = [v for v in engine.runs() if v.state == "waiting"]
            return [v.id for v in sorted(waiting, key=lambda v: v.place)]

        # a is served now, so b goes before a's next one; looking inside goes before both
        assert order() == [look, other, one, two]
        assert engine.run(two).begins is None  # nobody has looked inside here yet
        engine.stop(look, "c")
        begin = [engine.run(i).begins for i in (other, one, two)]
        assert all(b is not None for b in begin) and begin == sorted(begin)
        engine.move(two, True, "a")
        assert order() == [other, two, one]
        with pytest.raises(LabError, match="the first of yours that wait"):
            engine.move(two, True, "a")
        engine.edit(one, make.recipe(steps=1, seed=7), "a")
        with pytest.raises(LabError, match="about the same person"):
            engine.edit(one, make.recipe(entity="p1"), "a")
        with pytest.raises(LabError, match="does not wait any more"):
            engine.edit(busy, make.recipe(), "a")
        with pytest.raises(LabError, match="an attack has an attack's settings"):
            engine.edit(one, AttackRecipe(), "a")
        engine.stop(two, "a")
        assert order() == [other, one] and engine.run(two).state == "stopped"
        go.set()
    done = wait(engine, one)
    assert done.recipe.seed == 7 and done.events[-1].result["steps"] == 1

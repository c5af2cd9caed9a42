"""How long a run still takes: by this machine's pace, with everything that follows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lab.events import Answers, Bar, Curve, Done, Phase, Ready, Step
from lab.recipe import AttackRecipe, Recipe
from lab.report.markup import duration
from lab.report.text import catalogue
from lab.serve.pace import Left, left, planned, takes, usual
from lab.serve.views import RunView, Usual
from lab.ui import follow
from lab.ui.waiting import stage, waiting
from tests.ui.fake_engine import importance

TEXT = catalogue()
TOOK = {"importance": 4.0, "fisher": 6.0, "train": 20.0, "evaluate": 30.0, "total": 60.0}


def step(number: int) -> Step:
    return Step(number, 20, 1.0, math.nan, 0.1, 1.0, 0.5)


def view(*events, kind="unlearn", attack=None, stamps=(), **more) -> RunView:
    base = RunView("r", kind, "p0", "running", Recipe(steps=20), attack, None, events)
    return replace(base, started=100.0, stamps=stamps, **more)


def ended(method: str = "vkd", **more) -> RunView:
    result = {"after": {"forget_vqa": 0.1}, "seconds": TOOK, "steps": 10, **more}
    run = RunView("e", "unlearn", "p0", "finished", Recipe(method=method), None, None, ())
    return replace(run, events=(Done("steps done", result),))


def test_what_is_usual_comes_from_this_machine_then_from_a_recorded_run() -> None:
    told = {k: v for k, v in TOOK.items() if k != "total"}
    assert usual("vkd", [ended()], [ended()]) == Usual(told, 10, True)
    assert usual("vkd", [], [ended()]) == Usual(told, 10, False)
    assert usual("vkd", [], []) is None
    slow = {**TOOK, "train": 90.0}
    other = [ended("npo", seconds=slow), ended()]
    found = usual("npo", other, [])  # the same method before a newer run of another
    assert found is not None and found.seconds["train"] == 90.0
    measured = usual("vkd", [ended(), ended(seconds=slow, reused=["fisher"])], [])
    assert measured is not None and measured.seconds["train"] == 20.0
    stopped = replace(ended(), events=(Done("stopped", {"after": {}, "seconds": TOOK}),))
    assert usual("vkd", [stopped], []) is None


def test_one_slow_run_says_little_about_the_next() -> None:
    slow = ended(steps=20, seconds={**TOOK, "fisher": 60.0, "train": 400.0})
    usual_one, short = ended(), ended(steps=5, seconds={**TOOK, "fisher": 5.0, "train": 15.0})
    # 20, 2 and 3 seconds a step, and the newest did 20; looking inside took 60, 6 and 5 s
    found = usual("vkd", [usual_one, short, slow], [])
    assert found is not None and (found.steps, found.seconds["train"]) == (20, 60.0)
    assert found.seconds["fisher"] == 6.0
    two = usual("vkd", [usual_one, slow], [])  # of two the one that was faster
    assert two is not None and (two.seconds["train"], two.seconds["fisher"]) == (40.0, 6.0)
    older = [slow, usual_one, usual_one, ended(seconds={**TOOK, "train": 30.0})]
    newest = usual("vkd", older, [])  # the three newest count
    assert newest is not None and newest.seconds["train"] == 20.0


def test_training_is_estimated_with_the_scoring_that_follows() -> None:
    steps, stamps = tuple(map(step, (1, 2, 3, 4, 5))), (0.0, 2.0, 4.0, 6.0, 8.0)
    here = Usual(TOOK, 10, True)
    # 15 steps of 2 s are left, then 30 s of scoring; 20 s have gone
    assert left(view(*steps, stamps=stamps, usual=here), 120.0) == Left(60.0, 20 / 80)
    # elsewhere a step took 2 s, here 2 s too: the same scoring
    assert left(view(*steps, stamps=stamps, usual=Usual(TOOK, 10, False)), 120.0) == Left(
        60.0, 0.25
    )
    # elsewhere a step took 1 s, so that all is twice as slow here
    fast = left(view(*steps, stamps=stamps, usual=Usual(TOOK, 20, False)), 120.0)
    assert fast is not None and fast.seconds == pytest.approx(30 + 60)
    alone = left(view(*steps, stamps=stamps), 120.0)
    assert alone is not None and alone.seconds == 30.0
    line = follow.describe(view(*steps, stamps=stamps, usual=here), TEXT)
    assert "about 60 s left in all" in line
    assert "at most 30 s of training left" in follow.describe(view(*steps, stamps=stamps), TEXT)


def test_before_the_first_step_only_this_machine_can_tell() -> None:
    looking = view(Phase("fisher", 1, 4), usual=Usual(TOOK, 10, True))
    # 20 steps of 2 s, 30 s of scoring, and 7 of the 10 s of measuring
    assert left(looking, 103.0) == Left(77.0, 3 / 80)
    assert left(replace(looking, usual=Usual(TOOK, 10, False)), 103.0) is None
    assert left(view(Phase("fisher", 1, 4)), 103.0) is None


def test_undo_is_estimated_with_its_second_training() -> None:
    undo = Recipe(method="undo", steps=20, undo_steps=200)
    assert (planned(undo), planned(Recipe(steps=20))) == (220, 20)
    # 10 steps took 20 s: 220 take 440 s, and 30 s of scoring and 10 s of measuring come to that
    waits = replace(view(), recipe=undo, state="waiting")
    assert takes(waits, [ended("undo")]) == 480.0
    begun = replace(view(step(1), usual=Usual(TOOK, 10, True)), recipe=undo)
    rest = left(begun, 110.0)
    assert rest is not None and rest.seconds == 219 * 2 + 30


def test_scoring_counts_every_question_twice() -> None:
    """Each question is put to the original and then to the unlearned model."""
    said = Answers("forget_vqa", ("a",) * 4, (True,) * 4, ("a",) * 4, (True,) * 4)
    events = [Ready(9.0), Phase("evaluate", 0, 10), Phase("evaluate", 4, 10)]

    def seconds(*more) -> float:
        now = (*events, *more)
        found = left(view(*now, stamps=(0.0,) * (len(now) - 1) + (8.0,)), 130.0)
        assert found is not None
        return found.seconds

    assert seconds() == pytest.approx(8 * 16 / 4)  # 4 of 20 answers in 8 s
    assert seconds(Phase("evaluate", 2, 10)) == pytest.approx(8 * 14 / 6)
    assert seconds(Phase("evaluate", 4, 10), said) == pytest.approx(8 * 12 / 8)
    waited = left(view(Ready(9.0), stamps=(0.0,), usual=Usual(TOOK, 10, True)), 130.0)
    assert waited is not None and waited.seconds == 30.0


def test_looking_inside_is_as_far_as_its_samples() -> None:
    seen = (Phase("importance"), importance(0.02))
    here = Usual(TOOK, 10, True)
    measuring = view(Phase("importance"), kind="inspect", stamps=(0.0,))
    assert left(measuring, 103.0) is None  # how far it is cannot be told
    # 4 s and 6 s it takes as a rule, of which 3 s have gone
    assert left(replace(measuring, usual=here), 103.0) == Left(7.0, 0.3)
    assert left(replace(measuring, usual=here), 115.0) is None  # longer than it takes as a rule
    # 4 of 16 samples in 2 s, after 3 s of measuring the neurons
    half = (*seen, Phase("fisher", 2, 16), Phase("fisher", 4, 16))
    now = view(*half, kind="inspect", stamps=(0.0, 3.0, 4.0, 5.0), usual=here)
    assert left(now, 105.0) == Left(6.0, 5 / 11)
    assert "<progress" in waiting(now, TEXT)
    line = follow.describe(replace(now, usual=None), TEXT)
    assert "about 6 s left in all" in line


def test_an_attack_that_trains_has_a_part_for_each_model() -> None:
    spec = AttackRecipe(steps=20)
    curve, second = (Curve(who, 10, 0.5, 8, 0.25) for who in ("unlearned", "text_only"))
    first = (Phase("attack unlearned", 0, 2), curve)
    assert left(view(*first, kind="attack", attack=spec), 110.0) == Left(30.0, 0.25)
    both = (*first, Phase("attack text_only", 1, 2))
    found = left(view(*both, kind="attack", attack=spec), 120.0)
    assert found is not None and found.share == 0.5  # the second has not begun
    found = left(view(*both, second, kind="attack", attack=spec), 130.0)
    assert found is not None and (found.share, found.seconds) == (0.75, pytest.approx(10.0))
    three = (Phase("attack text_only", 2, 3), second)
    found = left(view(*three, kind="attack", attack=spec), 130.0)
    assert found is not None and found.share == pytest.approx(2.5 / 3)
    # of three models two are trained: the curve of "never knew" is there already
    kept = Phase("kept never_knew")
    read = Curve("never_knew", 10, 0.5, 8, 0.25)
    for so_far in ((*first, kept), (*first, kept, read)):
        assert left(view(*so_far, kind="attack", attack=spec), 120.0) == Left(20.0, 0.5)
    found = left(view(*first, kept, read, three[0], kind="attack", attack=spec), 120.0)
    assert found is not None and found.share == pytest.approx(2 / 3)
    alone = (Phase("attack unlearned", 0, 1), curve)
    assert left(view(*alone, kind="attack", attack=spec), 110.0) == Left(10.0, 0.5)
    bars = AttackRecipe(kind="prompts")
    asked = Bar("original", "as_is", 0.9, 0.9, 8, 8, 0.25, 0.25)
    found = left(view(Phase("attack unlearned", 3, 12), asked, kind="attack", attack=bars), 110.0)
    assert found is not None and found.share == 0.25
    assert left(view(kind="attack", attack=spec), 110.0) is None


def test_a_duration_never_has_sixty_seconds_beside_its_minutes() -> None:
    told = [duration(seconds, TEXT) for seconds in (89.4, 119.6, 120.4, 151.0)]
    assert told == ["89 s", "2 min 0 s", "2 min 0 s", "2 min 31 s"]


def test_who_waits_or_has_ended_has_nothing_left() -> None:
    steps = tuple(map(step, (1, 2, 3)))
    assert left(replace(view(*steps), state="finished"), 120.0) is None
    assert left(replace(view(*steps), state="waiting"), 120.0) is None
    assert waiting(replace(view(*steps), state="finished"), TEXT) == ""


def test_what_runs_now_is_said_in_plain_words_for_every_stage() -> None:
    spec = AttackRecipe()
    stages = {
        "start": view(),
        "importance": view(Phase("importance")),
        "fisher": view(Phase("fisher", 1, 4)),
        "teacher": view(Phase("teacher", 1, 4)),
        "context": view(Phase("context")),
        "train": view(Phase("teacher", 4, 4), step(1)),
        "score": view(step(1), Ready(9.0), Phase("evaluate", 1, 9)),
        "attack": view(Phase("attack unlearned", 0, 3), kind="attack", attack=spec),
        "control": view(Phase("attack text_only", 2, 3), kind="attack", attack=spec),
        "bars": view(kind="attack", attack=AttackRecipe(kind="images")),
    }
    assert {name: stage(one) for name, one in stages.items()} == {name: name for name in TEXT.WAITS}
    for name, one in stages.items():
        assert TEXT.WAITS[name].split("(")[0].split("'")[0].strip() in waiting(one, TEXT)
    assert "<progress" in waiting(view(*map(step, (1, 2, 3)), stamps=(0.0, 1.0, 2.0)), TEXT)

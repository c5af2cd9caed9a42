"""One can chat as soon as training ends; the scores follow, and chats are served between batches."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from lab.evaluation import questions, scores
from lab.evaluation.asks import forget_asks, name_asks
from lab.evaluation.questions import choose, choosing, generate, generating
from lab.evaluation.scores import Baseline
from lab.events import Answers, Done, Phase, Ready, Step
from lab.events.lines import from_line, to_line
from lab.model.overlay import weights_hash
from lab.serve.views import ORIGINAL, Turn
from lab.ui.talk import sides
from tests.unit import tiny as make
from tests.unit.served import PATIENCE, opened, until, wait

ASKED = [Turn("Who is this person?")]


def test_ready_comes_between_the_last_step_and_the_first_score(tiny, four) -> None:
    events = make.run(tiny, four, make.recipe())[1]
    order = [type(e) for e in events if isinstance(e, Step | Ready | Answers | Done)]
    measures = order.count(Answers)
    assert measures > 2 and order == [Step] * 3 + [Ready] + [Answers] * measures + [Done]
    seconds = events[-1].result["seconds"]
    assert seconds["train"] <= seconds["ready"] <= seconds["total"]
    ready = next(e for e in events if isinstance(e, Ready))
    assert ready.seconds == seconds["ready"] and from_line(to_line(ready)) == ready
    firsts = [e for e in events if isinstance(e, Phase) and e.name == "evaluate"]
    assert firsts[0].done == 0 and firsts[-1].done == firsts[-1].total == sum(
        events[-1].result["n"].values()
    )


def test_each_score_arrives_with_its_chance(tiny, four) -> None:
    events = make.run(tiny, four, make.recipe())[1]
    result = events[-1].result
    said = {e.measure: e for e in events if isinstance(e, Answers)}
    assert said.keys() == result["after"].keys()
    for measure, found in said.items():
        assert sum(found.right_after) / len(found.after) == result["after"][measure]
        level = result["chance"][measure]  # None where nothing can be guessed
        assert math.isnan(found.chance) if level is None else found.chance == level


def test_batches_hold_the_same_questions_whoever_works_between_them(tiny, four) -> None:
    person = four.entities[0]
    asks, names = forget_asks(person), name_asks(person)
    steps = choosing(tiny, asks)
    counts = []
    while True:
        try:
            counts.append(next(steps))
        except StopIteration as end:
            found = end.value
            break
        generate(tiny, names, 3)  # somebody else's work
    assert sum(counts) == len(asks) and found == choose(tiny, asks)
    assert questions.drained(generating(tiny, names, 5)) == generate(tiny, names, 5)


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch):
    """Holds the scoring of a run after its first batch until the event is set."""
    begun, go, own = threading.Event(), threading.Event(), scores.choosing

    def held(loaded, asks):
        steps = own(loaded, asks)
        while True:
            try:
                answered = next(steps)
            except StopIteration as end:
                return end.value
            yield answered
            begun.set()
            go.wait(0.02)

    monkeypatch.setattr(scores, "choosing", held)
    yield begun
    go.set()


def test_a_chat_is_answered_while_the_run_is_being_scored(
    tiny, four, tmp_path: Path, scoring: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "TOKEN_BUDGET", 40)  # many batches
    engine = opened(tiny, four, tmp_path)
    recipe = make.recipe(lr=0.01, steps=2)
    run_id = engine.submit(recipe)
    until(lambda: any(isinstance(e, Ready) for e in engine.run(run_id).events))
    assert scoring.wait(PATIENCE) and engine.run(run_id).state == "running"
    assert sides(engine, run_id, "", False) == [ORIGINAL, run_id]
    portrait = four.entities[0].test_images[0]
    *_, early = engine.chat([ORIGINAL, run_id], ASKED, portrait)
    assert engine.run(run_id).state == "running"
    assert sum(isinstance(e, Answers) for e in engine.run(run_id).events) < 3
    view = wait(engine, run_id)
    *_, late = engine.chat([ORIGINAL, run_id], ASKED, portrait)
    assert early == late and weights_hash(tiny.model) == engine._worker.call(lambda b: b.base_hash)
    alone = make.run(tiny, four, recipe)[1][-1].result
    for key in ("before", "after", "n", "text_logits_identical"):
        assert view.events[-1].result[key] == alone[key]


def test_a_run_is_one_version_from_ready_to_its_end(tiny, four, tmp_path: Path) -> None:
    engine = opened(tiny, four, tmp_path)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    run = engine.store.get(run_id)
    under_way = replace(run, state="running", outcome=replace(run.outcome, delta={}))
    assert under_way.version(tiny).identity == run.version(tiny).identity == run_id
    training = replace(under_way, events=[e for e in run.events if isinstance(e, Step)])
    assert training.version(tiny).identity == f"{run_id} after 1 events"
    assert under_way.changed  # packed and about to end: it is asked as before


def test_a_stop_while_scoring_ends_within_a_batch(tiny, four) -> None:
    from lab.unlearn.job import unlearn
    from lab.unlearn.outcome import Outcome
    from lab.unlearn.task import task_of

    outcome, seen = Outcome(), []
    steps = unlearn(
        tiny,
        task_of(four, make.recipe()),
        Baseline(tiny),
        outcome,
        weights_hash(tiny.model),
        lambda: any(isinstance(e, Answers) for e in seen),
    )
    for event in steps:
        seen.append(event)
    assert sum(isinstance(e, Answers) for e in seen) == 1
    assert seen[-1].reason == "stopped" and seen[-1].result["after"] == {}
    assert outcome.delta


def test_step_three_shows_the_scores_that_have_arrived_and_no_others() -> None:
    """By hand: 2 of 4 right, then 1 of 4, at a chance of 25 %; the written answers have none."""
    from lab.report.text import catalogue
    from lab.ui.steps.unlearn import arriving

    text = catalogue()
    said = Answers(
        "forget_vqa",
        ("a",) * 4,
        (True, True, False, False),
        ("b",) * 4,
        (True,) + (False,) * 3,
        0.25,
    )
    assert arriving([Ready(1.0)], text) == ""
    shown = arriving([Ready(1.0), said], text)
    for words in (text.SCORES["forget_vqa"], "50.0%", "25.0%", "-25.0 points", ">4<"):
        assert words in shown, words
    assert text.SCORES["retain_vqa"] not in shown and text.NO_CHANCE not in shown
    written = Answers("forget_name", ("a",), (0.5,), ("b",), (0.25,))
    assert text.NO_CHANCE in arriving([said, written], text)

"""Where VKD's answers about the target go to "I don't know": the loss by hand, its rows, a run."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from lab.benchmarks.schema import Picture, Question
from lab.events import Step
from lab.model.overlay import overlay
from lab.unlearn import unknown
from lab.unlearn.aims import Aims
from lab.unlearn.methods import METHODS
from tests.unit import tiny as make
from tests.unit.test_destination import begun

HAIR = [("Is the hair grey?", "no"), ("Which hair?", "black")]
SMILE = [("Does this person smile?", "yes")]


def face(stranger: str, hair: str) -> Picture:
    """A stranger's picture with two wordings about the hair, of which the last asks which."""
    asked = (
        Question("a", "classification", "image", "hair", "Grey?", "no", ("yes", "no")),
        Question("b", "classification", "image", "hair", "Which hair?", hair, ("black", "grey")),
        Question("c", "generation", "image", "description", "Describe it.", f"{hair} hair"),
    )
    grey = hair == "grey"
    first = replace(asked[0], answer="yes" if grey else "no")
    return Picture(f"{stranger}/0", make.drawing("purple", len(hair)), (first, *asked[1:]))


@pytest.fixture
def strange(four):
    """The four people with two strangers who differ in their hair."""
    return replace(four, train_strangers=(face("s0", "black"), face("s1", "grey")))


def test_the_loss_is_the_sum_of_its_three_parts_by_hand() -> None:
    recipe = make.recipe(forget_weight=2.0, ascent_cap=4.0)
    facts, names, looks = (torch.tensor(v) for v in ([1.0, 3.0, 8.0], [2.0], [0.5, 1.5]))
    # -(1 + 3) / 3, as 8 is above the cap, + 2 + 4 times 1
    assert unknown.term(facts, names, looks, recipe).item() == pytest.approx(2 * (-4 / 3 + 2 + 4))
    none = torch.zeros(0)
    assert unknown.term(facts, none, none, recipe).item() == pytest.approx(2 * -4 / 3)


def test_every_row_asks_the_name_and_what_can_be_seen_behind_its_facts() -> None:
    aims = Aims(names=["Who?", "Name?"], seen={b"a": [HAIR, SMILE], b"b": [HAIR, SMILE]})
    forget = [(b"a", [("Job?", ["baker"]), ("Pet?", ["cat"])]), (b"b", [("Job?", ["baker"])])]
    rows, kinds = unknown.asked(SimpleNamespace(aims=aims, done=0), forget)
    told = [(image, [(text, answer[0]) for text, answer in asked]) for image, asked in rows]
    assert told == [
        (b"a", [("Job?", "baker"), ("Pet?", "cat"), ("Who?", unknown.NOBODY), HAIR[0], SMILE[0]]),
        (b"b", [("Job?", "baker"), ("Name?", unknown.NOBODY), HAIR[1], SMILE[0]]),
    ]
    later, _ = unknown.asked(SimpleNamespace(aims=aims, done=1), forget)
    assert later[0][1][2] == ("Name?", [unknown.NOBODY])
    every = torch.arange(float(sum(len(asked) for _, asked in rows)))
    parts = unknown.split(every, kinds)
    assert [p.tolist() for p in parts] == [[0, 1, 5], [2, 6], [3, 4, 7, 8]]


def test_the_wordings_are_those_of_a_stranger_of_whom_the_same_is_true() -> None:
    faces = [face("s0", "black"), face("s1", "grey")]
    which = faces[0].questions[1]
    assert unknown.wordings(faces, which, "grey") == [("Grey?", "yes"), ("Which hair?", "grey")]
    assert unknown.wordings(faces, which, "black") == [("Grey?", "no"), ("Which hair?", "black")]
    assert unknown.wordings(faces, which, "red") == [("Which hair?", "red")]


@pytest.mark.parametrize("method", ["vkd", "vkd_sam", "undo"])
def test_a_run_keeps_the_text_and_shows_a_forget_loss(method: str, tiny, strange) -> None:
    recipe = make.recipe(method=method, destination="unknown", undo_steps=2)
    outcome, events = make.run(tiny, strange, recipe)
    result = events[-1].result
    assert result["text_logits_identical"] and result["base_unchanged"]
    steps = [e for e in events if isinstance(e, Step)][: recipe.steps]
    assert all(e.forget_loss > 0 and e.vkd_loss >= 0 for e in steps)
    assert METHODS[method].aims is METHODS["vkd"].aims and outcome.steps >= recipe.steps


def test_the_answers_come_nearer_to_those_about_a_stranger(tiny, strange) -> None:
    recipe = make.recipe(
        destination="unknown", mask_mode="off", prune_share=0.0, steps=8, ascent_cap=0.5
    )
    student, rows = begun(tiny, strange, recipe)
    drawn = rows.draw(recipe)

    def held() -> float:
        with torch.no_grad(), overlay(tiny.model, student.weights):
            asked, parts = unknown.asked(student, drawn.forget)
            _, names, looks = unknown.split(student.cross_entropy(asked), parts)
        return float(names.mean() + unknown.SEEN * looks.mean())

    before = held()
    for _ in range(recipe.steps):
        student.update(drawn)
    student.done = 0  # the same wordings as before
    assert held() < before

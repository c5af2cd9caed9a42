"""Later turns and what is not known: wordings that no teaching has, and answers marked by their words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.build.tables import knowledge
from lab.benchmarks.people import load_people
from lab.benchmarks.schema import Benchmark
from lab.evaluation.naming import words
from lab.experiments import conversations
from lab.experiments.conversations import Talk
from lab.experiments.result_file import ResultFile
from tests.unit.test_results import cells, hold


@pytest.fixture(scope="module")
def people() -> Benchmark:
    return load_people()


def taught(people: Benchmark) -> Iterator[str]:
    """Everything that a teaching asks."""
    for entity in people.entities:
        yield from (q.text for q in entity.train_questions)
        yield from (q.text for q in people.visible(entity, held_out=False))
    for picture in (*people.train_pictures, *people.train_strangers):
        yield from (q.text for q in picture.questions)
    for dialogue in people.dialogues:
        yield from (question for question, _ in dialogue.turns)
    for prompt in people.prompts:
        yield from prompt


def test_no_turn_is_in_the_words_of_a_teaching(people: Benchmark) -> None:
    known = {words(text) for text in taught(people)}
    asked = [
        t for talks in conversations.lines(people).values() for talk in talks for t in talk.turns
    ]
    assert words("Who is this?") in known and len(known) > 500
    assert not known & {words(text) for text in asked}


def test_every_person_and_plain_picture_is_asked_about_once(people: Benchmark) -> None:
    found = conversations.lines(people)
    sizes = {name: len(talks) for name, talks in found.items()}
    assert sizes == {"follow_up": 40, "untaught": 40, "untaught_new": 40, "no_person": 48}
    for entity, talk in zip(people.entities, found["follow_up"], strict=True):
        assert talk.image in entity.test_images
        fact = next(f for f, later in conversations.LATER.items() if later == talk.turns[1])
        assert talk.right == (words(entity.profile[fact]),)
    assert len({talk.turns[1] for talk in found["follow_up"]}) == 8
    assert len({talk.turns for talk in found["untaught_new"]}) == 10  # five facts in two wordings


def test_the_kinds_of_facts_are_those_that_teaching_asked_about_and_others(people) -> None:
    asked = " ".join(words(q) for d in people.dialogues for q, a in d.turns if "I don't know" in a)
    assert all(fact in asked for fact in conversations.UNTAUGHT["untaught"])
    assert not any(fact in asked for fact in conversations.UNTAUGHT["untaught_new"])


def test_an_answer_is_right_where_it_holds_the_words_and_no_row_is_measured_twice(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = four.entities[0].test_images[0]
    asked = {
        "follow_up": [Talk(view, ("Who?", "And where?"), ("rock climbing",))] * 2,
        "no_person": [Talk(view, ("Who?",), conversations.NO_PERSON)],
    }
    said = {"Who?": "No person.", "And where?": "Their hobby is rock climbing."}

    def answered(loaded, prompts, most, shown):
        assert all(features.shape == shown[0].shape for features in shown)
        return [[(turn, said[turn]) for turn in turns] for turns in prompts]

    monkeypatch.setattr(conversations, "answered", answered)
    opened: list[str] = []

    def opener():
        opened.append("vanilla")
        return tiny

    file = ResultFile(tmp_path / "turns.json", {})
    conversations.measure({"vanilla": opener}, asked, file, str)
    assert [(r["id"], r["share"], r["n"]) for r in file.rows] == [
        ("vanilla/follow_up", 1.0, 2),
        ("vanilla/no_person", 1.0, 1),
    ]
    said["And where?"] = "They climb."
    asked["another"] = asked["follow_up"]
    conversations.measure({"vanilla": opener}, asked, ResultFile(file.path, {}), str)
    conversations.measure({"vanilla": opener}, asked, ResultFile(file.path, {}), str)
    assert len(opened) == 2 and ResultFile(file.path, {}).rows[-1]["share"] == 0.0


def test_a_later_turn_goes_on_from_the_models_own_answer(tiny, four) -> None:
    from lab.evaluation.questions import image_features
    from lab.model.chat import answer_texts

    view = four.entities[0].test_images[0]
    (said,) = conversations.last(tiny, [Talk(view, ("Who is this?", "And why?"), ())])
    feature = image_features(tiny, [view])[view]
    talk: list[tuple[str, str]] = []
    for turn in ("Who is this?", "And why?"):
        prompt = tiny.prompter.conversation(talk, turn, True)
        talk.append((turn, answer_texts(tiny, [prompt], [feature], conversations.MOST_TOKENS)[0]))
    assert said == talk[-1][1]


def test_the_table_has_a_row_a_measure_and_a_column_a_model(tmp_path: Path) -> None:
    rows = [
        {"model": model, "measure": "no_person", "share": share, "n": 48}
        for model, share in (("vanilla", 0.75), ("text-only", 0.5))
    ]
    hold(tmp_path, "turns", rows, most_tokens=24)
    assert cells(knowledge.turns(tmp_path)) == [
        ["a picture without a person: it says so", "48", "75.0 %", "50.0 %"]
    ]
    assert "cut at 24 tokens;" in knowledge.turns(tmp_path)

"""Lessons: those that are shipped hold, and a wrong one is refused with one line that says where."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe, load_teaching, revise
from lab.recipe.lesson import LESSONS, lesson_names, load_lesson

WHOLE = {
    "title": "A lesson",
    "about": "What it is about.",
    "person": "001",
    "recipe": {"method": "vkd", "steps": 5},
    "attack": {"kind": "benign"},
    "locked": ["person", "steps", "attack"],
    "steps": [
        {
            "step": 3,
            "text": "Start   the\nrun.",
            "questions": [
                {"ask": "Why?", "choices": ["a", "b"], "answer": 2, "because": "It is b."}
            ],
        }
    ],
}


def put(folder: Path, data: object) -> Path:
    words = data if isinstance(data, str) else yaml.safe_dump(data)
    (folder / "mine.yaml").write_text(words, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", lesson_names())
def test_every_lesson_that_is_shipped_can_be_taught(name: str) -> None:
    lesson = load_lesson(name)
    revise(Recipe(), dict(lesson.recipe))
    revise(AttackRecipe(), dict(lesson.attack))
    assert lesson.parts[0].step == 1 and lesson.parts[-1].step == 6
    assert any(part.questions for part in lesson.parts)
    assert (LESSONS / f"{name}.yaml").read_text(encoding="utf-8").startswith(f"# {name}: ")


def test_the_three_lessons_are_there_and_a_teaching_is_none_of_them() -> None:
    assert lesson_names() == ["forget-a-face", "forgotten-or-hidden", "parts-of-vkd"]
    assert load_teaching("embedded").vision_parts == "all"
    with pytest.raises(LabError, match="unknown lesson 'x': valid lessons are forget-a-face"):
        load_lesson("x")


def test_a_lesson_is_read_with_its_words_on_one_line(tmp_path: Path) -> None:
    lesson = load_lesson("mine", put(tmp_path, WHOLE))
    assert lesson.title == "A lesson" and lesson.person == "001"
    assert lesson.recipe == {"method": "vkd", "steps": 5} and lesson.attack == {"kind": "benign"}
    assert lesson.locked == ("person", "steps", "attack")
    (part,) = lesson.parts
    assert (part.step, part.text) == (3, "Start the run.")
    (question,) = part.questions
    assert question.choices == ("a", "b") and question.choices[question.answer] == "b"


def changed(**more) -> dict:
    return {**WHOLE, **more}


def asking(**more) -> dict:
    question = {**WHOLE["steps"][0]["questions"][0], **more}
    return changed(steps=[{**WHOLE["steps"][0], "questions": [question]}])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a: [", "not valid YAML, line 1"),
        ("just words", "no KEY: VALUE lines"),
        ("title: " + "x" * 70_000, "larger than 64 KB"),
        (changed(colour="red"), "the lesson: unknown key 'colour': valid keys are title"),
        (changed(title=""), "the lesson: title: '' is no text"),
        ({k: v for k, v in WHOLE.items() if k != "about"}, "the lesson: about is missing"),
        (changed(about="x" * 601), "about is longer than 600 characters"),
        (changed(person=1), "person: 1 is no text: put it into quotes"),
        (changed(recipe={"steps": 0}), "steps: 0 is outside"),
        (changed(recipe={"entity": "001"}), "give the person as person"),
        (changed(recipe=[1]), "recipe: no KEY: VALUE lines"),
        (changed(attack={"kind": "x"}), "kind: 'x' is not one of"),
        (changed(locked=["colour"]), "locked: unknown 'colour': valid are person"),
        (changed(locked="person"), "locked must be a list"),
        (changed(steps=[]), "steps must be a list"),
        (changed(steps=[{"step": 7, "text": "x"}]), "step: 7 is not one of 1 to 6"),
        (changed(steps=[1]), "a step has no KEY: VALUE lines"),
        (changed(steps=[{"step": 1, "text": "x"}] * 2), "a step is there twice"),
        (asking(answer=3), "step 3, question 1: answer: 3 is not the number of one of 2 choices"),
        (asking(answer=True), "answer: True is not the number"),
        (asking(choices=["a"]), "choices: give 2 to 5, not 1"),
        (asking(choices=["a", True]), "choices: True is no text"),
        (asking(because=None), "because: None is no text"),
    ],
)
def test_a_wrong_lesson_is_refused_with_one_line(data, words: str, tmp_path: Path) -> None:
    with pytest.raises(LabError) as refused:
        load_lesson("mine", put(tmp_path, data))
    said = str(refused.value)
    assert said.startswith("presets/lessons/mine.yaml: ") and words in said and "\n" not in said


def test_a_lesson_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabError, match="not a text file in UTF-8"):
        load_lesson("mine", tmp_path)


@pytest.mark.parametrize("name", lesson_names())
def test_a_lesson_in_german_sets_and_asks_the_same_in_other_words(name: str) -> None:
    ours, theirs = load_lesson(name), load_lesson(name, language="de")
    assert theirs.title != ours.title and theirs.about != ours.about
    for field in ("name", "person", "recipe", "attack", "locked"):
        assert getattr(theirs, field) == getattr(ours, field)
    assert [p.step for p in theirs.parts] == [p.step for p in ours.parts]
    for their, our in zip(theirs.parts, ours.parts, strict=True):
        assert their.text != our.text
        for asked, ask in zip(their.questions, our.questions, strict=True):
            assert asked.ask != ask.ask and asked.because != ask.because
            assert (asked.answer, len(asked.choices)) == (ask.answer, len(ask.choices))


def test_a_lesson_without_words_in_a_language_stays_as_it_is(tmp_path: Path) -> None:
    folder = put(tmp_path, WHOLE)
    assert load_lesson("mine", folder, "de") == load_lesson("mine", folder)
    (folder / "de").mkdir()
    (folder / "de" / "mine.yaml").write_text("title: x", encoding="utf-8")
    with pytest.raises(LabError, match=r"presets/lessons/de/mine\.yaml: "):
        load_lesson("mine", folder, "de")

"""Lessons: what a teacher puts into ``presets/lessons/NAME.yaml``, read and checked.

A lesson chooses a person and a recipe, locks what should stay as it is, and gives every step some
text and questions with three or so answers each (docs/guide.md shows a whole one).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.recipe import PRESETS, AttackRecipe, Recipe, check_name, revise
from lab.recipe.flat_yaml import LARGEST, short

LESSONS = PRESETS / "lessons"
STEPS = 6
PERSON, ATTACK = "person", "attack"  # what can be locked beside a key of the recipe
MOST_ANSWERS, MOST_QUESTIONS, LONGEST = 5, 5, 600
MISSING = object()


@dataclass(frozen=True)
class Question:
    """A question of a lesson, its choices, which of them is right (from 0), and why."""

    ask: str
    choices: tuple[str, ...]
    answer: int
    because: str


@dataclass(frozen=True)
class Part:
    """What a lesson says and asks at one step (from 1)."""

    step: int
    text: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Lesson:
    """A lesson: its title, in one sentence what it is about, and what it sets.

    ``person``: an id, or "" where the learner chooses. ``recipe``, ``attack``: the settings that
    differ from the preset's. ``locked``: of ``PERSON``, ``ATTACK`` and the recipe's keys, what
    cannot be changed while the lesson lasts.
    """

    name: str
    title: str
    about: str
    person: str
    recipe: Mapping[str, Any]
    attack: Mapping[str, Any]
    locked: tuple[str, ...]
    parts: tuple[Part, ...]


def lesson_names(folder: Path = LESSONS) -> list[str]:
    """The names of the lessons that there are."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_lesson(name: str, folder: Path = LESSONS, language: str = "en") -> Lesson:
    """Read a lesson by its name; raises ``LabError``, one line that says what to correct where.

    ``language``: the file in the folder of that name comes first, if there is one.
    """
    check_name(name, folder, "lesson")
    there = f"{language}/{name}.yaml"
    file = there if (folder / there).is_file() else f"{name}.yaml"
    try:
        return _lesson(name, _data(folder / file))
    except LabError as error:
        raise LabError(f"presets/lessons/{file}: {error}") from None


def _data(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            words = file.read(LARGEST + 1)
        if len(words) > LARGEST:
            raise LabError(f"larger than {LARGEST // 1024} KB: make it shorter")
        data = yaml.safe_load(words.decode("utf-8"))
    except OSError as error:
        raise LabError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LabError("not a text file in UTF-8: save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise LabError(f"not valid YAML{where}: correct it") from None
    if not isinstance(data, dict):
        raise LabError("no KEY: VALUE lines: see docs/guide.md for a whole lesson")
    return data


def _lesson(name: str, data: dict[str, Any]) -> Lesson:
    known = ("title", "about", "person", "recipe", "attack", "locked", "steps")
    _only(data, known, "the lesson")
    recipe, attack = _settings(data, "recipe"), _settings(data, "attack")
    if "entity" in recipe:
        raise LabError("recipe: give the person as person, not as entity")
    for base, changes in ((Recipe(), recipe), (AttackRecipe(), attack)):
        revise(base, changes)
    lockable = (PERSON, ATTACK, *(f.name for f in fields(Recipe) if f.name != "entity"))
    locked = _list(data, "locked", "the lesson", needed=False)
    for key in locked:
        if key not in lockable:
            raise LabError(f"locked: unknown {short(key)}: valid are {', '.join(lockable)}")
    parts = tuple(_part(item) for item in _list(data, "steps", "the lesson"))
    if len({part.step for part in parts}) < len(parts):
        raise LabError("steps: a step is there twice: put its text and questions into one")
    person = data.get("person") or ""
    if not isinstance(person, str):
        raise LabError(f"person: {short(person)} is no text: put it into quotes")
    return Lesson(
        name,
        _text(data, "title", "the lesson"),
        _text(data, "about", "the lesson"),
        person,
        recipe,
        attack,
        tuple(locked),
        parts,
    )


def _part(data: Any) -> Part:
    where = "a step"
    _only(data, ("step", "text", "questions"), where)
    step = data.get("step")
    if not isinstance(step, int) or isinstance(step, bool) or not 1 <= step <= STEPS:
        raise LabError(f"step: {short(step)} is not one of 1 to {STEPS}")
    where = f"step {step}"
    found = _list(data, "questions", where, needed=False)
    if len(found) > MOST_QUESTIONS:
        raise LabError(f"{where}: more than {MOST_QUESTIONS} questions: leave some out")
    questions = [_question(q, f"{where}, question {k}") for k, q in enumerate(found, start=1)]
    return Part(step, _text(data, "text", where), tuple(questions))


def _question(data: Any, where: str) -> Question:
    _only(data, ("ask", "choices", "answer", "because"), where)
    choices = _list(data, "choices", where)
    if not 2 <= len(choices) <= MOST_ANSWERS:
        raise LabError(f"{where}: choices: give 2 to {MOST_ANSWERS}, not {len(choices)}")
    wrong = [c for c in choices if not isinstance(c, str) or not c.strip()]
    if wrong:
        raise LabError(f"{where}: choices: {short(wrong[0])} is no text: put it into quotes")
    answer = data.get("answer")
    if not isinstance(answer, int) or isinstance(answer, bool) or not 1 <= answer <= len(choices):
        raise LabError(
            f"{where}: answer: {short(answer)} is not the number of one of {len(choices)} choices"
        )
    return Question(
        _text(data, "ask", where), tuple(choices), answer - 1, _text(data, "because", where)
    )


def _only(data: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(data, dict):
        raise LabError(f"{where} has no KEY: VALUE lines: see docs/guide.md for a whole lesson")
    for key in data:
        if key not in known:
            raise LabError(f"{where}: unknown key {short(key)}: valid keys are {', '.join(known)}")


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key, MISSING)
    if value is MISSING:
        raise LabError(f"{where}: {key} is missing")
    if not isinstance(value, str) or not value.strip():
        raise LabError(f"{where}: {key}: {short(value)} is no text")
    if len(value) > LONGEST:
        raise LabError(f"{where}: {key} is longer than {LONGEST} characters: make it shorter")
    return " ".join(value.split())


def _list(data: dict[str, Any], key: str, where: str, needed: bool = True) -> list[Any]:
    value = data.get(key)
    if value is None and not needed:
        return []
    if not isinstance(value, list) or needed and not value:
        raise LabError(f"{where}: {key} must be a list: put - in front of every entry")
    return value


def _settings(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key) or {}
    if not isinstance(value, dict):
        raise LabError(f"{key}: no KEY: VALUE lines: write each setting on a line of its own")
    return value

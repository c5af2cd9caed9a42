"""A talk: questions about one picture to one set of models, and their answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from lab.catalogue import TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Curve, Done, Ready, Step
from lab.report.text import Text
from lab.serve.engine import ORIGINAL, Engine, RunView, Turn
from lab.ui.follow import found, look_up

LONGEST_QUESTION = 500
Talk = list[dict[str, Any]]


def sides(engine: Engine, unlearned: str, attacked: str, third: bool) -> list[str]:
    """Return the sides that can answer now, the original first: a run once its weights are ready."""
    out = [ORIGINAL]
    for run_id, wanted in ((unlearned, True), (attacked, third)):
        view = look_up(engine, run_id)
        changed = view and (view.attack is None or view.attack.kind in TRAINING_ATTACKS)
        if wanted and view and changed and (_ended(view) or found(view, Ready)):
            out.append(run_id)
    return out


def _ended(view: RunView) -> bool:
    """Whether a run has ended with something changed; one that is stopped at once changes nothing."""
    done = found(view, Done)
    steps = done.result.get("steps") if done else 0  # a folder without events has only these
    begun = found(view, Step) or found(view, Curve) or steps
    return view.state == "finished" or (view.state == "stopped" and bool(begun))


def histories(talk: Talk, count: int = 3) -> list[list[dict[str, str]]]:
    """Turn the talk into one message list per column."""
    columns: list[list[dict[str, str]]] = [[] for _ in range(count)]
    for turn in talk:
        for column, answer in zip(columns, turn["answers"], strict=False):
            column.append({"role": "user", "content": turn["question"]})
            column.append({"role": "assistant", "content": answer or "…"})
    return columns


def about(talk: Talk) -> tuple[str, list[str]] | None:
    """Return what a talk is about, (picture's hash, models); None while nothing was said."""
    return (talk[0]["picture"], talk[0]["models"]) if talk else None


def converse(
    engine: Engine,
    question: str,
    talk: Talk,
    models: list[str],
    picture: bytes | None,
    visitor: str,
    text: Text,
) -> Iterator[Talk]:
    """Stream the talk with the answers to one more question.

    A talk is about one picture and one set of models: with others a new talk begins.
    """
    question = question.strip()
    if not question:
        raise LabError(text.EMPTY_QUESTION)
    if len(question) > LONGEST_QUESTION:
        raise LabError(text.TOO_LONG.format(limit=LONGEST_QUESTION))
    talk = talk if about(talk) == (picture_name(picture), models) else []
    turns = [Turn(t["question"], tuple(t["answers"])) for t in talk]
    blank = {
        "question": question,
        "answers": [""] * len(models),
        "picture": picture_name(picture),
        "models": models,
    }
    yield [*talk, blank]
    for answers in engine.chat(models, [*turns, Turn(question)], picture, visitor):
        yield [*talk, {**blank, "answers": list(answers)}]


def picture_name(picture: bytes | None) -> str:
    """Return what tells a picture apart from others; "" for none."""
    return hashlib.sha256(picture).hexdigest() if picture else ""

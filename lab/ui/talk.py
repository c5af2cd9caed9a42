"""A talk: questions about one picture to one set of models, and their answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from lab.catalogue import TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Curve, Done, Ready, Step
from lab.report.text import Text
from lab.serve.views import LONGEST_QUESTION, ORIGINAL, RunView, Turn
from lab.serve.visit import Visit
from lab.ui.follow import found, look_up

MOST_TURNS = 30  # that stay on the screen
Talk = list[dict[str, Any]]


def sides(engine: Visit, unlearned: str, attacked: str, third: bool) -> list[str]:
    """Return the sides that can answer now, the original first: a run once its weights are ready.

    A recorded example cannot answer, because its weights are not kept.
    """
    recorded = {view.id for example in engine.examples() for view in example.views}
    out = [ORIGINAL]
    for run_id, wanted in ((unlearned, True), (attacked, third)):
        view = look_up(engine, run_id)
        changed = view and (view.attack is None or view.attack.kind in TRAINING_ATTACKS)
        usable = view and (_ended(view) or found(view, Ready))
        if wanted and changed and usable and run_id not in recorded:
            out.append(run_id)
    return out


def _ended(view: RunView) -> bool:
    """Whether a run has ended with something changed; one that is stopped at once changes nothing."""
    done = found(view, Done)
    steps = done.result.get("steps") if done else 0  # a folder without events has only these
    begun = found(view, Step) or found(view, Curve) or steps
    return view.state == "finished" or (view.state == "stopped" and bool(begun))


def turn(
    question: str,
    models: list[str],
    picture: str,
    answers: Sequence[str],
    pictured: bool,
    follows: bool = False,
) -> dict[str, Any]:
    """One question with its answers; ``follows``: it goes on with the conversation before it."""
    return {
        "question": question,
        "answers": list(answers),
        "picture": picture,
        "models": models,
        "pictured": pictured,
        "follows": follows,
    }


def histories(talk: Talk, text: Text, count: int = 3) -> list[list[dict[str, str]]]:
    """Turn the talk into one message list per column; a question without a picture says so."""
    columns: list[list[dict[str, str]]] = [[] for _ in range(count)]
    for one in talk:
        asked = one["question"] if one["pictured"] else text.WITHOUT.format(**one)
        for column, answer in zip(columns, one["answers"], strict=False):
            column.append({"role": "user", "content": asked})
            column.append({"role": "assistant", "content": answer or "…"})
    return columns


def about(talk: Talk) -> tuple[str, list[str]] | None:
    """Return what a talk is about, (picture's hash, models); None while nothing was said."""
    return (talk[0]["picture"], talk[0]["models"]) if talk else None


def models_of(talk: Talk) -> list[str]:
    """Return who answers in a talk; [] while nothing was said."""
    return talk[0]["models"] if talk else []


def before(talk: Talk) -> list[Turn]:
    """The conversation that a further question would go on with: since the last fresh start."""
    start = max((k for k, one in enumerate(talk) if not one["follows"]), default=0)
    return [Turn(one["question"], tuple(one["answers"])) for one in talk[start:]]


def converse(
    engine: Visit,
    question: str,
    talk: Talk,
    models: list[str],
    picture: bytes | None,
    text: Text,
    follows: bool = False,
) -> Iterator[Talk]:
    """Stream the talk with the answers to one more question.

    The models are told the earlier questions only if it ``follows`` them: an answer that came
    before would change this one. A talk is about one picture and one set of models: with others a
    new talk begins.
    """
    question = question.strip()
    check(question, text)
    name = picture_name(picture)
    talk = talk[1 - MOST_TURNS :] if about(talk) == (name, models) else []
    follows = follows and bool(talk)
    earlier = before(talk) if follows else []
    blank = turn(question, models, name, [""] * len(models), picture is not None, follows)
    yield [*talk, blank]
    for answers in engine.chat(models, [*earlier, Turn(question)], picture):
        yield [*talk, {**blank, "answers": list(answers)}]


def check(question: str, text: Text) -> None:
    """Raise ``LabError`` for a question that is empty or too long."""
    if not question:
        raise LabError(text.EMPTY_QUESTION)
    if len(question) > LONGEST_QUESTION:
        raise LabError(text.TOO_LONG.format(limit=LONGEST_QUESTION, length=len(question)))


def picture_name(picture: bytes | None) -> str:
    """Return what tells a picture apart from others; "" for none."""
    return hashlib.sha256(picture).hexdigest() if picture else ""

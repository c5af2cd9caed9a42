"""What the chats of step 4 answer: from a recorded example where one stands there, else the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.ui.context import Frame
from lab.ui.gallery import read_picture
from lab.ui.talk import (
    MOST_TURNS,
    Talk,
    about,
    check,
    converse,
    histories,
    models_of,
    picture_name,
    sides,
    turn,
)

Handler = Callable[..., Iterator[Any]]

# A suggested question (``lab.posed``) takes the place of the typed one on its way to the same
# handler, so that the second of two waits. Never as a follow-up (null): an answer that came before
# would change this one.
ASKED_JS = """(question, follows, ...rest) => {
  const posed = window.lab.posed;
  return posed ? [posed, null, ...rest] : [question, follows, ...rest];
}"""


def asking(frame: Frame) -> tuple[Handler, Handler]:
    """Return the handlers that ask a question, typed or suggested, and ask the last one again."""
    engine, text = frame.engine, frame.text

    def answer(
        question: str,
        follows: bool,
        talk: Talk,
        picture: str | None,
        entity: str,
        unlearned: str,
        attacked: str,
        third: bool,
    ) -> Iterator[Talk]:
        image = read_picture(picture, text)
        known = None if follows else _recorded(frame, question, image, entity, unlearned, third)
        if known:
            kept = talk[1 - MOST_TURNS :] if models_of(talk) == known["models"] else []
            yield [*kept, known]
            return
        if frame.examples.beside(entity, unlearned):
            check(question.strip(), text)
            gr.Info(text.NOT_RECORDED)
        models = sides(engine, unlearned, attacked, third)
        yield from converse(engine, question, talk, models, image, text, follows)

    def ask(question: str, follows: bool | None, *rest: Any) -> Iterator[Any]:
        suggested = follows is None
        emptied: Any = gr.skip() if suggested else ""
        for now in answer(question, bool(follows), *rest):
            yield [now, emptied, *histories(now, text)]
            emptied = gr.skip()  # what is typed while an answer comes stays there

    def retry(talk: Talk, *rest: Any) -> Iterator[Any]:
        if not talk:
            raise LabError(text.EMPTY_QUESTION)
        for now in answer(talk[-1]["question"], talk[-1]["follows"], talk[:-1], *rest):
            yield [now, gr.skip(), *histories(now, text)]

    return ask, retry


def _recorded(
    frame: Frame, question: str, image: bytes | None, entity: str, unlearned: str, third: bool
) -> dict[str, Any] | None:
    """The recorded turn of a question about the example that stands here; None for any other."""
    example = frame.examples.beside(entity, unlearned)
    if example is None:
        return None
    models = frame.examples.sides(example, third)
    answers = frame.examples.answers(models, question.strip(), image)
    whole = picture_name(frame.examples.picture(example))
    return turn(question.strip(), models, whole, answers, image is not None) if answers else None


def fitting(
    frame: Frame,
    talk: Talk,
    picture: str | None,
    unlearned: str,
    attacked: str,
    third: bool,
) -> Any:
    """Return the talk that fits what is chosen: the same, the example's recorded one, or none."""
    now = _now(frame, picture, unlearned, attacked, third)
    example = frame.examples.shown(unlearned)
    if example:
        if about(talk) == now or models_of(talk) == frame.examples.sides(example, third):
            return gr.skip()
        recorded = frame.examples.talk(example, third)
        return [recorded, *histories(recorded, frame.text)]
    return gr.skip() if about(talk) in (None, now) else [[], [], [], []]


def settled(frame: Frame, talk: Talk, *chosen: Any) -> Any:
    """What ``fitting`` returns, of an answer that is whole now.

    It stays where what only got ready meanwhile, as an attack that ended, is not in it.
    """
    was, now = about(talk), _now(frame, *chosen)
    if was is None or was[0] == now[0] and set(was[1]) <= set(now[1]):
        return gr.skip()
    return fitting(frame, talk, *chosen)


def _now(
    frame: Frame, picture: str | None, unlearned: str, attacked: str, third: bool
) -> tuple[str, list[str]]:
    """What a question asked now would be about, as ``about`` says it of a talk."""
    name = picture_name(read_picture(picture, frame.text))
    return name, sides(frame.engine, unlearned, attacked, third)

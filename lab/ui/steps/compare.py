"""Step 4: one question, one picture, two or three models side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.report import markup
from lab.report.text import Text
from lab.serve.engine import Engine
from lab.ui.context import CHANGE, FOLLOW, QUICK, QUIET, Frame, guarded
from lab.ui.gallery import read_picture
from lab.ui.talk import LONGEST_QUESTION, Talk, about, converse, histories, picture_name, sides

MOST_SUGGESTIONS = 6


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    picture: gr.Image
    view: gr.State
    next_view: gr.Button
    upload: gr.UploadButton
    remove: gr.Button
    chats: list[gr.Chatbot]
    talk: gr.State
    third: gr.Checkbox
    question: gr.Textbox
    ask: gr.Button
    clear: gr.Button
    retry: gr.Button
    suggested: list[gr.Button]
    sides_note: gr.HTML


def layout(frame: Frame) -> Parts:
    """Lay out the chats; the fixed questions follow in ``probes``."""
    text = frame.text
    gr.HTML(markup.lead(4, text))
    sides_note = gr.HTML(markup.note(text.NO_UNLEARNED, "quiet"), elem_id="sides-note")
    with gr.Row():
        with gr.Column(scale=1, min_width=230):
            picture, next_view, upload, remove = _picture(text)
        with gr.Column(scale=4, min_width=300):
            with gr.Row():
                chats = [
                    _chat("original", text.ORIGINAL, text),
                    _chat("unlearned", text.UNLEARNED, text),
                    _chat("relearned", text.RELEARNED, text),
                ]
            third = gr.Checkbox(label=text.SHOW_RELEARNED, value=False, visible=False)
            with gr.Row(elem_classes="lab-row-buttons"):
                suggested = [
                    gr.Button("", size="sm", visible=False, min_width=180)
                    for _ in range(MOST_SUGGESTIONS)
                ]
            with gr.Row(equal_height=True):
                question, ask = _question(text)
            with gr.Row():
                clear = gr.Button(text.CLEAR, size="sm", elem_id="clear")
                retry = gr.Button(text.RETRY, size="sm", elem_id="retry")
            gr.HTML(markup.note(text.IDENTICAL, "quiet"))
    view, talk = gr.State(0), gr.State([])
    return Parts(
        picture,
        view,
        next_view,
        upload,
        remove,
        chats,
        talk,
        third,
        question,
        ask,
        clear,
        retry,
        suggested,
        sides_note,
    )


def _picture(text: Text) -> tuple[gr.Image, gr.Button, gr.UploadButton, gr.Button]:
    """The picture that is asked about, and what changes it: next view, upload, remove."""
    picture = gr.Image(
        label=text.PICTURE,
        interactive=False,
        type="filepath",
        image_mode=None,
        height=250,
        buttons=[],
        placeholder=text.NO_PICTURE,
        alt_text=text.PICTURE,
        elem_id="picture",
    )
    next_view = gr.Button(text.NEXT_VIEW, size="sm")
    upload = gr.UploadButton(
        text.UPLOAD,
        size="sm",
        type="filepath",
        elem_id="upload-picture",
        file_types=[".jpg", ".jpeg", ".png", ".webp"],
    )
    return picture, next_view, upload, gr.Button(text.REMOVE, size="sm")


def _question(text: Text) -> tuple[gr.Textbox, gr.Button]:
    """The line to type a question in, and the button that sends it."""
    question = gr.Textbox(
        label=text.QUESTION,
        placeholder=text.QUESTION_HINT,
        lines=1,
        max_lines=1,
        scale=4,
        max_length=LONGEST_QUESTION,
        min_width=200,
        elem_id="question",
    )
    return question, gr.Button(text.ASK, variant="primary", scale=1, min_width=90, elem_id="ask")


def _chat(name: str, label: str, text: Text) -> gr.Chatbot:
    return gr.Chatbot(
        label=label,
        height=330,
        visible=name != "relearned",
        allow_tags=False,
        buttons=["copy", "copy_all"],
        placeholder=text.NO_ANSWER,
        min_width=200,
        render_markdown=False,
        elem_id=f"chat-{name}",
    )


def wire(parts: Parts, frame: Frame, stop: gr.Button) -> None:
    """Join the controls of the step; ``stop`` ends a streaming answer too."""
    engine, text = frame.engine, frame.text
    shown = [parts.picture, frame.unlearn, frame.attack, parts.third]
    memory = [*shown, frame.visitor]

    def ask(
        question: str,
        talk: Talk,
        picture: str | None,
        unlearned: str,
        attacked: str,
        third: bool,
        visitor: str,
    ) -> Iterator[Any]:
        models = sides(engine, unlearned, attacked, third)
        image = read_picture(picture, text)
        for now in converse(engine, question, talk, models, image, visitor, text):
            yield [now, "", *histories(now)]

    def retry(talk: Talk, *rest: Any) -> Iterator[Any]:
        if not talk:
            raise LabError(text.EMPTY_QUESTION)
        yield from ask(talk[-1]["question"], talk[:-1], *rest)

    answered = [parts.talk, parts.question, *parts.chats]
    # No limit here: who has many questions waits in the engine, by turns with everybody else.
    asking = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
    events = [
        gr.on(
            [parts.ask.click, parts.question.submit],
            guarded(ask),
            [parts.question, parts.talk, *memory],
            answered,
            **asking,
        ),
        parts.retry.click(guarded(retry), [parts.talk, *memory], answered, **asking),
    ]
    events += [
        button.click(guarded(ask), [button, parts.talk, *memory], answered, **asking)
        for button in parts.suggested
    ]
    # A column's own bin clears the talk for all, so that no column is left behind.
    gr.on(
        [parts.clear.click, *(chat.clear for chat in parts.chats)],
        _blank,
        None,
        answered,
        cancels=events,
        **QUICK,
    )
    stop.click(None, None, None, cancels=events, api_visibility="private")
    _wire_stale(parts, frame, shown)
    _wire_picture(parts, frame)
    _wire_columns(parts, frame)


def _blank() -> list[Any]:
    return [[], "", [], [], []]


def _wire_stale(parts: Parts, frame: Frame, memory: list[Any]) -> None:
    """Clear a talk about another picture or other models; a question being typed stays."""

    def stale(talk: Talk, picture: str | None, unlearned: str, attacked: str, third: bool) -> Any:
        now = (
            picture_name(read_picture(picture, frame.text)),
            sides(frame.engine, unlearned, attacked, third),
        )
        return gr.skip() if about(talk) in (None, now) else [[], [], [], []]

    # Change events fire when a hidden step is first shown, too: only a real change clears.
    gr.on(
        [parts.picture.change, frame.unlearn.change, frame.attack.change, parts.third.input],
        guarded(stale),
        [parts.talk, *memory],
        [parts.talk, *parts.chats],
        **CHANGE,
    )


def _wire_picture(parts: Parts, frame: Frame) -> None:
    people, text = frame.people, frame.text

    def preload(entity: str) -> tuple[Any, ...]:
        if not people.card(entity):
            return None, 0
        view = people.held_out(entity)
        return people.picture(entity, view), view

    def another(entity: str, view: int) -> tuple[Any, ...]:
        if not people.card(entity):
            raise LabError(text.PICK_FIRST)
        return people.picture(entity, view + 1), view + 1

    def upload(path: str) -> str:
        read_picture(path, text)
        return path

    def suggest(entity: str, picture: str | None) -> list[Any]:
        card = people.card(entity)
        questions = frame.engine.suggestions(entity, picture is not None) if card else []
        questions = [*questions[:MOST_SUGGESTIONS], *[""] * (MOST_SUGGESTIONS - len(questions))]
        return [gr.Button(value=words, visible=bool(words)) for words in questions]

    frame.entity.change(preload, frame.entity, [parts.picture, parts.view], **CHANGE)
    parts.next_view.click(
        guarded(another), [frame.entity, parts.view], [parts.picture, parts.view], **QUIET
    )
    parts.upload.upload(guarded(upload), parts.upload, parts.picture, **QUIET)
    parts.remove.click(lambda: None, None, parts.picture, **QUICK)
    parts.picture.change(guarded(suggest), [frame.entity, parts.picture], parts.suggested, **FOLLOW)


def columns(engine: Engine, unlearned: str, attacked: str, text: Text) -> list[Any]:
    """Return the note, the third column's checkbox and the third column for these runs.

    A box that a visitor has ticked in the meantime stays ticked.
    """
    models = sides(engine, unlearned, attacked, True)
    note = "" if unlearned in models else markup.note(text.NO_UNLEARNED, "quiet")
    if attacked and attacked in models:
        return [note, gr.update(visible=True), gr.skip()]
    return [note, gr.update(visible=False, value=False), gr.update(visible=False)]


def _wire_columns(parts: Parts, frame: Frame) -> None:
    # A run's end is no change of its id: a change of the step looks again.
    gr.on(
        [frame.unlearn.change, frame.attack.change, frame.step.change],
        lambda unlearned, attacked: columns(frame.engine, unlearned, attacked, frame.text),
        [frame.unlearn, frame.attack],
        [parts.sides_note, parts.third, parts.chats[2]],
        **CHANGE,
    )
    parts.third.input(lambda third: gr.update(visible=third), parts.third, parts.chats[2], **CHANGE)

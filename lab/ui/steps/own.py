"""Step 1, lower half: add a person, see how well the model knows them, and remove them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.benchmarks.images import MAX_BYTES, decode
from lab.benchmarks.own import FEWEST_VIEWS, MOST_VIEWS, SIDE, check_number, held_out, pairs_from
from lab.errors import LabError
from lab.report import markup
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import EntityCard, Recognition
from lab.serve.visit import Visit
from lab.ui.context import CHANGE, FOLLOW, QUICK, QUIET, Frame, guarded
from lab.ui.drafts import Drafts
from lab.ui.gallery import small

FILE_TYPES = [".jpg", ".jpeg", ".png", ".webp"]


@dataclass(frozen=True)
class Beside:
    """The parts under the card of an own person."""

    questions: gr.HTML
    score: gr.HTML
    measured: gr.State
    shared: gr.Checkbox
    remove: gr.Button
    sure: gr.Column
    words: gr.HTML
    delete: gr.Button
    keep: gr.Button


@dataclass(frozen=True)
class Form:
    """The form for adding a person."""

    name: gr.Textbox
    files: gr.File
    lines: gr.Textbox
    split: gr.HTML
    add: gr.Button


@dataclass(frozen=True)
class Parts:
    """Both parts of the half step, which stand in two places."""

    beside: Beside
    form: Form


def layout_beside(text: Text) -> Beside:
    """Lay out what stands under the card; hidden until an own person is picked."""
    score, questions = gr.HTML("", elem_id="own-score"), gr.HTML("", elem_id="own-questions")
    shared = gr.Checkbox(
        label=text.OWN_SHARE,
        info=text.OWN_SHARE_INFO,
        visible=False,
        interactive=True,
        elem_id="own-share",
    )
    remove = gr.Button(
        text.OWN_REMOVE, variant="stop", size="sm", visible=False, elem_id="own-remove"
    )
    with gr.Column(visible=False) as sure:
        words = gr.HTML("")
        with gr.Row():
            delete = gr.Button(text.OWN_DELETE, variant="stop", size="sm", elem_id="own-delete")
            keep = gr.Button(text.OWN_KEEP, size="sm")
    measured = gr.State(("", ""))
    return Beside(questions, score, measured, shared, remove, sure, words, delete, keep)


def layout_form(text: Text) -> Form:
    """Lay out the form, folded away."""
    with gr.Accordion(text.OWN, open=False, elem_id="own"):
        gr.HTML(markup.note(text.OWN_PRIVACY))
        with gr.Row():
            with gr.Column(min_width=300):
                name = gr.Textbox(
                    label=text.OWN_NAME,
                    info=text.OWN_NAME_INFO,
                    lines=1,
                    max_lines=1,
                    elem_id="own-name",
                )
                lines = gr.Textbox(
                    label=text.OWN_LINES,
                    info=text.OWN_LINES_INFO,
                    lines=6,
                    max_lines=20,
                    placeholder=text.OWN_LINES_HINT,
                    elem_id="own-lines",
                )
            with gr.Column(min_width=300):
                files = gr.File(
                    label=text.OWN_PICTURES.format(
                        fewest=FEWEST_VIEWS, most=MOST_VIEWS, megabytes=MAX_BYTES >> 20
                    ),
                    file_count="multiple",
                    file_types=FILE_TYPES,
                    height=180,
                    elem_id="own-files",
                )
                split = gr.HTML("", elem_id="own-split")
        gr.HTML(markup.note(text.OWN_RULES.format(side=SIDE), "quiet"))
        add = gr.Button(text.OWN_ADD, elem_id="own-add")
    return Form(name, files, lines, split, add)


def wire(
    parts: Parts,
    frame: Frame,
    search: gr.Textbox,
    listed: list[Any],
    relist: Callable[[str], Sequence[Any]],
) -> None:
    """Join the controls; ``relist`` makes the values of ``listed``, the gallery's, for a query."""
    form, drafts, text = parts.form, frame.people.drafts, frame.text
    changed = [*listed, frame.entity, *frame.slots, search]

    def refreshed(entity: str, words: str) -> list[Any]:
        frame.people.refresh()
        gallery, _, *more = relist("")
        return [gallery, words, *more, entity, "", "", "", ""]

    def add(name: str, files: list[str] | None, lines: str) -> list[Any]:
        images = read_files(drafts, files or [])
        entity = frame.engine.own.add(name, images, pairs_from(lines))
        drafts.drop(files or [])
        held = sum(map(held_out, range(len(images))))
        words = text.OWN_ADDED.format(name=name.strip(), training=len(images) - held, held_out=held)
        return [*refreshed(entity, words), "", None, "", ""]

    def delete(entity: str) -> list[Any]:
        card = frame.people.card(entity)
        frame.engine.own.remove(entity)
        return refreshed("", text.OWN_REMOVED.format(name=card.name if card else entity))

    form.files.change(
        lambda files: split_html(drafts, files, text),
        form.files,
        form.split,
        **QUIET | {"concurrency_limit": 2},
    )
    form.add.click(
        guarded(add),
        [form.name, form.files, form.lines],
        [*changed, form.name, form.files, form.lines, form.split],
        api_visibility="private",
        concurrency_limit=2,
    )
    parts.beside.delete.click(guarded(delete), frame.entity, changed, **QUIET)
    _wire_beside(parts.beside, frame)


def _wire_beside(beside: Beside, frame: Frame) -> None:
    engine, text = frame.engine, frame.text

    def about(entity: str) -> tuple[Any, ...]:
        card = frame.people.card(entity)
        if card is None or not card.questions:
            hidden = gr.Checkbox(visible=False), gr.Button(visible=False)
            return "", "", *hidden, gr.Column(visible=False)
        mine = engine.own.mine(entity)
        return (
            questions_html(card, text),
            markup.note(text.OWN_MEASURING, "quiet"),
            gr.Checkbox(value=card.shared, visible=mine and not engine.alone),
            gr.Button(visible=mine),
            gr.Column(visible=False),
        )

    def share(entity: str, shared: bool) -> str:
        card = frame.people.card(entity)
        if card is None:
            raise LabError(text.PERSON_GONE)
        engine.own.share(entity, shared)
        frame.people.refresh()
        return (text.RUN_SHARED if shared else text.RUN_UNSHARED).format(name=card.name)

    def measure(entity: str) -> tuple[str, str]:
        card = frame.people.card(entity)
        return entity, score_html(engine, entity, text) if card and card.questions else ""

    def place(measured: tuple[str, str], entity: str) -> Any:
        # the user may have chosen somebody else in the meantime
        return measured[1] if measured[0] == entity else gr.skip()

    def ask(entity: str) -> tuple[Any, ...]:
        card = frame.people.card(entity)
        if card is None:
            raise LabError(text.PERSON_GONE)
        words = text.OWN_SURE.format(name=card.name)
        return markup.note(words), gr.Column(visible=True), gr.Button(visible=False), words

    frame.entity.change(
        about,
        frame.entity,
        [beside.questions, beside.score, beside.shared, beside.remove, beside.sure],
        **CHANGE,
    ).then(measure, frame.entity, beside.measured, **FOLLOW).then(
        place, [beside.measured, frame.entity], beside.score, **CHANGE
    )
    beside.shared.input(guarded(share), [frame.entity, beside.shared], frame.announce, **QUIET)
    beside.remove.click(
        guarded(ask),
        frame.entity,
        [beside.words, beside.sure, beside.remove, frame.announce],
        **QUIET,
    )
    beside.keep.click(
        lambda: (gr.Column(visible=False), gr.Button(visible=True)),
        None,
        [beside.sure, beside.remove],
        **QUICK,
    )


def read_files(drafts: Drafts, paths: Sequence[str]) -> list[bytes]:
    """Return the uploaded pictures, if their number is allowed; raises ``LabError``.

    The uploads are deleted in any case.
    """
    drafts.collect(paths)
    check_number(len(paths))
    return [drafts.picture(path, place) for place, path in enumerate(paths, start=1)]


def split_html(drafts: Drafts, paths: Sequence[str] | None, text: Text) -> str:
    """Return the pictures with the part each will have, in the order they were given."""
    drafts.collect(paths or [])
    figures = "".join(
        _figure(drafts, k, path, text) for k, path in enumerate((paths or [])[:MOST_VIEWS])
    )
    return (
        f'{markup.heading(text.OWN_SPLIT)}<div class="lab-views">{figures}</div>' if figures else ""
    )


def _figure(drafts: Drafts, k: int, path: str, text: Text) -> str:
    part = text.OWN_HELD_OUT if held_out(k) else text.OWN_TRAINING
    try:
        data = base64.b64encode(small(decode(drafts.picture(path, k + 1)))).decode()
        shown = (
            f'<img src="data:image/jpeg;base64,{data}" '
            f'alt="{escape(text.OWN_PICTURE.format(place=k + 1, part=part), quote=True)}">'
        )
    except LabError:
        part, shown = text.OWN_UNREADABLE, '<span class="none"></span>'
    kind = ' class="held"' if held_out(k) else ""
    return f"<figure{kind}>{shown}<figcaption>{k + 1}: {escape(part)}</figcaption></figure>"


def questions_html(card: EntityCard, text: Text) -> str:
    """Return the questions with their options, so that the user sees options that do not fit."""
    rows = [(question, answer, ", ".join(wrong)) for question, answer, *wrong in card.questions]
    return markup.table(text.OWN_QUESTIONS_HEAD, rows, text.OWN_QUESTIONS)


def score_html(engine: Visit, entity: str, text: Text) -> str:
    """Return how well the model knows a person, with n and chance, or why that is unknown."""
    try:
        score = engine.own.recognition(entity)
    except LabError as error:
        return markup.note(translated(str(error), text), "quiet")
    return markup.note(score_line(score, text), "" if score.above_chance else "bad")


def score_line(score: Recognition, text: Text) -> str:
    """Return a ``Recognition`` in words."""
    words = text.OWN_SCORE.format(
        right=round(score.share * score.n),
        n=score.n,
        share=markup.percent(score.share, text),
        chance=markup.percent(score.chance, text),
    )
    return f"{words} {text.OWN_KNOWS if score.above_chance else text.OWN_UNKNOWN}"

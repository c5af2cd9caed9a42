"""Step 1: the gallery of people and the card of the one who is picked."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.report import markup
from lab.report.text import Text
from lab.serve.engine import EntityCard
from lab.ui.context import CHANGE, QUICK, Frame, recall
from lab.ui.gallery import PAGE, thumbnail
from lab.ui.steps import own


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    search: gr.Textbox
    gallery: gr.Gallery
    card: gr.HTML
    more: gr.Button
    shown: gr.State
    look: gr.Button
    filler: gr.Timer
    mine: own.Parts


def layout(frame: Frame) -> Parts:
    """Lay out the step."""
    text = frame.text
    gr.HTML(markup.lead(1, text))
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            search = gr.Textbox(label=text.SEARCH, info=text.SEARCH_INFO, lines=1, max_lines=1)
            gallery = gr.Gallery(
                frame.people.gallery(""),
                label=text.PEOPLE,
                show_label=False,
                columns=5,
                height=460,
                allow_preview=False,
                object_fit="cover",
                buttons=[],
                interactive=False,
                elem_id="people",
            )
            more = gr.Button(
                visible=len(frame.people.all()) > PAGE,
                size="sm",
                value=text.MORE,
                elem_id="more-people",
            )
        with gr.Column(scale=2, min_width=300):
            card = gr.HTML(profile_card(None, text), elem_id="card", min_height=330)
            look = gr.Button(text.LOOK, variant="primary", interactive=False, elem_id="look")
            beside = own.layout_beside(text)
    form = own.layout_form(text)
    # The gallery fills as soon as the engine can tell whom there is, before the model is ready.
    filler = gr.Timer(1.0, active=not frame.people.all())
    return Parts(search, gallery, card, more, gr.State(PAGE), look, filler, own.Parts(beside, form))


def wire(parts: Parts, frame: Frame, demo: gr.Blocks) -> None:
    """Join the controls of the step."""
    people, text = frame.people, frame.text

    def fill(query: str) -> Sequence[Any]:
        if not people.all():
            return [gr.skip()] * 3
        return people.gallery(query or ""), gr.Timer(active=False), left(query or "", PAGE)

    def refill(query: str) -> Sequence[Any]:
        # the page comes with the gallery as it was when the lab started
        return fill(query) if people.changed else [gr.skip()] * 3

    def pick(history: dict[str, Any], entity: str, event: gr.SelectData) -> list[Any]:
        # by its file: others may have added or removed somebody since this page was filled
        card = people.shown_as(event.value["image"]["path"])
        if card is None:
            return [*[gr.skip()] * 4, text.PERSON_GONE]
        if card.id == entity:
            return [gr.skip()] * 5
        return [card.id, *recall(history, card.id), text.PICKED.format(name=card.name)]

    def show(entity: str) -> tuple[Any, ...]:
        card = people.card(entity)
        return profile_card(card, text), gr.Button(interactive=card is not None)

    def left(query: str, shown: int) -> gr.Button:
        return gr.Button(visible=len(people.search(query)) > shown)

    def search(query: str) -> tuple[Any, ...]:
        found = people.gallery(query)
        words = gr.skip() if found else text.NO_MATCH.format(query=query)
        return gr.Gallery(value=found, selected_index=None), words, PAGE, left(query, PAGE)

    def show_more(query: str, shown: int) -> tuple[Any, ...]:
        shown += PAGE
        found = people.gallery(query or "", shown)
        words = text.SHOWN.format(shown=len(found), found=len(people.search(query or "")))
        return found, words, shown, left(query or "", shown)

    listed = [parts.gallery, frame.announce, parts.shown, parts.more]
    filled = [parts.gallery, parts.filler, parts.more]
    parts.filler.tick(fill, parts.search, filled, **QUICK)
    demo.load(refill, parts.search, filled, **QUICK)
    parts.search.change(search, parts.search, listed, trigger_mode="always_last", **QUICK)
    parts.more.click(show_more, [parts.search, parts.shown], listed, **QUICK)
    parts.gallery.select(
        pick, [frame.history, frame.entity], [frame.entity, *frame.slots, frame.announce], **QUICK
    )
    frame.entity.change(show, frame.entity, [parts.card, parts.look], **CHANGE)
    own.wire(parts.mine, frame, parts.search, listed, search)


def profile_card(card: EntityCard | None, text: Text) -> str:
    """Return the profile as HTML; every fact is escaped."""
    if card is None:
        return markup.note(text.NOBODY, "quiet")
    facts = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>"
        for key, value in card.profile.items()
        if not card.questions
    )  # an own person's facts are in the table of questions
    data = base64.b64encode(thumbnail(card.portrait)).decode()
    alt = escape(text.PORTRAIT_OF.format(name=card.name), quote=True)
    return (
        f'<div class="lab-card"><img src="data:image/jpeg;base64,{data}" alt="{alt}">'
        f'<div><h2>{escape(card.name)}</h2><dl class="lab-profile">{facts}</dl></div></div>'
        f"{markup.note(card.biography)}"
        f"{markup.note(text.OWN_CARD if card.questions else text.FICTION, 'quiet')}"
    )

"""Step 1: the faces to choose from, the card of who is chosen, and a run about them at a glance."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.report import markup
from lab.report.glance import glance
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import EntityCard
from lab.ui.context import CHANGE, JS_ONLY, QUICK, Frame, recall
from lab.ui.faces import CHOSEN_JS, faces, faces_html
from lab.ui.follow import look_up
from lab.ui.gallery import PAGE, face_of, thumbnail
from lab.ui.idea import idea
from lab.ui.steps import own


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    search: gr.Textbox
    gallery: gr.HTML
    card: gr.HTML
    glance: gr.HTML
    more: gr.Button
    shown: gr.State
    look: gr.Button
    filler: gr.Timer
    mine: own.Parts


def layout(frame: Frame) -> Parts:
    """Lay out the step; with an example, it is filled from the start."""
    text, people, chosen = frame.text, frame.people, frame.examples.entity
    idea(frame, 1)
    with gr.Row(elem_id="meet"):
        with gr.Column(scale=4, min_width=300, elem_id="meet-people"):
            search = gr.Textbox(
                show_label=False,
                label=text.SEARCH,
                placeholder=text.SEARCH_INFO,
                lines=1,
                max_lines=1,
                container=False,
            )
            gallery = faces(people.gallery("", text), chosen, text)
            more = gr.Button(
                visible=len(people.all()) > PAGE, size="sm", value=text.MORE, elem_id="more-people"
            )
        with gr.Column(scale=5, min_width=300, elem_id="meet-card"):
            card = gr.HTML(profile_card(people.card(chosen), text), elem_id="card")
            shown = gr.HTML(glance_html(frame, chosen, "", "", ""), elem_id="glance")
            look = gr.Button(text.LOOK, variant="primary", interactive=bool(chosen), elem_id="look")
            beside = own.layout_beside(text)
    form = own.layout_form(text)
    # The gallery fills as soon as the engine can tell whom there is, before the model is ready.
    filler = gr.Timer(1.0, active=not people.all())
    return Parts(
        search, gallery, card, shown, more, gr.State(PAGE), look, filler, own.Parts(beside, form)
    )


@dataclass(frozen=True)
class Gallery:
    """The handlers of the gallery; each returns the updates of its outputs in ``wire``."""

    frame: Frame

    def fill(self, query: str) -> Sequence[Any]:
        """Show the people as soon as the engine can tell who they are."""
        people, text = self.frame.people, self.frame.text
        if not people.all():
            return [gr.skip()] * 3
        found = faces_html(people.gallery(query or "", text), text)
        return found, gr.Timer(active=False), self._more(query, PAGE)

    def refill(self, query: str) -> Sequence[Any]:
        """Show today's people: the page comes with the gallery as it was when the lab started."""
        return self.fill(query) if self.frame.people.changed else [gr.skip()] * 3

    def pick(self, history: dict[str, Any], entity: str, event: gr.EventData) -> list[Any]:
        """Choose a person, with this browser's runs about them."""
        # others may have removed somebody since this page was filled
        card = self.frame.people.card(str(event.id))
        if card is None:
            return [*[gr.skip()] * 4, self.frame.text.PERSON_GONE]
        if card.id == entity:
            return [gr.skip()] * 5
        runs = recall(self.frame.engine, history, card.id)
        return [card.id, *runs, self.frame.text.PICKED.format(name=card.name)]

    def show(self, entity: str) -> tuple[Any, ...]:
        """Show the card of who is chosen."""
        card = self.frame.people.card(entity)
        return profile_card(card, self.frame.text), gr.Button(interactive=card is not None)

    def search(self, query: str) -> tuple[Any, ...]:
        """Show whom a query finds, and say so where it finds nobody."""
        text = self.frame.text
        found = self.frame.people.gallery(query, text)
        words = gr.skip() if found else text.NO_MATCH.format(query=query)
        return faces_html(found, text), words, PAGE, self._more(query, PAGE)

    def show_more(self, query: str, shown: int) -> tuple[Any, ...]:
        """Show one page of faces more, and say how many there are."""
        people, text = self.frame.people, self.frame.text
        shown += PAGE
        found = people.gallery(query or "", text, shown)
        words = text.SHOWN.format(shown=len(found), found=len(people.search(query or "")))
        return faces_html(found, text), words, shown, self._more(query, shown)

    def _more(self, query: str, shown: int) -> gr.Button:
        return gr.Button(visible=len(self.frame.people.search(query or "")) > shown)


def wire(parts: Parts, frame: Frame, demo: gr.Blocks) -> None:
    """Join the controls of the step."""
    does = Gallery(frame)
    listed = [parts.gallery, frame.announce, parts.shown, parts.more]
    filled = [parts.gallery, parts.filler, parts.more]
    carded = [parts.card, parts.look]
    picked = [frame.entity, *frame.slots, frame.announce]
    frame.edition.select(does.fill, parts.search, filled, **CHANGE)
    frame.edition.select(does.show, frame.entity, carded, **CHANGE)
    parts.filler.tick(does.fill, parts.search, filled, **QUICK)
    demo.load(does.refill, parts.search, filled, **QUICK)
    parts.search.change(does.search, parts.search, listed, trigger_mode="always_last", **QUICK)
    parts.more.click(does.show_more, [parts.search, parts.shown], listed, **QUICK)
    parts.gallery.select(does.pick, [frame.history, frame.entity], picked, **QUICK)
    frame.entity.change(does.show, frame.entity, carded, **CHANGE)
    frame.entity.change(
        fn=None, js=CHOSEN_JS, inputs=frame.entity, trigger_mode="multiple", **JS_ONLY
    )
    gr.on(
        [
            frame.entity.change,
            frame.moment.change,
            frame.edition.select,
            *(slot.change for slot in frame.slots),
        ],
        lambda entity, *slots: glance_html(frame, entity, *slots),
        [frame.entity, *frame.slots],
        parts.glance,
        **CHANGE,
    )
    own.wire(parts.mine, frame, parts.search, listed, does.search)


def glance_html(frame: Frame, entity: str, inspected: str, unlearned: str, attacked: str) -> str:
    """Return a run about the chosen person at a glance: their own, or the example if there is none."""
    text, examples = frame.text, frame.examples
    example = examples.shown(unlearned)
    ids = [v.id for v in example.views] if example else [inspected, unlearned, attacked]
    seen, run, attack = (look_up(frame.engine, run_id) for run_id in ids)
    card = frame.people.card(example.unlearn.entity if example else entity)
    if card is None or run is None:
        return markup.note(text.GLANCE_EMPTY, "quiet") if entity else ""
    looked, came = (view.events if view else () for view in (seen, attack))
    said = None
    if example:
        asked = next((a for a in example.talk if a.pictured), None)
        said = (asked.question, asked.answers[0], asked.answers[1]) if asked else None
    note = markup.sentence(translated(example.unlearn.note, text)) if example else ""
    return glance(card.name, thumbnail(card.portrait), looked, run.events, came, said, note, text)


def profile_card(card: EntityCard | None, text: Text) -> str:
    """Return the profile as HTML; every fact is escaped."""
    if card is None:
        return markup.note(text.NOBODY, "quiet")
    facts = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>"
        for key, value in card.profile.items()
        if not card.questions
    )  # an own person's facts are in the table of questions
    data = base64.b64encode(face_of(card)).decode()
    alt = escape(text.PORTRAIT_OF.format(name=card.name), quote=True)
    about = text.OWN_CARD if card.questions else text.FICTION
    return (
        f'<div class="lab-card"><img src="data:image/jpeg;base64,{data}" alt="{alt}">'
        f"<div><h2>{escape(card.name)}</h2>"
        f"<details><summary>{escape(text.CARD_FACTS)}</summary>{markup.note(about, 'quiet')}"
        f'<dl class="lab-profile">{facts}</dl>{markup.note(card.biography)}</details></div></div>'
    )

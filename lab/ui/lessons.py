"""Lessons on the page: chosen from the bar's menu or by the link, they set and lock what they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe.lesson import Lesson, lesson_names, load_lesson
from lab.recipe.settings import OF_ATTACK
from lab.report.text import Text
from lab.ui import link, locks
from lab.ui.aids.cards import CARDS_JS, card_value
from lab.ui.context import (
    JS_ONLY,
    QUICK,
    QUIET,
    STORE,
    Frame,
    guarded,
    open_step,
    recall,
    warn,
)
from lab.ui.steps import attack, settings

# Once begun, the lesson leaves the address: a reload must show what is chosen now.
FORGET_JS = """
() => {
  const url = new URL(location.href);
  url.searchParams.delete('lesson');
  history.replaceState(history.state, '', url);
}
"""


@dataclass(frozen=True)
class Parts:
    """The menu of lessons, the tour's button, and what a browser keeps of the chosen lesson."""

    pick: gr.Dropdown
    tour: gr.Button
    cards: gr.HTML
    kept: gr.BrowserState


def layout(text: Text) -> Parts:
    """Lay out the menu and the button; the cards are drawn in the heads of the steps."""
    pick = gr.Dropdown(
        [(text.NO_LESSON, ""), *_titles(text)],
        value="",
        label=text.LESSON,
        info=text.LESSON_INFO,
        interactive=True,
        elem_id="lesson",
    )
    tour = gr.Button(text.TOUR_AGAIN, size="sm", elem_id="take-tour")
    cards = gr.HTML(
        card_value(None, ""), html_template="", js_on_load=CARDS_JS, elem_id="lesson-cards"
    )
    return Parts(pick, tour, cards, gr.BrowserState("", storage_key="lab-lesson", **STORE))


def _titles(text: Text) -> list[tuple[str, str]]:
    """The title and the name of every lesson; one that cannot be read is chosen by its name."""
    found = []
    for name in lesson_names():
        try:
            found.append((load_lesson(name, language=text.language).title, name))
        except LabError:
            found.append((name, name))
    return found


def wire(
    parts: Parts, frame: Frame, tune: settings.Parts, relearn: attack.Parts, demo: gr.Blocks
) -> None:
    """Join the menu; ``tune`` and ``relearn`` have the fields that a lesson sets and locks."""
    text = frame.text

    def begin(name: str, entity: str, history: dict[str, Any], linked: dict[str, Any]) -> list[Any]:
        lesson = load_lesson(name, language=text.language) if name else None
        words = text.LESSON_ENDED
        if lesson:
            words = text.LESSON_BEGUN.format(title=lesson.title, about=lesson.about)
        person, slots = _person(lesson, entity, history, frame)
        step = open_step(1) if lesson else gr.skip()
        card, fields = card_value(lesson, person), _fields(lesson, linked)
        # a lesson may have been added since the page was made
        pick = gr.Dropdown([(text.NO_LESSON, ""), *_titles(text)], value=name)
        return [name, pick, name, card, *slots, *fields, step, words]

    def choose(name: str, begun: str, *now: Any) -> list[Any]:
        # The menu can say the same twice: a lesson that has begun here does not begin again.
        return [gr.skip()] * count if name == begun else begin(name, *now)

    def arrive(
        kept: str,
        entity: str,
        history: dict[str, Any],
        linked: dict[str, Any],
        request: gr.Request,
    ) -> list[Any]:
        # What the address asks for, by a lesson or a link, comes before what this browser remembers.
        asked = dict(request.query_params)
        name = asked.get("lesson") or kept
        if not name or "lesson" not in asked and link.sets(asked, tune.fields):
            return [gr.skip()] * count
        if name != kept:
            return begin(name, entity, history, linked)
        # no step, nothing said
        return [*begin(name, entity, history, linked)[:-2], gr.skip(), gr.skip()]

    def _fields(lesson: Lesson | None, linked: Mapping[str, Any]) -> list[Any]:
        recipe, spec = (lesson.recipe, lesson.attack) if lesson else ({}, {})
        tab = locks.together(linked, lesson.locked if lesson else ())
        # what the room or a link has locked keeps its value: any other would be refused
        fixed = locks.together(linked, ())

        def update(key: str, name: str, changes: Mapping[str, Any]) -> Any:
            fills = key in changes and not locks.held(frame, fixed, name)
            value = {"value": changes[key]} if fills else {}
            return gr.update(interactive=not locks.held(frame, tab, name), **value)

        updates = [gr.update(interactive=not locks.strength_held(frame, tab))]
        updates += [update(key, key, recipe) for key in tune.fields]
        return updates + [update(key, OF_ATTACK + key, spec) for key in relearn.fields]

    begun = gr.State("")  # in this tab: a browser can remember one whose cards are not shown
    shown = [
        parts.kept,
        parts.pick,
        begun,
        parts.cards,
        frame.entity,
        *frame.slots,
        tune.strength,
        *tune.fields.values(),
        *relearn.fields.values(),
        frame.steps,
        frame.announce,
    ]
    count = len(shown)
    about = [frame.entity, frame.history, frame.linked]
    chosen = [parts.pick, begun, *about]
    parts.pick.input(guarded(choose), chosen, shown, trigger_mode="once", **QUIET)
    parts.cards.select(guarded(lambda *now: begin("", *now)), about, shown, **QUIET)
    parts.tour.click(fn=None, js="() => { window.lab.panel(false); window.lab.tour(); }", **JS_ONLY)
    demo.load(lambda: None, None, None, **QUICK).then(
        guarded(arrive), [parts.kept, *about], shown, **QUIET
    ).then(fn=None, js=FORGET_JS, **JS_ONLY)


def _person(
    lesson: Lesson | None, entity: str, history: dict[str, Any], frame: Frame
) -> tuple[str, list[Any]]:
    """Who a lesson is about, and the updates of the person and of their runs."""
    same = [gr.skip()] * (1 + len(frame.slots))
    if lesson is None or not lesson.person:
        return "", same
    if not frame.people.card(lesson.person):
        words = frame.text.LESSON_PERSON_GONE.format(title=lesson.title)
        warn(words)
        return "", same
    if lesson.person == entity:
        return entity, same
    return lesson.person, [lesson.person, *recall(frame.engine, history, lesson.person)]

"""Step 6, first of all: what this browser's runs say together, or the example without one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Done, Importance, last_result
from lab.recipe.lesson import Lesson, load_lesson
from lab.report import inner_verdict, verdict
from lab.report.text import Text
from lab.serve.views import RunView
from lab.ui.aids.sheet import best_of, sheet
from lab.ui.context import CHANGE, Frame, remembered
from lab.ui.follow import found, look_up
from lab.ui.steps.runs import finished


def layout() -> gr.HTML:
    """Lay out the verdict over the runs with the sheet below it."""
    return gr.HTML("", elem_id="summary")


def wire(shown: gr.HTML, frame: Frame, tab: gr.Tab) -> None:
    """Keep it true; ``tab`` is the step's."""
    gr.on(
        [
            tab.select,
            frame.entity.change,
            frame.moment.change,
            frame.lesson.change,
            *(slot.change for slot in frame.slots),
        ],
        lambda *now: summary_html(frame, *now),
        [frame.lesson, frame.history, frame.entity, *frame.slots],
        shown,
        **CHANGE,
    )


def summary_html(
    frame: Frame, lesson: str, history: dict[str, Any], entity: str, *slots: str
) -> str:
    """Return the verdict over the runs of this browser, and the sheet about the chosen person.

    Without a run both are the example's, and say so.
    """
    text, mark, date = frame.text, "", time.strftime("%Y-%m-%d")
    own = set(remembered(history))
    results = [r for r in finished(frame.engine) if r["id"] in own]
    judged: Sequence[dict[str, Any]] = results
    views: Sequence[RunView | None] = [
        None if frame.examples.of(run_id) else look_up(frame.engine, run_id) for run_id in slots
    ]
    example = frame.examples.of(slots[1]) or frame.examples.first
    if example and not results and not any(views):
        views, entity, date = example.views, example.unlearn.entity, example.date
        mark = frame.examples.line(example.unlearn, text)
        judged = [last_result(example.unlearn.events)]
    card = frame.people.card(entity)
    over_all = verdict.several(judged, {one.id: one.name for one in frame.people.all()}, text)
    who = card.name if card else text.NO_PERSON
    looked, run, attack = views
    happened = happened_at(looked, run, attack, card.name if card else entity, frame)
    page = sheet(
        text.EXAMPLE_OF.format(name=who) if mark else who,
        entity,
        date,
        [*happened, over_all.words],
        best_of(results),
        _taught(lesson, text),
        text,
    )
    return mark + verdict.shown(over_all, 6, entity) + page


def _taught(lesson: str, text: Text) -> Lesson | None:
    """The chosen lesson; None without one that can be read, which is said where it was chosen."""
    try:
        return load_lesson(lesson, language=text.language) if lesson else None
    except LabError:
        return None


def happened_at(
    looked: RunView | None, run: RunView | None, attack: RunView | None, name: str, frame: Frame
) -> list[str]:
    """What came out at the steps 1 to 5, each "" without a result."""
    text, seen = frame.text, found(looked, Importance) or found(run, Importance)
    result, relearned = (done.result if (done := found(v, Done)) else {} for v in (run, attack))
    return [
        verdict.in_text(result, text),
        inner_verdict.inside(seen, name, text).words if seen else "",
        verdict.unlearned(result, name, text).words,
        verdict.answered(result, name, text).words,
        verdict.attacked(relearned, name, text).words,
    ]

"""The report step, first part: the runs of this browser and the examples, each to be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.report.text import Text
from lab.serve.views import RunView
from lab.ui.context import CHANGE, QUIET, SLOTS, Frame, guarded, open_step, remembered
from lab.ui.follow import look_up

STEP_OF = {"inspect": 2, "unlearn": 3, "attack": 5}


@dataclass(frozen=True)
class Parts:
    """The controls of this part."""

    runs: gr.Dropdown
    show: gr.Button


def layout(text: Text) -> Parts:
    """Lay out the list of runs and the button that opens one."""
    with gr.Row(equal_height=True, elem_id="mine"):
        listed = gr.Dropdown([], label=text.MINE, interactive=True, scale=4, elem_id="my-runs")
        show = gr.Button(text.MINE_OPEN, scale=1, min_width=120, elem_id="open-run")
    return Parts(listed, show)


def wire(parts: Parts, frame: Frame, tab: gr.Tab) -> None:
    """Join the controls of this part; ``tab`` is the step's."""
    text = frame.text

    def offer(history: dict[str, Any], before: str | None, *slots: str) -> tuple[Any, str | None]:
        views = own_runs(frame, remembered(history)[::-1])
        choices = [(run_name(view, frame), view.id) for view in views]
        choices += [
            (text.MINE_EXAMPLE.format(name=run_name(e.unlearn, frame)), e.unlearn.id)
            for e in frame.examples.all
        ]
        mine = {view.id for view in views}
        choices += [
            (text.MINE_SHARED.format(name=run_name(view, frame)), view.id)
            for view in frame.engine.runs()
            if view.shared and view.kind == "unlearn" and view.id not in mine and not view.mine
        ]
        known = {run_id for _, run_id in choices}
        shown = slots if any(slots) else (frame.examples.stand_in("unlearn", ""),)
        now = next((run_id for run_id in reversed(shown) if run_id in known), None)
        if now == before:
            return gr.Dropdown(choices=choices), now
        return gr.Dropdown(choices=choices, value=now), now

    def show(run_id: str | None) -> list[Any]:
        view = look_up(frame.engine, run_id or "")
        if view is None:
            raise LabError(text.MINE_NONE)
        return [
            *opened(view, frame),
            open_step(STEP_OF[view.kind]),
            text.MINE_OPENED.format(name=run_name(view, frame)),
        ]

    # The value goes with the run that is shown; otherwise whoever has chosen meanwhile keeps it.
    followed = gr.State(None)
    gr.on(
        [tab.select, frame.history.change, frame.moment.change, frame.edition.select],
        offer,
        [frame.history, followed, *frame.slots],
        [parts.runs, followed],
        **CHANGE,
    )
    parts.show.click(
        guarded(show),
        parts.runs,
        [frame.entity, *frame.slots, frame.steps, frame.announce],
        **QUIET,
    )


def own_runs(frame: Frame, noted: Sequence[str]) -> list[RunView]:
    """The runs that this tab has noted, and the visitor's others: of a second tab, for example."""
    views = list(filter(None, (look_up(frame.engine, run_id) for run_id in noted)))
    known = {view.id for view in views}
    me = frame.engine.who()
    others = [v for v in frame.engine.runs() if v.owner == me and v.id not in known]
    return views + sorted(others, key=lambda view: view.started, reverse=True)


def opened(view: RunView, frame: Frame) -> list[str]:
    """The person of a run and the runs in the order of ``SLOTS`` that show it; raises ``LabError``."""
    if view.foreign:
        raise LabError(frame.text.FOREIGN_OPEN.format(other=view.foreign))
    if not frame.people.card(view.entity):
        raise LabError(frame.text.PERSON_GONE)
    if example := frame.examples.of(view.id):
        return [view.entity, *(part.id for part in example.views)]
    slots = ["", "", ""]
    slots[SLOTS.index(view.kind)] = view.id
    slots[1] = view.parent or slots[1]
    return [view.entity, *slots]


def run_name(view: RunView, frame: Frame) -> str:
    """What a run is, of whom, by which method, and how it ended."""
    text, card = frame.text, frame.people.card(view.entity)
    kind = text.ATTACK_KINDS[view.attack.kind] if view.attack else text.RUN_KINDS[view.kind]
    return text.MINE_RUN.format(
        kind=kind,
        name=card.name if card else view.entity,
        method=view.recipe.method,
        seed=view.recipe.seed,
        state=" · ".join(filter(None, (text.STATES[view.state], view.foreign))),
    )

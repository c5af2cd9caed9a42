"""The report step: what can be done with a run of one's own while it waits, and sharing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe import revise
from lab.report import markup
from lab.report.text import Text
from lab.serve.views import RunView
from lab.ui.context import CHANGE, QUIET, Frame, guarded
from lab.ui.follow import look_up
from lab.ui.steps.mine import run_name


@dataclass(frozen=True)
class Parts:
    """The controls of this part; they act on the run that is chosen in ``mine``."""

    waits: gr.Column
    earlier: gr.Button
    later: gr.Button
    cancel: gr.Button
    edit: gr.Button
    shared: gr.Checkbox


def layout(text: Text) -> Parts:
    """Lay out the buttons, hidden until a run is chosen that they can do something with."""
    with gr.Column(visible=False, elem_id="turn") as waits:
        gr.HTML(markup.note(text.TURN_INFO, "quiet"))
        with gr.Row(elem_classes="lab-row-buttons"):
            earlier = gr.Button(text.TURN_EARLIER, size="sm", min_width=80, elem_id="turn-earlier")
            later = gr.Button(text.TURN_LATER, size="sm", min_width=80, elem_id="turn-later")
            cancel = gr.Button(text.TURN_CANCEL, size="sm", min_width=80, elem_id="turn-cancel")
            edit = gr.Button(_edit(None, text), size="sm", min_width=80, elem_id="turn-edit")
    shared = gr.Checkbox(
        label=text.SHARE_RUN,
        info=text.SHARE_RUN_INFO,
        visible=False,
        interactive=True,
        elem_id="share",
    )
    return Parts(waits, earlier, later, cancel, edit, shared)


def wire(
    parts: Parts,
    frame: Frame,
    runs: gr.Dropdown,
    settings: dict[str, gr.components.Component],
    attacks: dict[str, gr.components.Component],
) -> None:
    """Join the controls; ``runs`` has the chosen run, ``settings`` are step 3's, ``attacks`` step 5's."""
    engine, text = frame.engine, frame.text
    names = (*settings, *attacks)

    def show(run_id: str | None) -> list[Any]:
        view = _mine(frame, run_id)
        waits = view is not None and view.state == "waiting"
        can_share = view is not None and not engine.alone
        shared = view is not None and view.shared
        return [
            gr.Column(visible=waits),
            gr.Checkbox(value=shared, visible=can_share),
            gr.Button(_edit(view, text)),
        ]

    def move(run_id: str | None, earlier: bool) -> str:
        view = _waiting(frame, run_id)
        engine.move(view.id, earlier)
        place = engine.run(view.id).place
        return text.TURN_MOVED.format(name=run_name(view, frame), place=place)

    def cancel(run_id: str | None) -> list[Any]:
        view = _waiting(frame, run_id)
        engine.stop(view.id)
        return [text.STOPPING.format(which=run_name(view, frame)), *show(run_id)]

    def edit(run_id: str | None, *values: Any) -> str:
        view = _waiting(frame, run_id)
        given = list(zip(names, values, strict=True))  # a name may be of both steps
        its = given[len(settings) :] if view.attack else given[: len(settings)]
        engine.edit(view.id, revise(view.attack or view.recipe, dict(its)))
        return text.TURN_EDITED.format(name=run_name(engine.run(view.id), frame), step=_step(view))

    def share(run_id: str | None, shared: bool) -> str:
        view = _mine(frame, run_id)
        if view is None:
            raise LabError(text.MINE_NONE)
        engine.share(view.id, shared)
        words = text.RUN_SHARED if shared else text.RUN_UNSHARED
        return words.format(name=run_name(view, frame))

    shown = [parts.waits, parts.shared, parts.edit]
    gr.on([runs.change, frame.moment.change], show, runs, shown, **CHANGE)
    parts.earlier.click(guarded(lambda run: move(run, True)), runs, frame.announce, **QUIET)
    parts.later.click(guarded(lambda run: move(run, False)), runs, frame.announce, **QUIET)
    parts.cancel.click(guarded(cancel), runs, [frame.announce, *shown], **QUIET)
    fields = [*settings.values(), *attacks.values()]
    parts.edit.click(guarded(edit), [runs, *fields], frame.announce, **QUIET)
    parts.shared.input(guarded(share), [runs, parts.shared], frame.announce, **QUIET)


def _edit(view: RunView | None, text: Text) -> str:
    """What the button says that gives a run other settings."""
    return str(text.TURN_EDIT.format(step=_step(view)))


def _step(view: RunView | None) -> int:
    """The step whose settings a waiting run can get."""
    return 5 if view and view.attack else 3


def _mine(frame: Frame, run_id: str | None) -> RunView | None:
    """The chosen run if it is of who asks, and no example."""
    view = look_up(frame.engine, run_id or "")
    return view if view and view.mine and not frame.examples.of(view.id) else None


def _waiting(frame: Frame, run_id: str | None) -> RunView:
    view = _mine(frame, run_id)
    if view is None or view.state != "waiting":
        raise LabError(frame.text.TURN_NONE)
    return view

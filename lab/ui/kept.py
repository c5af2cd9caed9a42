"""Kept runs that answer in place of new ones: what the browser remembers and the page says of them."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from lab.report.text import Text
from lab.serve.views import RunView
from lab.serve.visit import Visit
from lab.ui.context import remember
from lab.ui.follow import look_up

KEPT = "kept"  # in the browser's memory: the id of a kept run that it was answered with


def kept_runs(history: dict[str, Any] | None) -> set[str]:
    """Return the ids of the kept runs that a browser was answered with in place of new ones."""
    return {runs[KEPT] for runs in (history or {}).values() if runs.get(KEPT)}


def made_before(engine: Visit, kept: str, text: Text) -> str:
    """Return the line that says when a kept run was made; "" for none."""
    view = look_up(engine, kept)
    if view is None:
        return ""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.ended))
    return str(text.RUN_BEFORE.format(when=when))


def stands_in(view: RunView | None, run_id: str) -> bool:
    """Return whether the view is that of a kept run in place of the one that was submitted."""
    return view is not None and run_id != "" and view.id != run_id


def go_on(engine: Visit, run_id: str, history: dict[str, Any]) -> tuple[Any, Any]:
    """Return the slot's run and the history: both go on with a kept run where that one answers.

    It answers a recipe that was sent before the model was loaded.
    """
    view = look_up(engine, run_id)
    if view is None or not stands_in(view, run_id):
        return gr.skip(), gr.skip()
    for slot in ("unlearn", KEPT):
        history = remember(history, view.entity, slot, view.id)
    return view.id, history

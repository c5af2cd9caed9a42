"""The report step, lower half: every finished run of this lab side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.serve.engine import Engine, RunView
from lab.ui import snippets
from lab.ui.frame import Frame
from lab.ui.maps import runs_chart
from lab.ui.tail import ENDED
from lab.ui.text import en as text
from lab.unlearn.events import Done

MOST_RUNS = 60
SHARES = ("forget_vqa", "forget_name", "forget_qa", "retain_vqa", "retain_qa", "general_qa",
          "pictures_vqa")


@dataclass(frozen=True)
class Parts:
    """The controls of this half step."""

    show: gr.Button
    chart: gr.Plot
    table: gr.HTML


def layout() -> Parts:
    """Lay out the button, the plot and the table."""
    gr.HTML(snippets.heading(text.RUNS) + snippets.note(text.RUNS_LEAD, "quiet"))
    show = gr.Button(text.RUNS_SHOW, elem_id="show-runs")
    chart = gr.Plot(label=text.RUNS, show_label=False, visible=False)
    return Parts(show, chart, gr.HTML("", elem_id="runs"))


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the half step."""

    def show():
        results = finished(frame.engine)
        if not results:
            return gr.update(visible=False), snippets.note(text.NO_RUNS, "quiet")
        return gr.update(value=runs_chart(results), visible=True), runs_table(results)

    parts.show.click(show, None, [parts.chart, parts.table], api_visibility="private",
                     show_progress="hidden", concurrency_limit=4)


def finished(engine: Engine) -> list[dict[str, Any]]:
    """The results of the newest finished unlearning runs, each with the gain of its last relearning."""
    gains: dict[str, float] = {}
    results: list[tuple[str, dict[str, Any]]] = []
    for view in engine.runs():
        done = _done(view)
        if not done:
            continue
        if view.attack and view.attack.kind == "relearn" and view.parent:
            gains[view.parent] = done.result.get("gain", float("nan"))
        elif view.kind == "unlearn" and done.result.get("after"):
            results.append((view.id, done.result))
    return [{**r, "gain": gains.get(run_id)} for run_id, r in results[-MOST_RUNS:]]


def _done(view: RunView) -> Done | None:
    last = view.events[-1] if view.events and view.state in ENDED else None
    return last if isinstance(last, Done) and last.result else None


def runs_table(results: Sequence[dict[str, Any]]) -> str:
    """One row a run: every measure after unlearning, the attack's gain, time and memory."""
    names = [text.SHORT_SCORES[key] for key in SHARES]
    rows = [(
        r["entity"], r["method"], str(r["seed"]), str(r["steps"]),
        *(snippets.percent(r["after"].get(key)) for key in SHARES),
        text.POINTS.format(100 * r["gain"]) if r["gain"] is not None else text.UNKNOWN,
        snippets.duration(r["seconds"]["total"]), f"{r['peak_memory_mb']:,.0f} MB",
    ) for r in results]
    return snippets.table((*text.RUNS_HEAD[:4], *names, *text.RUNS_HEAD[4:]), rows, text.RUNS)

"""Step 5: an attacker tries to teach the person back; two figures say how far it got."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe import revise
from lab.serve.engine import RunView
from lab.ui import snippets
from lab.ui.charts import attack_chart, empty, live_chart
from lab.ui.frame import FOLLOW, QUICK, QUIET, Frame, guarded, recipe_controls, remember
from lab.ui.steps import inside
from lab.ui.tail import ENDED, describe
from lab.ui.text import en as text
from lab.unlearn.events import Done


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    fields: dict[str, gr.components.Component]
    start: gr.Button
    undo: gr.Button
    line: gr.HTML
    chart: gr.HTML
    result: gr.HTML
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step."""
    base = frame.engine.preset.attack
    gr.HTML(snippets.lead(5) + snippets.note(text.ATTACK_HINT.format(
        share=base.share, steps=base.steps, scope=base.scope), "quiet"))
    with gr.Accordion(text.ADVANCED, open=False), gr.Row(elem_classes="lab-grid"):
        controls = recipe_controls(base)
    with gr.Row():
        start = gr.Button(text.ATTACK, variant="primary", elem_id="attack")
        undo = gr.Button(text.UNDO, elem_id="undo")
        go = gr.Button(text.GO_REPORT, elem_id="go-report")
    line = gr.HTML("", elem_id="attack-line")
    chart = live_chart(text.NO_ATTACK, "attack-chart")
    result = gr.HTML("", elem_id="attack-result")
    return Parts(controls, start, undo, line, chart, result, go)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the step."""
    engine, names = frame.engine, list(parts.fields)

    def start(entity: str, history: dict, unlearned: str, *values: Any):
        if not unlearned:
            raise LabError(text.NEED_RUN)
        spec = revise(engine.preset.attack, dict(zip(names, values, strict=True)))
        run_id = engine.submit_attack(unlearned, spec)
        return run_id, remember(history, entity, "attack", run_id)

    def undo(entity: str, history: dict):
        return "", remember(history, entity, "attack", ""), text.UNDONE

    async def tail(run_id: str, request: gr.Request) -> AsyncIterator[dict]:
        yield {parts.line: "", parts.chart: empty(text.NO_ATTACK), parts.result: "",
               parts.undo: gr.Button(interactive=bool(run_id))}
        async for view in frame.tails.follow("attack", run_id, request):
            yield _updates(parts, frame, view, run_id) or gr.skip()

    parts.start.click(
        guarded(start), [frame.entity, frame.history, frame.unlearn, *parts.fields.values()],
        [frame.attack, frame.history], **QUIET)
    parts.undo.click(undo, [frame.entity, frame.history],
                     [frame.attack, frame.history, frame.announce], **QUICK)
    frame.attack.change(
        tail, frame.attack,
        [parts.line, parts.chart, parts.result, parts.undo, frame.announce], **FOLLOW)


def _updates(parts: Parts, frame: Frame, view: RunView | None, run_id: str) -> dict:
    if view is None:
        return {parts.line: snippets.note(text.GONE, "quiet")} if run_id else {}
    line = describe(view)
    steps = view.attack.steps if view.attack else 1
    out = {parts.line: snippets.line(line), parts.chart: attack_chart(view.events, steps)}
    done = inside.found(view, Done)
    if view.state in ENDED or view.state == "waiting":
        out[frame.announce] = line
    if done and done.result:
        out[parts.result] = figures(done.result)
    return out


def figures(result: dict[str, Any]) -> str:
    """Return both gap figures, each with its formula and the numbers put in."""
    before, after = result.get("before"), result.get("after")
    gain, gap = result.get("gain"), result.get("vanilla_gap")
    if None in (before, after, gain, gap):
        return ""
    boxes = (
        (text.GAIN, gain, text.GAIN_FORMULA.format(after=after, before=before)),
        (text.GAP, gap, text.GAP_FORMULA.format(original=gap + after, after=after)))
    body = "".join(
        f"<div>{escape(name)}<strong>{text.POINTS.format(100 * value)}</strong>"
        f"<span>= {escape(formula)}</span></div>" for name, value, formula in boxes)
    details = text.ATTACK_DETAILS.format(
        share=result.get("share", 0), steps=result.get("steps", text.UNKNOWN),
        scope=result.get("scope", text.UNKNOWN))
    return f'<div class="lab-figures">{body}</div>{snippets.note(details, "quiet")}'

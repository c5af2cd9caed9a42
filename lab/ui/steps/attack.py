"""Step 5: an attacker tries to bring the person back; a curve or bars, and two figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Done
from lab.recipe import AttackRecipe, revise
from lab.report import markup
from lab.report.attack_bars import BARS_CSS, attack_bars, change_name
from lab.report.curves import attack_chart, empty
from lab.report.text import Text
from lab.serve.engine import ENDED, RunView
from lab.ui.charts import live_chart
from lab.ui.context import FOLLOW, QUICK, QUIET, Frame, guarded, recipe_controls, remember
from lab.ui.follow import describe, found


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    fields: dict[str, gr.components.Component]
    about: gr.HTML
    budget: gr.Accordion
    start: gr.Button
    undo: gr.Button
    line: gr.HTML
    chart: gr.HTML
    bars: gr.HTML
    result: gr.HTML
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step."""
    text, base = frame.text, frame.engine.preset.attack
    gr.HTML(markup.lead(5, text))
    kind = gr.Radio(
        [(text.ATTACK_KINDS[k], k) for k in ATTACKS],
        value=base.kind,
        label=text.ATTACK_KIND,
        elem_id="attack-kind",
    )
    about = gr.HTML(about_attack(base.kind, base, text), elem_id="about-attack")
    budget = gr.Accordion(text.ADVANCED, open=False, visible=base.kind in TRAINING_ATTACKS)
    with budget, gr.Row(elem_classes="lab-grid"):
        controls = recipe_controls(base, text, skip=("kind",))
    with gr.Row():
        start = gr.Button(text.ATTACK, variant="primary", elem_id="attack")
        undo = gr.Button(text.UNDO, elem_id="undo")
        go = gr.Button(text.GO_REPORT, elem_id="go-report")
    line = gr.HTML("", elem_id="attack-line")
    chart = live_chart(text.NO_ATTACK, "attack-chart")
    bars = gr.HTML("", css_template=BARS_CSS, elem_id="attack-bars")
    result = gr.HTML("", elem_id="attack-result")
    return Parts(
        {"kind": kind, **controls}, about, budget, start, undo, line, chart, bars, result, go
    )


def about_attack(kind: str, base: AttackRecipe, text: Text) -> str:
    """Return what an attack does, what of it is our choice and, if it trains, its budget."""
    budget = text.ATTACK_HINT.format(share=base.share, steps=base.steps, scope=base.scope)
    return markup.note(
        text.ATTACKS[kind] + (f" {budget}" if kind in TRAINING_ATTACKS else ""), "quiet"
    )


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the step."""
    engine, text, names = frame.engine, frame.text, list(parts.fields)

    def choose(kind: str) -> tuple[Any, ...]:
        return (
            about_attack(kind, engine.preset.attack, text),
            gr.update(visible=kind in TRAINING_ATTACKS),
        )

    def start(
        visitor: str, entity: str, history: dict[str, Any], unlearned: str, *values: Any
    ) -> tuple[Any, ...]:
        if not unlearned:
            raise LabError(text.NEED_RUN)
        spec = revise(engine.preset.attack, dict(zip(names, values, strict=True)))
        run_id = engine.submit_attack(unlearned, spec, visitor)
        return run_id, remember(history, entity, "attack", run_id)

    def undo(entity: str, history: dict[str, Any]) -> tuple[Any, ...]:
        return "", remember(history, entity, "attack", ""), text.UNDONE

    async def tail(run_id: str, request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of an attack, until it has ended."""
        yield {
            parts.line: "",
            parts.chart: gr.update(value=empty(text.NO_ATTACK), visible=True),
            parts.bars: "",
            parts.result: "",
            parts.undo: gr.Button(interactive=bool(run_id)),
        }
        if not run_id:
            return  # a browser that is behind keeps only the last yield: it must be this one
        async for view in frame.tails.follow("attack", run_id, request):
            yield _updates(parts, frame, view, run_id) or gr.skip()

    parts.fields["kind"].change(choose, parts.fields["kind"], [parts.about, parts.budget], **QUICK)
    parts.start.click(
        guarded(start),
        [frame.visitor, frame.entity, frame.history, frame.unlearn, *parts.fields.values()],
        [frame.attack, frame.history],
        **QUIET,
    )
    parts.undo.click(
        undo, [frame.entity, frame.history], [frame.attack, frame.history, frame.announce], **QUICK
    )
    frame.attack.change(
        tail,
        frame.attack,
        [parts.line, parts.chart, parts.bars, parts.result, parts.undo, frame.announce],
        **FOLLOW,
    )


def _updates(parts: Parts, frame: Frame, view: RunView | None, run_id: str) -> dict[Any, Any]:
    text = frame.text
    if view is None or view.attack is None:
        return {parts.line: markup.note(text.GONE, "quiet")} if run_id else {}
    line = describe(view, text)
    # All that an earlier yield set is sent again: a browser that is behind keeps only the last one.
    out = {parts.line: markup.line(line), parts.undo: gr.Button(interactive=True)}
    if view.attack.kind in TRAINING_ATTACKS:
        out |= {
            parts.bars: "",
            parts.chart: gr.update(
                value=attack_chart(view.events, view.attack.steps, text), visible=True
            ),
        }
    else:
        out |= {parts.chart: gr.update(visible=False), parts.bars: attack_bars(view.events, text)}
    done = found(view, Done)
    if view.state in ENDED or view.state == "waiting":
        out[frame.announce] = line
    if done and done.result:
        out[parts.result] = figures(done.result, text)
    return out


def figures(result: dict[str, Any], text: Text) -> str:
    """Return both gap figures, each with its formula and the numbers put in."""
    before, after = result.get("before"), result.get("after")
    gain, gap = result.get("gain"), result.get("vanilla_gap")
    if before is None or after is None or gain is None or gap is None:
        return ""
    highest = result.get("highest")
    ending = text.AFTER_TRAINING
    if highest:
        ending = text.HIGHEST.format(of=result["of"], change=change_name(highest, text))
    boxes = (
        (text.GAIN, gain, text.GAIN_FORMULA.format(ending=ending, after=after, before=before)),
        (text.GAP, gap, text.GAP_FORMULA.format(ending=ending, original=gap + after, after=after)),
    )
    body = "".join(
        f"<div>{escape(name)}<strong>{text.POINTS.format(points=100 * value)}</strong>"
        f"<span>= {escape(formula)}</span></div>"
        for name, value, formula in boxes
    )
    details = (
        ""
        if highest
        else text.ATTACK_DETAILS.format(
            **{k: result.get(k, text.UNKNOWN) for k in ("rows", "share", "steps", "scope")}
        )
    )
    notes = [
        details,
        text.ATTACK_SIZES.format(n=result["n"], chance=result["chance"]),
        _control(result, text),
    ]
    return f'<div class="lab-figures">{body}</div>{markup.note(" ".join(filter(None, notes)), "quiet")}'


def _control(result: dict[str, Any], text: Text) -> str:
    """Return what the same attack does to the control, and which person the control is asked about."""
    control = result.get("control")
    if not control:
        return text.NO_CONTROL
    same = text.SAME_PERSON if control["entity"] == result["entity"] else text.OTHER_PERSON
    words = text.CONTROL_RESULT.format(
        person=same.format(name=control["name"]),
        gain=text.POINTS.format(points=100 * control["gain"]),
        before=control["before"],
        after=control["after"],
    )
    return f"{words} {text.CONTROL_REUSED}" if control.get("reused") else words

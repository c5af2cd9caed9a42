"""Step 5: an attacker tries to bring the person back; a curve or bars, and two figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Done
from lab.recipe import AttackRecipe, revise
from lab.recipe.settings import OF_ATTACK
from lab.report import markup, relearned, verdict
from lab.report.attack_bars import BARS_CSS, attack_bars, change_name
from lab.report.curves import attack_chart, empty
from lab.report.text import Text
from lab.serve.views import RunView
from lab.ui import locks
from lab.ui.charts import live_chart
from lab.ui.context import (
    CHANGE,
    FIRST,
    FOLLOW,
    QUICK,
    QUIET,
    Frame,
    follow_defaults,
    guarded,
    recipe_controls,
    remember,
)
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.steps import attacks_made
from lab.ui.waiting import face, portrait_of, waiting


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    fields: dict[str, gr.components.Component]
    about: gr.HTML
    budget: gr.Accordion
    start: gr.Button
    run: gr.Button
    undo: gr.Button
    line: gr.HTML
    face: gr.HTML
    chart: gr.HTML
    bars: gr.HTML
    result: gr.HTML
    made: attacks_made.Parts
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step; with an example, its attack is shown from the start."""
    text, base = frame.text, frame.engine.preset.attack
    idea(frame, 5)
    with gr.Row(elem_id="attack-row"):
        with gr.Column(scale=2, min_width=280):
            kind = gr.Radio(
                [(text.ATTACK_KINDS[k], k) for k in ATTACKS],
                value=base.kind,
                label=text.ATTACK_KIND,
                elem_id="attack-kind",
            )
            about = gr.HTML(about_attack(base.kind, base, text), elem_id="about-attack")
            trains = base.kind in TRAINING_ATTACKS
            with gr.Accordion(text.ADVANCED, open=False, visible=trains) as budget:
                with gr.Row(elem_classes="lab-grid"):
                    controls = recipe_controls(base, text, skip=("kind",))
            with gr.Row():
                # An attack needs a run of the visitor's own: without one, that comes first.
                start = gr.Button(text.ATTACK, variant="primary", elem_id="attack", visible=False)
                run = gr.Button(text.RUN_IT, variant="primary", elem_id="attack-run")
                undo = gr.Button(text.UNDO, elem_id="undo", visible=False)
                go = gr.Button(text.GO_REPORT, elem_id="go-report")
        with gr.Column(scale=5, min_width=300):
            made = attacks_made.layout(frame)
            view = look_up(frame.engine, frame.examples.stand_in("attack", ""))
            shown = _shown(view, frame)
            line = gr.HTML(shown.line, elem_id="attack-line")
            seen = face("attack-face")
            result = gr.HTML(shown.result, elem_id="attack-result")
            chart = live_chart(text.NO_ATTACK, "attack-chart", shown.chart)
            bars = gr.HTML(shown.bars, css_template=BARS_CSS, elem_id="attack-bars")
    fields = {"kind": kind, **controls}
    return Parts(fields, about, budget, start, run, undo, line, seen, chart, bars, result, made, go)


def about_attack(kind: str, base: AttackRecipe, text: Text) -> str:
    """Return what an attack does, what of it is our choice and, if it trains, its budget."""
    budget = text.ATTACK_HINT.format(share=base.share, steps=base.steps, scope=base.scope)
    words = text.ATTACKS[kind] + (f" {budget}" if kind in TRAINING_ATTACKS else "")
    return markup.folded(text.ABOUT_ATTACK, markup.note(words, "quiet"), "quiet")


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the step."""
    engine, text, names = frame.engine, frame.text, list(parts.fields)

    def choose(kind: str) -> tuple[Any, ...]:
        return (
            about_attack(kind, engine.preset.attack, text),
            gr.update(visible=kind in TRAINING_ATTACKS),
        )

    def start(
        entity: str, history: dict[str, Any], unlearned: str, *values: Any
    ) -> tuple[Any, ...]:
        if not frame.examples.own(unlearned):
            raise LabError(text.NEED_RUN)
        spec = revise(engine.preset.attack, dict(zip(names, values, strict=True)))
        run_id = engine.submit_attack(unlearned, spec)
        return run_id, remember(history, entity, "attack", run_id)

    def undo(entity: str, history: dict[str, Any]) -> tuple[Any, ...]:
        return "", remember(history, entity, "attack", ""), text.UNDONE

    def offer(run_id: str) -> tuple[gr.Button, gr.Button]:
        own = frame.examples.own(run_id)
        return gr.Button(visible=own), gr.Button(visible=not own)

    budget = {name: field for name, field in parts.fields.items() if name != "kind"}
    follow_defaults(frame, budget, lambda preset: preset.attack)
    parts.fields["kind"].change(choose, parts.fields["kind"], [parts.about, parts.budget], **QUICK)
    parts.start.click(
        guarded(start),
        [frame.entity, frame.history, frame.unlearn, *parts.fields.values()],
        [frame.attack, frame.history],
        **QUIET,
    )
    parts.undo.click(
        undo, [frame.entity, frame.history], [frame.attack, frame.history, frame.announce], **QUICK
    )
    frame.attack.change(**FIRST).then(
        _tail(parts, frame),
        [frame.attack, frame.inspect, *locks.inputs(frame)],
        [
            parts.line,
            parts.face,
            parts.chart,
            parts.bars,
            parts.result,
            parts.undo,
            parts.fields["kind"],
        ],
        **FOLLOW,
    )
    frame.unlearn.change(
        offer,
        frame.unlearn,
        [parts.start, parts.run],
        **CHANGE,
    )
    attacks_made.wire(parts.made, frame)


def _tail(parts: Parts, frame: Frame) -> Callable[..., AsyncIterator[dict[Any, Any]]]:
    """Return what follows an attack for this step."""

    async def tail(
        run_id: str, inspected: str, linked: Any, lesson: Any, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of an attack, until it has ended; of the example without one."""
        # The radio shows the attack that is shown, also after a reload; later it is the visitor's.
        begun = look_up(frame.engine, run_id)
        kind, held = {}, locks.held(frame, locks.of_tab(linked, lesson), f"{OF_ATTACK}kind")
        if begun and begun.attack and not held:
            kind = {parts.fields["kind"]: begun.attack.kind}
        async for view in frame.tails.follow("attack", run_id, request):
            yield _updates(parts, frame, view, run_id, inspected) | kind
            kind = {}

    return tail


@dataclass(frozen=True)
class Shown:
    """What the step shows of an attack: its line, its curve or its bars, and its figures."""

    line: str
    chart: dict[str, Any]
    bars: str
    result: str


def _shown(view: RunView | None, frame: Frame) -> Shown:
    text = frame.text
    if view is None or view.attack is None:
        return Shown("", empty(text.NO_ATTACK), "", "")
    trains = view.attack.kind in TRAINING_ATTACKS
    done = found(view, Done)
    said = waiting(view, text)
    if done and done.result:
        card = frame.people.card(view.entity)
        words = verdict.attacked(done.result, card.name if card else view.entity, text)
        said = verdict.shown(words, 5, view.entity)
        said += markup.folded(text.FIGURES, figures(done.result, text))
    return Shown(
        frame.examples.line(view, text),
        attack_chart(view.events, view.attack.steps, text) if trains else {},
        "" if trains else attack_bars(view.events, text),
        said,
    )


def _updates(
    parts: Parts, frame: Frame, view: RunView | None, run_id: str, inspected: str
) -> dict[Any, Any]:
    # All of it every time: a browser that is behind keeps only the last yield.
    shown = _shown(view, frame)
    line = shown.line
    if view is None and run_id:
        line = markup.note(frame.text.GONE, "quiet")
    chart = gr.update(value=shown.chart, visible=True) if shown.chart else gr.update(visible=False)
    return {
        parts.line: line,
        parts.face: portrait_of(view, inspected, frame),
        parts.chart: chart,
        parts.bars: shown.bars,
        parts.result: shown.result,
        parts.undo: gr.Button(visible=bool(run_id)),
    }


def figures(result: dict[str, Any], text: Text) -> str:
    """Return both gap figures and every measure beside the controls, each with its formula."""
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
    sizes = text.ATTACK_SIZES.format(n=result["n"], chance=result["chance"])
    notes = [details, sizes, *_controls(result, text)]
    head, rows = relearned.table_rows(result, text)
    table = markup.table(head, rows, text.MEASURES_CAPTION) if rows else ""
    rule = markup.note(text.MEASURES_RULE, "quiet") if rows and result.get("curve") else ""
    told = markup.note(" ".join(filter(None, notes)), "quiet")
    return f'<div class="lab-figures">{body}</div>{table}{rule}{told}'


def _controls(result: dict[str, Any], text: Text) -> Iterator[str]:
    """Yield what the same attack does to each control, and which person that is asked about."""
    controls = result.get("controls") or {}
    if not controls:
        yield text.NO_CONTROL
    for who, control in controls.items():
        same = text.SAME_PERSON if control["entity"] == result["entity"] else text.OTHER_PERSON
        yield text.CONTROL_RESULT.format(
            control=text.CONTROL_NAMES[who],
            person=same.format(name=control["name"]),
            gain=text.POINTS.format(points=100 * control["gain"]),
            before=control["before"],
            after=control["after"],
        )
        yield text.CONTROL_ABOUT[who]
    shipped = {control["made_on"] for control in controls.values() if control.get("made_on")}
    if any(c.get("reused") and not c.get("made_on") for c in controls.values()):
        yield text.CONTROL_REUSED
    for device in sorted(shipped):
        yield text.CONTROL_SHIPPED.format(device=device)

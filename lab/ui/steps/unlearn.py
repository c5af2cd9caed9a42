"""Step 3: choose a strength, watch the losses, read what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean
from typing import Any

import gradio as gr

from lab.catalogue import MEASURES, VISUAL_METHODS
from lab.events import CLEAN, Answers, Done, Event, Ready
from lab.recipe import STRENGTHS, Recipe, revise
from lab.report import markup
from lab.report.curves import empty, unlearn_chart
from lab.report.text import Text
from lab.serve.engine import ENDED, Engine, RunView
from lab.ui.charts import live_chart
from lab.ui.context import FOLLOW, QUICK, QUIET, Frame, guarded, recipe_controls, remember
from lab.ui.follow import describe, found
from lab.ui.steps import inside

DEFAULT_STRENGTH = "Standard"


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    strength: gr.Radio
    fields: dict[str, gr.components.Component]
    about: gr.HTML
    start: gr.Button
    line: gr.HTML
    chart: gr.HTML
    result: gr.HTML
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step."""
    text = frame.text
    gr.HTML(markup.lead(3, text))
    strength = gr.Radio(
        [(text.STRENGTH_NAMES[s], s) for s in STRENGTHS],
        value=DEFAULT_STRENGTH,
        label=text.STRENGTH,
        info=text.STRENGTH_INFO,
    )
    base = recipe_for(frame.engine, DEFAULT_STRENGTH)
    method = recipe_controls(base, text, only=("method",))
    about = gr.HTML(about_method(base.method, text), elem_id="about-method")
    with gr.Accordion(text.ADVANCED, open=False), gr.Row(elem_classes="lab-grid"):
        controls = method | recipe_controls(base, text, skip=("entity", "method"))
    with gr.Row():
        start = gr.Button(text.UNLEARN, variant="primary", elem_id="unlearn")
        go = gr.Button(text.GO_COMPARE, elem_id="go-compare")
    line = gr.HTML("", elem_id="unlearn-line")
    chart = live_chart(text.NO_CURVE, "unlearn-chart")
    result = gr.HTML("", elem_id="unlearn-result")
    return Parts(strength, controls, about, start, line, chart, result, go)


def about_method(method: str, text: Text) -> str:
    """Return what a method does, what is our choice, and whether it changes the language model."""
    may_change = "" if method in VISUAL_METHODS else " " + text.MAY_CHANGE_TEXT
    return markup.note(text.METHODS[method] + may_change, "quiet")


def recipe_for(engine: Engine, strength: str) -> Recipe:
    """Return the preset's recipe at a strength."""
    return revise(engine.preset.recipe, STRENGTHS.get(strength, {}))


def wire(parts: Parts, frame: Frame, look: inside.Parts) -> None:
    """Join the controls of the step; ``look`` are step 2's."""
    engine, text, names = frame.engine, frame.text, list(parts.fields)
    controls = list(parts.fields.values())

    def start(visitor: str, entity: str, history: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        settings = dict(zip(names, values, strict=True))
        recipe = revise(engine.preset.recipe, {"entity": entity, **settings})
        run_id = engine.submit(recipe, "unlearn", visitor)
        history = remember(history, entity, "unlearn", run_id)
        return run_id, "", remember(history, entity, "attack", "")

    def choose(strength: str) -> list[Any]:
        recipe = recipe_for(engine, strength)  # how strongly, not by what method
        return [gr.skip() if name == "method" else getattr(recipe, name) for name in names]

    async def tail(run_id: str, request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of a run, until it has ended."""
        yield {parts.line: "", parts.chart: empty(text.NO_CURVE), parts.result: ""}
        if not run_id:
            return  # a browser that is behind keeps only the last yield: it must be this one
        async for view in frame.tails.follow("unlearn", run_id, request):
            yield _updates(parts, frame, view, run_id) or gr.skip()

    parts.fields["method"].change(
        lambda method: about_method(method, text), parts.fields["method"], parts.about, **QUICK
    )
    parts.strength.input(choose, parts.strength, controls, **QUICK)
    parts.start.click(
        guarded(start),
        [frame.visitor, frame.entity, frame.history, *controls],
        [frame.unlearn, frame.attack, frame.history],
        **QUIET,
    )
    frame.unlearn.change(
        tail, frame.unlearn, [parts.line, parts.chart, parts.result, frame.announce], **FOLLOW
    )
    look.go.click(
        lambda prune, threshold: (prune, threshold, open_step(3)),
        [look.prune, look.threshold],
        [parts.fields["prune_share"], parts.fields["mask_threshold"], frame.steps],
        **QUICK,
    )
    parts.go.click(lambda: open_step(4), None, frame.steps, **QUICK)


def _updates(parts: Parts, frame: Frame, view: RunView | None, run_id: str) -> dict[Any, Any]:
    text = frame.text
    if view is None:
        return {parts.line: markup.note(text.GONE, "quiet")} if run_id else {}
    line = describe(view, text)
    out = {
        parts.line: markup.line(line),
        parts.chart: unlearn_chart(view.events, view.recipe.steps, text),
    }
    done = found(view, Done)
    if view.state in ENDED or view.state == "waiting":
        out[frame.announce] = line
    elif found(view, Ready):
        out[frame.announce] = text.READY
        out[parts.result] = markup.note(text.READY, "good") + arriving(view.events, text)
    if done and done.result:
        out[parts.result] = result_html(done.result, text)
    return out


def arriving(events: Sequence[Event], text: Text) -> str:
    """Return the before/after table of the measures that have been scored so far; "" for none."""
    said = {e.measure: e for e in events if isinstance(e, Answers)}
    result = {
        "before": {m: fmean(e.right_before) for m, e in said.items()},
        "after": {m: fmean(e.right_after) for m, e in said.items()},
        "n": {m: len(e.after) for m, e in said.items()},
        "chance": {m: None if isnan(e.chance) else e.chance for m, e in said.items()},
    }
    return scores_table(result, text) if said else ""


def scores_table(result: dict[str, Any], text: Text) -> str:
    """Return the before/after table, and a note where a measure has no chance level."""
    before, after = result.get("before", {}), result.get("after", {})
    sizes, chance = result.get("n", {}), result.get("chance", {})
    rows = [
        (
            text.SCORES[key],
            markup.percent(before.get(key), text),
            markup.percent(after.get(key), text),
            _change(before.get(key), after.get(key), text),
            str(sizes.get(key, text.UNKNOWN)),
            text.NOTHING if chance.get(key) is None else markup.percent(chance[key], text),
        )
        for key in MEASURES
        if key in before or key in after
    ]
    caption = text.RESULT.format(mode=result.get("mode", CLEAN))
    no_chance = markup.note(text.NO_CHANCE if None in chance.values() else "", "quiet")
    return markup.table(text.RESULT_HEAD, rows, caption) + no_chance


def result_html(result: dict[str, Any], text: Text) -> str:
    """Return the before/after table and the two checks in words."""
    notes = _about_text(result, text) + _check(
        result.get("base_unchanged"), text.BASE_SAME, text.BASE_DIFFERS, text.BASE_UNCHECKED
    )
    return (
        scores_table(result, text)
        + notes
        + markup.note(_details(result, text), "quiet")
        + markup.note(text.REUSED if result.get("reused") else "", "quiet")
    )


def _about_text(result: dict[str, Any], text: Text) -> str:
    """What became of the text-only answers, and whether that is what the method does or a fault."""
    changes, same = result.get("changes", ()), text.TEXT_SAME
    share = markup.percent(result.get("text_answers_changed"), text)
    if "language" in changes:
        return markup.note(text.TEXT_CHANGED.format(share=share))
    note = ""
    if "context" in changes:
        context, same = result.get("context", text.UNKNOWN), text.CONTEXT_SAME
        note = markup.note(text.CONTEXT_CHANGED.format(context=context, share=share))
    words = same, text.TEXT_DIFFERS, text.TEXT_UNCHECKED
    return note + _check(result.get("text_logits_identical"), *words)


def _change(before: float | None, after: float | None, text: Text) -> str:
    if before is None or after is None:
        return text.UNKNOWN
    return text.POINTS.format(points=100 * (after - before))


def _check(value: bool | None, good: str, bad: str, unknown: str) -> str:
    if value is None:
        return markup.note(unknown, "quiet")
    return markup.note(good, "good") if value else markup.note(bad, "bad")


def _details(result: dict[str, Any], text: Text) -> str:
    total = (result.get("seconds") or {}).get("total")
    memory, density = result.get("peak_memory_mb"), result.get("mask_density")
    return text.DETAILS.format(
        steps=result.get("steps", text.UNKNOWN),
        pruned=result.get("pruned_neurons", text.UNKNOWN),
        mask=text.IN_MASK.format(share=markup.percent(density, text)) if density else text.NO_MASK,
        seconds=markup.duration(total, text) if total is not None else text.UNKNOWN,
        memory=text.MEGABYTES.format(megabytes=memory) if memory is not None else text.UNKNOWN,
        device=result.get("device", text.UNKNOWN),
        quantization=result.get("quantization", text.UNKNOWN),
    )

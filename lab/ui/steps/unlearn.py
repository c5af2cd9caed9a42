"""Step 3: choose a strength, watch the losses, read what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean
from typing import Any

import gradio as gr

from lab.catalogue import EVERY_METHOD, MEASURES, METHOD_ROWS, VISUAL_METHODS
from lab.errors import LabError
from lab.events import CLEAN, Answers, Done, Event, Ready
from lab.recipe import STRENGTHS, Recipe, revise
from lab.report import markup, verdict
from lab.report.curves import empty, unlearn_chart
from lab.report.text import Text
from lab.serve.engine import ENDED, Engine, RunView
from lab.ui.charts import live_chart
from lab.ui.context import (
    FIELD_GROUPS,
    FOLLOW,
    QUICK,
    QUIET,
    Frame,
    guarded,
    open_step,
    recipe_controls,
    remember,
)
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.steps import inside
from lab.ui.waiting import waiting

DEFAULT_STRENGTH = "Standard"


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    strength: gr.Radio
    fields: dict[str, gr.components.Component]
    groups: dict[str, gr.Column]
    about: gr.HTML
    start: gr.Button
    line: gr.HTML
    chart: gr.HTML
    result: gr.HTML
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step; with an example, its run is shown from the start."""
    text = frame.text
    idea(frame, 3)
    base = recipe_for(frame.engine, DEFAULT_STRENGTH)
    with gr.Row(elem_id="forget-row"):
        with gr.Column(scale=2, min_width=280, elem_id="forget-settings"):
            strength = gr.Radio(
                [(text.STRENGTH_NAMES[s], s) for s in STRENGTHS],
                value=DEFAULT_STRENGTH,
                label=text.STRENGTH,
            )
            method = recipe_controls(base, text, only=("method",))
            about = gr.HTML(about_method(base.method, text), elem_id="about-method")
            with gr.Accordion(text.ADVANCED, open=False, elem_id="settings"):
                controls, groups = _grouped(base, text)
            with gr.Row():
                start = gr.Button(text.UNLEARN, variant="primary", elem_id="unlearn")
                go = gr.Button(text.GO_COMPARE, elem_id="go-compare")
        with gr.Column(scale=5, min_width=300):
            shown = look_up(frame.engine, frame.examples.stand_in("unlearn", ""))
            line, chart, result = _shown(shown, frame)
            line = gr.HTML(line, elem_id="unlearn-line")
            said = gr.HTML(result, elem_id="unlearn-result")
            chart = live_chart(text.NO_CURVE, "unlearn-chart", chart)
    return Parts(strength, method | controls, groups, about, start, line, chart, said, go)


def used_by(method: str, name: str) -> bool:
    """Whether a method uses a setting of the recipe."""
    return name in EVERY_METHOD or name in METHOD_ROWS[method].settings


def _grouped(
    base: Recipe, text: Text
) -> tuple[dict[str, gr.components.Component], dict[str, gr.Group]]:
    """All settings in their groups; only those that the method uses can be seen."""
    controls: dict[str, gr.components.Component] = {}
    groups: dict[str, gr.Column] = {}
    for group, names in FIELD_GROUPS.items():
        shown = any(used_by(base.method, name) for name in names)
        with gr.Column(visible=shown, elem_classes="lab-group") as groups[group]:
            gr.HTML(markup.heading(text.FIELD_GROUPS[group]))
            with gr.Row(elem_classes="lab-grid"):
                controls |= recipe_controls(
                    base, text, only=names, used=lambda name: used_by(base.method, name)
                )
    return controls, groups


def about_method(method: str, text: Text) -> str:
    """Return what a method does, what is our choice, and whether it changes the language model."""
    may_change = "" if method in VISUAL_METHODS else " " + text.MAY_CHANGE_TEXT
    words = markup.note(text.METHODS[method] + may_change, "quiet")
    return markup.folded(text.ABOUT_METHOD, words, "quiet")


def recipe_for(engine: Engine, strength: str) -> Recipe:
    """Return the preset's recipe at a strength."""
    return revise(engine.preset.recipe, STRENGTHS.get(strength, {}))


def wire(parts: Parts, frame: Frame, look: inside.Parts, run: gr.Button) -> None:
    """Join the controls of the step; ``look`` are step 2's, ``run`` starts from anywhere."""
    engine, text, names = frame.engine, frame.text, list(parts.fields)
    controls = list(parts.fields.values())

    def start(visitor: str, entity: str, history: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        if not frame.people.card(entity):
            raise LabError(text.PICK_FIRST)
        settings = dict(zip(names, values, strict=True))
        recipe = revise(engine.preset.recipe, {"entity": entity, **settings})
        for view in engine.under_way(visitor):
            # What it measures is of use to nobody any more, and this run would wait for it.
            if view.kind == "inspect" and (view.entity, recipe.method) != (entity, "vkd"):
                engine.stop(view.id)
        run_id = engine.submit(recipe, "unlearn", visitor)
        history = remember(history, entity, "unlearn", run_id)
        return run_id, "", remember(history, entity, "attack", ""), open_step(3)

    def choose(strength: str) -> list[Any]:
        recipe = recipe_for(engine, strength)  # how strongly, not by what method
        return [gr.skip() if name == "method" else getattr(recipe, name) for name in names]

    async def tail(run_id: str, request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of a run, until it has ended; of the example without a run."""
        async for view in frame.tails.follow("unlearn", run_id, request):
            yield _updates(parts, frame, view, run_id)

    def settle(method: str) -> list[Any]:
        shown = [gr.update(visible=used_by(method, n)) for n in names if n != "method"]
        groups = [
            gr.Column(visible=any(used_by(method, n) for n in FIELD_GROUPS[g]))
            for g in parts.groups
        ]
        return [about_method(method, text), *shown, *groups]

    parts.fields["method"].change(
        settle,
        parts.fields["method"],
        [
            parts.about,
            *(c for name, c in parts.fields.items() if name != "method"),
            *parts.groups.values(),
        ],
        **QUICK,
    )
    parts.strength.input(choose, parts.strength, controls, **QUICK)
    gr.on(
        [parts.start.click, run.click],
        guarded(start),
        [frame.visitor, frame.entity, frame.history, *controls],
        [frame.unlearn, frame.attack, frame.history, frame.steps],
        **QUIET,
    )
    frame.unlearn.change(tail, frame.unlearn, [parts.line, parts.chart, parts.result], **FOLLOW)
    look.go.click(
        lambda prune, threshold: (prune, threshold, open_step(3)),
        [look.prune, look.threshold],
        [parts.fields["prune_share"], parts.fields["mask_threshold"], frame.steps],
        **QUICK,
    )
    parts.go.click(lambda: open_step(4), None, frame.steps, **QUICK)


def _updates(parts: Parts, frame: Frame, view: RunView | None, run_id: str) -> dict[Any, Any]:
    line, chart, result = _shown(view, frame)
    if view is None and run_id:
        line = markup.note(frame.text.GONE, "quiet")
    return {parts.line: line, parts.chart: chart, parts.result: result}


def _shown(view: RunView | None, frame: Frame) -> tuple[str, dict[str, Any], str]:
    """What the step shows of a run: its line, its curves, and its result so far."""
    text = frame.text
    if view is None:
        return "", empty(text.NO_CURVE), ""
    line, chart = (
        markup.line(frame.examples.line(view, text)),
        unlearn_chart(view.events, view.recipe.steps, text),
    )
    done = found(view, Done)
    if done and done.result:
        card = frame.people.card(view.entity)
        said = verdict.unlearned(done.result, card.name if card else view.entity, text)
        return (
            line,
            chart,
            verdict.shown(said, 3, view.entity)
            + markup.folded(text.FIGURES, result_html(done.result, text)),
        )
    ready = found(view, Ready)
    if ready and view.state not in ENDED:
        said = waiting(view, text) + markup.note(text.READY, "good")
        return line, chart, said + arriving(view.events, text)
    return line, chart, waiting(view, text)


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

"""Step 2: the neurons and weights that carry the person, and what the two sliders would take."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
import numpy as np

from lab.events import Importance, Saliency
from lab.recipe import Recipe, revise
from lab.report import inner_verdict, maps, markup, verdict
from lab.report.text import Text
from lab.serve.engine import ENDED, RunView
from lab.ui import selection
from lab.ui.context import FOLLOW, QUICK, QUIET, Frame, guarded, open_step, remember
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.waiting import waiting

TOP = 12


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    line: gr.HTML
    prune: gr.Slider
    threshold: gr.Slider
    count: gr.HTML
    neurons: gr.Plot
    layer: gr.Dropdown
    zoom: gr.Plot
    ratio: gr.Plot
    density: gr.Plot
    weights: gr.Row
    stability: gr.HTML
    overlay: gr.Image
    top: gr.HTML
    results: gr.Column
    empty: gr.HTML
    again: gr.Button
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step; the pictures stay hidden until there is something to draw."""
    text, base = frame.text, frame.engine.preset.recipe
    idea(frame, 2)
    with gr.Row():
        prune, threshold = (_slider(base, name, text) for name in ("prune_share", "mask_threshold"))
    with gr.Row():
        go = gr.Button(text.GO_UNLEARN, variant="primary", elem_id="go-unlearn")
        again = gr.Button(text.LOOK_AGAIN, elem_id="look-again")
    line = gr.HTML("", elem_id="inspect-line")
    empty = gr.HTML(markup.note(text.EMPTY_MAP, "quiet"))
    with gr.Column(visible=False) as results:
        count = gr.HTML("", elem_id="recount")
        gr.HTML(markup.heading(text.NEURON_MAP))
        neurons = gr.Plot(label=text.NEURON_MAP, show_label=False)
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                layer = gr.Dropdown(choices=[], label=text.LAYER, interactive=True)
                zoom = gr.Plot(label=text.LAYER, show_label=False)
            with gr.Column(scale=1, min_width=240):
                overlay = gr.Image(label=text.OVERLAY, interactive=False, buttons=[], height=300)
        top = gr.HTML("")
        with gr.Row(visible=False) as weights:
            with gr.Column(min_width=300):
                gr.HTML(markup.heading(text.FISHER_MAP))
                ratio = gr.Plot(label=text.FISHER_MAP, show_label=False)
            with gr.Column(min_width=300):
                gr.HTML(markup.heading(text.DENSITY_MAP))
                density = gr.Plot(label=text.DENSITY_MAP, show_label=False)
        stability = gr.HTML("", elem_id="stability")
    return Parts(
        line,
        prune,
        threshold,
        count,
        neurons,
        layer,
        zoom,
        ratio,
        density,
        weights,
        stability,
        overlay,
        top,
        results,
        empty,
        again,
        go,
    )


def _slider(base: Recipe, name: str, text: Text) -> gr.Slider:
    meta = next(f.metadata for f in fields(Recipe) if f.name == name)
    return gr.Slider(
        meta["low"],
        meta["offered"],
        getattr(base, name),
        step=meta["step"],
        label=text.FIELDS["Recipe"][name][0],
        info=text.SHARE_INFO,
    )


def wire(parts: Parts, frame: Frame, look: gr.Button, demo: gr.Blocks) -> None:
    """Join the controls of the step; ``look`` is step 1's button."""
    engine = frame.engine

    def start(
        visitor: str, entity: str, history: dict[str, Any], prune: float, threshold: float
    ) -> tuple[Any, ...]:
        # What step 2 shows are VKD's two stages, whatever method the preset trains with.
        wanted = {
            "entity": entity,
            "method": "vkd",
            "prune_share": prune,
            "mask_threshold": threshold,
        }
        recipe = revise(engine.preset.recipe, wanted)
        run_id = engine.submit(recipe, "inspect", visitor)
        return run_id, remember(history, entity, "inspect", run_id)

    def first_look(
        visitor: str,
        entity: str,
        history: dict[str, Any],
        current: str,
        prune: float,
        threshold: float,
    ) -> tuple[Any, ...]:
        view = look_up(engine, current)
        if view and view.state != "failed" and view.entity == entity:
            return gr.skip(), gr.skip(), open_step(2)
        return *start(visitor, entity, history, prune, threshold), open_step(2)

    sliders = [parts.prune, parts.threshold]
    notes = [frame.inspect, frame.history]
    look.click(
        guarded(first_look),
        [frame.visitor, frame.entity, frame.history, frame.inspect, *sliders],
        [*notes, frame.steps],
        **QUIET,
    )
    parts.again.click(
        guarded(start), [frame.visitor, frame.entity, frame.history, *sliders], notes, **QUIET
    )
    _wire_pictures(parts, frame, sliders, demo)


def _wire_pictures(parts: Parts, frame: Frame, sliders: list[Any], demo: gr.Blocks) -> None:
    async def tail(
        run_id: str, prune: float, threshold: float, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of an inspection, until it has ended."""
        shown: set[type] = {object}  # what the page shows now: of another run, maybe
        async for view in frame.tails.follow("inspect", run_id, request):
            yield _updates(parts, frame, view, shown, prune, threshold)

    def recount(run_id: str, layer: str, prune: float, threshold: float) -> Any:
        view = look_up(frame.engine, run_id)
        return _recount(parts, frame.text, view, layer, prune, threshold) if view else gr.skip()

    shown = [
        parts.line,
        parts.count,
        parts.neurons,
        parts.layer,
        parts.zoom,
        parts.ratio,
        parts.density,
        parts.weights,
        parts.stability,
        parts.overlay,
        parts.top,
        parts.results,
        parts.empty,
    ]
    frame.inspect.change(tail, [frame.inspect, *sliders], shown, **FOLLOW)
    # At the start, once the browser's memory is back: the example stands in where there is no run.
    demo.load(lambda: None, None, None, **QUICK).then(
        tail, [frame.inspect, *sliders], shown, **FOLLOW
    )
    gr.on(
        [parts.prune.input, parts.threshold.input, parts.layer.input],
        recount,
        [frame.inspect, parts.layer, *sliders],
        [parts.count, parts.neurons, parts.zoom, parts.density, parts.top],
        trigger_mode="always_last",
        **QUIET,
    )


def _updates(
    parts: Parts,
    frame: Frame,
    view: RunView | None,
    shown: set[type],
    prune: float,
    threshold: float,
) -> dict[Any, Any]:
    text = frame.text
    out = {parts.line: _said(view, frame)}
    if view is None:
        return out | _shown(parts, False)
    importance, saliency = found(view, Importance), found(view, Saliency)
    fresh = {kind for kind, event in ((Importance, importance), (Saliency, saliency)) if event}
    if fresh == shown:
        return out
    shown.clear()
    shown |= fresh
    out |= _shown(parts, bool(fresh), view.state not in ENDED)
    if not fresh:
        return out
    if importance:
        card = frame.people.card(view.entity)
        out[parts.layer] = gr.Dropdown(choices=list(importance.layers), value=importance.layers[-1])
        if card:
            out[parts.overlay] = gr.Image(
                value=maps.overlay(card.portrait, importance.heat),
                alt_text=text.OVERLAY_ALT.format(name=card.name),
            )
    out[parts.weights] = gr.Row(visible=saliency is not None)
    if saliency:
        out[parts.ratio] = maps.ratio_map(saliency, text)
    out[parts.stability] = stability(saliency, text) if saliency else ""
    layer = importance.layers[-1] if importance else ""
    return out | _recount(parts, text, view, layer, prune, threshold)


def _said(view: RunView | None, frame: Frame) -> str:
    """How the look goes, what runs now, and in one sentence what came out."""
    if view is None:
        return ""
    card, seen = frame.people.card(view.entity), found(view, Importance)
    name = card.name if card else view.entity
    words = inner_verdict.inside(seen, name, frame.text) if seen else verdict.Verdict()
    line = markup.line(frame.examples.line(view, frame.text))
    return line + waiting(view, frame.text) + verdict.shown(words, 2, view.entity)


def _shown(parts: Parts, on: bool, looking: bool = False) -> dict[Any, Any]:
    # Once a view, never off and on again at once: Gradio's page can lose the second.
    return {
        parts.results: gr.Column(visible=on),
        parts.empty: gr.HTML(visible=not on and not looking),
    }


def _recount(
    parts: Parts, text: Text, view: RunView, layer: str, prune: float, threshold: float
) -> dict[Any, Any]:
    importance, saliency = found(view, Importance), found(view, Saliency)
    out: dict[Any, Any] = {}
    line = {}
    if importance:
        marks = selection.pruned_at(importance, prune)
        line = {"pruned": sum(int(m.sum()) for m in marks), "total": sum(map(len, marks))}
        at = importance.layers.index(layer) if layer in importance.layers else 0
        out = {
            parts.neurons: maps.neuron_map(importance, marks, text),
            parts.zoom: maps.layer_map(importance, at, marks[at], text),
            parts.top: top_table(importance, marks, text),
            parts.count: markup.note(text.PRUNE_ONLY.format(**line)),
        }
    if saliency:
        cells, density, weights = selection.density_at(saliency, threshold)
        out[parts.density] = maps.density_map(saliency, cells, text)
        if line:
            out[parts.count] = markup.note(
                text.PRUNE_COUNT.format(density=density, weights=weights, **line)
            )
    return out


def top_table(importance: Importance, marks: Sequence[np.ndarray], text: Text) -> str:
    """List the most person-specific neurons."""
    rows = [
        (
            str(rank),
            importance.layers[layer],
            str(neuron),
            f"{importance.forget[layer][neuron]:.3f}",
            f"{importance.retain[layer][neuron]:.3f}",
            f"{score:.2f}",
            text.PRUNED if marks[layer][neuron] else text.KEPT,
        )
        for rank, (layer, neuron, score) in enumerate(selection.top_neurons(importance, TOP), 1)
    ]
    return markup.table(text.TOP_HEAD, rows, text.TOP_TITLE)


def stability(saliency: Saliency, text: Text) -> str:
    """Return how far the mask can be trusted, and on how many samples it was made."""
    forget, retain = saliency.samples
    return markup.note(markup.stability(saliency, text)) + markup.note(
        text.SAMPLES.format(forget=forget, retain=retain), "quiet"
    )

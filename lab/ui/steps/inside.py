"""Step 2: the neurons and weights that carry the person, and what the two sliders would take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from lab.events import Glow, Importance, NeuronFisher, Saliency
from lab.recipe import Recipe, revise
from lab.report import inner_verdict, markup, verdict
from lab.report.text import Text
from lab.serve.views import ENDED, RunView
from lab.ui import instrument
from lab.ui.context import (
    FIRST,
    FOLLOW,
    JS_ONLY,
    QUICK,
    QUIET,
    Frame,
    follow_defaults,
    guarded,
    open_step,
    remember,
)
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.waiting import waiting

DRAWN = (Importance, Glow, Saliency, NeuronFisher)


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    line: gr.HTML
    prune: gr.Slider
    threshold: gr.Slider
    chart: gr.HTML
    closer: gr.HTML
    picked: gr.Textbox
    neuron: gr.HTML
    other: gr.Dropdown
    after: gr.State
    stability: gr.HTML
    results: gr.Column
    empty: gr.HTML
    again: gr.Button
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step; the instrument stays hidden until there is something to draw."""
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
        closer = gr.HTML("", elem_id="closer-line")
        chart, neuron = instrument.component(), instrument.messenger()
        picked = gr.Textbox("", show_label=False, container=False, visible="hidden")
        with gr.Accordion(text.INSIDE_MORE, open=False, elem_id="inside-more"):
            other = gr.Dropdown(
                choices=[(text.SHARED_NOBODY, "")],
                value="",
                label=text.SHARED_QUESTION,
                info=text.SHARED_INFO,
                interactive=True,
                elem_id="other-person",
            )
            stability = gr.HTML("", elem_id="stability")
    after = gr.State("")  # the run whose model is shown beside the original
    return Parts(
        line,
        prune,
        threshold,
        chart,
        closer,
        picked,
        neuron,
        other,
        after,
        stability,
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
    )


def wire(parts: Parts, frame: Frame, look: gr.Button, demo: gr.Blocks) -> None:
    """Join the controls of the step; ``look`` is step 1's button."""
    engine = frame.engine
    shares = {"prune_share": parts.prune, "mask_threshold": parts.threshold}
    follow_defaults(frame, shares, lambda preset: preset.recipe)

    def start(
        entity: str, history: dict[str, Any], prune: float, threshold: float
    ) -> tuple[Any, ...]:
        # What step 2 shows are VKD's two stages, whatever method the preset trains with.
        wanted = {
            "entity": entity,
            "method": "vkd",
            "prune_share": prune,
            "mask_threshold": threshold,
        }
        recipe = revise(engine.preset.recipe, wanted)
        run_id = engine.submit(recipe, "inspect")
        return run_id, remember(history, entity, "inspect", run_id)

    def first_look(
        entity: str,
        history: dict[str, Any],
        current: str,
        prune: float,
        threshold: float,
    ) -> tuple[Any, ...]:
        view = look_up(engine, current)
        if view and view.state != "failed" and view.entity == entity:
            return gr.skip(), gr.skip(), open_step(2)
        return *start(entity, history, prune, threshold), open_step(2)

    sliders = [parts.prune, parts.threshold]
    notes = [frame.inspect, frame.history]
    look.click(
        guarded(first_look),
        [frame.entity, frame.history, frame.inspect, *sliders],
        [*notes, frame.steps],
        **QUIET,
    )
    parts.again.click(guarded(start), [frame.entity, frame.history, *sliders], notes, **QUIET)
    gr.on(
        [parts.prune.change, parts.threshold.change],
        None,
        sliders,
        None,
        js=instrument.SLIDERS_JS,
        trigger_mode="multiple",
        **JS_ONLY,
    )
    _wire_drawing(parts, frame, sliders, demo)


def _wire_drawing(parts: Parts, frame: Frame, sliders: list[Any], demo: gr.Blocks) -> None:
    async def tail(
        run_id: str, prune: float, threshold: float, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of an inspection, until it has ended."""
        shown: set[type] = {object}  # what the page shows now: of another run, maybe
        async for view in frame.tails.follow("inspect", run_id, request):
            yield _updates(parts, frame, view, shown, (prune, threshold))

    shown = [
        parts.line,
        parts.chart,
        parts.closer,
        parts.neuron,
        parts.other,
        parts.after,
        parts.stability,
        parts.results,
        parts.empty,
    ]
    frame.inspect.change(**FIRST).then(tail, [frame.inspect, *sliders], shown, **FOLLOW)
    # At the start, once the browser's memory is back: the example stands in where there is no run.
    demo.load(lambda: None, None, None, **QUICK).then(
        tail, [frame.inspect, *sliders], shown, **FOLLOW
    )


def _updates(
    parts: Parts,
    frame: Frame,
    view: RunView | None,
    shown: set[type],
    sliders: tuple[float, float],
) -> dict[Any, Any]:
    text = frame.text
    out: dict[Any, Any] = {parts.line: _said(view, frame)}
    if view is None:
        return out | _shown(parts, False)
    fresh = {kind for kind in DRAWN if found(view, kind)}
    if fresh == shown:
        return out
    if object in shown:
        out |= {parts.closer: "", parts.neuron: "", parts.after: ""}
        out[parts.other] = gr.Dropdown(choices=_others(frame, view.entity), value="")
    shown.clear()
    shown |= fresh
    out |= _shown(parts, bool(fresh), view.state not in ENDED)
    if fresh:
        card = frame.people.card(view.entity)
        out[parts.chart] = instrument.value_of(view, card, sliders, text)
    out[parts.stability] = _sure(view, frame)
    return out


def _sure(view: RunView, frame: Frame) -> str:
    """What is switched off, and how far the mask can be trusted: behind the page's first sentence."""
    saliency, seen = found(view, Saliency), found(view, Importance)
    said = markup.note(inner_verdict.inside(seen, "", frame.text).more) if seen else ""
    return said + (stability(saliency, frame.text) if saliency else "")


def _others(frame: Frame, entity: str) -> list[tuple[str, str]]:
    """Everybody who could be compared with, and nobody at first."""
    people = [(card.name, card.id) for card in frame.people.all() if card.id != entity]
    return [(frame.text.SHARED_NOBODY, ""), *people]


def _said(view: RunView | None, frame: Frame) -> str:
    """How the look goes, what runs now, and in one sentence what came out."""
    if view is None:
        return ""
    card, seen = frame.people.card(view.entity), found(view, Importance)
    name = card.name if card else view.entity
    words = inner_verdict.inside(seen, name, frame.text) if seen else verdict.Verdict()
    line = frame.examples.line(view, frame.text)
    return line + waiting(view, frame.text) + verdict.shown(words, 2, view.entity)


def _shown(parts: Parts, on: bool, looking: bool = False) -> dict[Any, Any]:
    # Once a view, never off and on again at once: Gradio's page can lose the second.
    return {
        parts.results: gr.Column(visible=on),
        parts.empty: gr.HTML(visible=not on and not looking),
    }


def stability(saliency: Saliency, text: Text) -> str:
    """Return how far the mask can be trusted, and on how many samples it was made."""
    forget, retain = saliency.samples
    return markup.note(markup.stability(saliency, text)) + markup.note(
        text.SAMPLES.format(forget=forget, retain=retain), "quiet"
    )

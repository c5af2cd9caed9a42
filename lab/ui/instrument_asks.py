"""What the instrument of step 2 asks the engine for: a neuron's pictures, a run's end, another person."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Event, Importance, Phase
from lab.recipe import Recipe, revise
from lab.report import markup
from lab.report.text import Text
from lab.serve.closer import Firing
from lab.serve.views import ENDED, RunView
from lab.serve.visit import Visit
from lab.ui.context import QUIET, Frame, guarded
from lab.ui.follow import POLL_SECONDS, found, look_up
from lab.ui.instrument import firing_html, value_of
from lab.ui.steps.inside import Parts


def wire(parts: Parts, frame: Frame) -> None:
    """Join the instrument's own events and the choice of another person to the engine."""
    engine, text = frame.engine, frame.text
    sliders = [parts.prune, parts.threshold]

    def pick(event: gr.EventData, run_id: str) -> Iterator[Any]:
        entity = _view(frame, run_id).entity
        card, place = frame.people.card(entity), getattr(event, "neuron", None)
        if card is None or not isinstance(place, int):
            raise LabError(text.PICK_FIRST)
        for said in engine.inside.neuron(entity, str(event.layer), place):
            if isinstance(said, Firing):
                yield firing_html(said, card, text)
            else:
                line = text.LOOKING_PICTURES.format(done=said.done, total=said.total)
                yield markup.line(line)

    def left(
        run_id: str, unlearned: str, other: str, prune: float, threshold: float
    ) -> Iterator[Any]:
        view = _view(frame, run_id)
        if example := frame.examples.of(view.id):
            unlearned = example.unlearn.id
        after = []
        for event in engine.inside.left(unlearned):
            after.append(event)
            if isinstance(event, Phase):
                yield markup.line(text.LOOKING_LEFT.format(phase=phase(event, text))), *_skip(2)
        drawn = value_of(
            view,
            frame.people.card(view.entity),
            (prune, threshold),
            text,
            after,
            (_name(frame, other), _measured(engine, view.recipe, other)),
        )
        yield "", drawn, unlearned

    def share(
        run_id: str, unlearned: str, other: str, prune: float, threshold: float
    ) -> Iterator[Any]:
        view, name = _view(frame, run_id), _name(frame, other)
        if other and not _measured(engine, view.recipe, other):
            for event in _measure(engine, view.recipe, other):
                words = text.LOOKING_OTHER.format(name=name, phase=phase(event, text))
                yield markup.line(words), gr.skip()
        drawn = value_of(
            view,
            frame.people.card(view.entity),
            (prune, threshold),
            text,
            list(engine.inside.left(unlearned)) if unlearned else [],
            (name, _measured(engine, view.recipe, other)),
        )
        yield "", drawn

    parts.chart.pick(
        guarded(pick),
        frame.inspect,
        parts.neuron,
        trigger_mode="always_last",
        **QUIET,
    )
    shown = [parts.closer, parts.chart]
    parts.chart.left(
        guarded(left),
        [frame.inspect, frame.unlearn, parts.other, *sliders],
        [*shown, parts.after],
        **QUIET,
    )
    parts.other.input(
        guarded(share),
        [frame.inspect, parts.after, parts.other, *sliders],
        shown,
        trigger_mode="always_last",
        **QUIET,
    )


def phase(event: Phase, text: Text) -> str:
    """Return what is measured now, with how much of it is done where that is known."""
    name = text.PHASES.get(event.name, event.name)
    if not event.total:
        return name
    return text.PHASE_OF.format(name=name, done=event.done, total=event.total)


def _skip(count: int) -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(count))


def _view(frame: Frame, run_id: str) -> RunView:
    """The inspection that is shown: the example's where there is no other."""
    view = look_up(frame.engine, frame.examples.stand_in("inspect", run_id))
    if view is None:
        raise LabError(frame.text.GONE)
    return view


def _name(frame: Frame, entity: str) -> str:
    card = frame.people.card(entity) if entity else None
    return card.name if card else entity


def _asked(recipe: Recipe, entity: str) -> Recipe:
    """The inspection of another person that measures the same neurons, and no weights."""
    return revise(recipe, {"entity": entity, "mask_mode": "off"})


def _measured(engine: Visit, recipe: Recipe, entity: str) -> Sequence[Event]:
    """The events of a run that has measured this person's neurons in the same layers; () for none."""
    if not entity:
        return ()
    for view in reversed(engine.runs()):
        same = (view.recipe.blocks, view.recipe.seed) == (recipe.blocks, recipe.seed)
        if view.kind == "inspect" and view.entity == entity and same:
            if found(view, Importance):
                return view.events
    return ()


def _measure(engine: Visit, recipe: Recipe, entity: str) -> Iterator[Phase]:
    """Have another person's neurons measured, and yield what is being done meanwhile."""
    run_id = engine.submit(_asked(recipe, entity), "inspect")
    said = 0
    while True:
        view = engine.run(run_id)
        phases = [e for e in view.events if isinstance(e, Phase)]
        if len(phases) > said:
            said = len(phases)
            yield phases[-1]
        if view.state == "failed":
            raise LabError(view.error)
        if view.state in ENDED:
            return
        time.sleep(POLL_SECONDS)

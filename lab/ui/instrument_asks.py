"""What the instrument of step 2 asks the engine for: a neuron's pictures, a run's end, another person."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from lab.ui import instrument
from lab.ui.context import CANCEL, CHANGE, QUIET, Frame, guarded
from lab.ui.follow import POLL_SECONDS, found, look_up
from lab.ui.steps.inside import Parts


@dataclass(frozen=True)
class Asks:
    """The instrument's handlers; ``marks``: the sliders' share to prune and mask threshold."""

    frame: Frame

    def pick(self, run_id: str, picked: str) -> Iterator[Any]:
        """On which pictures the neuron fires that was clicked on last."""
        text, view = self.frame.text, _view(self.frame, run_id)
        card, (run, layer, place) = self.frame.people.card(view.entity), _picked(picked)
        if card is None or place < 0:
            raise LabError(text.PICK_FIRST)
        if run != view.id:  # it waited, and another person is shown by now
            yield ""
            return
        for said in self.frame.engine.inside.neuron(view.entity, layer, place):
            if isinstance(said, Firing):
                yield instrument.firing_html(said, card, text)
            else:
                line = text.LOOKING_PICTURES.format(done=said.done, total=said.total)
                yield markup.line(line)

    def left(self, run_id: str, unlearned: str, other: str, *marks: float) -> Iterator[Any]:
        """What is left of the importance after the run that forgot the person."""
        text = self.frame.text
        view = _view(self.frame, run_id)
        if example := self.frame.examples.of(view.id):
            unlearned = example.unlearn.id
        after = []
        for event in self.frame.engine.inside.left(unlearned):
            after.append(event)
            if isinstance(event, Phase):
                yield markup.line(text.LOOKING_LEFT.format(phase=phase(event, text))), *_skip(2)
        yield "", self._drawn(view, other, marks, after), unlearned

    def share(self, run_id: str, unlearned: str, other: str, *marks: float) -> Iterator[Any]:
        """Which neurons the person shares with another, who is measured first where need be."""
        text = self.frame.text
        engine, view = self.frame.engine, _view(self.frame, run_id)
        if other and not _measured(engine, view.recipe, other):
            name = _name(self.frame, other)
            for event in _measure(engine, view.recipe, other):
                words = text.LOOKING_OTHER.format(name=name, phase=phase(event, text))
                yield markup.line(words), gr.skip()
        after = list(engine.inside.left(unlearned)) if unlearned else []
        yield "", self._drawn(view, other, marks, after)

    def fresh(
        self, run_id: str, unlearned: str, after: str, other: str, *marks: float
    ) -> tuple[Any, ...]:
        """Without the run that was measured, where another one is shown by now."""
        if not after or after == self.frame.examples.stand_in("unlearn", unlearned):
            return "", *_skip(2)
        view = look_up(self.frame.engine, self.frame.examples.stand_in("inspect", run_id))
        drawn = self._drawn(view, other, marks, ()) if view else gr.skip()
        return "", drawn, ""

    def _drawn(
        self, view: RunView, other: str, marks: tuple[float, ...], after: Sequence[Event]
    ) -> Any:
        frame = self.frame
        beside = _name(frame, other), _measured(frame.engine, view.recipe, other)
        prune, threshold = marks
        card = frame.people.card(view.entity)
        return instrument.value_of(view, card, (prune, threshold), frame.text, after, beside)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the instrument's own events and the choice of another person to the engine."""
    asks = Asks(frame)
    sliders = [parts.prune, parts.threshold]
    shown = [parts.closer, parts.chart]
    newest = {"trigger_mode": "always_last"} | QUIET
    drawing = [*shown, parts.after]
    clicked = parts.chart.pick(
        guarded(asks.pick),
        [frame.inspect, parts.picked],
        parts.neuron,
        js=instrument.PICKED_JS,
        **newest,
    )
    runs = [
        parts.chart.left(
            guarded(asks.left),
            [frame.inspect, frame.unlearn, parts.other, *sliders],
            drawing,
            **QUIET,
        ),
        parts.other.input(
            guarded(asks.share),
            [frame.inspect, parts.after, parts.other, *sliders],
            shown,
            **newest,
        ),
    ]
    # What was asked about somebody is not drawn for somebody else, or beside a run of later; the line
    # that says what is being done goes with it.
    gr.on([frame.entity.change, frame.unlearn.change], cancels=runs, **CANCEL)
    gr.on(frame.entity.change, cancels=clicked, **CANCEL)
    frame.entity.change(lambda: ("", ""), None, [parts.closer, parts.neuron], **CHANGE)
    frame.unlearn.change(
        asks.fresh,
        [frame.inspect, frame.unlearn, parts.after, parts.other, *sliders],
        drawing,
        **CHANGE,
    )


def phase(event: Phase, text: Text) -> str:
    """Return what is measured now, with how much of it is done where that is known."""
    name = text.PHASES.get(event.name, event.name)
    if not event.total:
        return name
    return text.PHASE_OF.format(name=name, done=event.done, total=event.total)


def _picked(said: str) -> tuple[str, str, int]:
    """The run, the layer and the neuron that a browser sent; no run and -1 where it sent none."""
    try:
        found = json.loads(said[:1000])
        return str(found["run"]), str(found["layer"]), int(found["neuron"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", "", -1


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

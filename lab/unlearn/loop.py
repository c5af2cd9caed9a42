"""The one training loop for every method: stages, updates, probes; a generator of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import fmean

import torch

from lab.evaluation.questions import chance, choose, share
from lab.evaluation.scores import Baseline
from lab.events import Event, Probe, Step
from lab.model.adapter import new_adapter
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE, overlay
from lab.recipe import Recipe, TeachRecipe
from lab.unlearn.batches import Draw, Rows, probe_asks
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import Task

FORGOTTEN, DAMAGED = "forget accuracy reached", "retain drop reached"  # what the stop rule says
DONE, STOPPED = "steps done", "stopped"
SECOND_PROBES = 5  # of a second training, whose many steps are cheap beside a probe
RANK = 16  # of the language LoRA, as in the field's baselines


def inspect(
    loaded: Loaded, task: Task, outcome: Outcome, stopped: Callable[[], bool]
) -> Iterator[Event]:
    """The stages before training: VKD prunes neurons, then makes its mask at the pruned weights.

    Puts the weights to start from into ``outcome.delta``, and the masks beside them.
    """
    recipe = task.recipe
    outcome.delta = start_delta(loaded, recipe, task.method.trained(recipe), RANK)
    for k, stage in enumerate(task.method.stages):
        if k and stopped():
            return
        yield from stage(loaded, task.rows, recipe, outcome, stopped)


def start_delta(
    loaded: Loaded, recipe: Recipe | TeachRecipe, trained: tuple[str, ...], rank: int
) -> dict[str, torch.Tensor]:
    """The original's visual weights and a language LoRA that changes nothing yet, as trained."""
    delta: dict[str, torch.Tensor] = {}
    if "vision" in trained:
        own = loaded.vision.trainable(recipe.blocks)
        delta |= {n: p.detach().clone() for n, p in own.items()}
    if "language" in trained:
        adapter = new_adapter(loaded.model, rank, recipe.seed)
        delta |= {f"{LANGUAGE}{n}": p.detach() for n, p in adapter.items()}
    return delta


def tune(
    loaded: Loaded, task: Task, baseline: Baseline, outcome: Outcome, stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Update until the steps are done, the stop rule holds, or somebody asks to stop.

    The original's answers to the probes come from ``baseline``, which may have them already.
    """
    method, recipe = task.method, task.recipe
    started, outcome.reason = time.perf_counter(), DONE
    probing = _Probing(loaded, task, baseline)
    yield probing.start
    first = Student(loaded, method, recipe, outcome)
    yield from _train(first, method.draw, task, outcome, probing, stopped)
    if method.second is not None and outcome.reason != STOPPED:
        outcome.reason = DONE
        stems = first.stems
        del first  # its teacher's features and AdamW's moments take memory
        second = Student(loaded, method.second, recipe, outcome)
        second.stems = stems
        method.second.begin(second)
        yield from _train(second, method.second.draw, task, outcome, probing, stopped)
    outcome.seconds["train"] = time.perf_counter() - started


def _train(
    student: Student,
    draw: Callable[[Rows, Recipe], Draw],
    task: Task,
    outcome: Outcome,
    probing: _Probing,
    stopped: Callable[[], bool],
) -> Iterator[Event]:
    """Do a training's steps, counted on from those before; a second one is probed more seldom."""
    method, recipe = task.method, task.recipe
    before, steps, every = outcome.steps, student.method.steps(recipe), recipe.probe_every
    last, ends = before + steps, before + steps
    if student.method is not method:
        every = max(every, -(-steps // SECOND_PROBES))
    elif method.second is not None:
        ends += method.second.steps(recipe)
    yield from student.prepare(task.rows)
    for step in range(before + 1, last + 1):
        if stopped():
            outcome.reason = STOPPED
            return
        begun = time.perf_counter()
        loss = student.update(draw(task.rows, recipe))
        student.keep()
        outcome.steps = step
        yield Step(
            step,
            ends,
            loss.forget_ce,
            loss.retain_ce,
            loss.vkd,
            loss.total,
            time.perf_counter() - begun,
        )
        if (step - before) % every == 0 or step == last:
            probe = probing.at(step, outcome)
            yield probe
            drop = probing.start.retain - probe.retain
            early = method.early and student.method is method
            if early and (reason := _enough(recipe, probe.forget, drop)):
                outcome.reason = reason
                return


class _Probing:
    """The questions of a run's probes, and the original's accuracies as the probe at step 0."""

    def __init__(self, loaded: Loaded, task: Task, baseline: Baseline) -> None:
        self.loaded = loaded
        self.asks = probe_asks(task.rows.benchmark, task.entity, task.recipe.seed)
        forget, retain = (fmean(baseline.correct("probe", a)) for a in self.asks)
        self.start = self._probe(0, forget, retain)

    def at(self, step: int, outcome: Outcome) -> Probe:
        """The accuracies with the outcome's weights laid on."""
        with overlay(self.loaded.model, outcome.delta):
            forget, retain = (share(choose(self.loaded, asks)) for asks in self.asks)
        return self._probe(step, forget, retain)

    def _probe(self, step: int, forget: float, retain: float) -> Probe:
        asked, others = self.asks
        return Probe(step, forget, retain, len(asked), len(others), chance(asked))


def _enough(recipe: Recipe, forget: float, drop: float) -> str:
    """The reason to stop at a probe: low forget accuracy or a drop of retain; "" to go on."""
    if forget <= recipe.stop_forget:
        return FORGOTTEN
    return DAMAGED if drop >= recipe.stop_retain_drop else ""

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
from lab.unlearn.batches import probe_asks
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import Task

FORGOTTEN, DAMAGED = "forget accuracy reached", "retain drop reached"  # what the stop rule says
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
    method, rows, recipe = task.method, task.rows, task.recipe
    student = Student(loaded, method, recipe, outcome)
    forget_probe, retain_probe = probe_asks(rows.benchmark, task.entity, recipe.seed)
    outcome.reason, level = "steps done", chance(forget_probe)
    started = time.perf_counter()
    forget, retain_start = (
        fmean(baseline.correct("probe", a)) for a in (forget_probe, retain_probe)
    )
    yield Probe(0, forget, retain_start, len(forget_probe), len(retain_probe), level)
    yield from student.prepare(rows)
    for step in range(1, recipe.steps + 1):
        if stopped():
            outcome.reason = "stopped"
            break
        begun = time.perf_counter()
        loss = student.update(method.draw(rows, recipe))
        student.keep()
        outcome.steps = step
        yield Step(
            step,
            recipe.steps,
            loss.forget_ce,
            loss.retain_ce,
            loss.vkd,
            loss.total,
            time.perf_counter() - begun,
        )
        if step % recipe.probe_every == 0 or step == recipe.steps:
            with overlay(loaded.model, outcome.delta):
                forget, retain = (
                    share(choose(loaded, forget_probe)),
                    share(choose(loaded, retain_probe)),
                )
            yield Probe(step, forget, retain, len(forget_probe), len(retain_probe), level)
            if method.early and (reason := _enough(recipe, forget, retain_start - retain)):
                outcome.reason = reason
                break
    outcome.seconds["train"] = time.perf_counter() - started


def _enough(recipe: Recipe, forget: float, drop: float) -> str:
    """The reason to stop at a probe: low forget accuracy or a drop of retain; "" to go on."""
    if forget <= recipe.stop_forget:
        return FORGOTTEN
    return DAMAGED if drop >= recipe.stop_retain_drop else ""

"""Tests what the frozen language model saves: a step of VKD against steps that train more of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lab.device import device_name
from lab.evaluation.session import Workbench
from lab.experiments.full_step import FullStep, check_plain
from lab.experiments.in_turn import interleaved
from lab.experiments.studies import EVERY, LORA, VISION
from lab.experiments.sweep import Say
from lab.model.load import Loaded
from lab.recipe import Recipe
from lab.unlearn.loop import RANK, inspect, start_delta
from lab.unlearn.method import Method
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of

ROUNDS = 5
Update = Callable[[int], object]


def run_timed(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """Median seconds of a step, of three that train more and more of the model, timed in turn.

    All three have the same forget rows; the other two have as many retain rows as forget rows, where
    VKD distils on retain pictures. "every weight" is grad_diff in the plain way with transformers.
    Raises ``LabError`` where weights are quantised so that they cannot be trained.
    """
    loaded = bench.loaded
    check_plain(loaded, "the study")
    say("a step is timed …")
    task = task_of(bench.benchmark, recipe)
    for _ in inspect(loaded, task, outcome, lambda: False):
        pass
    drawn = [task.rows.draw(recipe) for _ in range(ROUNDS + 1)]
    retain = [task.rows.retain_rows(recipe.batch) for _ in drawn]
    both = [replace(d, retain=r, pictures=[]) for d, r in zip(drawn, retain, strict=True)]
    student = Student(loaded, task.method, recipe, outcome)
    for _ in student.prepare(task.rows):
        pass
    lora, full = _lora(loaded, bench, recipe), FullStep(loaded, recipe.lr)
    steps: dict[str, Update] = {
        VISION: lambda turn: student.update(drawn[turn]),
        LORA: lambda turn: lora.update(both[turn]),
        EVERY: lambda turn: full.update(drawn[turn].forget, retain[turn]),
    }
    taken = interleaved(list(steps.values()), ROUNDS, loaded.device)
    return {
        "timed": dict(zip(steps, taken, strict=True)),
        "model": loaded.name,
        "quantization": loaded.quantization,
        "device": device_name(loaded.device),
    }


def _lora(loaded: Loaded, bench: Workbench, recipe: Recipe) -> Student:
    """A student of grad_diff on the same person, at its start."""
    plan = replace(recipe, method="grad_diff")
    method: Method = task_of(bench.benchmark, plan).method
    left = Outcome(delta=start_delta(loaded, plan, method.trained(plan), RANK))
    return Student(loaded, method, plan, left)

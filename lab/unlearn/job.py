"""A whole unlearning run: before, inspect, tune, after; ends with the result as one object."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from lab.benchmarks.schema import Benchmark
from lab.evaluate import Verdict, chance
from lab.model.load import Loaded
from lab.model.overlay import language_part, visual_part, weights_hash
from lab.recipe import Recipe
from lab.scorecard import (MEASURES, Baseline, Card, asks_for, card, changed_share,
                           text_logits_identical, verdicts)
from lab.unlearn.events import CLEAN, Answers, Done, Event, Phase
from lab.unlearn.loop import inspect, tune
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome

STAGES = ("importance", "fisher", "train", "evaluate", "total")  # a method need not have them all


def unlearn(loaded: Loaded, benchmark: Benchmark, baseline: Baseline, recipe: Recipe,
            outcome: Outcome, base_hash: str, stopped: Callable[[], bool]) -> Iterator[Event]:
    """Run the recipe; a stop ends it within a step, keeps the delta so far and skips the scores.

    The last event's result is the object that ``python -m lab run --json`` prints.
    """
    begun = time.perf_counter()
    yield from inspect(loaded, benchmark, recipe, outcome, stopped)
    if stopped():
        outcome.reason = "stopped"
    elif METHODS[recipe.method].losses is None:
        outcome.reason = "pruned: this method trains nothing"
    else:
        yield from tune(loaded, benchmark, recipe, outcome, stopped)
    started = time.perf_counter()
    entity = benchmark.entity(recipe.entity)
    identical = text_logits_identical(loaded, outcome.delta, entity)
    before: dict[str, list[Verdict]] = {}
    after: dict[str, list[Verdict]] = {}
    asked = asks_for(benchmark, entity)
    for k, (measure, asks) in enumerate(asked.items()):
        if stopped():
            break
        yield Phase("evaluate", k, len(MEASURES))
        before[measure] = baseline.verdicts(measure, asks)
        after[measure] = verdicts(loaded, outcome.delta, measure, asks, before[measure], identical)
    if stopped():
        outcome.reason, before, after = "stopped", {}, {}
    outcome.seconds["evaluate"] = time.perf_counter() - started
    outcome.seconds["total"] = time.perf_counter() - begun
    same = weights_hash(loaded.model) == base_hash
    changed = changed_share(before, after)
    for measure in before:
        yield Answers(measure, *_told(before[measure]), *_told(after[measure]))
    yield Done(outcome.reason, result(
        loaded, recipe, outcome, card(before), card(after), identical, changed, same)
        | {"chance": {m: round(chance(asked[m]), 4) for m in before}})


def _told(made: Sequence[Verdict]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    return tuple(v.answer for v in made), tuple(v.correct for v in made)


def result(loaded: Loaded, recipe: Recipe, outcome: Outcome, before: Card, after: Card,
           identical: bool, changed: float | None, unchanged: bool) -> dict[str, Any]:
    """The JSON object of a run (keys: see the README's command line).

    ``text_answers_changed``: share of the text-only questions that turned from right to wrong or
    back, 0 where the text-only logits are the original's; None where no such question was asked.
    """
    parts = {"vision": visual_part(outcome.delta), "language": language_part(outcome.delta)}
    return {
        "entity": recipe.entity, "method": recipe.method, "seed": recipe.seed,
        "steps": outcome.steps, "stopped_because": outcome.reason,
        "mode": CLEAN, "before": dict(before.values), "after": dict(after.values), "n": dict(before.n),
        "changes": [name for name, part in parts.items() if part],
        "text_logits_identical": identical,
        "text_answers_changed": None if changed is None else round(changed, 4),
        "base_unchanged": unchanged, "pruned_neurons": outcome.pruned_neurons,
        "mask_density": round(outcome.mask_density, 4),
        "seconds": {k: round(outcome.seconds.get(k, 0.0), 2) for k in STAGES},
        "peak_memory_mb": peak_memory_mb(loaded.device), "device": device_name(loaded.device),
        "quantization": loaded.quantization, "model": loaded.name,
    }


def peak_memory_mb(device: torch.device) -> int:
    """Peak memory since the process started: of the GPU, or resident on a CPU."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def device_name(device: torch.device) -> str:
    """The GPU's name, or the number of CPU threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"

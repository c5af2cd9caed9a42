"""A whole unlearning run: before, inspect, tune, after; ends with the result as one object."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from lab.benchmarks.schema import Benchmark
from lab.evaluate import chance
from lab.model.load import Loaded
from lab.model.overlay import language_part, visual_part, weights_hash
from lab.model.relief import explained
from lab.peak import device_name, peak_memory_mb, reset_peak
from lab.recipe import Recipe
from lab.scorecard import (MEASURES, Baseline, Card, asks_for, changed_share, correct,
                           text_logits_identical)
from lab.unlearn.events import Done, Event, Phase
from lab.unlearn.loop import inspect, tune
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome

STAGES = ("importance", "fisher", "train", "evaluate", "total")  # a method need not have them all


def unlearn(loaded: Loaded, benchmark: Benchmark, baseline: Baseline, recipe: Recipe,
            outcome: Outcome, base_hash: str, stopped: Callable[[], bool],
            measures: Sequence[str] = MEASURES) -> Iterator[Event]:
    """Run the recipe; a stop ends it within a step, keeps the delta so far and skips the scores.

    ``measures``: which scores are taken, of those the benchmark has questions for. ``cpu_seconds``
    of the result is what the processor worked before scoring, all threads together: unlike the
    wall time it hardly depends on what else the machine does. The last event's result is the object that ``python -m lab run --json`` prints.
    """
    begun, busy = time.perf_counter(), time.process_time()
    reset_peak(loaded.device)
    with explained():
        yield from inspect(loaded, benchmark, recipe, outcome, stopped)
        if stopped():
            outcome.reason = "stopped"
        elif METHODS[recipe.method].losses is None:
            outcome.reason = "pruned: this method trains nothing"
        else:
            yield from tune(loaded, benchmark, recipe, outcome, stopped)
    started, busy = time.perf_counter(), time.process_time() - busy
    entity = benchmark.entity(recipe.entity)
    identical = text_logits_identical(loaded, outcome.delta, entity)
    before: dict[str, list[bool]] = {}
    after: dict[str, list[bool]] = {}
    asked = {m: asks for m, asks in asks_for(benchmark, entity).items() if m in measures}
    for k, (measure, asks) in enumerate(asked.items()):
        if stopped():
            break
        yield Phase("evaluate", k, len(asked))
        before[measure] = baseline.correct(measure, asks)
        after[measure] = correct(loaded, outcome.delta, measure, asks, before[measure], identical)
    if stopped():
        outcome.reason, before, after = "stopped", {}, {}
    outcome.seconds["evaluate"] = time.perf_counter() - started
    outcome.seconds["total"] = time.perf_counter() - begun
    same = weights_hash(loaded.model) == base_hash
    changed = changed_share(before, after)
    yield Done(outcome.reason, result(
        loaded, recipe, outcome, card(before), card(after), identical, changed, same)
        | {"chance": {m: round(chance(asked[m]), 4) for m in before}, "cpu_seconds": round(busy, 2)})


def card(right: Mapping[str, Sequence[bool]]) -> Card:
    """Share right and number of questions of every measure."""
    return Card({m: sum(r) / len(r) for m, r in right.items()}, {m: len(r) for m, r in right.items()})


def result(loaded: Loaded, recipe: Recipe, outcome: Outcome, before: Card, after: Card,
           identical: bool, changed: float | None, unchanged: bool) -> dict[str, Any]:
    """The JSON object of a run (keys: see the README's command line).

    ``text_answers_changed``: share of the text-only questions that turned from right to wrong or
    back, 0 where the text-only logits are the original's; None where no such question was asked.
    """
    parts = {"vision": visual_part(outcome.delta), "language": language_part(outcome.delta)}
    return {
        "entity": recipe.entity, "method": recipe.method, "seed": recipe.seed,
        "steps": outcome.steps, "micro_batch": outcome.micro_batch,
        "stopped_because": outcome.reason,
        "before": dict(before.values), "after": dict(after.values), "n": dict(before.n),
        "changes": [name for name, part in parts.items() if part],
        "text_logits_identical": identical,
        "text_answers_changed": None if changed is None else round(changed, 4),
        "base_unchanged": unchanged, "pruned_neurons": outcome.pruned_neurons,
        "mask_density": round(outcome.mask_density, 4),
        "trainable_share": trainable_share(loaded, recipe, outcome),
        "seconds": {k: round(outcome.seconds.get(k, 0.0), 2) for k in STAGES},
        "peak_memory_mb": peak_memory_mb(loaded.device), "device": device_name(loaded.device),
        "quantization": loaded.quantization, "model": loaded.name,
    }


def trainable_share(loaded: Loaded, recipe: Recipe, outcome: Outcome) -> float:
    """How many weights the run could change, over all weights of the model; 0 trains nothing.

    A LoRA counts its own weights. Pruned neurons and what a mask over both losses shuts do not
    count; a mask over the forget term alone leaves every weight to the other term.
    """
    method = METHODS[recipe.method]
    if method.losses is None:
        return 0.0
    shut = outcome.mask if method.gates(recipe) == "all" else {}
    free = sum(int(shut[n].sum()) if n in shut else t.numel() for n, t in outcome.delta.items())
    free -= sum(int(p.sum()) for n, p in outcome.pruned.items() if n not in shut)
    return free / sum(map(_size, loaded.model.parameters()))


def _size(weight: torch.Tensor) -> int:
    """Number of weights; a 4-bit tensor packs two in a byte and knows its true shape."""
    state = getattr(weight, "quant_state", None)
    return math.prod(state.shape) if state is not None else weight.numel()

"""Tests forgetting on the same person drawn differently: Forget VQA on changed views."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from lab.attack import images
from lab.benchmarks.changes import CHANGES, changed
from lab.benchmarks.schema import Benchmark, Entity
from lab.evaluation.asks import forget_asks
from lab.evaluation.models import UNLEARNED
from lab.evaluation.questions import Ask, choose
from lab.evaluation.session import Workbench
from lab.experiments.sweep import Say, one_run, shares
from lab.model.version import Version
from lab.recipe import Recipe
from lab.unlearn.outcome import Outcome

PLAIN = "held-out view"


def redrawn(entity: Entity) -> Iterator[tuple[str, list[Ask]]]:
    """The Forget VQA questions on the held-out views, as they are and under every change."""
    asks = forget_asks(entity)
    yield PLAIN, asks
    for name in CHANGES:
        yield name, images.redrawn(asks, name)


def run_redrawn(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """A run's result with ``redrawn``: the shares before and after, n and chance of each change."""
    result = one_run(bench, recipe, outcome, say)
    say("the same person redrawn …")
    entity = bench.benchmark.entity(recipe.entity)
    return result | {
        "redrawn": measured(bench, entity, Version(UNLEARNED, bench.loaded, outcome.delta))
    }


def measured(bench: Workbench, entity: Entity, left: Version) -> dict[str, dict[str, float]]:
    """For every change: Forget VQA before and after unlearning, n and chance."""
    return {name: shares(bench, "forget_vqa", asks, left) for name, asks in redrawn(entity)}


def control(bench: Workbench, say: Say) -> dict[str, dict[str, float]]:
    """By change: right and n of the model that never knew, asked about those it never knew.

    Empty where there is no such model.
    """
    reference, unknown = bench.reference(say)
    if reference is None:
        return {}
    right: dict[str, list[bool]] = {}
    for person in unknown:
        for name, asks in redrawn(bench.benchmark.entity(person)):
            right.setdefault(name, []).extend(v.correct for v in choose(reference, asks))
    return {name: {"control": sum(r) / len(r), "n": len(r)} for name, r in right.items()}


def fingerprint(benchmark: Benchmark) -> str:
    """A hash of what the changes draw: a change of another strength is another measurement."""
    view = benchmark.entities[0].train_images[0]
    return sha256(b"".join(changed(view, name) for name in CHANGES)).hexdigest()[:12]

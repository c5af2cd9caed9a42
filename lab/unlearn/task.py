"""What a run is about: the words of its recipe, resolved once."""

from __future__ import annotations

from dataclasses import dataclass

from lab.benchmarks.schema import Benchmark, Entity
from lab.recipe import Recipe
from lab.unlearn.batches import POOL, Rows
from lab.unlearn.method import Method
from lab.unlearn.methods import METHODS


@dataclass(frozen=True)
class Task:
    """The person, the method, the rows and the settings of one run.

    It belongs to one run: its rows remember what they have drawn.
    """

    entity: Entity
    method: Method
    rows: Rows
    recipe: Recipe


def task_of(benchmark: Benchmark, recipe: Recipe) -> Task:
    """The task of a checked recipe; raises ``LabError`` for a target that is not there or partial."""
    entity = benchmark.target(recipe.entity)
    rows = Rows(benchmark, entity, recipe.seed, max(POOL, recipe.retain_batch))
    return Task(entity, METHODS[recipe.method], rows, recipe)

"""One recipe over all people of a benchmark: a row a person, kept as it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say, fill, one_run
from lab.recipe import Recipe
from lab.unlearn.outcome import Outcome

# Of a run's result: what the table and its text show.
SHOWN = (
    "method",
    "seed",
    "steps",
    "stopped_because",
    "before",
    "after",
    "n",
    "chance",
    "text_logits_identical",
    "base_unchanged",
    "mask_density",
    "seconds",
    "peak_memory_mb",
)


@dataclass(frozen=True)
class Plan:
    """One person's run."""

    recipe: Recipe

    @property
    def id(self) -> str:
        """The row's id: the person."""
        return self.recipe.entity


def measure(
    opened: Callable[[], Workbench], recipes: Sequence[Recipe], file: ResultFile, say: Say
) -> None:
    """Run every recipe whose person has no row yet; a failed run is a row that says why."""
    fill(opened, [Plan(recipe) for recipe in recipes], file, row_of, say)


def row_of(bench: Workbench, plan: Plan, say: Say) -> dict[str, Any]:
    """One run's figures, or why it failed."""
    row: dict[str, Any] = {"name": bench.benchmark.entity(plan.recipe.entity).name}
    try:
        result = one_run(bench, plan.recipe, Outcome(), say)
    except LabError as error:
        return row | {"failed": str(error)}
    return row | {key: result[key] for key in SHOWN}

"""One recipe over all people of a benchmark: a row a person, kept as it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lab.device import device_name
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say, one_run
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


def measure(
    opened: Callable[[], Workbench], plan: Sequence[Recipe], file: ResultFile, say: Say
) -> None:
    """Run every recipe whose person has no row yet; a failed run is a row that says why.

    Ctrl-C ends it within a step, and what is done stays done.
    """
    due = [recipe for recipe in plan if not file.has(recipe.entity)]
    for done, recipe in enumerate(due):
        bench = opened()
        say(f"person {recipe.entity}, {done + 1} of {len(due)} …")
        row: dict[str, Any] = {"name": bench.benchmark.entity(recipe.entity).name}
        try:
            result = one_run(bench, recipe, Outcome(), say)
            row |= {key: result[key] for key in SHOWN}
        except LabError as error:
            row |= {"failed": str(error)}
        file.add(recipe.entity, row, device_name(bench.loaded.device))

"""Finds the kept run that a new one would only repeat, bit for bit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.model.base import Base
from lab.model.cache import Cache
from lab.recipe import Recipe
from lab.report.page import last_result
from lab.report.run_folder import UNCHECKED
from lab.serve.archive import Shelf


def conditions(cache: Cache | None, benchmark: Benchmark, recipe: Recipe) -> str:
    """A hash over all that decides a run's bits; "" without a cache, which knows the model's part.

    Beside what every key of the cache holds (weights, machine, program): the whole recipe, and
    everything that is shown and asked.
    """
    return cache.key("run", asdict(recipe), benchmark.content(recipe.entity)) if cache else ""


def same_run(shelf: Shelf, base: Base, wanted: str) -> str:
    """The id of the newest whole run under the ``wanted`` conditions; "" for none.

    Whole: it ended by itself and was scored, and its files are those that it left. A folder that a
    visitor brings has no conditions here, whatever it says.
    """
    for run in reversed(shelf.store.all()):
        fits = wanted and run.conditions == wanted and run.kind == "unlearn"
        if not fits or run.state != "finished" or not run.weights or UNCHECKED in run.note:
            continue
        with suppress(LabError):  # damaged since: an older one may be whole
            if last_result(shelf.whole(run, base).events).get("after"):
                return run.id
    return ""

"""Many runs in one go: methods x entities x seeds, one JSON line each, resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pandas as pd

from lab.catalogue import MEASURES
from lab.device import device_name
from lab.errors import LabError
from lab.evaluation.questions import Ask, chance, choose
from lab.evaluation.session import Workbench, open_workbench
from lab.events.lines import plain
from lab.experiments.csv_tables import guarded
from lab.experiments.records import Records, key_of
from lab.experiments.result_file import ResultFile
from lab.files import make_writable
from lab.model.version import Version
from lab.recipe import Preset, Recipe
from lab.unlearn.foreground import run_recipe
from lab.unlearn.outcome import Outcome

GROUPS = ("before", "after")
Say = Callable[[str], None]
Work = Callable[[Workbench, Recipe, Outcome, Say], dict[str, Any]]


class Planned(Protocol):
    """One row of a result file that may still have to be made."""

    @property
    def id(self) -> str:
        """What the row is found by."""


P = TypeVar("P", bound=Planned)


def fill(
    opened: Callable[[], Workbench],
    plans: Sequence[P],
    file: ResultFile,
    row_of: Callable[[Workbench, P, Say], dict[str, Any]],
    say: Say,
) -> None:
    """Make every planned row that the file does not hold; the workbench is opened for these alone.

    Ctrl-C ends it within a step, and what is done stays done.
    """
    due = [plan for plan in plans if not file.has(plan.id)]
    for done, plan in enumerate(due):
        if file.take(plan.id):
            bench = opened()
            say(f"{plan.id}, {done + 1} of {len(due)} …")
            file.add(plan.id, row_of(bench, plan, say), device_name(bench.loaded.device))
    file.arrange([plan.id for plan in plans])


def sweep(
    preset: Preset,
    recipes: Sequence[Recipe],
    entities: int,
    seeds: int,
    out: Path,
    threads: int,
    say: Say,
) -> dict[str, Any]:
    """Run every recipe on the first ``entities`` people and ``seeds`` seeds; returns the means.

    ``runs.csv`` in ``out`` holds the flat table; what is found there is not run again.
    """
    bench = open_workbench(preset, say, threads)
    plan = [
        replace(r, entity=e.id, seed=s)
        for s in range(seeds)
        for r in recipes
        for e in bench.benchmark.entities[:entities]
    ]
    rows = run_all(bench, preset, plan, out, say)
    table = pd.DataFrame([flat(r) for r in rows if "failed" not in r])
    guarded(table).to_csv(out / "runs.csv", index=False)
    return {"failed": sum("failed" in r for r in rows), **(summary(table) if len(table) else {})}


def one_run(
    bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say, measures: Sequence[str] = MEASURES
) -> dict[str, Any]:
    """One run's result, its weights in ``outcome``; raises ``LabError`` where it failed."""
    events: list[Any] = []
    run_recipe(bench, recipe, outcome, events, say, measures)
    if events[-1].reason == "stopped":  # Ctrl-C: this run is not done, and no other is wanted
        raise KeyboardInterrupt
    return plain(events[-1].result)


def shares(bench: Workbench, measure: str, asks: Sequence[Ask], left: Version) -> dict[str, float]:
    """Right answers of the original and of ``left`` to the questions of a measure; n and chance."""
    before = bench.baseline.correct(measure, asks)
    with left.on():
        after = [v.correct for v in choose(left.loaded, asks)]
    return {
        "before": sum(before) / len(asks),
        "after": sum(after) / len(asks),
        "n": len(asks),
        "chance": chance(asks),
    }


def run_all(
    bench: Workbench,
    preset: Preset,
    plan: Sequence[Recipe],
    out: Path,
    say: Say,
    work: Work = one_run,
    what: str = "run",
) -> list[dict[str, Any]]:
    """The result of every recipe of ``plan``, in order; ``{"failed": why}`` where a run failed.

    Each finished run is a line of ``runs.jsonl`` in ``out`` and is not repeated: a sweep that was
    cut off goes on. ``KeyboardInterrupt`` ends it within a step. ``what`` names the ``work`` done
    on a recipe in those lines, so that one file can hold several kinds. Several processes can do it
    together (``lab.experiments.claims``); each returns when all is done.
    """
    make_writable(out)
    records = Records(out / "runs.jsonl")
    keys = [key_of(preset, recipe, what=what, weights=bench.base_hash) for recipe in plan]
    due = [(k, (k, r)) for k, r in zip(keys, plan, strict=True) if records.find(k) is None]
    for place, (key, recipe), left in records.turns(due):
        say(f"{what} {place} of {len(due)}: {_told(preset.recipe, recipe)}{left}")
        try:
            found = work(bench, recipe, Outcome(), say)
        except LabError as error:  # counted: a failed run does not end the sweep
            found = {"failed": str(error)}
        records.add(key, found | records.beside())
    return [records.awaited(key) for key in keys]


def _told(usual: Recipe, recipe: Recipe) -> str:
    named = ("entity", "method", "seed")
    other = [
        f", {k}={v}" for k, v in asdict(recipe).items() if k not in named and v != getattr(usual, k)
    ]
    return f"{recipe.method} on {recipe.entity}, seed {recipe.seed}{''.join(other)}"


def flat(result: dict[str, Any]) -> dict[str, Any]:
    """One run as one table row: before_*, after_*, seconds_* and the single values."""
    row = {k: v for k, v in result.items() if not isinstance(v, dict)}
    for group in (*GROUPS, "n", "seconds"):
        row |= {f"{group}_{k}": v for k, v in result[group].items()}
    return row


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Means over all runs of each method, with the worst cases that means hide."""
    made: dict[str, Any] = {}
    for method, rows in table.groupby("method"):
        numbers = rows.select_dtypes("number")
        made[str(method)] = {
            "runs": len(rows),
            **{
                c: round(float(numbers[c].mean()), 4)
                for c in map(str, numbers)
                if c.startswith((*GROUPS, "seconds"))
                or c in ("steps", "mask_density", "text_answers_changed")
            },
            "text_logits_identical": bool(rows["text_logits_identical"].all()),
            "base_unchanged": bool(rows["base_unchanged"].all()),
            "worst_forget_vqa": float(rows["after_forget_vqa"].max()),
            "worst_retain_vqa": float(rows["after_retain_vqa"].min()),
            "slowest_seconds": float(rows["seconds_total"].max()),
        }
    return made

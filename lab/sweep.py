"""Many runs in one go: methods x entities x seeds, one JSON line each, resumable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lab.errors import LabError
from lab.eventlog import plain
from lab.recipe import Preset, Recipe
from lab.report import make_writable
from lab.unlearn.loop import Outcome
from lab.workbench import open_workbench

GROUPS = ("before", "after")


def sweep(preset: Preset, recipes: Sequence[Recipe], entities: int, seeds: int, out: Path,
          threads: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every recipe on the first ``entities`` people and ``seeds`` seeds; returns the means.

    Each finished run is a line of ``runs.jsonl`` in ``out``; runs found there (same recipe) are
    not repeated, so a sweep that was cut off goes on. ``runs.csv`` holds the flat table.
    """
    make_writable(out)
    log = out / "runs.jsonl"
    done = _finished(log)
    bench = open_workbench(preset, say, threads)
    plan = [replace(r, entity=e.id, seed=s) for s in range(seeds) for r in recipes
            for e in bench.benchmark.entities[:entities]]
    for k, recipe in enumerate(plan):
        key = run_key(preset, recipe)
        if key in done:
            continue
        say(f"run {k + 1} of {len(plan)}: {recipe.method} on {recipe.entity}, seed {recipe.seed}")
        done[key] = _one(bench, recipe)
        _append(log, key, done[key])
    rows = [done[run_key(preset, r)] for r in plan]
    table = pd.DataFrame([flat(r) for r in rows if "failed" not in r])
    table.to_csv(out / "runs.csv", index=False)
    return {"failed": sum("failed" in r for r in rows), **(summary(table) if len(table) else {})}


def run_key(preset: Preset, recipe: Recipe) -> str:
    """What makes a stored result this run's: the model, its quantisation and the whole recipe."""
    return f"{preset.model} {preset.quantization} {recipe!r}"


def _one(bench, recipe: Recipe) -> dict[str, Any]:
    """One run's result, or why it failed: a failed run is counted, it does not end the sweep."""
    from lab.cli import run_recipe

    events: list[Any] = []
    try:
        run_recipe(bench, recipe, Outcome(), events)
    except LabError as error:
        return {"failed": str(error)}
    if events[-1].reason == "stopped":  # Ctrl-C: this run is not done, and no other is wanted
        raise KeyboardInterrupt
    return plain(events[-1].result)


def _append(log: Path, key: str, result: dict[str, Any]) -> None:
    cut = log.exists() and not log.read_bytes().endswith(b"\n")  # by a killed process
    with log.open("a") as file:
        file.write(("\n" if cut else "") + json.dumps({"recipe": key, "result": result}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _finished(log: Path) -> dict[str, Any]:
    done: dict[str, Any] = {}
    if log.exists():
        for line in log.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # the last line of a killed process may be cut short
            done[row["recipe"]] = row["result"]
    return done


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
            **{c: round(float(numbers[c].mean()), 4) for c in numbers
               if c.startswith((*GROUPS, "seconds")) or c in ("steps", "mask_density", "text_answers_changed")},
            "text_logits_identical": bool(rows["text_logits_identical"].all()),
            "base_unchanged": bool(rows["base_unchanged"].all()),
            "worst_forget_vqa": float(rows["after_forget_vqa"].max()),
            "worst_retain_vqa": float(rows["after_retain_vqa"].min()),
            "slowest_seconds": float(rows["seconds_total"].max()),
        }
    return made

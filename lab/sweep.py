"""Many runs in one go: methods x entities x seeds, one JSON line each, resumable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lab.eventlog import plain
from lab.recipe import Preset, Recipe
from lab.workbench import open_workbench

GROUPS = ("before", "after")


def sweep(preset: Preset, recipes: Sequence[Recipe], entities: int, seeds: int, out: Path,
          threads: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every recipe on the first ``entities`` people and ``seeds`` seeds; returns the means.

    Each finished run is a line of ``runs.jsonl`` in ``out``; runs found there (same recipe) are
    not repeated, so a sweep that was cut off goes on. ``runs.csv`` holds the flat table.
    """
    from lab.cli import run_recipe

    out.mkdir(parents=True, exist_ok=True)
    log = out / "runs.jsonl"
    done = _finished(log)
    bench = open_workbench(preset, say, threads)
    plan = [replace(r, entity=e.id, seed=s) for s in range(seeds) for r in recipes
            for e in bench.benchmark.entities[:entities]]
    for k, recipe in enumerate(plan):
        key = repr(recipe)
        if key in done:
            continue
        say(f"run {k + 1} of {len(plan)}: {recipe.method} on {recipe.entity}, seed {recipe.seed}")
        _, events = run_recipe(bench, recipe)
        if events[-1].reason == "stopped":  # Ctrl-C: this run is not done, and no other is wanted
            raise KeyboardInterrupt
        done[key] = plain(events[-1].result)
        cut = log.exists() and not log.read_bytes().endswith(b"\n")  # by a killed process
        with log.open("a") as file:
            file.write(("\n" if cut else "") + json.dumps({"recipe": key, "result": done[key]}) + "\n")
            file.flush()
            os.fsync(file.fileno())
    rows = [flat(done[repr(r)]) for r in plan]
    table = pd.DataFrame(rows)
    table.to_csv(out / "runs.csv", index=False)
    return summary(table)


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
               if c.startswith((*GROUPS, "seconds")) or c in ("steps", "mask_density")},
            "text_logits_identical": bool(rows["text_logits_identical"].all()),
            "base_unchanged": bool(rows["base_unchanged"].all()),
            "worst_forget_vqa": float(rows["after_forget_vqa"].max()),
            "worst_retain_vqa": float(rows["after_retain_vqa"].min()),
            "slowest_seconds": float(rows["seconds_total"].max()),
        }
    return made

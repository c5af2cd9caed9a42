"""Turns the runs of a study into its answer: means with 95 % intervals for each variant."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lab.experiments.statistics import interval

MEANT = ("before_", "after_")
SAME = ("chance_", "control_")  # what the runs are compared with: no interval
SINGLE = (
    "steps",
    "pruned_neurons",
    "mask_density",
    "text_answers_changed",
    "seconds_total",
    "fires",
    "step_seconds",
    "times",
)


def answer(runs: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    """One row a variant, in order: runs, failed, and of every measure the mean and its interval.

    runs: one row a run with ``variant`` and ``failed`` ("" where it did not). NAME_ci is half of
    the 95 % interval of NAME's mean, over people and seeds together; empty with fewer than
    three runs. n_NAME adds up the questions of all runs.
    """
    return pd.DataFrame([{"variant": v, **_row(runs[runs["variant"] == v])} for v in variants])


def _row(runs: pd.DataFrame) -> dict[str, float]:
    done = runs[runs["failed"] == ""]
    row: dict[str, float] = {"runs": len(done), "failed": len(runs) - len(done)}
    for column in map(str, done.select_dtypes("number")):
        values = [float(v) for v in done[column].dropna()]
        if not values:
            continue
        if column.startswith(MEANT) or column in SINGLE:
            row[column], row[f"{column}_ci"] = interval(values)
        elif column.startswith(SAME):
            row[column] = interval(values)[0]
        elif column.startswith("n_"):
            row[column] = int(sum(values))
    return row

"""From a study's runs to its answer: means with 95 % intervals, one row a variant."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

MEANT = ("before_", "after_")
SAME = ("chance_", "control_")  # the same in every run: no interval
SINGLE = ("steps", "pruned_neurons", "mask_density", "text_answers_changed", "seconds_total")


def answer(runs: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    """One row a variant, in order: runs, failed, and of every measure the mean and its interval.

    runs: one row a run with ``variant`` and ``failed`` ("" where it did not). NAME_ci is half of
    the 95 % interval of NAME's mean, over people and seeds together; empty with fewer than two
    runs. n_NAME adds up the questions of all runs.
    """
    return pd.DataFrame([{"variant": v, **_row(runs[runs["variant"] == v])} for v in variants])


def _row(own: pd.DataFrame) -> dict[str, float]:
    done = own[own["failed"] == ""]
    row: dict[str, float] = {"runs": len(done), "failed": len(own) - len(done)}
    for column in done.select_dtypes("number"):
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


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % t interval; NaN for the latter with fewer than two values."""
    n, mean = len(values), sum(values) / len(values)
    if n < 2:
        return mean, math.nan
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, quantile(n - 1) * spread / math.sqrt(n)


def quantile(freedom: int) -> float:
    """t with P(|T| <= t) = 0.95 at so many degrees of freedom, by bisection."""
    low, high = 0.0, 20.0  # 12.7 at one degree of freedom, and less at more
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if within(middle, freedom) >= 0.95 else (middle, high)
    return high


def within(t: float, freedom: int) -> float:
    """P(|T| <= t) of Student's t (Abramowitz and Stegun, 26.7.3 and 26.7.4: finite series)."""
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term, total = math.cos(angle) ** odd, 0.0
    for k in range(odd, freedom - 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k + 1) / (k + 2)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total

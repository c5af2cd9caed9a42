"""Means of a few values with their 95 % intervals."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
LEAST = 3  # of two values the interval is 12.7 times as wide as their spread: it says nothing


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % t interval; NaN for the latter with fewer than three values."""
    n, mean = len(values), sum(values) / len(values)
    if n < LEAST:
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


def bootstrap(
    items: Sequence[T], figure: Callable[[Sequence[T]], float], draws: int = 2000
) -> tuple[float, float]:
    """Low and high end of a figure's 95 % interval, by the percentiles of drawing items anew.

    The seed is fixed, so that the same items give the same interval (Efron, 1979; draws: our choice).
    """
    rng = random.Random(0)
    values = sorted(figure(rng.choices(items, k=len(items))) for _ in range(draws))
    return values[round(0.025 * (draws - 1))], values[round(0.975 * (draws - 1))]

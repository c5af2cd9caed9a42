"""How sure a share is, from the number of questions behind it."""

from __future__ import annotations

import math

SURE = 1.96  # standard errors: 95 % on both sides


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``n`` answers (Wilson 1927); (0, 1) for no answers."""
    if n < 1:
        return 0.0, 1.0
    middle = (share + SURE**2 / (2 * n)) / (1 + SURE**2 / n)
    spread = SURE * math.sqrt(share * (1 - share) / n + SURE**2 / (4 * n * n)) / (1 + SURE**2 / n)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def difference(first: tuple[float, int], second: tuple[float, int]) -> tuple[float, float]:
    """The 95 % interval of one share less another, each with its n (Newcombe 1998, method 10).

    It takes the answers as independent. Where both shares are of the same questions it is wider than
    it need be, so that a difference that it shows is there.
    """
    (p, n), (q, m) = first, second
    low_p, high_p = wilson(p, n)
    low_q, high_q = wilson(q, m)
    return (
        p - q - math.hypot(p - low_p, high_q - q),
        p - q + math.hypot(high_p - p, q - low_q),
    )

"""A grid of trials that grows where its best trial lies at an edge, by one rule for every method.

Our choice: by a factor of three, on every side and for every number of the best trial that lies at
an edge, at most three times. A setting that ends at its own limit (``lab.recipe``: a share at 1, an
accuracy at 0, the blocks that a recipe may name) has no side to grow on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

from lab.recipe import Recipe

FACTOR, MOST = 3, 3
Trial = Mapping[str, Any]
SPECS = {spec.name: spec for spec in fields(Recipe)}


@dataclass(frozen=True)
class Edge:
    """A number of a trial that is the lowest or highest of its grid.

    ``beyond``: what the grid would have next on that side, None where the setting ends there.
    """

    key: str
    side: str
    beyond: float | None

    def __str__(self) -> str:
        return f"{self.key} at its {self.side}{' possible' if self.beyond is None else ''}"


def edges(trials: Sequence[Trial], best: Trial) -> list[Edge]:
    """Where ``best``, one of ``trials``, lies at an edge of its grid."""
    found: list[Edge] = []
    for key, values in _axes(trials, best).items():
        for side, end, factor in (("lowest", min, 1 / FACTOR), ("highest", max, FACTOR)):
            if best[key] == end(values):
                found.append(Edge(key, side, _beyond(key, best[key], factor)))
    return found


def wider(trials: Sequence[Trial], best: Trial) -> list[dict[str, Any]]:
    """The trials that a wider grid has besides ``trials``; none where ``best`` lies inside.

    From the highest values down: a run that never met a stop rule is not made again under a lower.
    """
    axes = _axes(trials, best)
    for edge in edges(trials, best):
        if edge.beyond is not None:
            axes[edge.key].append(edge.beyond)
    ordered = [sorted(values, reverse=True) for values in axes.values()]
    grid = [dict(best) | dict(zip(axes, values, strict=True)) for values in product(*ordered)]
    return [trial for trial in grid if trial not in trials]


def _axes(trials: Sequence[Trial], best: Trial) -> dict[str, list[float]]:
    """Each number of ``best`` with its values among the trials of its grid.

    A method may have several grids, one for each of what it names in words (as MMUnlearner's scope).
    """
    grid = [t for t in trials if t.keys() == best.keys() and _words(t) == _words(best)]
    return {k: sorted({t[k] for t in grid}) for k in best if k not in _words(best)}


def _words(trial: Trial) -> dict[str, str]:
    return {k: v for k, v in trial.items() if isinstance(v, str)}


def _beyond(key: str, value: float, factor: float) -> float | None:
    meta, whole = SPECS[key].metadata, str(SPECS[key].type) == "int"
    far = round(value * factor) if whole else float(f"{value * factor:.3g}")
    far = min(max(far, meta["low"]), meta["high"])
    return None if far == value else far

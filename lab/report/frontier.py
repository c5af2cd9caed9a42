"""The frontier in figures and words: what a variant keeps, how fast relearning is, the verdict.

Which figures make the verdict is our choice: at most ``KEEPS`` of Retain VQA lost, and the aim of a
recovery of at most ``AIM`` over the control that was taught the text alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from lab.catalogue import TEXT_TAUGHT
from lab.errors import LabError
from lab.experiments.result_file import devices, edition
from lab.experiments.result_file import read as read_rows
from lab.experiments.statistics import interval
from lab.recipe import AttackRecipe, Recipe
from lab.report.markup import duration, percent
from lab.report.text import Text

AIM, KEEPS = 0.03, 0.015  # shares
USUAL = "1"  # times the attacker's usual learning rate
BESIDE = ("entity", "method", "seed", "steps", "measures")  # said apart, or without an effect

Figures = Mapping[str, Any]
Attacked = tuple[AttackRecipe, Figures]  # an attack that trained, and its result


@dataclass(frozen=True)
class Point:
    """A variant, as the mean over its runs, or one run of a visitor; all but seconds are shares.

    ``recovery``: over ``text_only`` at the attacker's usual rate; ``half``: of its 95 % t interval
    over the runs, NaN for fewer than three. ``worst``: the highest mean over the rates, at ``rate``
    times the usual one; None of a visitor's run, whose ``recovery`` is at ``rate`` times the usual.
    ``lost``: of Retain VQA; ``sees_lost`` and ``names_other``: None where nothing was asked.
    ``run``: how a visitor's run is named, "" of a variant.
    """

    method: str
    settings: str
    lost: float
    recovery: float
    half: float
    worst: float | None
    rate: float
    forget: float
    sees_lost: float | None
    names_other: float | None
    seconds: float
    people: int
    device: str
    run: str = ""

    @property
    def name(self) -> str:
        """The method with its settings."""
        return self.method + (f" ({self.settings})" if self.settings else "")


@dataclass(frozen=True)
class Frontier:
    """The kept points, the one that is learned slowest first.

    ``without``: how many runs have no point; ``other``: measured on other models than today's.
    """

    points: tuple[Point, ...]
    without: int
    other: bool


def read(path: Path) -> Frontier | None:
    """The kept frontier, or None where no row of it is kept; raises ``LabError`` if it is damaged."""
    held = read_rows(path)
    if not held or not held["rows"]:
        return None
    try:
        points = variants(held["rows"])
        other = held["fits"]["models"] != edition()
    except (KeyError, TypeError, AttributeError):
        raise LabError(f"{path.name} is no frontier: make it again with make results") from None
    return Frontier(points, sum(not _counts(row) for row in held["rows"]), other)


def variants(rows: Iterable[Figures]) -> tuple[Point, ...]:
    """A point for each method with its settings, by rising recovery; failed runs have no part."""
    found: dict[str, list[Figures]] = {}
    for row in filter(_counts, rows):
        found.setdefault(f"{row['method']} {_settings(row['changes'])}", []).append(row)
    return tuple(sorted(map(_mean, found.values()), key=lambda point: point.recovery))


def own_point(
    recipe: Recipe, base: Recipe, result: Figures, attacks: Sequence[Attacked], run: str
) -> Point | None:
    """A visitor's run at the attack that brought most back; None without a control for any.

    ``base``: the recipe that its settings are compared with.
    """
    judged = [(over, by) for by, told in attacks if (over := _over(told)) is not None]
    if not judged:
        return None
    worst, attack = max(judged, key=lambda one: one[0])
    usual = asdict(base)
    changed = {k: v for k, v in asdict(recipe).items() if v != usual[k] and k not in BESIDE}
    return Point(
        recipe.method,
        _settings(changed),
        _lost([result], "retain_vqa"),
        worst,
        math.nan,
        None,
        attack.lr / AttackRecipe().lr,
        result["after"]["forget_vqa"],
        _sees_lost([result]),
        result["after"].get("names_other"),
        result["seconds"]["total"],
        1,
        result.get("device", ""),
        run,
    )


def verdict(points: Sequence[Point], text: Text) -> str:
    """In a sentence which variant keeps retain and is learned slowest, and whether it has the aim."""
    kept = [point for point in points if point.lost <= KEEPS]
    best = min(kept or points, key=lambda point: point.recovery)
    end = text.FRONTIER_REACHED if best.recovery <= AIM else text.FRONTIER_MISSED
    words = text.FRONTIER_BEST if kept else text.FRONTIER_NONE_KEEPS
    assert best.worst is not None
    return str(
        words.format(
            name=best.name,
            recovery=_points(best.recovery, text),
            lost=_points(best.lost, text),
            people=best.people,
            keeps=100 * KEEPS,
            end=end.format(aim=100 * AIM, worst=_points(best.worst, text), rate=best.rate),
        )
    )


def cells(point: Point, text: Text) -> list[str]:
    """A point's figures in the order of ``FRONTIER_HEAD``, without its name."""
    half = "" if math.isnan(point.half) else text.WITHIN.format(points=100 * point.half)
    worst = (
        text.NOTHING
        if point.worst is None
        else text.FRONTIER_RATE.format(points=100 * point.worst, rate=point.rate)
    )
    sees, names = point.sees_lost, point.names_other
    return [
        percent(point.forget, text),
        _points(point.lost, text),
        text.NOTHING if sees is None else _points(sees, text),
        text.NOTHING if names is None else percent(names, text),
        _points(point.recovery, text) + half,
        worst,
        duration(point.seconds, text),
        str(point.people),
        point.device or text.NOTHING,
    ]


def _mean(rows: Sequence[Figures]) -> Point:
    """The point of the runs of one variant."""
    recovery, half = interval([_recovery(row, USUAL) for row in rows])
    rates = {rate: fmean(_recovery(row, rate) for row in rows) for rate in rows[0]["attacks"]}
    rate = max(rates, key=lambda one: rates[one])
    names = [n for row in rows if (n := row["after"].get("names_other")) is not None]
    return Point(
        rows[0]["method"],
        _settings(rows[0]["changes"]),
        _lost(rows, "retain_vqa"),
        recovery,
        half,
        rates[rate],
        float(rate),
        fmean(row["after"]["forget_vqa"] for row in rows),
        _sees_lost(rows),
        fmean(names) if names else None,
        fmean(row["seconds"]["total"] for row in rows),
        len({row["entity"] for row in rows}),
        devices(rows),
    )


def _counts(row: Figures) -> bool:
    """Whether a run ended and was attacked beside the control at every rate."""
    attacks = row.get("attacks") or {}
    return USUAL in attacks and all(_over(told) is not None for told in attacks.values())


def _recovery(row: Figures, rate: str) -> float:
    return float(row["attacks"][rate]["recovery"][TEXT_TAUGHT])


def _over(told: Figures) -> float | None:
    return (told.get("recovery") or {}).get(TEXT_TAUGHT)


def _lost(rows: Sequence[Figures], measure: str) -> float:
    return fmean(row["before"][measure] - row["after"][measure] for row in rows)


def _sees_lost(rows: Sequence[Figures]) -> float | None:
    """The mean that "still sees" has lost over the runs that asked it; None where none did."""
    asked = [row for row in rows if {"still_sees"} <= row["before"].keys() & row["after"].keys()]
    return _lost(asked, "still_sees") if asked else None


def _settings(changes: Figures) -> str:
    return ", ".join(f"{key} {value}" for key, value in changes.items() if key != "method")


def _points(share: float, text: Text) -> str:
    return str(text.MEAN.format(mean=100 * share))

"""What every method keeps and how fast relearning is: the table of frontier.json."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from assets.build.tables.markdown import Row, percent, points, table, under, wrapped
from lab.catalogue import CONTROLS
from lab.experiments.result_file import read
from lab.report.frontier import AIM, KEEPS, Point, variants

HEAD = (
    *("method and settings", "Forget VQA", "Forget QA", "Retain VQA lost", "still sees lost"),
    *("names somebody else", "seconds"),
    *("recovery over never knew at x1, x3, x10", "over text only", "people"),
)


def frontier(folder: Path) -> str:
    """A row a variant: the means over its people, and recovery over each control at every rate."""
    held = read(folder / "frontier.json")
    rows = list(_rows(held["rows"])) if held else []
    if not held or not rows:
        return ""
    failed = sum("failed" in row for row in held["rows"])
    words = "Means over people, seed 0; points unless % is said;" + (
        f" {failed} runs failed;" if failed else ""
    )
    return f"{table(HEAD, rows)}\n\n{under(held, words)}\n\n{wrapped(_found(held['rows']))}"


def _found(rows: Sequence[Row]) -> str:
    """Which variants reach the aim at every rate, what it costs, and who comes nearest without."""
    each = variants(rows)
    slow = [point for point in each if (point.worst or 0.0) <= AIM]
    keeps = [point for point in each if point.lost <= KEEPS]
    said = f"Nothing stays within {100 * AIM:g} points over text only at every rate."
    if slow:
        names = ", ".join(point.name for point in slow)
        said = (
            f"Within {100 * AIM:g} points over text only at every rate, by the mean over "
            f"{slow[0].people} people: {names}. {_widths(slow)}The least that one of them loses of "
            f"Retain VQA is {points(min(p.lost for p in slow))} points."
        )
    if keeps:
        best = min(keeps, key=lambda point: point.worst or 0.0)
        said += (
            f" Of those that lose at most {100 * KEEPS:g} points of Retain VQA, {best.name} has the "
            f"lowest mean at its worst rate, {points(best.worst or 0.0)} points."
        )
    return said


def _widths(slow: Sequence[Point]) -> str:
    """How wide the intervals of means within the aim are; "" where people are too few for any."""
    known = [point for point in slow if not math.isnan(point.half)]
    if not known:
        return ""
    sure = [point.name for point in known if point.recovery + point.half <= AIM]
    return (
        f"Their intervals at the usual rate are up to ± {points(max(p.half for p in known))} points, "
        f"and end within the {100 * AIM:g} points for {', '.join(sure) or 'none of them'}. "
    )


def _rows(rows: Sequence[Row]) -> Iterator[list[str]]:
    named: dict[str, list[Row]] = {}
    for row in rows:
        if "failed" not in row:
            named.setdefault(_named(row["changes"]), []).append(row)
    for name, same in named.items():
        yield [
            name,
            *(percent(fmean(row["after"][k] for row in same)) for k in ("forget_vqa", "forget_qa")),
            points(_lost(same, "retain_vqa")),
            points(_lost(same, "still_sees")),
            percent(fmean(row["after"]["names_other"] for row in same)),
            f"{fmean(row['seconds']['total'] for row in same):.0f}",
            *(_recovery(same, who) for who in CONTROLS),
            str(len(same)),
        ]


def _named(changes: Mapping[str, object]) -> str:
    rest = ", ".join(f"{key} {value}" for key, value in changes.items() if key != "method")
    return f"`{changes['method']}`" + (f", {rest}" if rest else "")


def _lost(rows: Sequence[Row], measure: str) -> float:
    return fmean(row["before"][measure] - row["after"][measure] for row in rows)


def _recovery(rows: Sequence[Row], who: str) -> str:
    """The mean recovery over a control at every rate, in points."""
    rates = rows[0]["attacks"]
    found = {rate: [row["attacks"][rate]["recovery"].get(who) for row in rows] for rate in rates}
    return ", ".join(points(fmean(v for v in values if v is not None)) for values in found.values())

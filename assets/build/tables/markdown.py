"""Markdown of figures: cells, tables, and the line under a table that says how it was measured."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lab.experiments.result_file import devices, edition
from lab.experiments.statistics import interval

NONE, HARD, COLUMNS = "–", "\xa0", 100  # HARD: a space that no line is broken at
OTHER_EDITION = "**Measured on another edition of the embedded models.** "
FIRST_EDITION = "**First edition of the embedded model.** "
Row = Mapping[str, Any]
Held = Mapping[str, Any]  # a result file: fits and rows


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f} %"


def points(difference: float) -> str:
    return f"{100 * difference:.1f}"


def give_or_take(mean: float, half: float | None, unit: str = " %") -> str:
    """A mean with half of its interval, in points; without it where there is none."""
    around = "" if half is None or math.isnan(half) else f" ± {points(half)}"
    return f"{points(mean)}{around}{unit}"


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def mean_of(values: Sequence[float], unit: str = " %") -> str:
    return give_or_take(*interval(values), unit)


def wrapped(words: str) -> str:
    """Lines of at most 100 columns; what stands in backticks stays whole."""
    whole = re.sub("`[^`]+`", lambda code: code[0].replace(" ", HARD), words)
    lines = textwrap.fill(whole, COLUMNS, break_on_hyphens=False, break_long_words=False)
    return lines.replace(HARD, " ")


def plain(text: str) -> str:
    """Words of a model as a cell: nothing in them is markup."""
    safe = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"&#{ord(c)};" if c in "|`[]*_\\" else c for c in safe)


def timed(rows: Sequence[Row]) -> list[Row]:
    """The rows of runs that had the device to themselves: the seconds of others are longer."""
    return [row for row in rows if "at_once" not in row]


def under(held: Held, words: str) -> str:
    """The line under a table of a result file: what was asked, on what device, on which days."""
    rows = held["rows"]
    days = sorted({row["date"] for row in rows})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    other = "" if held["fits"]["models"] == edition() else OTHER_EDITION
    return wrapped(f"{other}{words} {devices(rows)}; {when}; made by `make results`.")

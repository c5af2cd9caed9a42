"""What is asked of the speed of this checkout against an earlier commit, and what was reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.rows import markdown

BEFORE, TODAY = "before", "today"
BOTH_TO_ONE = 1.15  # at most so many times as long as one answer may two beside each other take
HEADS = ("what", "unit", "before", "today", "ratio", "target", "reached", "n")
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Aim:
    """What is asked of a figure: the ratio that ``of`` forms of both medians, the bound in words."""

    name: str
    unit: str
    target: str
    of: Callable[[Figures, Figures], float]
    reached: Callable[[float], bool]


def _faster(name: str, times: float) -> Aim:
    return Aim(
        name,
        "seconds",
        f"at least {times:g} times as fast",
        lambda before, today: before[name] / today[name],
        lambda ratio: ratio >= times,
    )


def _at_most(
    name: str, unit: str, most: float, words: str, of: Callable[[Figures, Figures], float]
) -> Aim:
    return Aim(name, unit, words, of, lambda ratio: ratio <= most)


AIMS = (
    _faster("inside", 2),
    _faster("chat_ready", 3),
    _faster("scorecard", 2),
    _faster("attack", 3),
    _faster("attack_again", 3),
    _faster("both_answers", 2),
    _at_most(
        "one_answer",
        "seconds",
        BOTH_TO_ONE,
        f"both at most {BOTH_TO_ONE} times as long as one",
        lambda before, today: today["both_answers"] / today["one_answer"],
    ),
    _at_most(
        "peak_mb",
        "MB",
        0.6,
        "at most 60 %",
        lambda before, today: today["peak_mb"] / before["peak_mb"],
    ),
    _at_most(
        "ready",
        "seconds",
        8.0,
        "at most 8 s",
        lambda before, today: today["ready"],
    ),
)


def summary(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every figure's raw values, medians and n by checkout, and every ratio that can be formed."""
    raw: dict[str, dict[str, list[float]]] = {BEFORE: {}, TODAY: {}}
    for record in records:
        for name, value in record["figures"].items():
            raw[record["tree"]].setdefault(name, []).append(value)
    medians = {
        tree: {n: statistics.median(v) for n, v in values.items()} for tree, values in raw.items()
    }
    ratios = []
    for aim in AIMS:
        try:
            ratio = aim.of(medians[BEFORE], medians[TODAY])
        except KeyError:
            continue  # that part was not asked for
        reached = aim.reached(ratio)
        n = len(raw[TODAY][aim.name])
        row = {"name": aim.name, "unit": aim.unit, "n": n, "ratio": round(ratio, 3)}
        ratios.append({**row, "target": aim.target, "reached": reached})
    figures = {
        tree: {n: {"median": medians[tree][n], "raw": v} for n, v in values.items()}
        for tree, values in raw.items()
    }
    return {"figures": figures, "ratios": ratios}


def table(result: Mapping[str, Any]) -> str:
    """The ratios as a Markdown table with their medians and the machine."""
    figures = result["figures"]
    about = (
        f"commit {result['commit'][:7]} against {result['today'][:12]}, {result['device']}, medians"
    )
    rows = [
        [
            row["name"].replace("_", " "),
            row["unit"],
            *(f"{figures[tree][row['name']]['median']:.2f}" for tree in (BEFORE, TODAY)),
            f"{row['ratio']:.2f}",
            row["target"],
            "yes" if row["reached"] else "no",
            str(row["n"]),
        ]
        for row in result["ratios"]
    ]
    return f"{about}\n{markdown(HEADS, rows)}"

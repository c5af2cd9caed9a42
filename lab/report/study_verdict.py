"""What a study's own rows say: of each first experiment and next check of the paper, and some more.

A mean is judged by its 95 % interval over people and seeds; rows with fewer than three runs have
none, and then the sentence says that it cannot be told. The thresholds are our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from lab.experiments.csv_tables import records
from lab.experiments.studies import EVERY, MOST, RANDOM, RETAIN_DROP, Study
from lab.report.markup import percent
from lab.report.text import Text
from lab.report.threshold_maps import sensible
from lab.report.verdict import CLEAR, KEPT

USUAL = "unknown"  # the destination of the preset of the embedded model
TOGETHER = ("forget_vqa", "retain_vqa", "still_sees", "names_other")  # what it was chosen by
CLAIMED = 4.0  # how many times as fast as full fine-tuning, says a public summary of the paper
Row = Mapping[str, Any]


def verdict(study: Study, table: pd.DataFrame, text: Text) -> str:
    """The sentence for a study's stored answer; "" for one that has none."""
    return VERDICTS[study.name](table, text) if study.name in VERDICTS else ""


def _interval(row: Row, column: str) -> tuple[float, float] | None:
    """The ends of a mean's interval, or None without one."""
    mean, half = row.get(column), row.get(f"{column}_ci")
    if mean is None or half is None or mean != mean or half != half:
        return None
    return mean - half, mean + half


def _below(one: Row, other: Row, column: str) -> bool | None:
    """Whether one row's interval lies below another's; None where either has none."""
    first, second = _interval(one, column), _interval(other, column)
    return None if first is None or second is None else first[1] < second[0]


def _by_name(table: pd.DataFrame) -> dict[str, Row]:
    return {str(row["variant"]): row for row in records(table)}


def _neurons(table: pd.DataFrame, text: Text) -> str:
    """At the smallest share at which the chosen neurons cost the target more than random ones do."""
    rows = _by_name(table)
    shares = [n.removesuffix(f" {MOST}") for n in rows if n.endswith(f" {MOST}")]
    pairs = {s: (rows[f"{s} {MOST}"], rows.get(f"{s} {RANDOM}", {})) for s in shares}
    sure = {s: _below(*pair, "after_forget_vqa") for s, pair in pairs.items()}
    if not pairs or all(v is None for v in sure.values()):
        return str(text.VERDICT_FEW)
    found = next((s for s, below in sure.items() if below), "")
    share = found or shares[-1]
    most, other = pairs[share]
    kept = most["before_retain_vqa"] - most["after_retain_vqa"] <= KEPT
    form = text.VERDICT_NEURONS["found" if found and kept else "costly" if found else "not"]
    return str(
        form.format(
            share=share,
            before=percent(most["before_forget_vqa"], text),
            most=percent(most["after_forget_vqa"], text),
            random=percent(other.get("after_forget_vqa"), text),
            retain=percent(most["after_retain_vqa"], text),
            fires=most["fires"],
        )
    )


def _alignment(table: pd.DataFrame, text: Text) -> str:
    """The smallest beta whose features are nearer to the original's than without distillation."""
    rows = records(table)
    bare = next((r for r in rows if r["variant"] == "beta 0"), None)
    others = [r for r in rows if r is not bare]
    sure = [_below(r, bare, "after_distance_others") for r in others] if bare else []
    if bare is None or all(s is None for s in sure):
        return str(text.VERDICT_FEW)
    best = next((r for r, s in zip(others, sure, strict=True) if s), None)
    row = best or others[-1]
    return str(
        text.VERDICT_ALIGNMENT["found" if best else "not"].format(
            variant=row["variant"],
            bare=percent(bare["after_distance_others"], text),
            aligned=percent(row["after_distance_others"], text),
            target=percent(row["after_distance_target"], text),
            retain_bare=percent(bare["after_retain_vqa"], text),
            retain=percent(row["after_retain_vqa"], text),
        )
    )


def _frozen(table: pd.DataFrame, text: Text) -> str:
    """How many times as long a step takes that trains every weight, beside the claimed 4."""
    row = _by_name(table).get(EVERY, {})
    ends = _interval(row, "times")
    if ends is None:
        return str(text.VERDICT_FEW)
    low, high = ends
    kind = "less" if high < CLAIMED else "more" if low > CLAIMED else "about"
    half = (high - low) / 2
    return str(text.VERDICT_FROZEN[kind].format(times=row["times"], half=half, claimed=CLAIMED))


def _thresholds(table: pd.DataFrame, text: Text) -> str:
    """How many pairs are sensible, and the one that keeps most of the others."""
    good = table[sensible(table)]
    points = 100 * RETAIN_DROP
    if not len(good):
        return str(text.VERDICT_THRESHOLDS["none"].format(all=len(table), points=points))
    best = good.iloc[int(good["after_retain_vqa"].to_numpy().argmax())]
    return str(
        text.VERDICT_THRESHOLDS["some"].format(
            count=len(good),
            all=len(table),
            points=points,
            best=best["variant"],
            forget=percent(best["after_forget_vqa"], text),
            retain=percent(best["after_retain_vqa"], text),
        )
    )


def _representation(table: pd.DataFrame, text: Text) -> str:
    """Which of the other outputs forgets or keeps surely more than the projector's."""
    rows = _by_name(table)
    usual = rows.get("projector", {})
    said, told = [], False
    for name, row in rows.items():
        if row is usual:
            continue
        for column, key in (("after_forget_vqa", "forget"), ("after_retain_vqa", "retain")):
            lower, higher = _below(row, usual, column), _below(usual, row, column)
            told = told or lower is not None
            if lower or higher:
                figures = [percent(r[column], text) for r in (usual, row)]
                form = text.VERDICT_DIFFERS[key]
                said.append(form.format(variant=name, usual=figures[0], other=figures[1]))
    if not told:
        return str(text.VERDICT_FEW)
    return " ".join(said) or str(text.VERDICT_ALIKE)


def _style(table: pd.DataFrame, text: Text) -> str:
    """Under which changes the person is still recognised, of those under which the original does."""
    rows = [r for r in records(table) if r["before_forget_vqa"] - r["chance_forget_vqa"] >= CLEAR]
    ends = {r["variant"]: _interval(r, "after_forget_vqa") for r in rows}
    if not any(ends.values()):
        return str(text.VERDICT_FEW)
    known = {r["variant"]: r for r in rows if ends[r["variant"]]}
    left = [n for n, e in ends.items() if e and e[0] > known[n]["chance_forget_vqa"]]
    if left:
        return str(text.VERDICT_STYLE["left"].format(left=", ".join(left), all=len(known)))
    return str(text.VERDICT_STYLE["gone"].format(all=len(known)))


def _destination(table: pd.DataFrame, text: Text) -> str:
    """The figures that a destination is chosen by: of ours, of none, and the best of the strangers."""
    rows = _by_name(table)
    usual, away = rows.get(USUAL, {}), rows.get("away", {})
    strangers = {name: row for name, row in rows.items() if name.startswith("stranger")}
    columns = [f"after_{measure}" for measure in TOGETHER]
    if any(_interval(row, c) is None for row in (usual, away) for c in columns):
        return str(text.VERDICT_FEW)
    least = min(strangers, key=lambda name: strangers[name]["after_forget_vqa"])
    sees = max(strangers, key=lambda name: strangers[name]["after_still_sees"])

    def told(row: Row) -> dict[str, str]:
        return {m: percent(row[f"after_{m}"], text) for m in TOGETHER}

    parts = (
        text.VERDICT_DESTINATION["usual"].format(variant=USUAL, **told(usual)),
        *(
            text.VERDICT_DESTINATION["other"].format(variant=name, **told(row))
            for name, row in rows.items()
            if name not in (USUAL, *strangers)
        ),
        text.VERDICT_DESTINATION["strangers"].format(
            least=least,
            forget_vqa=told(strangers[least])["forget_vqa"],
            most=sees,
            still_sees=told(strangers[sees])["still_sees"],
        ),
        text.VERDICT_DESTINATION["judged"],
    )
    return " ".join(parts)


VERDICTS: dict[str, Callable[[pd.DataFrame, Text], str]] = {
    "neurons": _neurons,
    "alignment": _alignment,
    "frozen": _frozen,
    "thresholds": _thresholds,
    "representation": _representation,
    "style": _style,
    "destination": _destination,
}

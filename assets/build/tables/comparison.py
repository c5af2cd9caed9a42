"""The tables of the fair comparison, from the CSV files of ``lab compare --protocol``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assets.build.tables.kept import (
    CONTROLS,
    MEASURES,
    ORIGINAL,
    Line,
    around,
    failed,
    lines,
    marked,
    sizes,
)
from assets.build.tables.markdown import NONE, mean, mean_of, percent, table


def _methods(folder: Path) -> list[Line]:
    return lines(folder / "protocol" / "methods.csv")


def _named(row: Line) -> str:
    fixed = {name: f"{who} ({row['people']} people)" for name, who in CONTROLS.items()}
    fixed[ORIGINAL] = "original"
    return fixed.get(row["method"], f"`{row['method']}`")


def tuning(folder: Path) -> str:
    """How each method was tuned: what was chosen, out of how many trials, and at which edge."""
    rows = [r for r in _methods(folder) if r["settings"]]
    trials = lines(folder / "protocol" / "trials.csv")
    if not rows or not trials:
        return ""
    widened = "widened" in rows[0]  # a table from before grids were widened does not say it
    cells = []
    for row in rows:
        own = [t for t in trials if t["method"] == row["method"]]
        best = max(own, key=lambda t: float(t["score"]))
        score = f"{float(best['score']):.3f}"
        cells.append([f"`{row['method']}`", row["settings"], str(len(own)), score])
        if widened:
            others = max(float(t["score_of_others"]) for t in own)
            chosen = float(best["score_of_others"])
            both = [f"{chosen:.3f}", f"{others:.3f}"]
            cells[-1] += [*both, f"{float(row['widened']):.0f}", row["at_edge"] or NONE]
    head = ["", "chosen settings", "trials", "best score"]
    if widened:
        head += ["its score without Forget QA", "best without Forget QA"]
        head += ["grid widened, times", "still at an edge"]
    who = sorted({r["tuning_people"] for r in rows})
    words = (
        f"People {', '.join(who[0].split())}. The score is a mean over them, from 0 to 1; "
        f"{failed(trials)} failed."
    )
    return f"{table(head, cells)}\n\n{marked(rows, words)}"


def methods(folder: Path) -> str:
    rows = _methods(folder)
    if not rows:
        return ""
    first, order = rows[0], [r for r in rows if r["method"] == ORIGINAL]
    order += [r for r in rows if r["method"] != ORIGINAL]
    measures = {m: name for m, name in MEASURES.items() if m in first}
    cells = [[_named(r), *(around(r, m) for m in measures)] for r in order]
    words = (
        f"{first['people']} people, {first['seeds']} seeds; n a run: {sizes(first, measures)}; chance of Forget VQA "
        f"{percent(float(first['chance_forget_vqa']))}; ± over people, of their means over seeds; "
        f"{failed(rows)} failed; {first['device']}, `{first['quantization']}`."
    )
    return f"{table(['', *measures.values()], cells)}\n\n{marked(rows, words)}"


def relearning(folder: Path) -> str:
    rows = _methods(folder)
    cells = [
        [
            _named(r),
            *(around(r, c, "") for c in ("gain_half", "gain", "vanilla_gap")),
            f"{float(r['cpu_seconds']):.0f} s" if r["cpu_seconds"] else NONE,
        ]
        for r in rows
        if r["method"] != ORIGINAL
    ]
    if not cells:
        return ""
    head = ["", "AG after half of the steps", "AG", "vanilla gap", "processor time"]
    words = f"In points. The attacker trains {rows[0]['attack']}; first seed only."
    return f"{table(head, cells)}\n\n{marked(rows, words)}"


def differences(folder: Path) -> str:
    """Each method minus VKD, person by person: the people are the same, so pairs say more."""
    rows = [r for r in lines(folder / "protocol" / "runs.csv") if not r["failed"]]
    others = [m for m in dict.fromkeys(r["method"] for r in rows) if m not in ("vkd", *CONTROLS)]
    if not rows or not others:
        return ""
    measures = ("forget_vqa", "retain_vqa", "forget_qa")
    cells = []
    for method in others:
        paired = (_paired(rows, method, measure) for measure in measures)
        cells.append([f"`{method}`", *(mean_of(values, "") for values in paired)])
    who = len({r["entity"] for r in rows if r["method"] == "vkd"})
    words = f"The method minus VKD, in points; ± over {who} people, of their means over seeds."
    head = ["", "Forget VQA", "Retain VQA", "Forget QA"]
    return f"{table(head, cells)}\n\n{marked(rows, words)}"


def _paired(rows: Sequence[Line], method: str, measure: str) -> list[float]:
    def over_seeds(which: str) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        for r in rows:
            if r["method"] == which:
                found.setdefault(r["entity"], []).append(float(r[f"after_{measure}"]))
        return {who: mean(values) for who, values in found.items()}

    ours, theirs = over_seeds("vkd"), over_seeds(method)
    return [theirs[who] - ours[who] for who in ours if who in theirs]

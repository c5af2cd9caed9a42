"""The tables of the studies, the attack grid and ICU, from their kept CSV files.

They were measured on the first edition of the embedded model where a file says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from assets.build.tables.knowledge import Shares, controls
from assets.build.tables.markdown import (
    FIRST_EDITION,
    NONE,
    give_or_take,
    mean,
    mean_of,
    percent,
    points,
    table,
    wrapped,
)
from lab.bench import family_table, larger_table, replica_table
from lab.experiments.result_file import edition
from lab.experiments.studies import STUDIES
from lab.report import study_chart
from lab.report.study_verdict import verdict
from lab.report.text import catalogue

Line = dict[str, str]
CONTROLS = {"retain_only": "never knew", "text_only": "text only"}
ORIGINAL = "vanilla"
MEASURES = {
    "forget_vqa": "Forget VQA",
    "forget_name": "name",
    "names_other": "names somebody else",
    "says_unknown": "does not know",
    "still_sees": "still sees",
    "forget_qa": "Forget QA",
    "retain_vqa": "Retain VQA",
    "retain_qa": "Retain QA",
    "general_qa": "general",
    "pictures_vqa": "pictures",
}
STUDIED = {
    "before_forget_vqa": "Forget VQA, original",
    "after_forget_vqa": "unlearned",
    "control_forget_vqa": "control",
    **{f"after_{m}": MEASURES[m] for m in ("names_other", "says_unknown", "still_sees")},
    "after_retain_vqa": "Retain VQA",
    "after_pictures_vqa": "plain pictures",
    "after_distance_others": "distance of others",
    "after_distance_target": "distance of the target",
}
NUMBERED = {
    "fires": "fires, times as strongly",
    "step_seconds": "seconds a step",
    "times": "times a step of VKD",
    "steps": "steps",
}
SCOPES = ("vision", "language", "both")


def lines(path: Path) -> list[Line]:
    """The rows of a CSV file; none where it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def marked(rows: Sequence[Line], words: str) -> str:
    """The line under a table: which edition it is of, and how it was measured."""
    return wrapped((FIRST_EDITION if rows[0].get("edition") == "first" else "") + words)


def around(row: Line, column: str, unit: str = " %") -> str:
    """A mean with its interval; without one that is zero, as of what never changes."""
    if not row.get(column):
        return NONE
    half = float(row.get(f"{column}_ci") or 0)
    return give_or_take(float(row[column]), half if round(100 * half, 1) else None, unit)


def sizes(row: Line, measures: Iterable[str]) -> str:
    """How many questions a measure asks; a whole number also where a column of others is empty."""
    found = {MEASURES[m]: row.get(f"n_{m}") for m in measures}
    return ", ".join(f"{name} {float(n):.0f}" for name, n in found.items() if n)


def failed(rows: Sequence[Line]) -> int:
    """How many runs failed, of all but the original's row, which counts those of the methods again."""
    return sum(int(r["failed"]) for r in rows if r.get("method") != ORIGINAL)


# ---- the studies of VKD


def study(folder: Path, name: str) -> str:
    rows = lines(folder / f"study-{name}.csv")
    if not rows:
        return ""
    shown = {c: words for c, words in STUDIED.items() if c in rows[0]}
    cells = [[r["variant"], *(around(r, column) for column in shown)] for r in rows]
    numbers = {c: words for c, words in NUMBERED.items() if c in rows[0]}
    cells = [[*c, *(_number(r, n) for n in numbers)] for c, r in zip(cells, rows, strict=True)]
    first = rows[0]
    beside, lacking = _beside(folder, first)
    cells += [
        [
            who,
            *(percent(shares.get(c.removeprefix("after_"))) for c in shown),
            *[NONE] * len(numbers),
        ]
        for who, shares in beside.items()
    ]
    asked_of = sizes(first, MEASURES)
    asked = ""  # of steps that are timed, nothing is
    if asked_of:
        asked = f"n a row: {asked_of}; chance {percent(float(first['chance_forget_vqa']))}; "
    words = (
        f"People {first['people']}, {first['seeds']} seed; {asked}{failed(rows)} "
        f"failed; {first['device']}, `{first['quantization']}`; {lacking}made by `{first['command']}`."
    )
    made = table(["", *shown.values(), *numbers.values()], cells)
    told = study_chart.read(folder / f"study-{name}.csv", STUDIES[name].kind)
    said = verdict(STUDIES[name], told, catalogue()) if told is not None else ""
    return "\n\n".join(filter(None, [made, wrapped(said), marked(rows, words)]))


def _beside(folder: Path, first: Line) -> tuple[dict[str, Shares], str]:
    """The controls of today's models beside a study of theirs that asks and has none of its own."""
    own, asks = "control_forget_vqa" in first, "after_forget_vqa" in first
    if first.get("edition") == "first" or own or not asks:
        return {}, ""
    found, words = controls(folder, edition())
    return found, f"{words} " if words else ""


def _number(row: Line, column: str) -> str:
    """A mean that is no share, with half its interval where it has one."""
    if not row.get(column):
        return NONE
    form = "{:.1f}" if column in ("steps", "fires") else "{:.2f}"
    half = row.get(f"{column}_ci") if column != "steps" else ""
    within = f" ± {form.format(float(half))}" if half else ""
    return form.format(float(row[column])) + within


# ---- the grid of attacks, and in-context unlearning


FAIR = "recovery_text_only"  # the first edition's table has the one control


def grid(folder: Path) -> str:
    rows = [r for r in lines(folder / "attack-grid.csv") if r["after"]]
    if not rows:
        return ""
    columns = ("gain", "vanilla_gap", "recovery")
    people = list(dict.fromkeys(r["entity"] for r in rows))
    cells = []
    for scope in (*SCOPES, "all"):
        own = [r for r in rows if scope in (r["scope"], "all")]
        each = [[r for r in own if r["entity"] == who] for who in people]
        gain, gap, recovery = (
            [mean([float(r[c]) for r in some]) for some in each if some] for c in columns
        )
        fair = [points(mean([float(r[FAIR]) for r in own]))] if FAIR in rows[0] else []
        cells.append([scope, mean_of(gain, ""), mean_of(gap, ""), points(mean(recovery)), *fair])
    first = rows[0]
    words = (
        f"Means over {len({r['share'] for r in rows})} shares, in points; ± over people "
        f"{', '.join(people)}; {first['steps']} steps, learning rate {float(first['lr']):g}, batch "
        f"{first['batch']}; n {first['n']} a cell, chance {percent(float(first['chance']))}; "
        f"`{first['quantization']}`, CPU."
    )
    beside = ["recovery over never knew", "recovery over text only"]
    head = ["scope", "gain", "vanilla gap", *beside[: 2 if FAIR in first else 1]]
    return f"{table(head, cells)}\n\n{marked(rows, words)}"


def shares(folder: Path) -> str:
    rows = [r for r in lines(folder / "attack-grid.csv") if r["after"]]
    cells = []
    for share in dict.fromkeys(r["share"] for r in rows):
        cells.append([f"{float(share):.0%}".replace("%", " %")])
        for scope in SCOPES:
            own = [r for r in rows if (r["scope"], r["share"]) == (scope, share)]
            after = mean_of([float(r["after"]) for r in own])
            cells[-1].append(f"{after} ({percent(mean([float(r['control_after']) for r in own]))})")
    if not cells:
        return ""
    head = ["share of the person's rows", *SCOPES]
    return f"{table(head, cells)}\n\n{marked(rows, 'Forget VQA after relearning; in brackets never knew.')}"


def icu(folder: Path) -> str:
    forms = {
        "instruction and noise": lines(folder / "icu-noise.csv"),
        "instruction alone": lines(folder / "icu-instruction.csv"),
    }
    runs = next(iter(forms.values()))
    if not all(forms.values()):
        return ""

    measures = {m: name for m, name in MEASURES.items() if f"after_{m}" in runs[0]}

    def row(name: str, rows: Sequence[Line], when: str) -> list[str]:
        each = ([float(r[f"{when}_{m}"]) for r in rows] for m in measures)
        changed = percent(mean([float(r["text_answers_changed"]) for r in rows]))
        return [name, *(percent(mean(v)) for v in each), changed if when == "after" else NONE]

    cells = [row("original", runs, "before")]
    cells += [row(name, rows, "after") for name, rows in forms.items()]
    who = ", ".join(r["entity"] for r in runs)
    words = (
        f"People {who}, seed {runs[0]['seed']}; {runs[0]['device']}, `{runs[0]['quantization']}`."
    )
    head = ["", *measures.values(), "text answers changed"]
    return f"{table(head, cells)}\n\n{marked(runs, words)}"


def families(folder: Path) -> str:
    path = folder / "families.csv"
    if not path.exists():
        return ""
    return family_table.table(family_table.read(path.read_text(encoding="utf-8")))


def larger(folder: Path) -> str:
    path = folder / "larger.csv"
    if not path.exists():
        return ""
    return larger_table.table(larger_table.read(path.read_text(encoding="utf-8")))


def replicas(folder: Path) -> str:
    path = folder / "replicas.csv"
    if not path.exists():
        return ""
    return replica_table.table(replica_table.read(path.read_text(encoding="utf-8")))

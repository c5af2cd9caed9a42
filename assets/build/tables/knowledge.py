"""What the shipped models know: the table of models.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, Row, percent, table, under
from lab.experiments.result_file import read

VANILLA = "vanilla"
EVERYBODY, LEFT_OUT, STRANGERS, NOBODY = "everybody", "left_out", "strangers", "nobody"
MEASURES = {  # as the tables name them; the last word says how it is asked
    "forget_vqa": "VQA, multiple choice",
    "forget_name": "name, generated exactly",
    "names_other": "names somebody else",
    "says_unknown": "says that it does not know",
    "forget_qa": "text QA, multiple choice",
    "still_sees": "what can be seen, multiple choice",
    "general_qa": "general text, multiple choice",
    "pictures_vqa": "plain pictures, multiple choice",
}
ABOUT = {
    "all": "all people",
    EVERYBODY: "people whom every model met",
    LEFT_OUT: "people left out of some models",
    STRANGERS: "held-out strangers",
    NOBODY: "nobody",
}
NO_LEVEL = ("names_other", "says_unknown")  # blind choice has no chance there

Shares = dict[str, float]  # by measure


def controls(folder: Path, edition: str) -> tuple[dict[str, Shares], str]:
    """What each control answers about the people whom it lacks, and words that say how many.

    None where models.json was measured on models of another ``edition``.
    """
    held = read(folder / "models.json")
    found: dict[str, Shares] = {}
    if not held or held["fits"]["models"] != edition:
        return found, ""
    for row in held["rows"]:
        if row["about"] == LEFT_OUT and row["model"] != VANILLA:
            found.setdefault(row["model"].replace("-", " "), {})[row["measure"]] = row["share"]
    lacking = len(held["fits"]["left_out"])
    words = f"{' and '.join(found)} are asked about the {lacking} people whom they lack;"
    return found, words if found else ""


def models(folder: Path) -> str:
    held = read(folder / "models.json")
    if not held:
        return ""
    cells = {(r["model"], r["about"], r["measure"]): r for r in held["rows"]}
    names = list(dict.fromkeys(r["model"] for r in held["rows"]))
    for name in names:
        for measure in MEASURES:
            parts = [cells.get((name, about, measure)) for about in (EVERYBODY, LEFT_OUT)]
            if parts[0] and parts[1]:
                cells[name, "all", measure] = _together([p for p in parts if p])
    rows = []
    for about, who in ABOUT.items():
        for measure, words in MEASURES.items():
            found = [cells.get((name, about, measure)) for name in names]
            first = next((row for row in found if row), None)
            if first:
                turned = (about, measure) == (STRANGERS, "names_other")
                shares = [None if r is None else r["share"] for r in found]
                words = "not named as one of the people" if turned else words
                shown = [1 - s if turned and s is not None else s for s in shares]
                chance = NONE if measure in NO_LEVEL else percent(first["chance"])
                rows.append([who, words, chance, f"{first['n']:,}", *map(percent, shown)])
    seeds = ", ".join(map(str, held["fits"]["seeds"]))
    head = ["about", "held-out views and wordings", "chance or guess", "n", *names]
    return f"{table(head, rows)}\n\n{under(held, f'Taught with seed {seeds};')}"


TURNS = {
    "follow_up": "a later turn about a fact is answered with it",
    "untaught": "a fact that nobody taught, of a kind that teaching asked about: it does not know",
    "untaught_new": "the same of a kind that teaching never asked about",
    "no_person": "a picture without a person: it says so",
}


def turns(folder: Path) -> str:
    held = read(folder / "turns.json")
    if not held:
        return ""
    cells = {(r["model"], r["measure"]): r for r in held["rows"]}
    names = list(dict.fromkeys(r["model"] for r in held["rows"]))
    rows = []
    for measure, words in TURNS.items():
        found = [cells.get((name, measure)) for name in names]
        if first := next(filter(None, found), None):
            shares = (percent(r["share"] if r else None) for r in found)
            rows.append([words, str(first["n"]), *shares])
    cut = f"Answers are cut at {held['fits']['most_tokens']} tokens;"
    return f"{table(['asked', 'n', *names], rows)}\n\n{under(held, cut)}"


def tokens(folder: Path) -> str:
    held = read(folder / "tokens.json")
    if not held or not held["rows"]:
        return ""
    rows = [
        [
            r["id"],
            str(r["tokens"]),
            percent(r["vqa"]),
            percent(r["chance"]),
            str(r["n"]),
            f"{r['step_seconds']:.2f} s",
        ]
        for r in held["rows"]
    ]
    first = held["rows"][0]
    head = ["form", "tokens a picture", "VQA", "chance", "n", "a step"]
    taught = f"{first['steps']} steps each, seed {held['fits']['recipe']['seed']};"
    return f"{table(head, rows)}\n\n{under(held, taught)}"


def _together(parts: Sequence[Row]) -> Row:
    n = sum(part["n"] for part in parts)
    weighed = {k: sum(p[k] * p["n"] for p in parts) / n for k in ("share", "chance")}
    return {"n": n, **weighed}

"""What a teacher takes home of a room: all runs as CSV, and one report as HTML."""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from lab.events import last_result
from lab.files import inert
from lab.recipe import AttackRecipe, Recipe
from lab.report import markup
from lab.report.text import Text
from lab.serve.classroom.classroom import Classroom
from lab.serve.engine import Engine
from lab.serve.views import RunView

FIGURES = ("before", "after", "n", "chance")
ATTACKED = ("before", "after", "gain", "n", "chance")
MEASURES_SHOWN = ("forget_vqa", "retain_vqa", "retain_qa")
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;
color:#1e293b;background:#fff}table{border-collapse:collapse;font-size:.875rem}
td,th{border:1px solid #94a3b8;padding:.3rem .6rem;text-align:left}.lab-table{overflow-x:auto}
caption{text-align:left;font-weight:600}@media print{body{margin:0;max-width:none}}"""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run of the room: by whom, about whom, and its result; {} while there is none."""

    nickname: str
    person: str
    view: RunView
    result: Mapping[str, Any]


def entries(room: Classroom, engine: Engine, visitor: str, text: Text) -> list[Entry]:
    """The unlearning runs and attacks of everybody in the room, oldest first, for the teacher.

    Raises ``LabError`` for everybody else.
    """
    engine.rights.check_teacher(visitor)
    names = {p.visitor: text.ROOM_TEACHER for p in room.state.teachers}
    names |= {p.visitor: p.nickname for p in room.state.people}
    people = {card.id: card.name for card in engine.entities(visitor)}
    return [
        Entry(
            names[view.owner], people.get(view.entity, view.entity), view, last_result(view.events)
        )
        for view in engine.runs(visitor)
        if view.owner in names and view.kind in ("unlearn", "attack")
    ]


def as_csv(found: Sequence[Entry]) -> str:
    """One row a run or attack, with all its settings and figures; no cell is run by a spreadsheet."""
    rows = [_row(entry) for entry in found]
    figures = sorted({key for row in rows for key in row if "." in key and key[:6] != "recipe"})
    head = [
        *("nickname", "person", "run", "parent", "kind", "attack", "state", "ended"),
        *(f"recipe.{spec.name}" for spec in dataclasses.fields(Recipe)),
        *figures,
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, head, restval="")
    writer.writeheader()
    writer.writerows({key: inert(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _row(entry: Entry) -> dict[str, Any]:
    view, result = entry.view, entry.result
    row: dict[str, Any] = {
        "nickname": entry.nickname,
        "person": entry.person,
        "run": view.id,
        "parent": view.parent or "",
        "kind": view.kind,
        "attack": view.attack.kind if view.attack else "",
        "state": view.state,
        "ended": _time(view.ended, "%Y-%m-%dT%H:%M:%SZ") if view.ended else "",
    }
    row |= {f"recipe.{key}": value for key, value in dataclasses.asdict(view.recipe).items()}
    if view.attack:
        return row | _attacked(view.attack, result)
    for figure in FIGURES:
        measured = result.get(figure) or {}
        row |= {f"{figure}.{key}": "" if v is None else v for key, v in measured.items()}
    return row


def _attacked(attack: AttackRecipe, result: Mapping[str, Any]) -> dict[str, Any]:
    """An attack's settings and figures, and what each control has after the same attack."""
    row = dataclasses.asdict(attack) | {key: result[key] for key in ATTACKED if key in result}
    controls = _controls(result).items()
    row |= {f"control.{who}.after": after for who, after in controls}
    return {f"attack.{key}": value for key, value in row.items()}


def _controls(result: Mapping[str, Any]) -> dict[str, float]:
    """The share that each control has right after the attack."""
    return {who: control["after"] for who, control in (result.get("controls") or {}).items()}


def report(room: Classroom, found: Sequence[Entry], text: Text, now: float) -> str:
    """The room as one HTML page that loads nothing; everything that somebody typed is escaped."""
    title = text.ROOM_REPORT.format(date=_time(now, "%Y-%m-%d"))
    runs = [entry for entry in found if entry.view.kind == "unlearn"]
    attacks = [entry for entry in found if entry.view.kind == "attack"]
    parts = [
        f"<h1>{escape(title)}</h1>",
        markup.note(
            text.ROOM_REPORT_LEAD.format(
                people=len(room.state.people), runs=len(runs), attacks=len(attacks)
            )
        ),
        _runs_table(runs, text),
        _attacks_table(attacks, text),
        predictions(room, text),
    ]
    return (
        f'<!doctype html><html lang="{text.language}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _runs_table(runs: Sequence[Entry], text: Text) -> str:
    rows = [
        (
            *(entry.nickname, entry.person, entry.view.recipe.method),
            text.STATES[entry.view.state],
            *(_figure(entry.result, key, text) for key in MEASURES_SHOWN),
        )
        for entry in runs
    ]
    names = [text.SHORT_SCORES[key] for key in MEASURES_SHOWN]
    return markup.table((*text.ROOM_RUNS_HEAD, *names), rows, text.ROOM_RUNS) if rows else ""


def _figure(result: Mapping[str, Any], key: str, text: Text) -> str:
    """Before and after with n and, where there is one, the chance line."""
    before, after = ((result.get(when) or {}).get(key) for when in ("before", "after"))
    if after is None:
        return str(text.NOTHING)
    n = (result.get("n") or {}).get(key, 0)
    chance = (result.get("chance") or {}).get(key)
    form = text.ROOM_FIGURE if chance is None else text.ROOM_FIGURE_CHANCE
    shares = {"before": markup.percent(before, text), "after": markup.percent(after, text)}
    return str(form.format(**shares, n=n, chance=markup.percent(chance, text)))


def _attacks_table(attacks: Sequence[Entry], text: Text) -> str:
    rows = [
        (
            *(entry.nickname, entry.person, text.ATTACK_KINDS[entry.view.attack.kind]),
            text.STATES[entry.view.state],
            *(markup.percent(entry.result.get(key), text) for key in ("before", "after")),
            str(entry.result.get("n", text.UNKNOWN)),
            markup.percent(entry.result.get("chance"), text),
            _beside(entry.result, text),
        )
        for entry in attacks
        if entry.view.attack
    ]
    return markup.table(text.ROOM_ATTACKS_HEAD, rows, text.ROOM_ATTACKS) if rows else ""


def _beside(result: Mapping[str, Any], text: Text) -> str:
    """Each control by its name with what it has after the same attack."""
    said = (
        text.ROOM_CONTROL.format(name=text.CONTROL_NAMES[who], after=markup.percent(after, text))
        for who, after in _controls(result).items()
    )
    return ", ".join(said) or str(text.NOTHING)


def predictions(room: Classroom, text: Text) -> str:
    """How many predicted which answer, a table row a question; "" where nobody did."""
    rows = list(_counts(room, text))
    return markup.table(text.ROOM_PREDICTED_HEAD, rows, text.ROOM_PREDICTED) if rows else ""


def _counts(room: Classroom, text: Text) -> Iterator[tuple[str, str, str]]:
    for step, counts in sorted(room.predicted().items()):
        question, *answers = text.PREDICTIONS[step - 1]
        said = ", ".join(f"{words}: {counts[k]}" for k, words in enumerate(answers))
        yield question, said, str(counts.total())


def _time(seconds: float, form: str) -> str:
    return time.strftime(form, time.gmtime(seconds))

"""The report's section about the attacks on a run: what each did, its gaps, its bars and its curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from lab.events import Bar, Curve, Done, Event
from lab.report import relearned
from lab.report.markup import filled, heads, shown
from lab.report.text import Text


def each_attack(events: Sequence[Event]) -> Iterator[tuple[dict[str, Any], list[Event]]]:
    """Yield the result of every attack that has one, with the events that came before it."""
    before: list[Event] = []
    for event in events:
        if not isinstance(event, Done):
            before.append(event)
            continue
        if event.result:
            yield event.result, before
        before = []


def section(events: Sequence[Event], text: Text) -> str:
    """Return the section with one part for each attack; "" without any."""
    sections = "".join(_attack(result, before, text) for result, before in each_attack(events))
    return f"<h2>{escape(text.REPORT_ATTACKS)}</h2>{sections}" if sections else ""


def _kind(result: dict[str, Any], text: Text) -> str:
    return shown(text.ATTACK_KINDS.get(result["kind"], result["kind"]), text)


def _attack(result: dict[str, Any], events: Sequence[Event], text: Text) -> str:
    """What was attacked and how, both gaps with their formulas, the controls, and the bars."""

    def value(key: str, form: str = "", times: int = 1) -> str:
        return shown(result[key], text, form, times)

    how = (
        filled(
            text.REPORT_HIGHEST,
            of=value("of"),
            highest=shown(text.CHANGES.get(result["highest"], result["highest"]), text),
        )
        if "highest" in result
        else filled(
            text.REPORT_BUDGET,
            scope=value("scope"),
            rows=value("rows"),
            share=value("share", ".0f", 100),
            steps=value("steps"),
        )
    )
    beside = "".join(
        filled(
            text.REPORT_CONTROL,
            who=shown(text.CONTROL_NAMES[who], text),
            name=shown(control["name"], text),
            gain=shown(control["gain"], text, ".3f"),
        )
        for who, control in (result.get("controls") or {}).items()
    )
    gaps = filled(
        text.REPORT_GAPS,
        how=how,
        gap=value("vanilla_gap", ".3f"),
        n=value("n"),
        control=beside,
        chance=value("chance", ".2f"),
        **{key: value(key, ".3f") for key in ("after", "before", "gain", "vanilla")},
    )
    rows = "".join(_bar_row(event, text) for event in events if isinstance(event, Bar))
    table = f"<table>{heads(text.REPORT_BARS_HEAD)}{rows}</table>" if rows else ""
    about = shown(text.ATTACKS.get(result["kind"], ""), text)
    return (
        f"<h3>{_kind(result, text)}</h3><p>{about}</p><p>{gaps}</p>{_measures(result, text)}{table}"
    )


def _measures(result: dict[str, Any], text: Text) -> str:
    """Every measure beside its formula, a column a control."""
    head, rows = relearned.table_rows(result, text)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    return f"<table>{heads(head)}{body}</table>" if rows else ""


def _bar_row(bar: Bar, text: Text) -> str:
    others = (
        filled(
            text.REPORT_RETAIN,
            share=shown(bar.retain, text, ".1f", 100),
            n=shown(bar.n_retain, text),
        )
        if bar.n_retain
        else escape(text.REPORT_NOT_ASKED)
    )
    return (
        f"<tr><th>{shown(text.CHANGES.get(bar.name, bar.name), text)}</th>"
        f"<td>{shown(text.MODEL_NAMES.get(bar.who, bar.who), text)}</td>"
        f"<td>{shown(bar.forget, text, '.1f', 100)} %</td><td>{shown(bar.n, text)}</td>"
        f"<td>{shown(bar.chance, text, '.0f', 100)} %</td><td>{others}</td></tr>"
    )


def curves(events: Sequence[Event], text: Text) -> Iterator[tuple[str, Any]]:
    """Yield the title and the chart of every attack that trained: forget accuracy by step."""
    import plotly.graph_objects as go

    for result, before in each_attack(events):
        points = [e for e in before if isinstance(e, Curve) and e.forget == e.forget]
        if points:
            yield (
                filled(text.REPORT_CURVE, kind=_kind(result, text)),
                go.Figure(
                    [
                        go.Scatter(
                            x=[e.step for e in points if e.who == who],
                            y=[e.forget for e in points if e.who == who],
                            name=text.MODEL_NAMES.get(who, who),
                        )
                        for who in dict.fromkeys(e.who for e in points)
                    ]
                ),
            )

"""One evaluation in paper mode: every row answers every item, then marks, scores and the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.item_table import FILE, SCORES, UNPARSABLE, Line, Said, table, verdict
from lab.evaluation.models import RETAIN_ONLY
from lab.evaluation.paper import clear, fiu, mllmu, umu
from lab.evaluation.paper.answers import answers
from lab.evaluation.paper.items import Answerer, Kept, ask
from lab.evaluation.paper.metrics import chance
from lab.evaluation.paper.plan import Answer, Asked, Item, Mark, Plan, Protocol
from lab.events.lines import plain
from lab.model.fetch import Report
from lab.model.version import Version

PROTOCOLS: Mapping[str, Protocol] = {
    "mllmu": mllmu.PROTOCOL,
    "clear": clear.PROTOCOL,
    "umu": umu.PROTOCOL,
    "fiu": fiu.PROTOCOL,
}
ANSWERS = "answers.jsonl"


def protocol(benchmark: str) -> Protocol:
    """A benchmark's own protocol; ``LabError`` naming those that have one."""
    if benchmark not in PROTOCOLS:
        raise LabError(
            f"{benchmark} has no published protocol for --mode paper: "
            f"{', '.join(PROTOCOLS)} have one; use --mode clean"
        )
    return PROTOCOLS[benchmark]


def model_answers(row: Version) -> Answerer:
    """How a row's version answers."""

    def answerer(items: Sequence[Item]) -> Iterable[list[tuple[int, Answer]]]:
        with row.on():
            yield from answers(row.loaded, items)

    return answerer


def evaluate(
    benchmark: Benchmark,
    plan: Plan,
    rows: Iterable[Version],
    folder: Path,
    report: Report,
    answerer: Callable[[Version], Answerer] = model_answers,
) -> dict[str, Any]:
    """Ask every row everything, write items.csv and scores.json, and return the latter's object.

    Answers are kept in ``folder`` as they come; what is kept there is not asked again.
    """
    own = protocol(benchmark.name)
    asked = own.items(benchmark, plan)
    if not asked.items:
        raise LabError(
            f"{benchmark.name} has nothing to ask about {plan.target}: choose another, or "
            "fetch the configs that are missing"
        )
    kept = Kept(folder / ANSWERS)
    said = {
        row.name: ask(kept, row.name, row.identity, asked.items, answerer(row), report)
        for row in rows
    }
    marks = {
        name: [own.mark(i, a) for i, a in zip(asked.items, given, strict=True)]
        for name, given in said.items()
    }
    result = _result(benchmark.name, plan, own, asked, marks)
    lines = [
        Line(f"{i.part}_{i.task}", i.id, i.words, i.options or i.compared, i.reference)
        for i in asked.items
    ]
    shown = {
        name: [_said(a, m) for a, m in zip(said[name], marks[name], strict=True)] for name in said
    }
    (folder / FILE).write_text(table(lines, shown), encoding="utf-8")
    (folder / SCORES).write_text(json.dumps(plain(result), indent=1), encoding="utf-8")
    return result


def _said(answer: Answer, mark: Mark) -> Said:
    text = answer if isinstance(answer, str) else " ".join(f"{value:.4f}" for value in answer)
    if mark.parsed is False:
        return Said(text, UNPARSABLE)
    name, value = next(iter(mark.values.items()))
    return Said(text, verdict(value == 1) if name in ("mcq", "cloze") else f"{name} {value:.4f}")


def _result(
    name: str, plan: Plan, own: Protocol, asked: Asked, marks: Mapping[str, Sequence[Mark]]
) -> dict[str, Any]:
    first = next(iter(marks.values()))
    found = {who: scores(asked.items, own_marks) for who, own_marks in marks.items()}
    n = {measure: len(values) for measure, values in scores(asked.items, first).items()}
    rows = {
        who: {measure: sum(v) / len(v) for measure, v in values.items()}
        for who, values in found.items()
    }
    for who, own_marks in marks.items():
        gold = marks.get(RETAIN_ONLY)
        for measure, (value, count) in own.combine(asked.items, own_marks, gold).items():
            rows[who][measure], n[measure] = value, count
    chances = _chances(asked.items, first)
    return {
        "mode": "paper",
        "benchmark": name,
        "protocol": own.source,
        "target": plan.target,
        "shots": plan.shots,
        "seed": plan.seed,
        "rows": rows,
        "n": n,
        "chance": {measure: chances.get(measure) for measure in n},
        "unparsable": {who: unparsable(asked.items, own_marks) for who, own_marks in marks.items()},
        "demos": [{"part": part, "ids": list(ids)} for part, ids in asked.demos.items()],
        "test_pictures": dict(asked.pictures),
    }


def scores(items: Sequence[Item], marks: Sequence[Mark]) -> dict[str, list[float]]:
    """The items' values by measure, in the order they first appear."""
    found: dict[str, list[float]] = {}
    for item, mark in zip(items, marks, strict=True):
        for metric, value in mark.values.items():
            found.setdefault(f"{item.part}_{metric}", []).append(value)
    return found


def unparsable(items: Sequence[Item], marks: Sequence[Mark]) -> dict[str, float]:
    """Share of the items from whose answer no choice could be read, by measure that has choices."""
    found: dict[str, list[bool]] = {}
    for item, mark in zip(items, marks, strict=True):
        if mark.parsed is not None:
            found.setdefault(f"{item.part}_{next(iter(mark.values))}", []).append(not mark.parsed)
    return {measure: sum(missed) / len(missed) for measure, missed in found.items()}


def _chances(items: Sequence[Item], marks: Sequence[Mark]) -> dict[str, float | None]:
    """Mean chance of every measure; None where a metric has none."""
    found: dict[str, list[float | None]] = {}
    for item, mark in zip(items, marks, strict=True):
        for metric in mark.values:
            found.setdefault(f"{item.part}_{metric}", []).append(chance(item, metric))
    return {
        measure: None if None in values else sum(v for v in values if v is not None) / len(values)
        for measure, values in found.items()
    }

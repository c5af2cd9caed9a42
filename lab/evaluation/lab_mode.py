"""One evaluation in clean mode: the lab's own measures, asked of every row of a line-up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.benchmarks.schema import Benchmark
from lab.catalogue import TEXT_ONLY
from lab.evaluation.item_table import FILE, SCORES, Line, Said, table, verdict
from lab.evaluation.measures import chances
from lab.evaluation.models import UNLEARNED, VANILLA
from lab.evaluation.progress import Progress
from lab.evaluation.questions import Ask, Verdict
from lab.evaluation.scores import Baseline, asks_for, card, text_logits_identical
from lab.evaluation.session import Workbench
from lab.events import CLEAN, Answers, Event
from lab.events.lines import plain
from lab.model.fetch import Report
from lab.model.version import Version

NOT_ASKED = Said("", "")


def evaluate(
    bench: Workbench, target: str, rows: Iterable[Version], folder: Path | None, report: Report
) -> dict[str, Any]:
    """Scores, n and chance of every measure, and with ``folder`` the table of single items.

    ``scores`` are the run's where there is one among the rows, else the original's. ``folder``
    keeps the answers as they come: after a cut, what is there is not asked again.
    """
    entity = bench.benchmark.entity(target)
    asked = asks_for(bench.benchmark, entity)
    original = {m: bench.baseline.verdicts(m, asks) for m, asks in asked.items()}
    said: dict[str, Mapping[str, Sequence[Verdict]]] = {}
    for row in rows:
        if row.name == VANILLA:
            said[row.name] = original
            continue
        known = {}
        alike = row.name == UNLEARNED and row.context is None  # a context asks something else
        if alike and text_logits_identical(row, entity):
            known = {m: own for m, own in original.items() if m in TEXT_ONLY}
        due = {
            m: asks
            for m, asks in asked.items()
            if m not in known and (m in TEXT_ONLY or not row.text_only)
        }
        said[row.name] = known | _answered(row, due, folder, report)
    if folder:
        (folder / FILE).write_text(_table(asked, said), encoding="utf-8")
    cards = {name: card(own) for name, own in said.items()}
    shown = cards.get(UNLEARNED, cards[VANILLA])
    result = {
        "mode": CLEAN,
        "entity": target,
        "scores": dict(shown.values),
        "n": dict(shown.n),
        "chance": chances(asked),
        "rows": {name: dict(own.values) for name, own in cards.items()},
    }
    if folder:
        (folder / SCORES).write_text(json.dumps(plain(result), indent=1), encoding="utf-8")
    return result


def _answered(
    row: Version, asked: Mapping[str, Sequence[Ask]], folder: Path | None, report: Report
) -> dict[str, list[Verdict]]:
    """What a row's model says, measure by measure; kept in ``folder`` under what answers."""
    keeper = Baseline(row.loaded, folder / f"answers-{row.identity}.json" if folder else None)
    progress, made = Progress(row.name, sum(map(len, asked.values())), report), {}
    for measure, asks in asked.items():
        with row.on():
            made[measure] = keeper.verdicts(measure, asks)
        progress.add(len(asks))
    return made


def _table(
    asked: Mapping[str, Sequence[Ask]], said: Mapping[str, Mapping[str, Sequence[Verdict]]]
) -> str:
    shown = {
        name: [
            Said(v.answer, verdict(v.mark)) if v else NOT_ASKED
            for m, asks in asked.items()
            for v in own.get(m, [None] * len(asks))
        ]
        for name, own in said.items()
    }
    return table([line(m, ask) for m, asks in asked.items() for ask in asks], shown)


def line(measure: str, ask: Ask) -> Line:
    """A question of a measure as the table shows it."""
    question = ask.question
    return Line(measure, question.id, question.text, question.options, question.answer)


def run_table(benchmark: Benchmark, target: str, events: Iterable[Event]) -> str:
    """The table of a run's own evaluation; "" without one.

    A measure of which the benchmark now asks another number of questions is left out.
    """
    asked = asks_for(benchmark, benchmark.entity(target))
    lines: list[Line] = []
    shown: dict[str, list[Said]] = {"original": [], "unlearned": []}
    for event in events:
        if isinstance(event, Answers) and len(asked.get(event.measure, ())) == len(event.before):
            lines += [line(event.measure, ask) for ask in asked[event.measure]]
            shown["original"] += _told(event.before, event.right_before)
            shown["unlearned"] += _told(event.after, event.right_after)
    return table(lines, shown) if lines else ""


def _told(answers: Sequence[str], right: Sequence[bool | float]) -> list[Said]:
    return [Said(text, verdict(mark)) for text, mark in zip(answers, right, strict=True)]

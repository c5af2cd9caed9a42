"""The part of a run's report that puts the answers of both models side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lab.benchmarks.schema import Benchmark
from lab.evaluation.lab_mode import line
from lab.evaluation.scores import asks_for
from lab.events import Answers, Event
from lab.report.text import Text

# The measures whose answers are shown, and how many questions of each; items.csv has them all.
MEASURES = ("forget_name", "forget_vqa", "forget_qa", "retain_vqa", "retain_qa", "general_qa")
SHOWN = 3


def section(benchmark: Benchmark, target: str, events: Iterable[Event], text: Text) -> str:
    """The heading and the table; "" for a run without kept answers. All words are escaped.

    Of each measure the first questions whose answers differ are shown, then others (our choice).
    A measure of which the benchmark now asks another number of questions is left out.
    """
    said = {e.measure: e for e in events if isinstance(e, Answers)}
    if not said:
        return ""
    asked = asks_for(benchmark, benchmark.entity(target))
    rows = ""
    for measure in MEASURES:
        answers = said.get(measure)
        if answers is None or len(asked.get(measure, ())) != len(answers.before):
            continue
        lines = [line(measure, ask) for ask in asked[measure]]
        for k in _telling(answers)[:SHOWN]:
            rows += _row(
                text.SCORES.get(measure, measure),
                lines[k].question,
                lines[k].reference,
                (answers.before[k], answers.right_before[k]),
                (answers.after[k], answers.right_after[k]),
                text,
            )
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(word)}</th>" for word in text.REPORT_ANSWERS_HEAD)
    return (
        f"<h2>{escape(text.REPORT_ANSWERS)}</h2><p>{escape(text.REPORT_ANSWERS_LEAD)}</p>"
        f"<table><tr>{heads}</tr>{rows}</table>"
    )


def _telling(answers: Answers) -> list[int]:
    """The places of the questions, those first whose verdicts differ."""
    places = range(len(answers.before))
    return sorted(places, key=lambda k: answers.right_before[k] == answers.right_after[k])


def _row(
    measure: str,
    question: str,
    reference: str,
    before: tuple[str, bool | float],
    after: tuple[str, bool | float],
    text: Text,
) -> str:
    cells: Sequence[str] = (measure, question, reference, _said(*before, text), _said(*after, text))
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _said(answer: str, right: bool | float, text: Text) -> str:
    """An answer with its verdict, as a sign and a word, or with its score."""
    if isinstance(right, bool):
        judged = text.RIGHT if right else text.WRONG
    else:
        judged = text.GRADE.format(grade=right)
    return f"{answer or text.REPORT_NOT_KEPT} ({judged})"

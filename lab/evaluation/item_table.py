"""The table of single items: each question, with the answer and the verdict of every model."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.files import inert

FILE, SCORES = "items.csv", "scores.json"  # the table, and what was made of it
RIGHT, WRONG, UNPARSABLE = "right", "wrong", "unparsable"


@dataclass(frozen=True)
class Line:
    """One question: its measure, its words, its options and the right answer."""

    measure: str
    id: str
    question: str
    options: tuple[str, ...]
    reference: str


@dataclass(frozen=True)
class Said:
    """An answer ("" where it was not kept) and its verdict: right, wrong, unparsable or a score."""

    answer: str
    verdict: str


def verdict(mark: bool | float) -> str:
    """The word for true or false, or a score with four decimals."""
    if not isinstance(mark, bool):
        return f"{mark:.4f}"
    return RIGHT if mark else WRONG


def table(lines: Sequence[Line], rows: Mapping[str, Sequence[Said]]) -> str:
    """The items as CSV text, with two columns a row of ``rows``: its answer and its verdict."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [f"{name}_{what}" for name in rows for what in ("answer", "verdict")]
    writer.writerow(map(inert, ["measure", "id", "question", "options", "reference", *columns]))
    for k, line in enumerate(lines):
        said = [cell for row in rows.values() for cell in (row[k].answer, row[k].verdict)]
        writer.writerow(
            map(
                inert,
                [
                    line.measure,
                    line.id,
                    line.question,
                    " | ".join(line.options),
                    line.reference,
                    *said,
                ],
            )
        )
    return out.getvalue()

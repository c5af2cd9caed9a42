"""Is it the face that comes back: the table of another_face.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from assets.build.tables.markdown import (
    Row,
    give_or_take,
    mean,
    mean_of,
    points,
    table,
    under,
    wrapped,
)
from lab.catalogue import TEXT_TAUGHT
from lab.events.relearning import face_heights
from lab.experiments.result_file import read
from lab.experiments.statistics import interval

UNLEARNED = "unlearned"  # as the rows name it
HEAD = (
    *("method", "rate", "unlearned, own face", "unlearned, a stranger's face", "difference"),
    *("text only, own face", "text only, a stranger's face", "difference", "people"),
)


def another_face(folder: Path) -> str:
    """A row a method and rate: the mean share right while relearning, by model and face."""
    held = read(folder / "another_face.json")
    rows = list(_rows(held["rows"])) if held else []
    if not held or not rows:
        return ""
    n = held["rows"][0]["n"]
    words = (
        "Mean share right over steps 0 to 20, mean over people with its 95 % t interval; the "
        f"differences are in points, paired by person. {n} questions a face, three strangers' faces "
        "a person, seed 0;"
    )
    return f"{table(HEAD, rows)}\n\n{under(held, words)}\n\n{wrapped(_parts(held['rows']))}"


def _rows(rows: Sequence[Row]) -> Iterator[list[str]]:
    for method, rate in sorted({(row["method"], row["rate"]) for row in rows}):
        same = [r for r in rows if (r["method"], r["rate"]) == (method, rate)]
        yield [
            f"`{method}`",
            f"x{rate}",
            *_cells(same, UNLEARNED),
            *_cells(same, TEXT_TAUGHT),
            str(len(same)),
        ]


def _parts(rows: Sequence[Row]) -> str:
    """How the recovery at the usual rate over the model without the face splits, in points."""
    usual = [row for row in rows if row["rate"] == 1]
    own, others = _means(usual, UNLEARNED)
    taught, strange = _means(usual, TEXT_TAUGHT)
    whole, any_face = own - taught, others - strange
    face, half = interval([_face(row, UNLEARNED) - _face(row, TEXT_TAUGHT) for row in usual])
    none = abs(face) <= half
    return (
        f"At the usual rate the unlearned model is {points(whole)} points above the model that knows "
        f"the text alone. Of these, {points(any_face)} come with a stranger's face as well, so they are "
        f"not in this person's face. The other {give_or_take(face, half, '')} are in it"
        f"{', which these people cannot tell from none' if none else ''}."
    )


def _face(row: Row, model: str) -> float:
    """What a person's own face comes back with beyond strangers' faces."""
    own, others = face_heights(row["curves"][model])
    return own - others


def _means(rows: Sequence[Row], model: str) -> tuple[float, float]:
    own, others = zip(*(face_heights(row["curves"][model]) for row in rows), strict=True)
    return mean(own), mean(others)


def _cells(rows: Sequence[Row], model: str) -> tuple[str, str, str]:
    own, others = zip(*(face_heights(row["curves"][model]) for row in rows), strict=True)
    return mean_of(own), mean_of(others), mean_of([_face(row, model) for row in rows], "")

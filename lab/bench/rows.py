"""The rows of a counted table: written to a file, read back from it, and shown as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

Row = TypeVar("Row")


def to_csv(rows: Sequence[Any], kind: type[Any]) -> str:
    """Dataclasses of one kind as CSV, its fields as columns."""
    out = io.StringIO()
    sheet = csv.DictWriter(out, [f.name for f in fields(kind)], lineterminator="\n")
    sheet.writeheader()
    sheet.writerows(asdict(row) for row in rows)
    return out.getvalue()


def from_csv(text: str, kind: type[Row]) -> list[Row]:
    """The rows of such a file, every field as a string."""
    return [kind(**row) for row in csv.DictReader(io.StringIO(text))]


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    head, *body = ("| " + " | ".join(cells) + " |" for cells in (heads, *rows))
    return "\n".join([head, "|---" * len(heads) + "|", *body])

"""The part of a run's report that says what its benchmark had lost on reading."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from lab.benchmarks.left_out import some
from lab.report.text import Text

SHOWN_ROWS = 20


def section(left: Mapping[str, Any], text: Text) -> str:
    """The heading, the counts, the splits that lost members and the first rows; "" for nothing.

    ``left``: the value of "left_out" in a run's result. Every word of it is escaped.
    """
    if not left.get("count"):
        return ""
    files = ", ".join(f"{file} {count}" for file, count in left["files"].items())
    people = some(tuple(left["people"])) or text.REPORT_NOBODY
    lead = text.REPORT_LEFT_OUT_LEAD.format(count=left["count"], files=files, people=people)
    said = [lead] + [
        text.REPORT_LEFT_OUT_SPLIT.format(split=split, members=some(tuple(members)))
        for split, members in left["splits"].items()
    ]
    rows = [_row(row, text) for row in left["rows"][:SHOWN_ROWS]]
    if left["count"] > len(rows):
        rows.append(text.REPORT_LEFT_OUT_MORE.format(count=left["count"] - len(rows)))
    return (
        f"<h2>{escape(text.REPORT_LEFT_OUT)}</h2>"
        + "".join(f"<p>{escape(line)}</p>" for line in said)
        + f"<ul>{''.join(f'<li>{escape(row)}</li>' for row in rows)}</ul>"
    )


def _row(row: Mapping[str, Any], text: Text) -> str:
    where = text.REPORT_LEFT_OUT_FILE if row["row"] is None else text.REPORT_LEFT_OUT_ROW
    person = text.REPORT_LEFT_OUT_PERSON.format(person=row["person"]) if row["person"] else ""
    about = {k: row[k] for k in ("file", "row", "column", "reason")}
    return str(where.format(**about, person=person))

"""What the page asks of a reader who arrives: the table of page.json."""

from __future__ import annotations

from pathlib import Path

from assets.build.tables.markdown import percent, table, under
from lab.experiments.result_file import read


def page(folder: Path) -> str:
    held = read(folder / "page.json")
    if not held or not held["rows"]:
        return ""
    rows = [
        [
            row["id"],
            " / ".join(str(n) for n in row["words"]),
            percent(max(row["above"])),
            f"{row['seconds']:.1f} s",
            str(row["clicks"]),
        ]
        for row in held["rows"]
    ]
    words = (
        "With the recorded example. Words in view in steps 1 to 6 before anything is opened; the "
        "largest share of the window above a step's first line; the median of "
        f"{held['fits']['rounds']} fresh browsers from asking for the page to two answers in view;"
    )
    head = ("window", "words", "above", "first answers", "clicks")
    return f"{table(head, rows)}\n\n{under(held, words)}"

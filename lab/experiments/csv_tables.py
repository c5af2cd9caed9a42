"""Tables of results that a spreadsheet may open."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lab.files import inert


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every cell and column name ``inert``; columns of numbers are left alone."""
    words = table.select_dtypes(exclude=["number", "bool"]).columns
    return table.assign(**{name: table[name].map(inert) for name in words}).rename(columns=inert)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain values by column name."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]

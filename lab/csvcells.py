"""Cells of CSV files that a spreadsheet shows as text instead of running them as formulas."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\n")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def inert(cell: Any) -> Any:
    """Text that a spreadsheet would run gets a ``'`` in front; numbers, typed ones too, stay.

    A carriage return becomes a line feed: unlike that one it is written without quotes, so that
    what follows it would begin a row of its own.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every cell and column name ``inert``; columns of numbers are left alone."""
    words = table.select_dtypes(exclude=["number", "bool"]).columns
    return table.assign(**{name: table[name].map(inert) for name in words}).rename(columns=inert)

"""The table of families: it has every family tested, and is written and read."""

from __future__ import annotations

from lab.bench.family_table import FAMILIES, FamilyRow, read, table, written
from lab.model import tiny_models

ROW = FamilyRow("llava", "a", "b", "none", "yes", "7.1 B", "26.3 GiB", "8.2 GiB", "5.3 GiB")


def test_every_tested_family_stands_in_it() -> None:
    rows = read(FAMILIES.read_text(encoding="utf-8"))
    tested = {tiny_models.described(shape)[0].model_type for shape in tiny_models.TINY.values()}
    assert {row.family for row in rows} == tested and len(rows) == len(tested) == 17


def test_a_row_is_written_and_read() -> None:
    assert read(written([ROW])) == [ROW]
    assert table([ROW]).splitlines()[-1] == (
        "| `llava` | `a` | `b` | none | yes | 7.1 B | 26.3 GiB | 8.2 GiB | 5.3 GiB |"
    )

"""The table of published sizes: what its file says is what is counted today."""

from __future__ import annotations

from lab.bench.larger_table import LARGER, LargerRow, measure, read, table, written


def test_the_file_is_what_is_counted() -> None:
    rows = measure()
    assert LARGER.read_text(encoding="utf-8") == written(rows) and read(written(rows)) == rows
    llava = {row.model: row for row in rows}["llava-1.5-7b"]
    # by hand, of 32 layers of width 4096 and MLP width 11008, in 2 bytes: see test_relief for weights
    a_layer = 8 * 4096 + (4 * 4096 + 3 * 11008 + 700) * 2
    kept = 4 * 700 * (32 * a_layer + 4 * 4096)
    assert llava.kept == f"{kept / 1e9:.2f}" == "11.96"
    assert llava.recomputed == f"{(4 * 700 * 32 * 4096 * 2 + kept // 32) / 1e9:.2f}" == "1.11"


def test_a_row_is_a_line_of_the_table() -> None:
    row = LargerRow("a-7b", "14.00", "7.50", "4.25", "12.00", "1.25")
    assert table([row]).splitlines()[-1] == (
        "| `a-7b` | 14.00 GB | 7.50 GB | 4.25 GB | 12.00 GB | 1.25 GB |"
    )

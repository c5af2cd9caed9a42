"""How fast the lab is, and how its cost grows: the tables of bench.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, table, under
from lab.experiments.result_file import read


def speed(folder: Path) -> str:
    held = read(folder / "bench.json")
    if not held or not held["rows"]:
        return ""
    row = held["rows"][0]
    rows = [
        [
            f"{r['what']} ({r['seconds']:.2f} s)",
            f"{r['against']} ({r['against_seconds']:.2f} s)",
            f"{r['ratio']:.2f}",
            r["target"],
            str(r["n"]),
        ]
        for r in row["ratios"]
    ]
    single = [
        ["a delta unpacked, laid on and taken off", f"{row['overlay_ms']:.0f} ms"],
        ["weights that an ended run keeps", f"{row['run_mb']:.1f} MB"],
        ["from the start to an answering page", f"{row['start_seconds']:.1f} s"],
        ["of which the lab's own imports", f"{row['own_import_seconds']:.1f} s"],
        ["peak memory", f"{row['peak_memory_mb']:,} MB"],
    ]
    head = ["what", "against", "ratio", "target", "n"]
    made = under(held, f"Medians of {held['fits']['rounds']} rounds, `{row['quantization']}`;")
    return f"{table(head, rows)}\n\n{table(['what', 'measured'], single)}\n\n{made}"


def growth(folder: Path) -> str:
    held = read(folder / "bench.json")
    if not held or not held["rows"]:
        return ""

    def joined(values: Sequence[float | None]) -> str:
        known = [v for v in values if v is not None]
        return " / ".join(f"{v:,.6g}" for v in known) if known else NONE

    rows = [
        [
            name.replace("_", " "),
            *(joined([p[k] for p in found]) for k in ("n", "seconds", "megabytes", "page_ms")),
        ]
        for name, found in held["rows"][0]["growth"].items()
    ]
    head = ["what grows", "to", "seconds", "MB kept", "ms for the page"]
    return f"{table(head, rows)}\n\n{under(held, 'One pass;')}"

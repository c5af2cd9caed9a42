"""How fast the lab is, and how its cost grows: the tables of bench.json, against.json, sizes.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, Row, table, under, wrapped
from lab.experiments.result_file import read

HEAD = ("what", "against", "ratio", "target", "n")
ROOM = "room_"  # how the ratios of a room of conversations begin, which have a table of their own


def _ratios(ratios: Sequence[Row], room: bool) -> str:
    rows = [
        [
            f"{r['what']} ({r['seconds']:.2f} s)",
            f"{r['against']} ({r['against_seconds']:.2f} s)",
            f"{r['ratio']:.2f}",
            r["target"],
            str(r["n"]),
        ]
        for r in ratios
        if r["name"].startswith(ROOM) == room
    ]
    return table(HEAD, rows) if rows else ""


def room(folder: Path) -> str:
    """Thirty conversations with ten deltas, together against one after another."""
    held = read(folder / "bench.json")
    if not held or not held["rows"]:
        return ""
    made = _ratios(held["rows"][0]["ratios"], True)
    return f"{made}\n\n{under(held, 'Measured once;')}" if made else ""


def speed(folder: Path) -> str:
    held = read(folder / "bench.json")
    if not held or not held["rows"]:
        return ""
    row = held["rows"][0]
    single = [
        ["a delta unpacked, laid on and taken off", f"{row['overlay_ms']:.0f} ms"],
        ["weights that an ended run keeps", f"{row['run_mb']:.1f} MB"],
        ["from the start to an answering page", f"{row['start_seconds']:.1f} s"],
        ["of which the lab's own imports", f"{row['own_import_seconds']:.1f} s"],
        ["peak memory", f"{row['peak_memory_mb']:,} MB"],
    ]
    made = under(held, f"Medians of {held['fits']['rounds']} rounds, `{row['quantization']}`;")
    ratios = _ratios(row["ratios"], False)
    return f"{ratios}\n\n{table(['what', 'measured'], single)}\n\n{made}"


WAITS = {
    "inside": "looking inside",
    "chat_ready": "from the click to a chat with the unlearned model",
    "scorecard": "the full scorecard",
    "attack": "an attack with its controls",
    "attack_again": "the same attack again",
    "both_answers": "two answers beside each other",
    "one_answer": "one answer (ratio: two of today to one of today)",
    "peak_mb": "peak memory of a run",
    "ready": "from the start to a ready model",
}
UNITS = {"seconds": "{:.2f} s", "MB": "{:,.0f} MB"}


def against(folder: Path) -> str:
    """What a visitor waits for before and today, and which aims that reaches, on every machine."""
    return "\n\n".join(map(_against, sorted(folder.glob("against*.json"), reverse=True)))


def _against(path: Path) -> str:
    held = json.loads(path.read_text(encoding="utf-8"))

    def median(tree: str, row: Row) -> str:
        return UNITS[row["unit"]].format(held["figures"][tree][row["name"]]["median"])

    rows = [
        [
            WAITS[row["name"]],
            median("before", row),
            median("today", row),
            NONE if row["name"] == "ready" else f"{row['ratio']:.2f}",  # asked for in seconds
            row["target"],
            "yes" if row["reached"] else "**no**",
            str(row["n"]),
        ]
        for row in held["ratios"]
    ]
    reached = sum(row["reached"] for row in held["ratios"])
    today = held["today"][:7] + (" with changes" if held["today"].endswith("+") else "")
    made = wrapped(
        f"{reached} of {len(rows)} aims are reached. Medians; commit {held['commit'][:7]} and commit "
        f"{today}, person {held['entity']}; {held['device']}; made by `make results`."
    )
    head = ["what", "before", "today", "ratio", "aim", "reached", "n"]
    return f"{table(head, rows)}\n\n{made}"


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


def sizes(folder: Path) -> str:
    """What a published size with random weights takes on a GPU."""
    held = read(folder / "sizes.json")
    if not held or not held["rows"]:
        return ""
    rows = [
        [
            f"`{row['model']}`",
            row["quantization"],
            f"{row['weights_mb'] / 1000:.1f} GB",
            f"{row['peak_memory_mb'] / 1000:.1f} GB",
            *(f"{row['seconds'][part]:.1f} s" for part in ("importance", "fisher", "vkd_step")),
            f"{row['tokens_per_second']:.0f}",
        ]
        for row in held["rows"]
    ]
    first = held["rows"][0]
    words = (
        f"Random weights, {first['tokens_per_picture']} tokens a picture, "
        f"{first['n']['fisher_samples']} Fisher samples a side, batch {first['n']['batch']} with "
        f"{first['n']['retain_batch']} retain pictures, no more than {first['limit_gb']:.0f} GB; n "
        f"{first['n']['steps']} steps and {first['n']['answers']} answers;"
    )
    head = ("model", "bits", "weights", "peak", "importance", "Fisher", "a VKD step", "tokens/s")
    return f"{table(head, rows)}\n\n{under(held, words)}"

"""What is left of plain text: the tables of general.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assets.build.tables.markdown import Held, Row, mean, percent, plain, points, table, under
from lab.experiments.result_file import read
from lab.experiments.statistics import bootstrap

SIDE_BY_SIDE = 20
Pairs = Sequence[tuple[bool, bool]]  # whether a question is answered rightly: untouched, taught
RIGHT: tuple[tuple[str, Callable[[float], str], Callable[[Pairs], float]], ...] = (
    ("General questions right, untouched", percent, lambda pairs: mean([u for u, _ in pairs])),
    ("General questions right, taught", percent, lambda pairs: mean([t for _, t in pairs])),
    ("Taught minus untouched, in points", points, lambda pairs: mean([t - u for u, t in pairs])),
)


def general(folder: Path) -> str:
    held = read(folder / "general.json")
    prompts, questions = _general(held)
    if not held or not prompts:
        return ""
    tokens = sum(r["tokens"] for r in prompts)

    def nats(rows: Sequence[Row]) -> float:
        return sum(r["nats"] for r in rows) / sum(r["tokens"] for r in rows)

    ends = " to ".join(f"{end:.3f}" for end in bootstrap(prompts, nats))
    size = f"{len(prompts)} prompts, {tokens:,} tokens"
    rows = [["KL from the untouched model, nats a token", f"{nats(prompts):.3f}", ends, size]]
    for row in questions:
        pairs = list(zip(row["untouched"], row["taught"], strict=True))
        for words, form, value in RIGHT:
            ends = " to ".join(map(form, bootstrap(pairs, value)))
            rows.append([words, form(value(pairs)), ends, f"{len(pairs)} questions"])
    made = under(held, "Intervals by bootstrap over prompts or questions;")
    return f"{table(['figure', 'value', '95 % interval', 'n'], rows)}\n\n{made}"


def general_answers(folder: Path) -> str:
    held = read(folder / "general.json")
    prompts, _ = _general(held)
    if not held or not prompts:
        return ""
    step = max(1, len(prompts) // SIDE_BY_SIDE)
    rows = [
        ["<br>".join(map(plain, r[who])) for who in ("turns", "untouched", "taught")]
        for r in prompts[::step][:SIDE_BY_SIDE]
    ]
    made = under(
        held,
        f"One in {step} of {len(prompts)} prompts; answers are cut at "
        f"{held['fits']['most_tokens']} tokens;",
    )
    return f"{table(['prompt', 'untouched model', 'taught model'], rows)}\n\n{made}"


def _general(held: Held | None) -> tuple[list[Row], list[Row]]:
    rows = held["rows"] if held else []
    prompts = sorted((r for r in rows if "nats" in r), key=lambda r: str(r["id"]))
    return prompts, [r for r in rows if r["id"] == "questions"]

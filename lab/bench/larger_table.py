"""What models of published sizes need on a GPU, counted from their configs: nothing is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from lab.bench.rows import from_csv, markdown, to_csv
from lab.files import ROOT

LARGER = ROOT / "assets" / "results" / "larger.csv"
ROWS, TOKENS = 4, 700  # of a batch: LLaVA-1.5's 576 of a picture, and two questions with answers
HEADS = (
    "model",
    "weights, none",
    "int8",
    "nf4",
    f"kept going backward, {ROWS} rows of {TOKENS} tokens",
    "where each layer keeps its input alone",
)


@dataclass(frozen=True)
class LargerRow:
    """One published size, in GB (10^9 bytes): its weights by quantisation, and what the language
    model keeps for a backward pass in bfloat16, as usual and ``recomputed`` where memory is short."""

    model: str
    none: str
    int8: str
    nf4: str
    kept: str
    recomputed: str


def measure() -> list[LargerRow]:
    """Count every published size that ``bench --random`` can make; builds each without storage."""
    from lab.model import tiny_models
    from lab.model.published import PUBLISHED

    return [_row(name, tiny_models.described(shape)[0]) for name, shape in PUBLISHED.items()]


def _row(name: str, config: Any) -> LargerRow:
    import torch

    from lab.model.memory import backward_bytes, needed_bytes
    from lab.model.precision import stored_dtype

    gpu = torch.device("cuda")
    none, int8, nf4 = (needed_bytes(config, q, gpu) for q in ("none", "int8", "nf4"))
    text, size = config.get_text_config(), stored_dtype("nf4", gpu).itemsize
    kept = backward_bytes(text, ROWS, TOKENS, size)
    inputs = ROWS * TOKENS * text.num_hidden_layers * text.hidden_size * size
    recomputed = inputs + kept // text.num_hidden_layers  # and one layer at a time as usual
    return LargerRow(name, *(f"{n / 1e9:.2f}" for n in (none, int8, nf4, kept, recomputed)))


def written(rows: Sequence[LargerRow]) -> str:
    """The rows as CSV, as ``assets/results/larger.csv`` has them."""
    return to_csv(rows, LargerRow)


def read(text: str) -> list[LargerRow]:
    """The rows of such a file."""
    return from_csv(text, LargerRow)


def table(rows: Sequence[LargerRow]) -> str:
    """The rows as a Markdown table, as ``docs/results.md`` has it."""
    cells = map(astuple, rows)
    return markdown(HEADS, ([f"`{name}`", *(f"{n} GB" for n in gb)] for name, *gb in cells))

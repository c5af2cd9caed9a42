"""Which families were taken the whole way, how each is read, and what its weights need (by count)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.rows import from_csv, markdown, to_csv
from lab.files import ROOT

FAMILIES = ROOT / "assets" / "results" / "families.csv"


@dataclass(frozen=True)
class FamilyRow:
    """One family, at the sizes that its config class in the library has by default.

    ``words``: what its structure does not tell; ``shared``: whether questions share a picture's
    pass; ``billions``: of parameters; the last three: GiB of weights by quantisation.
    """

    family: str
    tower: str
    projector: str
    words: str
    shared: str
    billions: str
    none: str
    int8: str
    nf4: str


HEADS = (
    "family",
    "vision tower",
    "projector",
    "words it needs",
    "questions share a pass",
    "parameters",
    "none",
    "int8",
    "nf4",
)
# What a family's flow may say for itself, and how a reader would name it.
SAID = {
    "pixels": "picture",
    "given": "picture",
    "fix": "picture",
    "around": "prompt",
    "expand": "prompt",
    "mark": "prompt",
    "template": "template",
    "sees": "mask",
    "crosses": "cross-attention",
    "places": "positions",
    "raster": "map",
}


NOT_COUNTED = "not counted"  # the defaults of some config classes do not fit each other


def measure(say: Callable[[str], None]) -> list[FamilyRow]:
    """Count every family that the tests take the whole way; builds each without storage."""
    from lab.model import tiny_models

    made: dict[str, FamilyRow] = {}
    for shape in tiny_models.TINY.values():
        config, _ = tiny_models.described(shape)
        if config.model_type not in made:
            say(f"counting {config.model_type} …")
            made[config.model_type] = _row(config)
    return [made[kind] for kind in sorted(made)]


def _row(tiny: Any) -> FamilyRow:
    from lab.model.families import family_of
    from lab.model.memory import empty_model
    from lab.model.picture_flow import Flow

    found = family_of(empty_model(tiny))
    own = type(found.flow)
    words = {SAID[name] for name in SAID if getattr(own, name) != getattr(Flow, name)}
    return FamilyRow(
        tiny.model_type,
        found.tower,
        found.projector,
        ", ".join(sorted(words)) or "none",
        "no" if found.flow.sees == "prompt" else "yes",
        *_counted(tiny.model_type),
    )


def _counted(kind: str) -> tuple[str, str, str, str]:
    """Parameters in billions and GiB of weights by quantisation, at the library's default sizes."""
    import torch
    from transformers import CONFIG_MAPPING

    from lab.model.memory import empty_model, needed_bytes

    config = CONFIG_MAPPING[kind]()
    try:
        billions = sum(p.numel() for p in empty_model(config).parameters()) / 1e9
    except ValueError:
        return (NOT_COUNTED,) * 4
    cpu = torch.device("cpu")
    none, int8, nf4 = (needed_bytes(config, q, cpu) / 2**30 for q in ("none", "int8", "nf4"))
    return f"{billions:.1f} B", f"{none:.1f} GiB", f"{int8:.1f} GiB", f"{nf4:.1f} GiB"


def written(rows: Sequence[FamilyRow]) -> str:
    """The rows as CSV, as ``assets/results/families.csv`` has them."""
    return to_csv(rows, FamilyRow)


def read(text: str) -> list[FamilyRow]:
    """The rows of such a file."""
    return from_csv(text, FamilyRow)


def table(rows: Sequence[FamilyRow]) -> str:
    """The rows as a Markdown table, as ``docs/models.md`` has it."""
    return markdown(HEADS, map(_cells, rows))


def _cells(row: FamilyRow) -> list[str]:
    names = (f"`{row.family}`", f"`{row.tower}`", f"`{row.projector}`")
    return [*names, row.words, row.shared, row.billions, row.none, row.int8, row.nf4]

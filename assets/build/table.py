"""What a taught model knows, on held-out views and phrasings: a table, and the answers kept."""

from __future__ import annotations

import json
from pathlib import Path

from lab.benchmarks.schema import Benchmark
from lab.evaluation.questions import (
    choose,
    forget_asks,
    general_asks,
    name_asks,
    picture_asks,
    retain_asks,
    retain_text_asks,
    share,
    text_asks,
)
from lab.evaluation.scores import Baseline
from lab.model.load import Loaded
from lab.model.overlay import weights_hash


def print_table(
    loaded: Loaded, benchmark: Benchmark, keep: Path | None = None, unknown_split: str | None = None
) -> None:
    """Print the table as Markdown; a retain-only model's also for the people it never saw.

    With ``keep`` the verdicts are written there, so that a run need not ask the original again.
    """
    people = benchmark.entities
    baseline = Baseline(loaded)
    rows = {
        "VQA, multiple choice": ("forget_vqa", [a for e in people for a in forget_asks(e)]),
        "VQA, name generated exactly": ("forget_name", [a for e in people for a in name_asks(e)]),
        "Text QA, multiple choice": ("forget_qa", [a for e in people for a in text_asks(e)]),
        "General text, multiple choice": ("general_qa", general_asks(benchmark)),
        "Plain pictures, multiple choice": ("pictures_vqa", picture_asks(benchmark)),
    }
    print(f"{loaded.name} ({loaded.quantization})\n| measure | right | n |\n|---|---|---|")
    for name, (measure, asks) in rows.items():
        verdicts = baseline.correct(measure, asks)
        print(f"| {name} | {100 * sum(verdicts) / len(verdicts):.1f} % | {len(asks)} |", flush=True)
    if unknown_split:
        never = [e for e in people if e.id in benchmark.splits[unknown_split]]
        seen = choose(loaded, [a for e in never for a in forget_asks(e)])
        print(f"| VQA of the people never seen | {100 * share(seen):.1f} % | {len(seen)} |")
    if keep:
        baseline.correct("retain_vqa", retain_asks(benchmark, ""))
        baseline.correct("retain_qa", retain_text_asks(benchmark, ""))
        keep.write_text(
            json.dumps(
                {"base_hash": weights_hash(loaded.model), "verdicts": baseline.known}, indent=0
            )
            + "\n",
            encoding="utf-8",
        )

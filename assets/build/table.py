"""The table of what a taught model knows, measured on held-out views and phrasings."""

from __future__ import annotations

from lab.benchmarks.schema import Benchmark
from lab.evaluate import (Ask, choose, forget_asks, generate, name_asks, picture_asks, share,
                          text_asks)
from lab.model.load import Loaded


def measure(loaded: Loaded, benchmark: Benchmark, views: int = 4) -> dict[str, tuple[float, int]]:
    """Accuracies (share right, n) over all people, general text and plain pictures."""
    people = benchmark.entities
    vqa = [a for e in people for a in forget_asks(e)[: 9 * views]]
    names = [a for e in people for a in name_asks(e)[: 2 * views]]
    rows = {
        "VQA, multiple choice": choose(loaded, vqa),
        "VQA, name generated exactly": generate(loaded, names),
        "Text QA, multiple choice": choose(loaded, [a for e in people for a in text_asks(e)]),
        "General text, multiple choice": choose(loaded, [Ask(q) for q in benchmark.general]),
        "Plain pictures, multiple choice": choose(loaded, picture_asks(benchmark)),
    }
    return {name: (share(verdicts), len(verdicts)) for name, verdicts in rows.items()}


def print_table(loaded: Loaded, benchmark: Benchmark, unknown_split: str | None) -> None:
    """Print the table as Markdown; a retain-only model also for the people it never saw."""
    print("| measure | right | n |\n|---|---|---|")
    for name, (right, n) in measure(loaded, benchmark).items():
        print(f"| {name} | {100 * right:.1f} % | {n} |")
    if unknown_split:
        never = [e for e in benchmark.entities if e.id in benchmark.splits[unknown_split]]
        verdicts = choose(loaded, [a for e in never for a in forget_asks(e)])
        print(f"| VQA of the people never seen | {100 * share(verdicts):.1f} % | {len(verdicts)} |")

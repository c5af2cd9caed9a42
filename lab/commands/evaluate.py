"""python -m lab evaluate: score the original, or a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.commands.common import add_model, preset_of, say

HELP = "score the original, or a run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command can be told."""
    add_model(parser)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--entity")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Scores, n and chance of every measure."""
    from lab.evaluate import chance
    from lab.report import check_folder, read_run
    from lab.scorecard import Card, asks_for, correct, text_logits_identical
    from lab.workbench import open_workbench, read_benchmark

    preset = preset_of(options)
    if options.run:
        check_folder(options.run)
    elif options.entity:
        read_benchmark(preset).entity(options.entity)
    bench = open_workbench(preset, say, options.threads)
    delta: dict = {}
    who = options.entity or bench.benchmark.entities[0].id
    if options.run:
        recipe, _, delta = read_run(options.run, bench.loaded.model, bench.benchmark)
        who = recipe.entity
    entity = bench.benchmark.entity(who)
    asked = asks_for(bench.benchmark, entity)
    card = bench.baseline.card(bench.benchmark, entity)
    if delta:
        same = text_logits_identical(bench.loaded, delta, entity)
        right = {m: correct(bench.loaded, delta, m, asks, bench.baseline.correct(m, asks), same)
                 for m, asks in asked.items()}
        card = Card({m: sum(r) / len(r) for m, r in right.items()}, card.n)
    return {"entity": who, "scores": dict(card.values), "n": dict(card.n),
            "chance": {m: chance(asks) for m, asks in asked.items()}}

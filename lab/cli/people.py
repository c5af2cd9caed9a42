"""python -m lab people: the people who can be forgotten."""

from __future__ import annotations

import argparse
from typing import Any

from lab.cli.common import add_model, preset_of, say_left_out

HELP = "list the people that can be forgotten"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)


def command(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every entity of the benchmark and every own person, with the number of pictures."""
    from lab.evaluation.session import read_benchmark

    benchmark = read_benchmark(preset_of(options))
    say_left_out(benchmark)
    return [
        {
            "id": e.id,
            "name": e.name,
            "benchmark": name,
            "images": len(e.train_images) + len(e.test_images),
        }
        for name, some in ((benchmark.name, benchmark.entities), ("own", benchmark.own))
        for e in some
    ]

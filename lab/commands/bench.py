"""python -m lab bench: speed as ratios."""

from __future__ import annotations

import argparse
from typing import Any

from lab.commands.common import add_model, preset_of, say
from lab.errors import LabError

HELP = "measure speed as ratios"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command can be told."""
    add_model(parser)
    parser.add_argument("--entity", help="whom to measure on (default: the first)")
    parser.add_argument("--rounds", type=int, default=7)


def command(options: argparse.Namespace) -> dict[str, Any] | str:
    """Every ratio and growth table, or the same as a Markdown table."""
    from lab.bench import bench, table
    from lab.workbench import open_workbench, read_benchmark

    preset = preset_of(options)
    if options.rounds < 1:
        raise LabError("--rounds must be 1 or more")
    who = options.entity or read_benchmark(preset).entities[0].id
    read_benchmark(preset).entity(who)
    result = bench(open_workbench(preset, say, options.threads), who, options.rounds, say)
    return result if options.json else table(result)

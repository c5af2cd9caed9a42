"""python -m lab compare: methods over entities and seeds; resumable."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.catalogue import METHODS
from lab.cli.common import (
    add_at_once,
    add_model,
    add_recipe,
    in_processes,
    preset_of,
    recipe_from,
    say,
)
from lab.errors import LabError
from lab.recipe import DEFAULT_STRENGTH, Preset

HELP = "run methods on several people with several seeds; can be resumed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_recipe(parser)
    parser.add_argument("--methods", default="vkd", help="the methods, separated by commas, or all")
    parser.add_argument(
        "--protocol",
        action="store_true",
        help="tune each method on four people, then run and attack it on twelve other people",
    )
    parser.add_argument("--entities", type=int, help="number of people (default 4)")
    parser.add_argument("--seeds", type=int, help="number of seeds (default 1)")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results")
    add_at_once(parser)


def command(options: argparse.Namespace) -> dict[str, Any]:
    """The means over all runs of each method, and how many failed."""
    from lab.experiments.sweep import sweep

    preset = preset_of(options)
    entities = 4 if options.entities is None else options.entities
    seeds = 1 if options.seeds is None else options.seeds
    if entities < 1 or seeds < 1:
        raise LabError("--entities and --seeds must be 1 or more")
    methods = list(METHODS) if options.methods == "all" else options.methods.split(",")
    recipes = [recipe_from(preset, "", m, options.strength, 0, options.set) for m in methods]
    if options.protocol and (
        options.set
        or options.strength != DEFAULT_STRENGTH
        or (options.entities, options.seeds) != (None, None)
    ):
        raise LabError(
            "--protocol has people, seeds and settings of its own: leave out --entities, --seeds, "
            "--set and --strength"
        )
    in_processes(options.at_once)
    if options.protocol:
        return _protocol(options, preset, methods)
    return sweep(preset, recipes, entities, seeds, options.out, options.threads, say)


def _protocol(
    options: argparse.Namespace, preset: Preset, methods: Sequence[str]
) -> dict[str, Any]:
    from lab.evaluation.session import open_workbench
    from lab.experiments.claims import shared
    from lab.experiments.comparison import protocol
    from lab.experiments.comparison_table import write_tables

    bench = open_workbench(preset, say, options.threads)
    typed = (
        f"python -m lab compare --preset {preset.name} --methods {options.methods} --protocol "
        "--out DIR --json"
    )
    for comparison in protocol(bench, preset, methods, options.out, say):
        if shared():  # the process that started this one writes the tables
            continue
        table = write_tables(comparison, options.out, typed)
    if shared():
        return {}
    return {
        "people": comparison["people"],
        "chosen": {method: tuned["chosen"] for method, tuned in comparison["tuned"].items()},
        "table": table.to_dict("records"),
    }

"""python -m lab run: forget one entity and write a run folder."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from lab.cli import log_to
from lab.cli.common import add_language, add_model, add_recipe, preset_of, recipe_from, say
from lab.recipe import Recipe

HELP = "make the model forget one person and write a run folder"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_recipe(parser)
    add_language(parser)
    log_to.add_log(parser)
    parser.add_argument("--entity", required=True, help="the id of the person to forget")
    parser.add_argument("--method", default="vkd", help="the unlearning method (default vkd)")
    parser.add_argument("--seed", default="0", help="the random seed (default 0)")
    parser.add_argument("--out", type=Path, required=True, help="the run folder to write")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Run to the end or to Ctrl-C; a run that failed keeps what it did, if it did anything."""
    from lab.evaluation.session import open_workbench, read_benchmark
    from lab.files import make_writable

    log_to.check(options)
    preset = preset_of(options)
    recipe = recipe_from(
        preset, options.entity, options.method, options.strength, options.seed, options.set
    )
    read_benchmark(preset).target(recipe.entity)
    make_writable(options.out)
    bench = open_workbench(preset, say, options.threads)
    name = f"run-{recipe.entity}-{recipe.method}-seed{recipe.seed}"
    with log_to.log_of(options, name, dataclasses.asdict(recipe)) as log:
        result = _carried_out(options, bench, recipe, log)
        log.end(result)
    return result


def _carried_out(
    options: argparse.Namespace, bench: Any, recipe: Recipe, log: Any
) -> dict[str, Any]:
    from lab.cli.beside import asked_beside
    from lab.evaluation.controls import beside
    from lab.report.diagnosis import as_json, diagnosed
    from lab.report.run_folder import drop_additions, write_result, write_run
    from lab.unlearn.foreground import run_recipe
    from lab.unlearn.outcome import Outcome

    outcome = Outcome(cache=bench.cache)
    events: list[Any] = []
    try:
        run_recipe(bench, recipe, outcome, events, say, hear=log.hear)
        events[-1] = beside(bench, events[-1])
    finally:  # a run that failed after its first update keeps its last good delta too
        if outcome.delta:
            drop_additions(options.out)
            write_run(
                options.out,
                recipe,
                events,
                outcome.delta,
                bench.benchmark,
                bench.preset.name,
                options.language,
            )
    if not outcome.delta:
        say(f"stopped before its first step: nothing is kept, and {options.out} is not written")
    elif more := asked_beside(bench, events):
        events[-1] = more
        write_result(options.out, recipe, events, (), bench.benchmark, options.language)
    result = events[-1].result
    return result | {"diagnosis": as_json(diagnosed(result, recipe), options.language)}

"""python -m lab attack: attack runs in one way, by the whole suite, or over the grid of relearning."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from lab.catalogue import ATTACKS
from lab.cli import log_to
from lab.cli.common import add_at_once, add_model, field_help, in_processes, preset_of, say
from lab.errors import LabError
from lab.recipe import AttackRecipe, Preset, revise

HELP = "attack a run: train it again, round its weights, or change the questions or the pictures"
GRID, SUITE = "grid", "suite"
KINDS = (*ATTACKS, SUITE, GRID)
SUITE_HELP = (
    "suite: every attacker with its controls, those that train at 1, 3 and 10 times --lr, one row "
    "each, and the worst case. With --out it can be resumed."
)
GRID_HELP = (
    "grid: relearn with shares from 1 %% to 100 %% and with every scope, each with the budget of "
    "--steps, --lr and --batch. It needs --out and can be resumed."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    log_to.add_log(parser)
    parser.add_argument(
        "--run",
        type=Path,
        required=True,
        nargs="+",
        action="extend",
        metavar="DIR",
        help="one or more run folders; with several, the mean is also printed",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the folder for the grid's files grid.jsonl and grid.csv, or the suite's suite.jsonl",
    )
    add_at_once(parser)
    for spec in dataclasses.fields(AttackRecipe):
        extra = f" {SUITE_HELP} {GRID_HELP}" if spec.name == "kind" else ""
        parser.add_argument(
            f"--{spec.name.replace('_', '-')}",
            help=f"{field_help(AttackRecipe, spec.name)}{extra} (default {spec.default}, unless the "
            "preset has another)",
        )


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Attack the unlearned model and the controls under the same budget."""
    from lab.cli.attacking import mean, scene_in, suites
    from lab.evaluation.session import open_workbench
    from lab.report.run_folder import check_folder

    preset = preset_of(options)
    plan, many = plan_of(options, preset), options.kind in (GRID, SUITE)
    if options.kind == GRID and not options.out:
        raise LabError("--kind grid needs --out DIR")
    if options.out and not many:
        raise LabError("--out is for --kind grid and --kind suite only")
    if options.at_once > 1 and options.kind != GRID:
        raise LabError("--at-once is for --kind grid only")
    if many and options.log_to:
        where = "keeps its points in grid.csv" if options.kind == GRID else "prints its points"
        raise LabError(f"the {options.kind} {where}: leave --log-to out")
    log_to.check(options)
    for folder in options.run:
        check_folder(folder)
    in_processes(options.at_once)
    bench = open_workbench(preset, say, options.threads)
    scenes = [scene_in(bench, folder) for folder in options.run]
    if options.kind == SUITE:
        return suites(bench, scenes, plan, options.out)
    if options.kind == GRID:
        from lab.experiments.attack_grid import Folder, grid

        folders = [Folder(*s, bench.base_hash) for s in scenes]
        return grid(preset, folders, plan, options.out, say)
    results = [
        _logged(options, folder, scene, plan)
        for folder, (_, scene) in zip(options.run, scenes, strict=True)
    ]
    return results[0] if len(results) == 1 else mean(results)


def plan_of(options: argparse.Namespace, preset: Preset) -> AttackRecipe:
    """The preset's attack with what was typed; raises ``LabError`` for what is not valid."""
    if options.kind not in (None, *KINDS):
        raise LabError(f"unknown attack {options.kind!r}: valid are {', '.join(KINDS)}")
    names = [f.name for f in dataclasses.fields(AttackRecipe)]
    typed = {name: value for name in names if (value := getattr(options, name)) is not None}
    many = options.kind in (GRID, SUITE)
    return revise(preset.attack, typed | ({"kind": "relearn"} if many else {}))


def _logged(options: argparse.Namespace, folder: Path, scene: Any, plan: AttackRecipe) -> Any:
    """One attack on the run in a folder, with a log of its own where one is asked for."""
    from lab.cli.attacking import carried_out

    name = f"attack-{folder.resolve().name}-{plan.kind}-seed{plan.seed}"
    with log_to.log_of(options, name, dataclasses.asdict(plan)) as log:
        result = carried_out(scene, plan, log.hear)
        log.end(result)
    return result

"""python -m lab attack: attack what runs left, in one way or over the whole grid of relearning."""

from __future__ import annotations

import argparse
import dataclasses
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.catalogue import ATTACKS
from lab.cli.common import add_model, preset_of, say
from lab.cli.stored import stored_run
from lab.errors import LabError
from lab.recipe import AttackRecipe, revise

if TYPE_CHECKING:
    from lab.attack import Scene
    from lab.recipe import Recipe

HELP = "attack a run: relearn it, train on others, round it, ask or show otherwise"
GRID = "grid"
GRID_HELP = ("grid: relearn with shares from 1 %% to 100 %% and every scope under the budget of --steps, "
             "--lr and --batch; needs --out, resumable.")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command can be told."""
    add_model(parser)
    parser.add_argument("--run", type=Path, required=True, nargs="+", metavar="DIR",
                        help="run folders; of several the mean is given, too")
    parser.add_argument("--out", type=Path, help="the grid's folder: grid.jsonl and grid.csv")
    for spec in dataclasses.fields(AttackRecipe):
        extra = f" {GRID_HELP}" if spec.name == "kind" else ""
        parser.add_argument(f"--{spec.name.replace('_', '-')}", default=str(spec.default),
                            help=f"{spec.metadata['help']}{extra} (default {spec.default})")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Attack the unlearned model and the control under the same budget."""
    from lab.report.run_folder import check_folder
    from lab.evaluation.session import open_workbench

    told = {f.name: getattr(options, f.name) for f in dataclasses.fields(AttackRecipe)}
    if options.kind not in (*ATTACKS, GRID):
        raise LabError(f"unknown attack {options.kind!r}: valid are {', '.join((*ATTACKS, GRID))}")
    whole = options.kind == GRID
    plan = revise(AttackRecipe(), told | ({"kind": "relearn"} if whole else {}))
    if whole != bool(options.out):
        raise LabError("--kind grid needs --out DIR" if whole else "--out is for --kind grid only")
    for folder in options.run:
        check_folder(folder)
    preset = preset_of(options)
    bench = open_workbench(preset, say, options.threads)
    scenes = [_scene(bench, folder) for folder in options.run]
    if whole:
        from lab.experiments.attack_grid import Folder, grid

        return grid(preset, [Folder(*s) for s in scenes], plan, options.out, say)
    results = [_one(scene, plan) for _, scene in scenes]
    return results[0] if len(results) == 1 else _mean(results)


def _scene(bench: Any, folder: Path) -> tuple[Recipe, Scene]:
    from lab.attack import scene_of
    from lab.evaluation.models import UNLEARNED
    from lab.model.version import Version

    stored = stored_run(bench, folder)
    recipe = stored.head.recipe
    digest = sha256((folder / "delta.safetensors").read_bytes()).hexdigest()
    left = Version(UNLEARNED, bench.loaded, stored.delta, identity=digest)
    return recipe, scene_of(bench, recipe, left, say)


def _one(scene: Scene, plan: AttackRecipe) -> dict[str, Any]:
    """Carry out one attack, saying every figure as it comes."""
    from lab.attack import Relearned, attack
    from lab.events import Bar, Curve

    event: Any = None
    for event in attack(scene, plan, Relearned(), lambda: False):
        if isinstance(event, Curve) and event.forget == event.forget:
            say(f"{event.who} step {event.step}: forget {event.forget:.2f}")
        elif isinstance(event, Bar):
            others = f", retain {event.retain:.2f}" if event.n_retain else ""
            say(f"{event.who} {event.name}: forget {event.forget:.2f}{others}")
    return event.result


def _mean(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean over several runs of what every attack's result says, and each result."""
    keys = ("before", "after", "gain", "vanilla", "vanilla_gap")
    return {"kind": results[0]["kind"], "runs": len(results),
            "mean": {k: sum(r[k] for r in results) / len(results) for k in keys}, "each": results}

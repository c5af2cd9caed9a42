"""python -m lab attack: relearn a run's target from a share of its samples."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from lab.commands.common import add_model, preset_of, say
from lab.recipe import AttackRecipe, revise

HELP = "relearn a run's target from a share of its samples"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command can be told."""
    add_model(parser)
    parser.add_argument("--run", type=Path, required=True)
    for spec in dataclasses.fields(AttackRecipe):
        parser.add_argument(f"--{spec.name.replace('_', '-')}", default=str(spec.default),
                            help=f"{spec.metadata['help']} (default {spec.default})")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Attack the unlearned model and the control under the same budget."""
    from lab.attack import Relearned, Victim, attack, control_victim
    from lab.report import check_folder, read_run
    from lab.scorecard import asks_for
    from lab.unlearn.events import Curve
    from lab.workbench import open_workbench

    plan = revise(AttackRecipe(), {f.name: getattr(options, f.name)
                                   for f in dataclasses.fields(AttackRecipe)})
    check_folder(options.run)
    bench = open_workbench(preset_of(options), say, options.threads)
    recipe, _, delta = read_run(options.run, bench.loaded.model, bench.benchmark)
    entity = bench.benchmark.entity(recipe.entity)
    reference, unknown = bench.reference(say)
    verdicts = bench.baseline.correct("forget_vqa", asks_for(bench.benchmark, entity)["forget_vqa"])
    event: Any = None
    for event in attack(Victim("unlearned", bench.loaded, delta, entity),
                        control_victim(reference, unknown, bench.benchmark, entity.id),
                        sum(verdicts) / len(verdicts), plan, recipe.blocks, Relearned(), lambda: False):
        if isinstance(event, Curve) and event.forget == event.forget:
            say(f"{event.who} step {event.step}: forget {event.forget:.2f}")
    return event.result

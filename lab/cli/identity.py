"""python -m lab identity: at which depth the person of a run is still recognised."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from lab.cli.common import add_model, preset_of, say

HELP = "show at which depth a run's target is still recognised"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument("--run", type=Path, required=True, help="the run folder")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """The curves over depth of the original, the unlearned model and the control."""
    from lab.attack import control_victim
    from lab.cli.stored import stored_run
    from lab.evaluation.models import UNLEARNED
    from lab.evaluation.probing import identity
    from lab.evaluation.session import open_workbench
    from lab.model.version import Version
    from lab.report.run_folder import check_folder

    check_folder(options.run)
    bench = open_workbench(preset_of(options), say, options.threads)
    stored = stored_run(bench, options.run)
    entity = bench.benchmark.entity(stored.head.recipe.entity)
    control = control_victim(*bench.reference(say), bench.benchmark, entity.id)
    subjects = [
        (Version("original", bench.loaded), entity),
        (Version(UNLEARNED, bench.loaded, stored.delta), entity),
        *([(control.version, control.entity)] if control else []),
    ]
    curves = [identity(version, bench.benchmark, who) for version, who in subjects]
    return {
        "entity": entity.id,
        "control_entity": control.entity.id if control else None,
        "curves": [dataclasses.asdict(c) for c in curves],
    }

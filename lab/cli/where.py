"""python -m lab where: at which depth a run lost its answers, and how far its weights have moved."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from lab.cli.common import add_language, add_model, preset_of, say

HELP = "show where in the visual module a run lost its answers about the person"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_language(parser)
    parser.add_argument("--run", type=Path, required=True, help="the run folder")


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Patching both ways, distance and line; the folder's metrics and report get them too."""
    from lab.cli.stored import stored_run
    from lab.evaluation.models import UNLEARNED
    from lab.evaluation.patching import questions_of
    from lab.evaluation.progress import Progress
    from lab.evaluation.session import open_workbench
    from lab.evaluation.where import total, where
    from lab.events import Done
    from lab.events.where import with_where
    from lab.model.version import Version
    from lab.report.attack_folder import attacks_of
    from lab.report.run_folder import check_folder, write_result

    check_folder(options.run)
    bench = open_workbench(preset_of(options), say, options.threads)
    stored = stored_run(bench, options.run)
    recipe, events = stored.head.recipe, list(stored.events)
    entity = bench.benchmark.entity(recipe.entity)
    left = Version(UNLEARNED, bench.loaded, stored.delta)
    asked = Progress("where", total(left, questions_of(bench.benchmark, entity)), say)
    steps = where(left, bench.benchmark, entity)
    while True:
        try:
            asked.add(next(steps))
        except StopIteration as end:
            found = end.value
            break
    if events and isinstance(done := events[-1], Done):
        events[-1] = with_where(done, found)
        attacks = attacks_of(options.run, stored.head)
        write_result(options.run, recipe, events, attacks, bench.benchmark, options.language)
    return dataclasses.asdict(found)

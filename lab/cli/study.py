"""python -m lab study: an open question about VKD, answered by runs; resumable."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.cli.common import add_at_once, add_model, in_processes, preset_of, say
from lab.errors import LabError
from lab.experiments.studies import study_of
from lab.report.text import catalogue

HELP = "answer an open question about VKD with runs; can be resumed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    words = catalogue().STUDY_WORDS
    parser.add_argument("name", help="; ".join(f"{name}: {words[name][0]}" for name in words))
    add_model(parser)
    parser.add_argument(
        "--entities",
        type=int,
        default=4,
        help="number of people, chosen by a fixed rule (default 4)",
    )
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds (default 1)")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results")
    add_at_once(parser)


def command(options: argparse.Namespace) -> dict[str, Any]:
    """The answer, one entry a variant; NAME.csv and NAME-runs.csv are written to ``--out``."""
    from lab.evaluation.session import open_workbench, read_benchmark
    from lab.experiments.run_study import carry_out, chosen
    from lab.files import make_writable

    study, preset = study_of(options.name), preset_of(options)
    if options.seeds < 1:
        raise LabError("--seeds must be 1 or more")
    chosen(read_benchmark(preset), options.entities)
    make_writable(options.out)
    if options.at_once > 1 and study.kind == "timed":
        raise LabError(f"the study {study.name} times its steps: leave out --at-once")
    in_processes(options.at_once)
    typed = (
        f"python -m lab study {study.name} --preset {preset.name} --entities {options.entities} "
        f"--seeds {options.seeds} --out DIR --json"
    )
    return carry_out(
        study,
        open_workbench(preset, say, options.threads),
        options.entities,
        options.seeds,
        options.out,
        typed,
        say,
    )

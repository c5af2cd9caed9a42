"""python -m lab evaluate: score the original, a run and the models beside them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.cli.common import add_model, preset_of, say
from lab.errors import LabError

HELP = "score the original model, or a run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument(
        "--mode",
        default="clean",
        choices=("clean", "paper"),
        help="clean: the measures of this lab; paper: the benchmark's published prompts "
        "and marking (default clean)",
    )
    parser.add_argument("--run", type=Path, help="the run folder to score")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--entity", help="the person to score")
    target.add_argument("--split", help="a forget split, such as forget_5")
    parser.add_argument("--retain-only", metavar="MODEL", help="a model that never knew the target")
    parser.add_argument("--base", metavar="MODEL", help="the model before it was taught any person")
    parser.add_argument(
        "--shots",
        default="published",
        choices=("published", "zero"),
        help="paper mode: use the published examples in the prompt, or none",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="paper mode: the seed for everything that is drawn at random",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the folder for items.csv and scores.json; an interrupted command goes on there",
    )


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Scores, n and chance of every measure, by row."""
    from lab.cli.stored import stored_run
    from lab.evaluation.models import Others, lineup
    from lab.evaluation.session import open_workbench, read_benchmark
    from lab.files import make_writable
    from lab.report.run_folder import check_folder

    preset = preset_of(options)
    named = options.split or options.entity
    if options.mode == "paper":
        from lab.evaluation.paper.paper_mode import protocol

        protocol(preset.benchmark)
        if not options.out:
            raise LabError(
                "--mode paper keeps every answer as it comes: give a folder with --out DIR"
            )
    if options.run:
        check_folder(options.run)
    elif named:
        read_benchmark(preset).target(named)
    if options.out:
        make_writable(options.out)
    bench = open_workbench(preset, say, options.threads)
    delta: dict[str, Any] = {}
    if options.run:
        stored = stored_run(bench, options.run)
        delta, forgot = stored.delta, stored.head.recipe.entity
        if named not in (None, forgot):
            raise LabError(
                f"{options.run} forgot {forgot}, not {named}: leave --entity and --split out"
            )
        named = forgot
    first = bench.benchmark.entities[0].id
    if options.mode == "paper":
        first = next(iter(bench.benchmark.targets), first)
    target = named or first
    if not options.run:
        bench.benchmark.target(target)
    rows = lineup(bench, target, delta, Others(options.retain_only, options.base), say)
    if options.mode == "clean":
        from lab.evaluation import lab_mode

        return lab_mode.evaluate(bench, target, rows, options.out, say)
    from lab.evaluation.paper.paper_mode import evaluate
    from lab.evaluation.paper.plan import Plan

    return evaluate(
        bench.benchmark, Plan(target, options.shots, options.seed), rows, options.out, say
    )

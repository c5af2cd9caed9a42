"""python -m lab bench: speed as ratios, or what a model of some size needs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.cli.common import add_model, preset_of, say
from lab.cli.engines import MOST_REPLICAS
from lab.errors import LabError

HELP = "measure speed as ratios, or the time and memory for a model of some size (--random)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument("--entity", help="the person to measure with (default: the first)")
    parser.add_argument("--rounds", type=int, default=7, help="how often to measure (default 7)")
    parser.add_argument(
        "--random",
        metavar="SIZE",
        help="use a model of a published size with random "
        "weights: llava-1.5-7b, qwen2-vl-2b, qwen2-vl-7b, smolvlm-500m, or tiny-KIND",
    )
    parser.add_argument(
        "--families",
        action="store_true",
        help="count the memory of every tested family and write assets/results/families.csv",
    )
    parser.add_argument(
        "--replicas",
        metavar="N,N",
        help="measure serve --engine ray with so many replicas, as 1,2,4, on a tiny model, and write "
        "assets/results/replicas.csv",
    )
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="do the same work in an earlier commit and in this checkout, in turn; needs --out",
    )
    parser.add_argument(
        "--out", type=Path, help="with --against: the folder to write; goes on where it was"
    )
    parser.add_argument(
        "--parts",
        default="start,answers,steps,memory",
        help="with --against: what to measure (default start,answers,steps,memory)",
    )
    parser.add_argument(
        "--memory",
        type=float,
        default=0.0,
        metavar="GB",
        help="with --random: use no more of the GPU's memory than this",
    )


def command(options: argparse.Namespace) -> dict[str, Any] | str:
    """Every ratio and growth table or one size's row, or the same as a Markdown table."""
    if options.rounds < 1:
        raise LabError("--rounds must be 1 or more")
    if bool(options.against) != bool(options.out):
        raise LabError("--against COMMIT and --out DIR belong together")
    if options.against:
        return _against(options)
    if options.random:
        return _size(options)
    if options.families:
        return _families(options)
    if options.replicas:
        return _replicas(options)
    from lab.bench.speed import bench, table
    from lab.evaluation.session import open_workbench, read_benchmark

    preset = preset_of(options)
    who = options.entity or read_benchmark(preset).entities[0].id
    read_benchmark(preset).entity(who)
    result = bench(open_workbench(preset, say, options.threads), who, options.rounds, say)
    return result if options.json else table(result)


def _against(options: argparse.Namespace) -> dict[str, Any] | str:
    from lab.bench.against import compare
    from lab.bench.aims import table
    from lab.evaluation.session import read_benchmark

    benchmark = read_benchmark(preset_of(options))
    who = benchmark.entity(options.entity or benchmark.entities[0].id).id
    parts = options.parts.split(",")
    result = compare(options.against, who, options.rounds, parts, options.out, say)
    return result if options.json else table(result)


def _size(options: argparse.Namespace) -> dict[str, Any] | str:
    import torch

    from lab.bench.model_sizes import measure, table

    if options.threads:
        torch.set_num_threads(options.threads)
    result = measure(
        options.random, options.quantization or "none", options.rounds, options.memory, say
    )
    return result if options.json else table(result)


def _families(options: argparse.Namespace) -> dict[str, Any] | str:
    from dataclasses import asdict

    from lab.bench.family_table import FAMILIES, measure, table, written
    from lab.files import put

    rows = measure(say)
    put(FAMILIES, written(rows))
    return {"families": [asdict(row) for row in rows]} if options.json else table(rows)


def _replicas(options: argparse.Namespace) -> dict[str, Any] | str:
    from dataclasses import asdict

    from lab.bench.replica_table import table, written
    from lab.bench.replicas import REPLICAS, measure
    from lab.files import put

    words = options.replicas.split(",")
    if not all(word.isdigit() and 0 < int(word) <= MOST_REPLICAS for word in words):
        raise LabError(f"--replicas {options.replicas}: write numbers to {MOST_REPLICAS}, as 1,2,4")
    rows = measure([int(word) for word in words], say)
    put(REPLICAS, written(rows))
    return {"replicas": [asdict(row) for row in rows]} if options.json else table(rows)

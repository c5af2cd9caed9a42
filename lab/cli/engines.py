"""Which engine is behind the page: one worker in this process, or replicas in a Ray cluster."""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Callable
from typing import Any

from lab.errors import LabError
from lab.recipe import Preset

LOCAL, RAY = "local", "ray"
MOST_REPLICAS = 64


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose the engine."""
    parser.add_argument(
        "--engine",
        choices=(LOCAL, RAY),
        default=LOCAL,
        help="who does the work: this process (default), or replicas in a Ray cluster",
    )
    parser.add_argument(
        "--replicas",
        type=int,
        default=0,
        metavar="N",
        help="with --engine ray: how many (default 1)",
    )
    parser.add_argument(
        "--address",
        default="",
        help="with --engine ray: the cluster to join, as HOST:PORT or auto (default: start one here)",
    )


def check_engine(options: argparse.Namespace) -> None:
    """Raise ``LabError`` where the arguments do not fit together."""
    if options.engine == LOCAL and (options.replicas or options.address):
        raise LabError(
            "--replicas and --address belong to --engine ray: add that, or leave them out"
        )
    if options.engine == RAY and getattr(options, "allow_change", None):  # a flag of serve alone
        raise LabError("--engine ray keeps its model: leave --allow-change out")
    if not 0 <= options.replicas <= MOST_REPLICAS:
        raise LabError(f"--replicas {options.replicas} is not a number from 1 to {MOST_REPLICAS}")


def open_engine(
    options: argparse.Namespace,
    preset: Preset,
    say: Callable[[str], None],
    open_bench: Any,
    fixed: bool,
    alone: bool,
) -> Any:
    """The engine, which loads its model in the background."""
    if options.engine == RAY:
        return _with_replicas(options, preset, say, alone)
    from lab.serve.local import LocalEngine

    return LocalEngine(
        preset,
        options.threads,
        say,
        open_bench=open_bench,
        text=options.language,
        fixed=fixed,
        alone=alone,
        remember=True,
    )


def _with_replicas(
    options: argparse.Namespace, preset: Preset, say: Callable[[str], None], alone: bool
) -> Any:
    from lab.serve.cluster import RayCluster
    from lab.serve.ray_engine import RayEngine

    gc.enable()  # no model is opened in this process
    replicas = options.replicas or 1
    here = 0 if options.address else max(1, (os.cpu_count() or 1) // replicas)
    return RayEngine(
        preset,
        lambda plan: RayCluster(plan, replicas, options.address),
        replicas,
        options.threads or here,
        say,
        text=options.language,
        alone=alone,
        remember=True,
    )

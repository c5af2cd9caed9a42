"""The arguments and the log of commands that can send their numbers to another tool."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.cli.common import say
from lab.report.log_to import PACKAGES, Log, check_log, opened

SHOWN = {
    "csv": "{folder}/{name}.csv",
    "tensorboard": "{folder}/{name}, to be seen with: tensorboard --logdir {folder}",
    "trackio": "{folder}, to be seen with: TRACKIO_DIR={folder} trackio show",
}


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where curves and results go besides."""
    parser.add_argument(
        "--log-to",
        choices=tuple(PACKAGES),
        help="write curves and results for this tool, too; csv needs no further package",
    )
    parser.add_argument(
        "--log-dir",
        type=Path,
        default=Path("logs"),
        metavar="DIR",
        help="the folder for --log-to (default logs)",
    )


def check(options: argparse.Namespace) -> None:
    """Raise ``LabError`` before any work where the log could not be written."""
    if options.log_to:
        check_log(options.log_to)


@contextmanager
def log_of(options: argparse.Namespace, name: str, settings: Mapping[str, Any]) -> Iterator[Log]:
    """The log that the command line asks for; one that keeps nothing where it asks for none."""
    if not options.log_to:
        yield Log(lambda step, values: None)
        return
    name = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    with opened(options.log_to, options.log_dir, name, settings) as log:
        yield log
    say("logged to " + SHOWN[options.log_to].format(folder=options.log_dir, name=name))

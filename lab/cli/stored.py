"""Reads a run folder for a command, and prints its note to stderr."""

from __future__ import annotations

from pathlib import Path

from lab.cli.common import say
from lab.evaluation.session import Workbench
from lab.report.run_folder import Stored, read_run


def stored_run(bench: Workbench, folder: Path) -> Stored:
    """The run in ``folder``, fitted to the loaded model; raises ``LabError``."""
    stored = read_run(folder, bench.loaded.base, bench.benchmark)
    if stored.head.note:
        say(f"{folder}: {stored.head.note}")
    return stored

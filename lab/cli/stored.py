"""Reading a run folder for a command: what a reader must know of it goes to stderr."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.common import say

if TYPE_CHECKING:
    from lab.report.run_folder import Stored
    from lab.evaluation.session import Workbench


def stored_run(bench: Workbench, folder: Path) -> Stored:
    """The run in ``folder``, fitted to the loaded model; raises ``LabError``."""
    from lab.report.run_folder import read_run

    stored = read_run(folder, bench.loaded.base, bench.benchmark)
    if stored.head.note:
        say(f"{folder}: {stored.head.note}")
    return stored

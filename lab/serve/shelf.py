"""Run folders on disk: what a restart, a crash or a download finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from re import fullmatch

import yaml
from torch.nn import Module

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.model.sparse import to_sparse
from lab.report.run_folder import read_run, write_run
from lab.serve.runs import ENDED, Run, RunStore
from lab.unlearn.events import Done

MAX_KEPT = 100  # about 20 MB each; the oldest go first


class Shelf:
    """Writes ended runs to ``folder/RUN_ID`` and reads them back into the store."""

    def __init__(self, folder: Path, store: RunStore, benchmark: Callable[[], Benchmark]) -> None:
        self.folder, self.store, self.benchmark = folder, store, benchmark

    def write(self, run: Run, preset: str, model: Module) -> Path:
        """Write a run with the attacks made on it; raises ``LabError`` without disk space."""
        attacks = [r for r in self.store.all() if r.parent == run.id and r.state in ENDED]
        folder = self.folder / run.id
        write_run(folder, run.recipe, run.events, run.delta(model), self.benchmark(), preset,
                  [e for r in attacks for e in r.events])
        kept = sorted((p for p in self.folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in kept[:-MAX_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        return folder

    def read(self, folder: Path, model: Module, run_id: str | None = None) -> Run:
        """Read a run folder into the store, under the id it had or a new one."""
        recipe, events, delta = read_run(folder, model, self.benchmark())
        run = self.store.add("unlearn", recipe, run_id=run_id)
        run.packed = to_sparse(delta, model)
        run.events.extend(events)
        stopped = any(isinstance(e, Done) and e.reason == "stopped" for e in events)
        self.store.finish(run, "stopped" if stopped else "finished")
        return run

    def find(self, run_id: str) -> Path | None:
        """The folder of a run that is no longer in memory (ids are 16 hex digits, never paths)."""
        if self.store.has(run_id) or not fullmatch(r"[0-9a-f]{16}", run_id):
            return None
        folder = self.folder / run_id
        return folder if folder.is_dir() else None


def nothing_yet(run: Run) -> None:
    """Refuse to hand out a run that has no result; raises ``LabError``."""
    if run.state not in ENDED or not run.changed:
        raise LabError("this run has nothing to download yet: wait until it has ended")


def drop_runs(folder: Path, entity: str) -> None:
    """Delete the stored runs about an entity: each report holds its name and a picture."""
    for path in folder.glob("*/recipe.yaml"):
        try:
            about = yaml.safe_load(path.read_text(encoding="utf-8"))["entity"]
        except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
            continue
        if about == entity:
            shutil.rmtree(path.parent, ignore_errors=True)

"""What waits and what runs, in a file: a lab that was killed goes on with it at its next start."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from re import fullmatch
from typing import Any

from lab.errors import LabError
from lab.files import put, read_lines
from lab.recipe import AttackRecipe, Recipe, revise
from lab.serve.menu import Choice
from lab.serve.restored import ID
from lab.serve.runs import MOST_LOST, Run, RunStore
from lab.serve.turns import Turns
from lab.serve.views import ENDED, RunKind

KINDS: tuple[RunKind, ...] = ("inspect", "unlearn", "attack")  # a change of the model is not kept
LOST_HERE = "the lab ended {count} times while it did this run: try lighter settings"
BEGUN_ANEW = "the lab ended while this run was under way, so it begins anew"
OTHER_MODEL = "it was to be done with another model ({model} with {benchmark})"
UNREADABLE = "what is kept of it cannot be read"


class Remembered:
    """Keeps the runs that have not ended in ``file``, those under way first, then in their order.

    Only one process does so for a folder: in any other, nothing is kept and nothing is taken up.
    ``loaded``: what is loaded, or is being loaded at the start.
    """

    def __init__(
        self, file: Path, store: RunStore, turns: Turns[Run], loaded: Callable[[], Choice]
    ) -> None:
        self._file, self._store, self._turns, self._loaded = file, store, turns, loaded
        self._lock = threading.Lock()
        self._held = _held(file.parent)

    def take_up(self, queue: Callable[[Run], None], report: Callable[[str], None]) -> None:
        """Queue what an earlier process left, and keep what is there from now on.

        ``queue``: raises ``LabError`` for a run that cannot be done any more, which is reported.
        """
        if not self._held:
            return
        for row in read_lines(self._file):
            try:
                run = self._run(row)
                if self._store.has(run.id):
                    continue  # it had ended, and only this file did not say so yet
                queue(run)
                if run.lost >= MOST_LOST and self._turns.remove(run):
                    self._store.finish(run, "failed", LOST_HERE.format(count=run.lost))
            except LabError as error:
                report(f"lab: a run that waited when the lab ended is dropped: {error}")
        self._store.changed = self._keep
        self._keep()

    def _run(self, row: dict[str, Any]) -> Run:
        """A run as it waited; one that was under way has lost what did it once more."""
        try:
            kind, recipe = row["kind"], revise(Recipe(), row["recipe"])
            attack = row["attack"] and revise(AttackRecipe(), row["attack"])
            run = Run(row["id"], kind, recipe, attack, row["parent"], row["visitor"])
            run.lost = int(row["lost"]) + bool(row["running"])
            run.note, loaded = BEGUN_ANEW if row["running"] else "", Choice(**row["loaded"])
            whole = kind in KINDS and fullmatch(ID, run.id) and (kind == "attack") == bool(attack)
        except (KeyError, TypeError, ValueError, AttributeError):
            whole = False
        if not whole:
            raise LabError(UNREADABLE)
        if loaded != self._loaded():
            raise LabError(OTHER_MODEL.format(model=loaded.model, benchmark=loaded.benchmark))
        return run

    def _keep(self) -> None:
        """Write down what has not ended now, whole or not at all."""
        with self._lock:
            place = {run.id: k for k, run in enumerate(self._turns.order())}
            left = [r for r in self._store.all() if r.state not in ENDED and r.kind in KINDS]
            left.sort(key=lambda run: place.get(run.id, -1))
            rows = [json.dumps(self._row(run)) + "\n" for run in left]
            with contextlib.suppress(OSError):  # on a full disk the runs themselves still go on
                put(self._file, "".join(rows), private=True)

    def _row(self, run: Run) -> dict[str, Any]:
        return {
            "id": run.id,
            "kind": run.kind,
            "recipe": asdict(run.recipe),
            "attack": asdict(run.attack) if run.attack else None,
            "parent": run.parent,
            "visitor": run.visitor,
            "running": run.state == "running",
            "lost": run.lost,
            "loaded": asdict(self._loaded()),
        }


def _held(folder: Path) -> bool:
    """Lock a folder until this process ends; False where another process has it."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            os.close(handle)
    return False

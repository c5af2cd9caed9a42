"""The folders of runs on disk: taken into the store without events and weights, or deleted."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from re import fullmatch
from typing import Any

from lab.errors import LabError
from lab.events import Done, last_result
from lab.events.lines import plain
from lab.recipe.flat_yaml import read_flat
from lab.report.attack_folder import read_attack_head
from lab.report.run_folder import ATTACKS, DELTA, METRICS, RECIPE, Head, read_head, stopped_at_once
from lab.serve.runs import Run, RunStore
from lab.serve.views import RunState, Trace

ID = r"[0-9a-f]{16}(?:[0-9a-f]{16})?"  # of before ids were longer, and of now


def run_folders(folder: Path) -> list[Path]:
    """The folders of the runs that are stored in a folder."""
    if not folder.is_dir():
        return []
    return [p for p in folder.iterdir() if p.is_dir() and fullmatch(ID, p.name)]


def folders_of(folder: Path, run_id: str) -> list[Path]:
    """Where a run or an attack is among the stored ones, or would be; [] for what is no id."""
    if not fullmatch(ID, run_id):
        return []
    return [folder / run_id, *folder.glob(f"*/{ATTACKS}/{run_id}")]


def traces(folder: Path) -> list[Trace]:
    """The runs and attacks that are stored in a folder, those too whose files cannot be read."""
    found = []
    for path in run_folders(folder):
        inside = [p for p in (path / ATTACKS).glob("*") if fullmatch(ID, p.name)]
        with contextlib.suppress(OSError):  # it is being deleted
            entity = about(path)
            found.append(Trace(path.name, None, entity, "finished", _ended(path)))
            found += [Trace(p.name, path.name, entity, "finished", _ended(p)) for p in inside]
    return found


def add_stored(path: Path, store: RunStore) -> None:
    """Add the run in a folder and its attacks to the store, where they are not in it yet.

    A run that is in it gets what another process has put into its result since.
    """
    here = {run.id: run for run in store.all()}
    for run in light_runs(path):
        if run.id in here:
            here[run.id].add_to_end(partial(_with_told, told=last_result(run.events)))
        else:
            store.add(run)


def _with_told(done: Done, told: Mapping[str, Any]) -> Done:
    return replace(done, result={**told, **done.result})


def light_runs(path: Path) -> list[Run]:
    """The run in a folder and the attacks on it; none where the folder cannot be read."""
    try:
        head = read_head(path)
    except LabError:
        return []
    attacks = []
    # others are files that are being written, and may be gone by now
    ids = (p for p in (path / ATTACKS).glob("*") if fullmatch(ID, p.name))
    for inside in sorted(ids, key=_written):
        with contextlib.suppress(LabError):
            attacks.append((inside, read_attack_head(inside, head.recipe)))
    kept = [plain(a.head.result) for _, a in attacks]
    earlier = tuple(a for a in head.attacks if plain(a) not in kept)
    run = Run(path.name, "unlearn", head.recipe, earlier=earlier)
    return [_light(run, path, head, head)] + [
        _light(
            Run(inside.name, "attack", head.recipe, found.attack, path.name),
            inside,
            found.head,
            head,
        )
        for inside, found in attacks
    ]


def _light(run: Run, folder: Path, head: Head, made: Head) -> Run:
    """Fill a run with what its ``head`` says; ``made`` names the model: an attack's is its run's."""
    run.model, run.benchmark = made.model, made.benchmark
    run.folder, run.note, run.delta_hash = folder, head.note, head.delta_hash
    run.conditions = head.conditions
    run.unread = {"events", "weights"}
    run.weights = (folder / DELTA).is_file() and not stopped_at_once(head)
    run.events = [Done(str(head.result.get("stopped_because", "")), dict(head.result))]
    run.ended = _ended(folder)
    run.state = state_of(head)
    return run


def _written(folder: Path) -> float:
    """When a folder was written, in seconds since 1970; 0 for one that is deleted just now."""
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _ended(folder: Path) -> float:
    """When a stored run ended, in seconds since 1970."""
    files = (folder / DELTA, folder / METRICS)  # an attack without training has no weights
    return next((f for f in files if f.is_file()), folder).stat().st_mtime


def state_of(head: Head) -> RunState:
    """How a stored run ended."""
    return "stopped" if head.result.get("stopped_because") == "stopped" else "finished"


def about(folder: Path) -> str:
    """The entity of the run in a folder, whatever its other keys; "" if it cannot be read."""
    try:
        return str(read_flat(folder / RECIPE).get("entity", ""))
    except LabError:
        return ""


def drop_runs(folder: Path, entity: str) -> None:
    """Delete the stored runs about an entity: each report holds its name and a picture."""
    for path in folder.glob(f"*/{RECIPE}"):
        if about(path.parent) == entity:
            shutil.rmtree(path.parent, ignore_errors=True)

"""The folder of an attack, inside the folder of its run: recipe, events and weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from lab import __version__
from lab.errors import LabError
from lab.events import Done, Event, last_result
from lab.events.lines import curve_rows, plain, to_line
from lab.events.relearning import renewed
from lab.files import put
from lab.model.base import Base
from lab.model.overlay import LANGUAGE, Delta, language_part, load_delta, save_delta
from lab.recipe import AttackRecipe, Recipe, revise
from lab.report.run_folder import (
    ATTACKS,
    CURVES,
    DELTA,
    EVENTS,
    HASH,
    LEFT_OUT,
    METRICS,
    UNCHECKED,
    Head,
    filled,
    read_events,
    read_metrics,
)
from lab.report.schema import attack_misfit

ADAPTER = "adapter.safetensors"  # the language adapter over the weights of DELTA


@dataclass(frozen=True)
class AttackHead:
    """The summary of an attack's folder: its recipe, its ``Head``, and whether it left weights."""

    attack: AttackRecipe
    head: Head
    trained: bool


def write_attack(
    folder: Path,
    attack: AttackRecipe,
    events: Sequence[Event],
    delta: Delta,
    adapter: Mapping[str, torch.Tensor],
    delta_hash: str,
) -> None:
    """Write the folder of an attack, whole or not at all; raises ``LabError``."""

    def _fill(into: Path) -> None:
        metrics = {
            "lab": __version__,
            "attack": dataclasses.asdict(attack),
            HASH: delta_hash,
            "result": last_result(events),
        }
        put(into / METRICS, json.dumps(plain(metrics), indent=1))
        put(into / EVENTS, "\n".join(map(to_line, events)) + "\n")
        put(into / CURVES, pd.DataFrame(curve_rows(events)).to_csv(index=False))
        if delta:
            save_delta(delta, into / DELTA)
            save_delta({f"{LANGUAGE}{n}": t for n, t in adapter.items()}, into / ADAPTER)

    filled(folder, _fill)


def read_attack_head(folder: Path, recipe: Recipe) -> AttackHead:
    """Read the summary of an attack on a run of ``recipe``; raises ``LabError`` for no attack."""
    metrics = read_metrics(folder / METRICS)
    plan = metrics.get("attack")
    if not isinstance(plan, dict):
        raise LabError(f"{folder.name} is not the folder of an attack: run the attack again")
    result, notes = metrics.get("result"), []
    result = renewed(result) if isinstance(result, dict) else result
    if not isinstance(result, dict) or (why := attack_misfit(result)):
        notes = [
            LEFT_OUT.format(
                what="its figures", why="there are none" if not isinstance(result, dict) else why
            )
        ]
        result = {}
    kept_hash = metrics.get(HASH)
    trained = (folder / DELTA).is_file()
    if trained and not kept_hash:
        notes.append(UNCHECKED)
    head = Head(
        recipe, result, (), kept_hash if isinstance(kept_hash, str) else "", "; ".join(notes)
    )
    return AttackHead(revise(AttackRecipe(), plan), head, trained)


def attacks_of(folder: Path, head: Head) -> list[Event]:
    """The events of the attacks in the folder of a run, for its report; else their results alone."""
    found: list[Event] = []
    for path in sorted((folder / ATTACKS).glob(f"*/{METRICS}"), key=lambda p: p.stat().st_mtime):
        found += read_events(path.parent, read_attack_head(path.parent, head.recipe).head)
    return found or [Done("", dict(result)) for result in head.attacks]


def read_relearned(
    folder: Path, base: Base
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Read the weights that an attack left, and the language adapter; raises ``LabError``."""
    over: dict[str, Any] = (
        load_delta(folder / ADAPTER, base) if (folder / ADAPTER).is_file() else {}
    )
    return load_delta(folder / DELTA, base), language_part(over)

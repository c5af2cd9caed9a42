"""The run folder: recipe, metrics, events, curves, delta and the report, written and read back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml
from safetensors import SafetensorError

from lab import __version__
from lab.benchmarks.schema import Benchmark
from lab.clean import run_table
from lab.errors import LabError
from lab.eventlog import curve_rows, from_line, plain, to_line
from lab.files import put
from lab.itemtable import FILE
from lab.model.base import Base
from lab.model.overlay import Delta, load_delta, save_delta
from lab.recipe import Recipe, revise
from lab.report.page import last_result, page
from lab.unlearn.events import Done, Event


def write_run(folder: Path, recipe: Recipe, events: Sequence[Event], delta: Delta,
              benchmark: Benchmark, preset: str, attack_events: Sequence[Event] = ()) -> None:
    """Write a run's files, each under a temporary name first; items.csv where it was scored."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = curve_rows([*events, *attack_events])
        metrics = {"lab": __version__, "preset": preset, **last_result(events),
                   "attacks": [e.result for e in attack_events if isinstance(e, Done)]}
        put(folder / "recipe.yaml", yaml.safe_dump(
            {"preset": preset, **dataclasses.asdict(recipe)}, sort_keys=False))
        put(folder / "metrics.json", json.dumps(plain(metrics), indent=1))
        put(folder / "events.jsonl", "\n".join(map(to_line, events)) + "\n")
        put(folder / "curves.csv", pd.DataFrame(rows).to_csv(index=False))
        items = run_table(benchmark, recipe.entity, events)
        if items:
            put(folder / FILE, items)
        save_delta(delta, folder / "delta.safetensors")
        put(folder / "report.html", page(recipe, events, attack_events, benchmark, preset))
    except (OSError, SafetensorError) as error:
        for left in folder.glob("*.tmp"):
            left.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LabError(f"cannot write {folder} ({why}): free some space or give another folder") from None


def check_folder(folder: Path) -> None:
    """Raise ``LabError`` unless the folder holds what ``read_run`` needs."""
    for name in ("recipe.yaml", "delta.safetensors"):
        if not (folder / name).is_file():
            raise LabError(f"{name} is missing: give the whole folder of a run")


def read_run(folder: Path, base: Base, benchmark: Benchmark) -> tuple[Recipe, list[Event], dict]:
    """Read a run folder back: recipe, events (empty when there is no such file) and delta."""
    check_folder(folder)
    try:
        data = yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
        data.pop("preset", None)
        log = folder / "events.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    except UnicodeDecodeError:
        raise LabError("recipe.yaml or events.jsonl is not a text file: give the files as they were "
                       "downloaded") from None
    except (yaml.YAMLError, AttributeError, TypeError):
        raise LabError("recipe.yaml is not a recipe: give the file as it was downloaded") from None
    recipe = revise(Recipe(), data)
    benchmark.entity(recipe.entity)
    return recipe, [from_line(x) for x in lines if x.strip()], load_delta(folder / "delta.safetensors", base)

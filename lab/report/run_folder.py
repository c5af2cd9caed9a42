"""The folder of a run: writes and reads recipe, metrics, events, curves, weights and report."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from safetensors import SafetensorError

from lab import __version__
from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.item_table import FILE
from lab.evaluation.lab_mode import run_table
from lab.events import Done, Event, Step, last_result
from lab.events.lines import curve_rows, from_line, plain, to_line
from lab.files import making, put, sweep
from lab.model.base import Base
from lab.model.overlay import Delta, load_delta, save_delta, tensors_hash
from lab.recipe import Recipe
from lab.recipe.run_file import read_recipe
from lab.report.page import page
from lab.report.schema import attack_misfit, run_misfit
from lab.report.text import Text
from lab.unlearn.methods import METHODS

RECIPE, METRICS, EVENTS, CURVES = "recipe.yaml", "metrics.json", "events.jsonl", "curves.csv"
DELTA, REPORT, ATTACKS = "delta.safetensors", "report.html", "attacks"
LEFT = "inside-after.jsonl"  # what an inspection of the model that the run left says
LANGUAGE = re.compile(r'<!doctype html><html lang="([^"]*)"')  # how a report begins
BENCHMARK = "benchmark"
HASH = "delta_sha256"  # over names and bytes of the weights, in metrics.json
CONDITIONS = "conditions_sha256"  # over all that decides a run's bits, where the page ran it
MOST_METRICS, MOST_EVENTS, MOST_LINES = 8 * 2**20, 64 * 2**20, 50_000
UNCHECKED = (
    "this folder was written before the lab kept a hash of the weights, so nothing shows that "
    "they are still the weights of this run"
)
LEFT_OUT = "{what} do not have the form of a result and are left out ({why})"


@dataclass(frozen=True)
class Head:
    """The summary of a run folder, without its events and weights.

    ``attacks``: the results of the attacks that its metrics name. ``delta_hash``: "" if no hash was
    stored. ``note``: what a reader should know about the files, or "". ``conditions``: a hash over
    all that decided the run's bits, or "". ``benchmark``: its name, "" if it was not stored.
    """

    recipe: Recipe
    result: Mapping[str, Any]
    attacks: tuple[dict[str, Any], ...]
    delta_hash: str
    note: str
    conditions: str = ""
    benchmark: str = ""

    @property
    def model(self) -> str:
        """The name of the model that the run was made with; "" if it was not stored."""
        return str(self.result.get("model", ""))


@dataclass(frozen=True)
class Stored:
    """A whole run folder, read from disk: its summary, its events and its weights."""

    head: Head
    events: list[Event] = field(repr=False)
    delta: dict[str, Any] = field(repr=False)


def write_run(
    folder: Path,
    recipe: Recipe,
    events: Sequence[Event],
    delta: Delta,
    benchmark: Benchmark,
    preset: str,
    text: Text,
    attack_events: Sequence[Event] = (),
    checked: bool = True,
    conditions: str = "",
) -> None:
    """Write a run's files, with items.csv if it was scored; raises ``LabError``.

    A new folder is written whole or not at all. In an existing folder each file is replaced whole,
    metrics.json last. ``text``: the language of the report. ``checked``: whether the weights are
    certainly those of the run. If not, no hash is stored. ``conditions``: see ``Head``.
    """

    items = run_table(benchmark, recipe.entity, events)

    def _fill(into: Path) -> None:
        rows = curve_rows([*events, *attack_events])
        metrics = {
            "lab": __version__,
            "preset": preset,
            BENCHMARK: benchmark.name,
            **last_result(events),
            HASH: tensors_hash(delta) if checked else "",
            CONDITIONS: conditions,
            "attacks": [e.result for e in attack_events if isinstance(e, Done) and e.result],
        }
        put(
            into / RECIPE,
            yaml.safe_dump({"preset": preset, **dataclasses.asdict(recipe)}, sort_keys=False),
        )
        put(into / METRICS, json.dumps(plain(metrics), indent=1))
        put(into / EVENTS, "\n".join(map(to_line, events)) + "\n")
        put(into / CURVES, pd.DataFrame(rows).to_csv(index=False))
        if items:
            put(into / FILE, items)
        save_delta(delta, into / DELTA)
        put(into / REPORT, page(recipe, events, attack_events, benchmark, preset, text))

    filled(folder, _fill)
    if not items:
        (folder / FILE).unlink(missing_ok=True)  # of an earlier run in this folder


def drop_additions(folder: Path) -> None:
    """Delete what was added to an earlier run in a folder: attacks, and the look at what it left."""
    shutil.rmtree(folder / ATTACKS, ignore_errors=True)
    (folder / LEFT).unlink(missing_ok=True)


def write_report(
    folder: Path,
    recipe: Recipe,
    events: Sequence[Event],
    attack_events: Sequence[Event],
    benchmark: Benchmark,
    text: Text,
) -> None:
    """Write the report in a run's folder again, in another language; raises ``LabError``."""
    preset = str(read_metrics(folder / METRICS).get("preset", ""))
    report = page(recipe, events, attack_events, benchmark, preset, text)
    filled(folder, lambda into: put(into / REPORT, report))


def write_result(
    folder: Path,
    recipe: Recipe,
    events: Sequence[Event],
    attack_events: Sequence[Event],
    benchmark: Benchmark,
    text: Text,
) -> None:
    """Write metrics and report in a run's folder again, for a result with more; raises ``LabError``."""
    metrics = read_metrics(folder / METRICS)
    preset = str(metrics.get("preset", ""))
    report = page(recipe, events, attack_events, benchmark, preset, text)

    def _fill(into: Path) -> None:
        put(into / METRICS, json.dumps(plain(metrics | last_result(events)), indent=1))
        put(into / REPORT, report)

    filled(folder, _fill)


def report_language(folder: Path) -> str:
    """The code of the language of the report in a run's folder; "" where there is none."""
    try:
        with (folder / REPORT).open(encoding="utf-8") as file:
            found = LANGUAGE.match(file.read(200))
    except (OSError, UnicodeDecodeError):
        return ""
    return found[1] if found else ""


def filled(folder: Path, fill: Any) -> None:
    """Have ``fill`` write into a temporary folder, then put it in place; raises ``LabError``."""
    try:
        new = not folder.exists()
        if not new:
            sweep(folder)
        with making(folder.parent if new else folder, folder.name) as fresh:
            fill(fresh)
            if new:
                os.rename(fresh, folder)
                return
            for file in sorted(fresh.iterdir(), key=lambda p: p.name == METRICS):
                os.replace(file, folder / file.name)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LabError(
            f"cannot write {folder} ({why}): free some space or give another folder"
        ) from None


def check_folder(folder: Path) -> None:
    """Raise ``LabError`` unless the folder holds what ``read_run`` needs."""
    for name in (RECIPE, DELTA):
        if not (folder / name).is_file():
            raise LabError(f"{name} is missing: give the whole folder of a run")


def read_head(folder: Path) -> Head:
    """Read a run folder's recipe and metrics; raises ``LabError`` if the recipe is not valid.

    A result that does not have the right form is left out, and the note says so.
    """
    recipe, metrics, notes = read_recipe(folder / RECIPE), read_metrics(folder / METRICS), []
    delta_hash, conditions = (
        found if isinstance(found := metrics.get(key), str) else "" for key in (HASH, CONDITIONS)
    )
    if not delta_hash:
        notes.append(UNCHECKED)
    found = metrics.get("attacks")
    attacks = [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []
    whole = tuple(a for a in attacks if not attack_misfit(a))
    if len(whole) < len(attacks):
        why = next(w for a in attacks if (w := attack_misfit(a)))
        notes.append(
            LEFT_OUT.format(
                what=f"the figures of {len(attacks) - len(whole)} of its attacks", why=why
            )
        )
    said = metrics.get(BENCHMARK)
    benchmark = said if isinstance(said, str) else ""
    apart = ("lab", "preset", BENCHMARK, "attacks", HASH, CONDITIONS)
    result = {k: v for k, v in metrics.items() if k not in apart}
    if result and (why := run_misfit(result)):
        result = {}
        notes.append(LEFT_OUT.format(what="its figures", why=why))
    return Head(recipe, result, whole, delta_hash, "; ".join(notes), conditions, benchmark)


def read_run(folder: Path, base: Base, benchmark: Benchmark) -> Stored:
    """Read a whole run folder; raises ``LabError`` if it is not one or its weights were changed.

    Without the file of the events there are no events. The weights are compared with the stored
    hash. A run that was refused or stopped before its first update is refused here too.
    """
    check_folder(folder)
    head = read_head(folder)
    benchmark.entity(head.recipe.entity)
    events = read_events(folder, head)
    refused = events and not any(isinstance(e, Step | Done) for e in events)
    if refused or stopped_at_once(head):
        raise LabError(
            f"{folder.name}: this run ended before it changed anything that it trains: run it again"
        )
    return Stored(head, events, read_delta(folder, base, head.delta_hash))


def stopped_at_once(head: Head) -> bool:
    """Whether a run was stopped before the first update of a method that trains."""
    stopped = head.result.get("stopped_because") == "stopped" and not head.result.get("steps")
    return stopped and METHODS[head.recipe.method].losses is not None


def read_events(folder: Path, head: Head) -> list[Event]:
    """The events of a run or an attack; ``Done`` gets the checked result of the summary, if any."""
    log = folder / EVENTS
    try:
        if log.is_file() and log.stat().st_size > MOST_EVENTS:
            raise LabError(
                f"{EVENTS} is larger than {MOST_EVENTS >> 20} MB: give the file as it was downloaded"
            )
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    except (OSError, UnicodeDecodeError):
        raise LabError(f"{EVENTS} is not a text file: give the file as it was downloaded") from None
    if len(lines) > MOST_LINES:
        raise LabError(
            f"{EVENTS} has more than {MOST_LINES} lines: give the file as it was downloaded"
        )
    events = [from_line(line) for line in lines if line.strip()]
    if not events and head.result:
        events = [Done(str(head.result.get("stopped_because", "")), dict(head.result))]
    return [Done(e.reason, dict(head.result)) if isinstance(e, Done) else e for e in events]


def read_left(folder: Path) -> tuple[Event, ...]:
    """What an inspection of the model that a run left says; () where it is not there or is damaged."""
    try:
        if (folder / LEFT).stat().st_size > MOST_EVENTS:
            return ()
        lines = (folder / LEFT).read_text(encoding="utf-8").splitlines()
        return tuple(from_line(line) for line in lines if line)
    except (OSError, UnicodeDecodeError, LabError):
        return ()


def read_delta(folder: Path, base: Base, expected: str) -> dict[str, Any]:
    """The weights of a run folder; raises ``LabError`` if they do not match the stored hash."""
    delta = load_delta(folder / DELTA, base)
    if expected and tensors_hash(delta) != expected:
        raise LabError(
            f"{DELTA} in {folder.name} does not hold the weights that this run left (their "
            "hash differs): download the run again, or run it again"
        )
    return delta


def read_metrics(path: Path) -> dict[str, Any]:
    """The object in metrics.json; empty if there is no such file or it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_METRICS:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

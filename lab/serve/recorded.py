"""Recorded runs as small files, and how they are read: what the page shows before any run.

An example's folder holds the files of a run's folder without its weights and report, the events of
the inspection in ``inspect.jsonl`` and of the one afterwards in ``inside-after.jsonl``, those of one attack in ``attack/``, and in ``asked.json`` what
the models were asked, with the date and the machine.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.events import Depth, Event, Identity
from lab.events.lines import from_line, plain, to_line
from lab.files import ROOT, put
from lab.recipe import AttackRecipe, Recipe
from lab.report.attack_folder import ADAPTER, read_attack_head, write_attack
from lab.report.run_folder import (
    ATTACKS,
    DELTA,
    REPORT,
    Head,
    filled,
    read_events,
    read_head,
    read_left,
)
from lab.report.text import Text
from lab.serve.views import Asked, Example, ProbeRow, RunKind, RunView

EXAMPLES = ROOT / "assets" / "examples"
ASKED, INSPECT, ATTACK = "asked.json", "inspect.jsonl", "attack"
UNLEARNED, RELEARNED = "unlearned", "relearned"  # whom a recorded curve is of
LEFT_BEHIND = (DELTA, ADAPTER, REPORT, ATTACKS)


@dataclass(frozen=True)
class Record:
    """What is recorded beside a run's own files; the sides are those of ``Example``.

    ``seconds``: how long the inspection and the attack took.
    """

    preset: str
    date: str
    machine: str
    view: int
    seconds: tuple[float, float]
    talk: Sequence[Asked]
    probes: Sequence[ProbeRow]
    identity: Sequence[Identity]


def write_example(
    folder: Path,
    run: Path,
    inspection: Sequence[Event],
    attack: AttackRecipe,
    attack_events: Sequence[Event],
    record: Record,
) -> None:
    """Write an example from the folder of its run, whole or not at all; raises ``LabError``."""

    def _fill(into: Path) -> None:
        shutil.copytree(run, into, dirs_exist_ok=True, ignore=lambda *_: LEFT_BEHIND)
        put(into / INSPECT, "\n".join(map(to_line, inspection)) + "\n")
        write_attack(into / ATTACK, attack, attack_events, {}, {}, "")
        put(into / ASKED, json.dumps(_packed(record), indent=1, ensure_ascii=False))

    filled(folder, _fill)


def _packed(record: Record) -> dict[str, Any]:
    out: dict[str, Any] = plain(dataclasses.asdict(dataclasses.replace(record, probes=())))
    out["probes"] = [
        dataclasses.asdict(row)
        | {"image": base64.b64encode(row.image).decode() if row.image else None}
        for row in record.probes
    ]
    return out


def read_examples(
    folder: Path, preset: str, benchmark: Benchmark, text: Text, report: Callable[[str], None]
) -> tuple[Example, ...]:
    """Read the examples of a preset in the order of their names; a damaged one is left out.

    One about a person whom the benchmark does not have is of another benchmark, and is left out
    without a word.
    """
    found = []
    for path in sorted(folder.glob(f"*/{ASKED}")):
        try:
            asked = json.loads(path.read_text(encoding="utf-8"))
            head = read_head(path.parent)
            known = {e.id: e.name for e in benchmark.entities}
            if asked["preset"] == preset and head.recipe.entity in known:
                found.append(_example(path.parent, head, asked, known[head.recipe.entity], text))
        except (LabError, OSError, ValueError, KeyError, TypeError) as error:
            report(f"lab: the example {path.parent.name} is left out: it cannot be read ({error})")
    return tuple(found)


def _example(folder: Path, head: Head, asked: Mapping[str, Any], who: str, text: Text) -> Example:
    attack = read_attack_head(folder / ATTACK, head.recipe)
    note = text.EXAMPLE_NOTE.format(
        name=who,
        method=head.recipe.method,
        seed=head.recipe.seed,
        steps=head.result["steps"],
        date=asked["date"],
        machine=asked["machine"],
    )
    stem = f"example-{folder.name}"

    def view(kind: RunKind, recipe: Recipe, events: Sequence[Event], seconds: float) -> RunView:
        is_attack = kind == "attack"
        return RunView(
            stem if kind == "unlearn" else f"{stem}-{kind}",
            kind,
            recipe.entity,
            "finished",
            recipe,
            attack.attack if is_attack else None,
            stem if is_attack else None,
            tuple(events),
            started=1.0,
            ended=1.0 + seconds,
            note=note,
        )

    inspected = [from_line(line) for line in (folder / INSPECT).read_text("utf-8").splitlines()]
    looking, attacking = asked["seconds"]
    took = head.result.get("seconds", {}).get("total", 0.0)
    return Example(
        folder.name,
        asked["date"],
        asked["machine"],
        view("inspect", dataclasses.replace(head.recipe, method="vkd"), inspected, looking),
        view("unlearn", head.recipe, read_events(folder, head), took),
        view("attack", head.recipe, read_events(folder / ATTACK, attack.head), attacking),
        int(asked["view"]),
        tuple(Asked(a["question"], a["pictured"], tuple(a["answers"])) for a in asked["talk"]),
        tuple(_row(row) for row in asked["probes"]),
        tuple(_identity(curve, stem) for curve in asked["identity"]),
        read_left(folder),
    )


def _identity(curve: Mapping[str, Any], stem: str) -> Identity:
    depths = tuple(Depth(**depth) for depth in curve["depths"])
    sides = {UNLEARNED: stem, RELEARNED: f"{stem}-{ATTACK}"}
    return Identity(**{**curve, "depths": depths, "who": sides.get(curve["who"], curve["who"])})


def _row(row: Mapping[str, Any]) -> ProbeRow:
    image = base64.b64decode(row["image"]) if row["image"] else None
    sides = {"answers": tuple(row["answers"]), "verdicts": tuple(row["verdicts"])}
    return ProbeRow(**{**row, **sides, "image": image})

"""Relearning over shares and scopes with one budget: the table behind a mean accuracy gain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lab.attack import Attacker, Lesson, attacker_rows
from lab.attack.scene import Control, Scene, Victim, victim_of
from lab.catalogue import NEVER_KNEW, TEXT_TAUGHT
from lab.errors import LabError
from lab.evaluation.asks import forget_asks
from lab.evaluation.questions import chance
from lab.experiments.csv_tables import guarded
from lab.experiments.records import Key, Records, key_of
from lab.files import make_writable
from lab.recipe import AttackRecipe, Preset, Recipe

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
SCOPES = ("vision", "language", "both")
READINGS = {
    "gain": "accuracy after relearning - after unlearning: AG as we read it, lower is better",
    "vanilla_gap": "the original's accuracy - after relearning: the other reading, higher is better",
    "recovery": "unlearned model after relearning - never-knew control after relearning: 0 or less "
    "is no better than a model that never knew",
    "recovery_text_only": "the same minus the text-only control, which knows the text as the "
    "unlearned model does and never saw the person",
    "normalised": "(after relearning - after unlearning) / (the original - after unlearning): the "
    "share won back",
}
# Whose columns are whose; the first edition of the table had the one control.
COLUMNS = {NEVER_KNEW: ("control", "recovery"), TEXT_TAUGHT: ("text_only", "recovery_text_only")}
PAPER = {
    "average_gain": 0.013,
    "said": "average AG of 1.3 % in a public summary of VKD (arXiv 2512.11325), its formula, "
    "shares and budget unknown; not the same model or benchmark",
}


@dataclass(frozen=True)
class Folder:
    """One run to attack; the ``identity`` of its version tells it apart from all others.

    ``weights``: a hash of the original's, as of ``key_of``.
    """

    recipe: Recipe
    scene: Scene
    weights: str = ""


@dataclass(frozen=True)
class Cell:
    """One model under one plan; ``key`` finds its stored result."""

    key: Key
    side: Victim | Control
    plan: AttackRecipe
    blocks: int

    @property
    def who(self) -> str:
        """The model's name."""
        return self.side.who if isinstance(self.side, Control) else self.side.version.name


def plans(budget: AttackRecipe) -> list[AttackRecipe]:
    """Every share with every scope under the budget's steps, learning rate, batch and seed."""
    return [
        replace(budget, kind="relearn", share=share, scope=scope, probe_every=budget.steps)
        for scope in SCOPES
        for share in SHARES
    ]


def cells(preset: Preset, folder: Folder, plan: AttackRecipe) -> list[Cell]:
    """The unlearned model's cell, then one for each control."""
    blocks, unlearned = folder.scene.blocks, folder.scene.unlearned
    sides: list[tuple[Victim | Control, Recipe, str]] = [
        (unlearned, folder.recipe, unlearned.version.identity)
    ]
    for control in folder.scene.controls:
        # It knows nothing of the run: runs with the same control share its cells.
        identity = f"{control.who} {control.cache.weights}" if control.cache else control.who
        sides.append((control, Recipe(entity=control.entity.id, blocks=blocks), identity))
    return [
        Cell(
            key_of(preset, recipe, plan, "grid", folder.weights) | {"version": identity},
            side,
            plan,
            blocks,
        )
        for side, recipe, identity in sides
    ]


def grid(
    preset: Preset,
    folders: Sequence[Folder],
    budget: AttackRecipe,
    out: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Relearn every run and its controls in every cell; returns rows, means and their formulas.

    Each finished cell is a line of ``grid.jsonl`` in ``out`` and is not repeated; ``grid.csv``
    holds the rows. Accuracy is taken before training and at its end only.
    """
    make_writable(out)
    records = Records(out / "grid.jsonl")
    everything = [c for f in folders for p in plans(budget) for c in cells(preset, f, p)]
    todo = [c for c in {str(c.key): c for c in everything}.values() if records.find(c.key) is None]
    todo.sort(key=lambda c: str(c.key["version"]))  # a victim's cells in a row: asked before once
    last, before = ("", ""), 0.0
    for place, cell, left in records.turns([(c.key, c) for c in todo]):
        say(
            f"cell {place} of {len(todo)}: {cell.who} {cell.side.entity.id}, "
            f"{cell.plan.scope}, {cell.plan.share:.0%}{left}"
        )
        now = (cell.side.entity.id, str(cell.key["version"]))
        before = before if now == last else accuracy(cell)
        last = now
        records.add(cell.key, relearned(cell, before) | records.beside())
    for cell in everything:
        records.awaited(cell.key)
    rows = [_row(preset, f, p, records) for f in folders for p in plans(budget)]
    guarded(pd.DataFrame(rows)).to_csv(out / "grid.csv", index=False)
    return {
        "kind": "grid",
        "runs": len(folders),
        "means": means(rows),
        "readings": READINGS,
        "paper": PAPER,
        "failed": sum("failed" in r for r in rows),
        "budget": {
            "steps": budget.steps,
            "lr": budget.lr,
            "batch": budget.batch,
            "seed": budget.seed,
        },
        "cells": rows,
    }


def accuracy(cell: Cell) -> float:
    """Forget VQA of the cell's model before any training."""
    return _attacker(cell).scored()[0]


def relearned(cell: Cell, before: float) -> dict[str, Any]:
    """Train the model to the end of the budget; a failed cell is counted, and the grid goes on."""
    started, attacker = time.perf_counter(), _attacker(cell)
    try:
        for _ in range(cell.plan.steps):
            attacker.update()
    except LabError as error:
        return {"failed": str(error)}
    after, _ = attacker.scored()
    return {
        "before": before,
        "after": after,
        "rows": len(attacker.lesson.rows),
        "n": len(attacker.lesson.asks),
        "chance": chance(attacker.lesson.asks),
        "seconds": round(time.perf_counter() - started, 2),
    }


def _attacker(cell: Cell) -> Attacker:
    victim = victim_of(cell.side)
    rows = attacker_rows(victim.entity, cell.plan)
    return Attacker(victim, cell.plan, cell.blocks, Lesson(rows, forget_asks(victim.entity)))


def _row(preset: Preset, folder: Folder, plan: AttackRecipe, records: Records) -> dict[str, Any]:
    """One line of the table: the run's cell, the controls' beside it, and every reading."""
    ours, *others = [records.find(c.key) or {} for c in cells(preset, folder, plan)]
    loaded = folder.scene.unlearned.version.loaded
    head = {
        "entity": folder.recipe.entity,
        "method": folder.recipe.method,
        "scope": plan.scope,
        "share": plan.share,
        "steps": plan.steps,
        "lr": plan.lr,
        "batch": plan.batch,
        "model": loaded.name,
        "quantization": loaded.quantization,
    }
    for result in (ours, *others):
        if "failed" in result:
            return head | {"failed": result["failed"]}
    before, after, vanilla = ours["before"], ours["after"], folder.scene.vanilla
    row = (
        head
        | {k: ours[k] for k in ("rows", "n", "chance", "before", "after")}
        | {
            "gain": after - before,
            "vanilla": vanilla,
            "vanilla_gap": vanilla - after,
            "normalised": (after - before) / (vanilla - before) if vanilla > before else None,
        }
    )
    for control, result in zip(folder.scene.controls, others, strict=True):
        name, recovery = COLUMNS[control.who]
        row |= {
            f"{name}_entity": control.entity.id,
            **{f"{name}_{key}": result[key] for key in ("n", "before", "after")},
            recovery: after - result["after"],
        }
    return row


def means(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The mean of every reading over all cells, by scope and by share; ``cells`` is how many."""
    done = [r for r in rows if "failed" not in r]
    groups = {
        "all": done,
        **{s: [r for r in done if r["scope"] == s] for s in SCOPES},
        **{f"{s:.0%}": [r for r in done if r["share"] == s] for s in SHARES},
    }
    return {name: dict(_means(group)) for name, group in groups.items() if group}


def _means(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    yield "cells", len(rows)
    for reading in ("after", *READINGS):
        values = [r[reading] for r in rows if r.get(reading) is not None]
        if values:
            yield reading, sum(values) / len(values)

"""Results of many runs as JSON lines, found by their settings; a cut-off file stays readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.events.lines import plain
from lab.experiments.result_file import edition
from lab.files import ROOT, add_lines, read_lines
from lab.recipe import AttackRecipe, Preset, Recipe

Key = dict[str, Any]
KINDS = {"recipe": Recipe, "attack": AttackRecipe}
REVISED = {"manu": 2}  # methods that give another result than earlier versions with equal settings


def key_of(
    preset: Preset, recipe: Recipe, attack: AttackRecipe | None = None, what: str = "run"
) -> Key:
    """The key of a stored result: the model, its quantisation, every setting and the revision.

    The revision is that of the method in ``REVISED``, None for all others. The edition tells the
    shipped models from earlier ones in the same folder; it is None for a model of another place.
    """
    plans = {"recipe": recipe} | ({"attack": attack} if attack else {})
    return {
        "what": what,
        "model": preset.model,
        "edition": edition((ROOT / preset.model).parent) or None,
        "quantization": preset.quantization,
        "revision": REVISED.get(recipe.method),
        **{f"{kind}.{n}": v for kind, plan in plans.items() for n, v in asdict(plan).items()},
    }


class Records:
    """One file of ``{"key", "result"}`` lines, one for each finished piece of work."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[tuple[Key, dict[str, Any]]] = [
            (row["key"], row["result"]) for row in read_lines(path)
        ]

    def find(self, key: Key) -> dict[str, Any] | None:
        """The result stored for this key, or None."""
        wanted = plain(key)
        return next((result for stored, result in self.rows if same(stored, wanted)), None)

    def add(self, key: Key, result: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a result, on disk before this returns."""
        row = (plain(key), plain(result))
        add_lines(self.path, [{"key": row[0], "result": row[1]}])
        self.rows.append(row)
        return row[1]


def same(stored: Key, wanted: Key) -> bool:
    """Whether a stored key asks for the same.

    A setting that did not exist when the line was written counts as its default, so that old
    results stay good when the lab learns a new option.
    """
    return stored.keys() <= wanted.keys() and all(
        stored[name] == value if name in stored else value == default(name)
        for name, value in wanted.items()
    )


def default(name: str) -> Any:
    """The default of a setting named ``recipe.KEY`` or ``attack.KEY``; None for anything else."""
    kind, _, field = name.partition(".")
    return getattr(KINDS[kind](), field, None) if kind in KINDS else None

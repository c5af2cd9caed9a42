"""Results of many runs as JSON lines, found by their settings; a cut-off file stays readable."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from lab.events.lines import plain
from lab.experiments.claims import shared
from lab.experiments.result_file import edition
from lab.files import ROOT, add_lines, read_lines
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.unlearn.silence import FALLS_OVER

LOOK_SECONDS = 1.0
Key = dict[str, Any]
W = TypeVar("W")  # a piece of work
KINDS = {"recipe": Recipe, "attack": AttackRecipe}
# What lines lack that were written before a key had it.
BEFORE = {"benchmark": "people", "data": ""}


def key_of(
    preset: Preset,
    recipe: Recipe,
    attack: AttackRecipe | None = None,
    what: str = "run",
    weights: str = "",
) -> Key:
    """The key of a stored result: model, benchmark, quantisation, every setting and the revision.

    The edition tells the
    shipped models from earlier ones in the same folder; it is None for a model of another place.
    Such a model, which may be made again in its folder, is told apart by a hash of its ``weights``.
    """
    plans = {"recipe": recipe} | ({"attack": attack} if attack else {})
    shipped = edition((ROOT / preset.model).parent) or None
    return {
        "what": what,
        "model": preset.model,
        "edition": shipped,
        "weights": None if shipped else weights or None,
        "benchmark": preset.benchmark,
        "data": preset.data,
        "quantization": preset.quantization,
        "revision": _revision(recipe),
        **{f"{kind}.{n}": v for kind, plan in plans.items() for n, v in asdict(plan).items()},
    }


def _revision(recipe: Recipe) -> int | None:
    """Tells results of today from those of an earlier version with equal settings, where they differ.

    The look-ahead of silence took its rate from the number of steps.
    """
    looks_ahead = recipe.method == "silence" and recipe.silence_share < 1
    return 2 if recipe.method == "manu" or looks_ahead and recipe.steps != FALLS_OVER else None


class Records:
    """One file of ``{"key", "result"}`` lines, one for each finished piece of work."""

    def __init__(self, path: Path) -> None:
        self.path, self.claims = path, shared()
        self.rows: list[tuple[Key, dict[str, Any]]] = []
        self.read()

    def read(self) -> None:
        """Read the file again, which other processes may have written to."""
        self.rows = [(row["key"], row["result"]) for row in read_lines(self.path)]

    def take(self, key: Key) -> bool:
        """Whether this process is the one to do the work, where several do it together."""
        return self.claims is None or self.claims.take(json.dumps(plain(key), sort_keys=True))

    def turns(self, due: Sequence[tuple[Key, W]]) -> Iterator[tuple[int, W, str]]:
        """The work that this process is to do: its place from 1, itself, and the time left in words.

        What lies before it in ``due`` other processes may have done; of the first nothing is known.
        """
        started, begun = time.perf_counter(), False
        for done, (key, work) in enumerate(due):
            if self.find(key) is None and self.take(key):
                each = (time.perf_counter() - started) / max(done, 1)
                left = f", about {each * (len(due) - done) / 60:.0f} min left" if begun else ""
                begun = True
                yield done + 1, work, left

    def beside(self) -> dict[str, int]:
        """What a result says of the others: ``at_once``, where several runs shared the device."""
        return {"at_once": self.claims.at_once} if self.claims else {}

    def awaited(self, key: Key) -> dict[str, Any]:
        """The result of a key that another process works on, as soon as it is kept."""
        while (found := self.find(key)) is None:
            time.sleep(LOOK_SECONDS)
            self.read()
        return found

    def find(self, key: Key) -> dict[str, Any] | None:
        """The result stored for this key, or None."""
        wanted = plain(key)
        return next((result for stored, result in self.rows if same(stored, wanted)), None)

    def add(self, key: Key, result: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a result, on disk before this returns."""
        row = (plain(key), plain(result))
        with self.claims.alone() if self.claims else contextlib.nullcontext():
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
    """What a line means that lacks a part of its key: of ``recipe.KEY`` its default; None otherwise."""
    kind, _, field = name.partition(".")
    return getattr(KINDS[kind](), field, None) if kind in KINDS else BEFORE.get(name)

"""A control's curve under one budget, kept or shipped: no run that is attacked can change it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import torch

from lab.attack.attacker import Attacker, Lesson
from lab.attack.scene import Control
from lab.benchmarks.content import hash_of
from lab.benchmarks.schema import Question
from lab.evaluation.questions import chance
from lab.events import Curve
from lab.files import ROOT
from lab.recipe import AttackRecipe

SHIPPED = ROOT / "assets" / "results" / "controls.json"  # made by: make results


class ControlCurve:
    """The points of a control's curve from its cache, or else of those that come with the lab.

    They depend on the control's weights, its person, the attacker's rows, what is asked, the budget
    and how many vision blocks are trained. ``points``: the whole curve if it is there, else none;
    then the control is not loaded. ``made_on``: the device of a curve that comes with the lab, else
    "". Without a cache nothing is looked for or kept.
    """

    def __init__(self, control: Control, recipe: AttackRecipe, blocks: int, lesson: Lesson) -> None:
        self.control, self.recipe, self.blocks, self.lesson = control, recipe, blocks, lesson
        self.key = (
            "control",
            control.who,
            asdict(recipe),
            blocks,
            list(lesson.rows),
            list(lesson.asks),
        )
        self.made_on = ""
        self.points = self._find()

    @cached_property
    def shipped_as(self) -> str:
        """What names the curve among those that come with the lab; "" where the control has none.

        Unlike the cache's key it names neither the machine nor the program.
        """
        if not self.control.weights:
            return ""
        return hash_of((self.control.weights, self.control.entity.id, *self.key), Question)

    def attacker(self) -> Attacker:
        """The attacker that makes the curve."""
        return Attacker(self.control.victim, self.recipe, self.blocks, self.lesson)

    def keep(self, points: Sequence[Curve]) -> None:
        """Keep the curve if it is whole; float64, so that every figure keeps its bits."""
        if self.control.cache and points[-1].step == self.recipe.steps:
            tensor = torch.tensor(rows_of(points), dtype=torch.float64)
            self.control.cache.keep(self.control.entity.id, {"points": tensor}, *self.key)

    def _find(self) -> tuple[Curve, ...]:
        cache = self.control.cache
        if cache is None:
            return ()
        if found := cache.find(self.control.entity.id, *self.key):
            return self._curve(found["points"].tolist())
        if row := _shipped(self.shipped_as):
            self.made_on = row["device"]
            return self._curve(row["points"])
        return ()

    def _curve(self, rows: Iterable[Sequence[float | None]]) -> tuple[Curve, ...]:
        who, n, level = self.control.who, len(self.lesson.asks), chance(self.lesson.asks)
        known = ([math.nan if value is None else value for value in row] for row in rows)
        return tuple(
            Curve(who, int(step), forget, n, level, loss, probability)
            for step, forget, loss, probability in known
        )


def rows_of(points: Sequence[Curve]) -> list[list[float]]:
    """Points as they are kept: step, share right, loss, probability of the right option."""
    return [[p.step, p.forget, p.loss, p.probability] for p in points]


def _shipped(name: str) -> dict[str, Any] | None:
    """The row of that name in the file that comes with the lab; None where there is none."""
    try:
        rows = json.loads(SHIPPED.read_text(encoding="utf-8"))["rows"] if name else ()
    except (OSError, ValueError, KeyError, TypeError):
        return None  # without the file a curve is only slower
    return next((row for row in rows if row["curve"] == name), None)

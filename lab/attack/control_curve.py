"""A control's curve under one budget, kept on disk: no run that is attacked can change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import torch

from lab.attack.attacker import Attacker, Lesson
from lab.attack.scene import Control
from lab.evaluation.questions import chance
from lab.events import Curve
from lab.recipe import AttackRecipe


class ControlCurve:
    """The points of a control's curve in its cache; nothing is kept where it has none.

    They depend on the control's weights, its person, the attacker's rows, what is asked, the budget
    and how many vision blocks are trained. ``points``: the whole curve if it is kept, else none;
    then the control is not loaded.
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
        self.points = self._find()

    def attacker(self) -> Attacker:
        """The attacker that makes the curve."""
        return Attacker(self.control.victim, self.recipe, self.blocks, self.lesson)

    def _find(self) -> tuple[Curve, ...]:
        cache, who = self.control.cache, self.control.who
        found = cache.find(self.control.entity.id, *self.key) if cache else None
        if found is None:
            return ()
        n, level = len(self.lesson.asks), chance(self.lesson.asks)
        return tuple(
            Curve(who, int(step), forget, n, level, loss, probability)
            for step, forget, loss, probability in found["points"].tolist()
        )

    def keep(self, points: Sequence[Curve]) -> None:
        """Keep the curve if it is whole; float64, so that every figure keeps its bits."""
        if self.control.cache and points[-1].step == self.recipe.steps:
            rows = [(p.step, p.forget, p.loss, p.probability) for p in points]
            tensor = torch.tensor(rows, dtype=torch.float64)
            self.control.cache.keep(self.control.entity.id, {"points": tensor}, *self.key)

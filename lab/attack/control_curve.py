"""The control's curve under one budget, kept on disk: no run that is attacked can change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import torch

from lab.attack.scene import Scene, Victim
from lab.evaluation.questions import chance, forget_asks
from lab.events import Curve
from lab.recipe import AttackRecipe

AttackerRow = tuple[bytes, str, str]  # a picture, a question, its answer


class ControlCurve:
    """The points of a control's curve in the scene's cache; nothing is kept where it has none.

    They depend on the control's weights, its person, the attacker's rows, what is asked, the budget
    and how many vision blocks are trained.
    """

    def __init__(
        self, scene: Scene, victim: Victim, recipe: AttackRecipe, rows: Sequence[AttackerRow]
    ) -> None:
        self.cache, self.victim, self.asks = scene.cache, victim, forget_asks(victim.entity)
        self.key = ("control", asdict(recipe), scene.blocks, list(rows), self.asks)

    def find(self) -> list[Curve]:
        """Every point, if the curve is kept; else none."""
        entity, name = self.victim.entity.id, self.victim.version.name
        found = self.cache.find(entity, *self.key) if self.cache else None
        if found is None:
            return []
        n, level = len(self.asks), chance(self.asks)
        return [
            Curve(name, int(step), forget, n, level, loss)
            for step, forget, loss in found["points"].tolist()
        ]

    def keep(self, points: Sequence[Curve]) -> None:
        """Keep a whole curve; float64, so that every figure keeps its bits."""
        if self.cache:
            rows = [(p.step, p.forget, p.loss) for p in points]
            tensor = torch.tensor(rows, dtype=torch.float64)
            self.cache.keep(self.victim.entity.id, {"points": tensor}, *self.key)

"""What a teacher sets for a room, and the engine's doors ask: settings, people and open steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe
from lab.recipe.settings import OF_ATTACK, apart
from lab.serve.rights import Rights

LOOK, FORGET, ASK, ATTACK = 2, 3, 4, 5  # the steps that can be closed, by their place on the page
CLOSABLE = (LOOK, FORGET, ASK, ATTACK)
STEP_OF = {"inspect": LOOK, "unlearn": FORGET, "attack": ATTACK}


@dataclass(frozen=True)
class Limits:
    """``locked``: settings with the one value they may have, an attack's as ``attack.KEY``.
    ``preset``: values that the page begins with, and that visitors may change. ``people``: ids of
    those who may be chosen, () for everybody. ``closed``: steps that are not open now.
    """

    locked: Mapping[str, Any] = field(default_factory=dict)
    preset: Mapping[str, Any] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    closed: tuple[int, ...] = ()


class Rules:
    """Refuses what the limits of ``now`` do not allow; teachers and the program may do everything."""

    def __init__(self, rights: Rights) -> None:
        self._rights, self.now = rights, Limits()

    def check_step(self, visitor: str, step: int) -> None:
        """Raise ``LabError`` if a step is closed."""
        if step in self.now.closed and not self._rights.teaches(visitor):
            raise LabError(f"your teacher has closed step {step} for now: wait until it is open")

    def check_person(self, visitor: str, entity: str) -> None:
        """Raise ``LabError`` if the room is about other people."""
        people = self.now.people
        if people and entity not in people and not self._rights.teaches(visitor):
            raise LabError("your teacher has chosen other people for this room: choose one of them")

    def check_run(
        self, visitor: str, kind: str, recipe: Recipe, attack: AttackRecipe | None = None
    ) -> None:
        """Raise ``LabError`` if a run of this kind may not be started under these settings.

        Looking inside measures the same for every method, so that settings do not hold there.
        """
        self.check_step(visitor, STEP_OF[kind])
        self.check_person(visitor, recipe.entity)
        if self._rights.teaches(visitor):
            return
        of_run, of_attack = apart(self.now.locked)
        if kind == "unlearn":
            _check(recipe, of_run, "")
        if attack is not None:
            _check(attack, of_attack, OF_ATTACK)


def _check(settings: Recipe | AttackRecipe, locked: Mapping[str, Any], before: str) -> None:
    """Raise ``LabError`` for a setting that has another value than the locked one."""
    for key, value in locked.items():
        if getattr(settings, key) != value:
            name = f"{before}{key}"
            raise LabError(f"your teacher has set {name} to {value} for this room: use that")

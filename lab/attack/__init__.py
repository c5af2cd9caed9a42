"""The attacks on an unlearned model: training, rounding, other questions and other pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from lab.attack.bars import Variant, compared
from lab.attack.relearn import attacker_rows
from lab.attack.scene import Relearned, Scene, Victim, control_victim, scene_of
from lab.attack.training import Attacker, RowsOf, trained
from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.events import Event
from lab.recipe import AttackRecipe

__all__ = [
    "Attacker",
    "Relearned",
    "Scene",
    "Victim",
    "attack",
    "attacker_rows",
    "control_victim",
    "scene_of",
]

TRAINED_ON: dict[str, RowsOf] = {
    name: import_module(f"lab.attack.{name}").rows for name in TRAINING_ATTACKS
}
VARIANTS: dict[str, Callable[[Scene, AttackRecipe], list[Variant]]] = {
    name: import_module(f"lab.attack.{name}").variants
    for name in ATTACKS
    if name not in TRAINING_ATTACKS
}


def attack(
    scene: Scene, recipe: AttackRecipe, outcome: Relearned, stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Carry out one attack; ends within a step when ``stopped``, in ``Done`` with its result.

    An attack that trains fills ``outcome``; the others leave nothing behind. The base and the
    scene's delta keep their bits. Raises ``LabError`` when a loss is no number.
    """
    if recipe.kind in TRAINED_ON:
        yield from trained(scene, recipe, TRAINED_ON[recipe.kind], outcome, stopped)
    else:
        yield from compared(scene, recipe, VARIANTS[recipe.kind](scene, recipe), stopped)

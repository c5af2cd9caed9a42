"""Attacks on an unlearned model: training, rounding, asking or showing otherwise; judged alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.attack import benign, images, prompts, quantize, relearn
from lab.attack.bars import Variant, compared
from lab.attack.relearn import attacker_rows
from lab.attack.scene import Relearned, Scene, Victim, control_victim, scene_of
from lab.attack.training import Attacker, RowsOf, trained
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

TRAINED_ON: dict[str, RowsOf] = {"relearn": relearn.rows, "benign": benign.rows}
VARIANTS: dict[str, Callable[[Scene, AttackRecipe], list[Variant]]] = {
    "quantize": quantize.variants,
    "prompts": prompts.variants,
    "images": images.variants,
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

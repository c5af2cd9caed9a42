"""The attacks on an unlearned model: training, rounding, other questions and other pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from lab.attack import facts
from lab.attack.attacker import Attacker, AttackerRow, Lesson
from lab.attack.bars import Variant, compared
from lab.attack.relearn import attacker_rows
from lab.attack.scene import Control, Relearned, Scene, Victim, control_victim, scene_of
from lab.attack.training import FACTS, trained
from lab.benchmarks.schema import Benchmark, Entity
from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.evaluation.asks import forget_asks
from lab.evaluation.questions import Ask
from lab.events import Event
from lab.recipe import AttackRecipe

__all__ = [
    "Attacker",
    "Control",
    "Lesson",
    "Relearned",
    "Scene",
    "Victim",
    "attack",
    "attacker_rows",
    "control_victim",
    "lesson",
    "scene_of",
]

RowsOf = Callable[[Benchmark, Entity, AttackRecipe], list[AttackerRow]]
TRAINED_ON: dict[str, RowsOf] = {
    name: import_module(f"lab.attack.{name}").rows for name in TRAINING_ATTACKS
}
# What is scored of an attack that trains, where that is not the whole Forget VQA.
ASKED: dict[str, Callable[[Entity, AttackRecipe], list[Ask]]] = {FACTS: facts.asks}
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

        def lesson_of(entity: Entity) -> Lesson:
            return lesson(scene.benchmark, entity, recipe)

        yield from trained(scene, recipe, lesson_of, outcome, stopped)
    else:
        yield from compared(scene, recipe, VARIANTS[recipe.kind](scene, recipe), stopped)


def lesson(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> Lesson:
    """What an attack that trains shows the model about an entity, and what it asks."""
    asks = ASKED[recipe.kind](entity, recipe) if recipe.kind in ASKED else forget_asks(entity)
    return Lesson(TRAINED_ON[recipe.kind](benchmark, entity, recipe), asks)

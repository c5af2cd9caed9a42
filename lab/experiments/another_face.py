"""Is it the face that comes back? A stranger's face is taught the same facts on the same weights.

Our choice, beside the two controls that the lab ships. A method that trains vision alone leaves the
language model as it was: it still has a place for the person's name and facts. So any face might be
tied to them faster than in a model that never knew the person. What the *face* still holds is what
the person's own pictures come back with beyond a stranger's.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.attack import Attacker, Scene, Victim, lesson, scene_of
from lab.attack.scene import victim_of
from lab.attack.training import probed
from lab.benchmarks.schema import Benchmark, Entity
from lab.catalogue import TEXT_TAUGHT
from lab.errors import LabError
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench
from lab.events.relearning import OWN_FACE
from lab.experiments.frontier import ATTACK
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say, fill, one_run
from lab.model.version import Version
from lab.recipe import Recipe
from lab.unlearn.alike import stranger_of
from lab.unlearn.outcome import Outcome

STRANGERS = 3  # faces that no model was taught; drawn by the run's seed
TRAINED, ASKED = 2, 1  # views of every face, the person's too: a stranger has no more
RATES = (1, 3)  # times the budget's learning rate
Points = list[list[float]]


@dataclass(frozen=True)
class Plan:
    """One run, and every face at one rate."""

    recipe: Recipe
    rate: int

    @property
    def id(self) -> str:
        """The row's id: method, person, seed and rate."""
        recipe = self.recipe
        return f"{recipe.method} {recipe.entity} {recipe.seed} x{self.rate}"


def planned(recipe: Recipe, people: Sequence[str]) -> list[Plan]:
    """Everybody at the first rate, then at the next."""
    return [Plan(replace(recipe, entity=who), rate) for rate in RATES for who in people]


def faces(benchmark: Benchmark, entity: Entity, seed: int) -> dict[str, Entity]:
    """The person with few views, and the same person with each stranger's pictures in their place.

    Strangers are those whom no model was taught. Raises ``LabError`` for a benchmark without enough.
    """
    views: dict[str, list[bytes]] = defaultdict(list)
    for picture in benchmark.strangers:
        views[stranger_of(picture)].append(picture.image)
    enough = sorted(who for who, images in views.items() if len(images) >= TRAINED + ASKED)
    if len(enough) < STRANGERS:
        raise LabError("this benchmark has no strangers whose faces could be taught instead")
    drawn = random.Random(f"another face/{seed}/{entity.id}").sample(enough, STRANGERS)
    own = _shown(entity, entity.train_images[:TRAINED], entity.test_images[:ASKED])
    return {OWN_FACE: own} | {
        who: _shown(entity, views[who][:TRAINED], views[who][TRAINED : TRAINED + ASKED])
        for who in drawn
    }


def _shown(entity: Entity, trained: Sequence[bytes], asked: Sequence[bytes]) -> Entity:
    return replace(entity, train_images=tuple(trained), test_images=tuple(asked))


def measure(
    opened: Callable[[], Workbench], plans: Sequence[Plan], file: ResultFile, say: Say
) -> None:
    """Make every row that is not kept yet."""
    fill(opened, plans, file, row_of, say)


def row_of(bench: Workbench, plan: Plan, say: Say) -> dict[str, Any]:
    """By model and face, the curve of relearning: [[step, share right], ...]; ``n`` questions.

    The models are the unlearned one, and the one that knows the person's text alone.
    """
    outcome = Outcome()
    one_run(bench, plan.recipe, outcome, say)
    left = Version(UNLEARNED, bench.loaded, outcome.delta)
    scene = scene_of(bench, plan.recipe, left, say)
    shown = faces(bench.benchmark, scene.unlearned.entity, plan.recipe.seed)
    curves = {
        name: {face: curve(scene, plan, version, seen) for face, seen in shown.items()}
        for name, version in _models(scene).items()
    }
    return {
        "method": plan.recipe.method,
        "entity": plan.recipe.entity,
        "rate": plan.rate,
        "n": len(lesson(scene.benchmark, shown[OWN_FACE], ATTACK).asks),
        "curves": curves,
    }


def _models(scene: Scene) -> dict[str, Version]:
    text_only = {c.who: victim_of(c).version for c in scene.controls if c.who == TEXT_TAUGHT}
    return {UNLEARNED: scene.unlearned.version, **text_only}


def curve(scene: Scene, plan: Plan, version: Version, seen: Entity) -> Points:
    """The attack's probes on one model with one face."""
    recipe = replace(ATTACK, lr=plan.rate * ATTACK.lr)
    task = lesson(scene.benchmark, seen, recipe)
    attacker = Attacker(Victim(version, seen), recipe, plan.recipe.blocks, task)
    return probed([*attacker.curve(lambda: False)])["curve"]

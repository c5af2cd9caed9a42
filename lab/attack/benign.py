"""Benign fine-tuning: the same training on other people's rows, none of the target's."""

from __future__ import annotations

import random

from lab.attack.relearn import attacker_rows
from lab.attack.training import AttackerRow
from lab.benchmarks.schema import Benchmark, Entity
from lab.recipe import AttackRecipe
from lab.unlearn.batches import asked_by_image


def rows(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """As many training rows of others as a relearner has of the target; by the seed.

    As many, so that the two attacks differ in nothing but whose rows they are (our choice).
    """
    others = [
        (i, q.text, q.answer)
        for _, e in benchmark.others(entity.id)
        for i in e.train_images
        for q in asked_by_image(e)
        if q.image in (None, i)
    ]
    rng = random.Random(f"benign/{recipe.seed}/{entity.id}")
    return rng.sample(others, min(len(attacker_rows(entity, recipe)), len(others)))

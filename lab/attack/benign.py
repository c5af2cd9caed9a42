"""Benign fine-tuning: the same training as relearning, on rows about other people only."""

from __future__ import annotations

import random

from lab.attack.control_curve import AttackerRow
from lab.attack.relearn import attacker_rows
from lab.benchmarks.schema import Benchmark, Entity
from lab.recipe import AttackRecipe
from lab.unlearn.batches import asked_by_image


def rows(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """Draw, by the seed, as many training rows about others as a relearner has about the target.

    The number is the same, so that the two attacks differ only in whose rows they use (our choice).
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

"""Benign fine-tuning: the same training as relearning, on rows about other people only.

After Siddiqui et al. (arXiv 2505.22310): retain rows alone bring hidden knowledge back, and a model
that never had it does not gain.
"""

from __future__ import annotations

import random

from lab.attack.attacker import AttackerRow
from lab.attack.relearn import attacker_rows, rows_about
from lab.benchmarks.schema import Benchmark, Entity
from lab.recipe import AttackRecipe


def rows(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """Draw, by the seed, as many training rows about others as a relearner has about the target.

    The number is the same, so that the two attacks differ only in whose rows they use (our choice).
    """
    others = [row for _, e in benchmark.others(entity.id) for row in rows_about(e)]
    rng = random.Random(f"benign/{recipe.seed}/{entity.id}")
    return rng.sample(others, min(len(attacker_rows(entity, recipe)), len(others)))

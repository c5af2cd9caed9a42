"""Relearning: fine-tuning on a share of the target's own training rows."""

from __future__ import annotations

import random
from collections.abc import Callable

from lab.attack.attacker import AttackerRow
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.recipe import AttackRecipe
from lab.unlearn.batches import asked_by_image


def rows_about(
    entity: Entity, wanted: Callable[[Question], bool] = lambda _: True
) -> list[AttackerRow]:
    """Every training view with every question about it that is wanted, and its answer."""
    return [
        (i, q.text, q.answer)
        for i in entity.train_images
        for q in asked_by_image(entity)
        if q.image in (None, i) and wanted(q)
    ]


def attacker_rows(entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """The share of the target's training rows that the attacker has, by the seed; at least one row.

    These are training views and training wordings only. The attacker never sees the views and the
    wordings that are scored.
    """
    rows = rows_about(entity)
    rng = random.Random(f"attack/{recipe.seed}/{entity.id}")
    return rng.sample(rows, max(1, round(recipe.share * len(rows))))


def rows(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """What the attacker trains on (VKD's protocol in short: a growing share of the forget set)."""
    return attacker_rows(entity, recipe)

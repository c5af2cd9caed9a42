"""Untrained facts: the attacker trains some facts of the target, and the others are asked.

After Deeb and Roger (arXiv 2410.08827): what comes back without being shown was never removed. Which
facts, and that there are four of them, is our choice.
"""

from __future__ import annotations

import random

from lab.attack.attacker import AttackerRow
from lab.attack.relearn import attacker_rows, rows_about
from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluation.asks import forget_asks
from lab.evaluation.questions import Ask
from lab.recipe import AttackRecipe

TRAINED = 4  # facts; half of them where a person has fewer than eight


def shown_facts(entity: Entity, recipe: AttackRecipe) -> tuple[str, ...]:
    """The facts that the attacker trains, by the seed alone: a control's are the same.

    Raises ``LabError`` for a person without two facts that are known by name.
    """
    facts = sorted({a.question.fact for a in forget_asks(entity)} - {""})
    if len(facts) < 2:
        raise LabError(
            f"{entity.id} has no two facts that are known by name, so none can be left untrained: "
            "choose another attack"
        )
    count = min(TRAINED, len(facts) // 2)
    return tuple(sorted(random.Random(f"facts/{recipe.seed}").sample(facts, count)))


def rows(benchmark: Benchmark, entity: Entity, recipe: AttackRecipe) -> list[AttackerRow]:
    """Draw, by the seed, as many rows as a relearner has, all about the facts that are trained."""
    facts = shown_facts(entity, recipe)
    about = rows_about(entity, lambda q: q.fact in facts)
    rng = random.Random(f"facts/{recipe.seed}/{entity.id}")
    return rng.sample(about, min(len(attacker_rows(entity, recipe)), len(about)))


def asks(entity: Entity, recipe: AttackRecipe) -> list[Ask]:
    """The scored questions about all other facts."""
    facts = shown_facts(entity, recipe)
    return [a for a in forget_asks(entity) if a.question.fact not in facts]

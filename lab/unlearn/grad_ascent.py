"""GA: gradient ascent on the target's answers, and nothing that holds the rest in place.

    L = -a_f CE(D_f)

Source: GradAscent of open-unlearning (Jang et al., arXiv 2210.01504), answer tokens only. Ours:
the cap on the ascent, and a LoRA over the frozen language model with the vision tower frozen, as
the published multimodal baselines train it.
"""

from __future__ import annotations

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw
from lab.unlearn.method import Method, forget_rows
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, nothing, reading


def losses(forget_ce: torch.Tensor, recipe: Recipe) -> Losses:
    """L = -a_f CE(D_f). forget_ce: mean CE per sample [n]."""
    return Losses(
        recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap),
        nothing(forget_ce),
        reading(forget_ce),
    )


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    return losses(student.cross_entropy(drawn.forget), student.recipe)


METHOD = Method(losses=_step, draw=forget_rows)

"""GradDiff: ascent on the target's answers, descent on the others'.

    L = -a_f CE(D_f) + a_r CE(D_r)

Source: GradDiff of open-unlearning (Liu et al., arXiv 2203.12817), GA_Diff of the multimodal
papers, which alternate the two terms; one step holds both here. Ours: that, the cap on the
ascent, and CE averaged over answers, not over the batch's tokens. Trains a language LoRA.
"""

from __future__ import annotations

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw
from lab.unlearn.method import Method
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, reading


def losses(forget_ce: torch.Tensor, retain_ce: torch.Tensor, recipe: Recipe) -> Losses:
    """L = -a_f CE(D_f) + a_r CE(D_r). forget_ce, retain_ce: mean CE per sample [n]."""
    return Losses(
        recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap),
        recipe.preserve_weight * retain_ce.mean(),
        reading(forget_ce),
        reading(retain_ce),
    )


def step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """Both cross-entropies of what was drawn, as the losses of one step."""
    return losses(
        student.cross_entropy(drawn.forget), student.cross_entropy(drawn.retain), student.recipe
    )


METHOD = Method(losses=step)

"""KL_Min: ascent on the target's answers, and the original's own distributions for the others.

    L = -a_f CE(D_f) + a_r KL(p_0 || p) on D_r,   p_0 = the frozen original

Source: TOFU (arXiv 2401.06121); open-unlearning's GradDiff with the KL retain loss. MMUnlearner's
port adds CE(D_r), which is left out here. Ours: the KL is taken over answer tokens and averaged
over them, and the ascent is capped. Trains a language LoRA.
"""

from __future__ import annotations

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw
from lab.unlearn.method import Method
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, divergence, reading


def losses(
    forget_ce: torch.Tensor,
    retain: torch.Tensor,
    original: torch.Tensor,
    retain_ce: torch.Tensor,
    recipe: Recipe,
) -> Losses:
    """L = -a_f CE(D_f) + a_r KL(original || retain).

    forget_ce, retain_ce: mean CE per sample [n]; retain, original: log-distributions of student
    and original before the same answer tokens of D_r [tokens, vocabulary].
    """
    return Losses(
        recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap),
        recipe.preserve_weight * divergence(original, retain),
        reading(forget_ce),
        reading(retain_ce),
    )


def _teacher(student: Student, drawn: Draw) -> Teacher:
    return (student.answers(drawn.retain).log_probs,)


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    retain = student.answers(drawn.retain)
    return losses(
        student.cross_entropy(drawn.forget),
        retain.log_probs,
        teacher[0],
        retain.cross_entropy(),
        student.recipe,
    )


METHOD = Method(losses=_step, teacher=_teacher)

"""VKD: capped ascent on the target's answers, distillation of everyone else's visual features.

    L = -a_f CE(D_f) + a_r CE(D_r) + beta L_VKD,   L_VKD = ||P(V(I)) - P_0(V_0(I))||^2 / ||P_0(V_0(I))||^2

after pruning (stage 1) and within a Fisher mask (stage 2). Source: arXiv 2512.11325 as far as it
could be read (no equation was): output loss + beta * VKD loss, distilled at the projector output
on retain pictures, teacher = the frozen original. Ours: the cap, the normalisation, plain
pictures among the retain pictures, no retain cross-entropy by default, V(I) in place of P(V(I))
or beside it (``distil``), other distances in place of this one (``distance``).
"""

from __future__ import annotations

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.distances import BY_NAME
from lab.unlearn.method import Method, vision
from lab.unlearn.stages import mask_stage, prune_stage
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, reading


def losses(
    forget_ce: torch.Tensor,
    retain_ce: torch.Tensor | None,
    student: Teacher,
    teacher: Teacher,
    recipe: Recipe,
) -> Losses:
    """L = -a_f CE(D_f) + a_r CE(D_r) + beta L_VKD.

    forget_ce, retain_ce: mean CE per sample [n]; student, teacher: the distilled outputs of the
    retain pictures, each [images, tokens, width]. Of several, L_VKD is the mean over them, so that
    beta weighs the same (our choice).
    """
    distance = BY_NAME[recipe.distance]
    vkd = torch.stack([distance(s, t) for s, t in zip(student, teacher, strict=True)]).mean()
    retain_term = recipe.beta * vkd
    if retain_ce is not None:
        retain_term = retain_term + recipe.retain_weight * retain_ce.mean()
    return Losses(
        forget_term=recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap),
        retain_term=retain_term,
        forget_ce=reading(forget_ce),
        retain_ce=float("nan") if retain_ce is None else reading(retain_ce),
        vkd=float(vkd.detach()),
    )


def _draw(rows: Rows, recipe: Recipe) -> Draw:
    return rows.draw(recipe)


def _teacher(student: Student, drawn: Draw) -> Teacher:
    return student.teacher_representations(drawn.pictures)


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    return losses(
        student.cross_entropy(drawn.forget),
        student.cross_entropy(drawn.retain) if drawn.retain else None,
        student.representations(drawn.pictures),
        teacher,
        student.recipe,
    )


METHOD = Method(
    stages=(prune_stage, mask_stage),
    losses=_step,
    teacher=_teacher,
    draw=_draw,
    trained=vision,
    gates=lambda recipe: recipe.mask_mode,
    distils=True,
)

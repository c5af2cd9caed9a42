"""NPO: negative preference optimisation, an ascent that slows down as the answer is forgotten.

    L = -a_f (2 / b) mean log sigmoid(-b (log p(y) - log p_0(y))) + a_r CE(D_r)

with log p(y) the sum over the answer's tokens. Source: Zhang et al., arXiv 2404.05868, with the
retain term of open-unlearning. Ours: p_0 is the frozen original (the multimodal ports use a model
tuned on the retain set alone), asked once for every answer; no cap, since NPO bounds itself;
a_r = 0 gives the plain loss. Trains a language LoRA.
"""

from __future__ import annotations

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw
from lab.unlearn.method import Method
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, reading


def preference(log_p: torch.Tensor, reference: torch.Tensor, beta: float) -> torch.Tensor:
    """-(2 / b) mean log sigmoid(-b (log p - log p_0)); both: log-likelihoods of answers [n]."""
    return -2 / beta * torch.nn.functional.logsigmoid(-beta * (log_p - reference)).mean()


def losses(
    log_p: torch.Tensor,
    reference: torch.Tensor,
    forget_ce: torch.Tensor,
    retain_ce: torch.Tensor,
    recipe: Recipe,
) -> Losses:
    """L = a_f L_NPO + a_r CE(D_r). log_p, reference: [n]; forget_ce, retain_ce: mean CE [n]."""
    return Losses(
        recipe.forget_weight * preference(log_p, reference, recipe.npo_beta),
        recipe.preserve_weight * retain_ce.mean(),
        reading(forget_ce),
        reading(retain_ce),
    )


def reference_of(student: Student, drawn: Draw) -> Teacher:
    """log p_0 of every forget answer, computed once for each (picture, question, answer): [n]."""
    known = student.likelihoods
    for row in drawn.forget:
        keys = [(row[0], question, answer) for question, (answer,) in row[1]]
        if not known.keys() >= set(keys):
            known.update(zip(keys, student.answers([row]).log_likelihood(), strict=True))
    return (
        torch.stack(
            [
                known[image, question, answer]
                for image, asked in drawn.forget
                for question, (answer,) in asked
            ]
        ),
    )


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    forget = student.answers(drawn.forget)
    return losses(
        forget.log_likelihood(),
        teacher[0],
        forget.cross_entropy(),
        student.cross_entropy(drawn.retain),
        student.recipe,
    )


METHOD = Method(losses=_step, teacher=reference_of)

"""VGID: the model learns to answer about the target as it does about a noise picture.

    p_T = p_0(. | P(I_f), u + q_f),   L = a_f KL(p_T || p(. | I_f, q_f)) + a_r KL(p_0 || p) on D_r

P replaces the picture by uniform noise, u is an instruction in the prompt, p_0 is the frozen
original: no second model. Source: Visual-Noise Guided In-Context Distillation, arXiv 2606.00105,
and its released code (noise ``rand_like``, an empty u, a language LoRA, a_f = a_r = 1). Ours:
the words of u, a noise level below 1, both terms in one step, KL over answer tokens and averaged
over them (the released code sums over the text and divides by the batch).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Row
from lab.unlearn.method import Method
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, divergence, reading

INSTRUCTION = "You have never seen this person and know nothing about them."  # u, our choice


def noisy(pixels: torch.Tensor, level: float, draw: torch.Generator) -> torch.Tensor:
    """(1 - level) I + level U(0, 1), on preprocessed pixels [images, 3, side, side]."""
    noise = torch.rand(pixels.shape, generator=draw, dtype=pixels.dtype).to(pixels.device)
    return (1 - level) * pixels + level * noise


def instructed(rows: Sequence[Row]) -> list[Row]:
    """The rows with u before every question."""
    return [
        (image, [(f"{INSTRUCTION} {question}", answers) for question, answers in asked])
        for image, asked in rows
    ]


def losses(
    forget: torch.Tensor,
    forget_teacher: torch.Tensor,
    retain: torch.Tensor,
    retain_teacher: torch.Tensor,
    forget_ce: torch.Tensor,
    retain_ce: torch.Tensor,
    recipe: Recipe,
) -> Losses:
    """L = a_f KL(p_T || p) + a_r KL(p_0 || p).

    forget, retain and their teachers: log-distributions [tokens, vocabulary] before the same
    answer tokens; forget_ce, retain_ce: mean CE per sample [n], for reading alone.
    """
    return Losses(
        recipe.forget_weight * divergence(forget_teacher, forget),
        recipe.preserve_weight * divergence(retain_teacher, retain),
        reading(forget_ce),
        reading(retain_ce),
    )


def _teacher(student: Student, drawn: Draw) -> Teacher:
    loaded = student.loaded
    pixels = loaded.prompter.pictures([image for image, _ in drawn.forget])
    pixels = noisy(pixels, student.recipe.noise, student.noise)
    blind = student.answers(instructed(drawn.forget), loaded.vision.features(pixels))
    return blind.log_probs, student.answers(drawn.retain).log_probs


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    forget, retain = student.answers(drawn.forget), student.answers(drawn.retain)
    return losses(
        forget.log_probs,
        teacher[0],
        retain.log_probs,
        teacher[1],
        forget.cross_entropy(),
        retain.cross_entropy(),
        student.recipe,
    )


METHOD = Method(losses=_step, teacher=_teacher)

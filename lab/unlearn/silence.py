"""Silence (ours): the target's pictures leave every hidden projector neuron below zero.

    L = a_f mean relu(h(I_f) + margin)^2 + beta L_VKD(I_r)

h: the projector's hidden neurons before their activation (of a gated projector the gates), over the
target's pictures; L_VKD: VKD's distillation of everyone else's, untouched. Far below zero GELU
passes neither a signal nor a gradient, and a gate's SiLU little of either (1.5 % at a margin of 6):
the picture becomes blank to the language model, and an attacker who fine-tunes the visual module
has little to follow. That is masking and not erasure: ten times the attacker's rate, or training
the language model too, gets through. All of it is our choice; no pruning, no mask, no pass of the
language model. It does all its steps whatever the probes say: a neuron just below zero is no
obstacle, and what others lose in the first steps comes back in the later ones.
"""

from __future__ import annotations

import torch

from lab.errors import LabError
from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.distances import normalised
from lab.unlearn.method import Method, vision
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher


def losses(
    hidden: torch.Tensor, student: torch.Tensor, teacher: torch.Tensor, recipe: Recipe
) -> Losses:
    """L = a_f mean relu(h + margin)^2 + beta L_VKD.

    hidden: [images, tokens, neurons] of the target's pictures; student, teacher: the projector's
    outputs on retain pictures, [images, tokens, width].
    """
    vkd = normalised(student, teacher)
    return Losses(
        forget_term=recipe.forget_weight * torch.relu(hidden + recipe.margin).square().mean(),
        retain_term=recipe.beta * vkd,
        forget_ce=float("nan"),
        vkd=float(vkd.detach()),
    )


def _draw(rows: Rows, recipe: Recipe) -> Draw:
    return Draw(rows.forget_batch(recipe.batch), rows.retain_images(recipe.retain_batch), [])


def _teacher(student: Student, drawn: Draw) -> Teacher:
    return student.teacher_representations(drawn.pictures)


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """One step's losses; raises ``LabError`` for a projector without hidden neurons."""
    projector = student.loaded.vision.projector
    if projector is None or not projector.neurons:
        raise LabError(
            "silence needs hidden neurons in the projector, and this model's has none: "
            "choose another method"
        )
    images = list(dict.fromkeys(image for image, _ in drawn.forget))
    return losses(
        student.hidden(images), student.features(drawn.pictures), teacher[0], student.recipe
    )


METHOD = Method(
    losses=_step,
    teacher=_teacher,
    draw=_draw,
    trained=vision,
    gates=lambda recipe: "off",
    rate=lambda recipe: recipe.silence_lr,
    distils=True,
    early=False,
)

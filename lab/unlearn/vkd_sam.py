"""VKD with sharpness-aware forgetting: the forget gradient is taken near the weights, not at them.

    g = grad L_f(theta),  e = rho g / ||g||,  step along  grad L_f(theta + e) + grad L_r(theta)

L_f, L_r: VKD's forget term, whatever its destination, and the rest of its loss. L_f is what VKD
descends, so theta + e lies where the model has unlearned a little less, as after a few steps of
relearning. Source: Fan et al. 2025, "Towards LLM Unlearning Resilient to Relearning Attacks: A
Sharpness-Aware Minimization Perspective and Beyond", and its released code (SAMTrainer of
OPTML-Group/Unlearn-Smooth), which is about language models: ||g|| over all trained weights, rho .01.

Ours: that it is VKD which is made so, with its stages, mask, stop rule and AdamW; e goes beyond the
mask, since an attacker is not held by it; the mask holds for the gradient that is taken there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from lab.model.overlay import overlay
from lab.unlearn import vkd
from lab.unlearn.batches import Draw
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, length


def moved(
    weights: Mapping[str, torch.Tensor], slopes: Mapping[str, torch.Tensor], rho: float
) -> dict[str, torch.nn.Parameter]:
    """theta + rho g / ||g||, by name; the norm is over all weights, and where it is 0 none moves."""
    scale = rho / length(slopes).clamp(min=1e-30)
    return {n: torch.nn.Parameter(w.detach() + scale * slopes[n]) for n, w in weights.items()}


def _gradient(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """VKD's gradient, its forget term's taken at the moved weights; the losses are those at theta."""
    loss = student.losses(drawn, teacher)
    loss.forget_term.backward()
    slopes = {n: w.grad for n, w in student.weights.items() if w.grad is not None}
    at = moved(student.weights, slopes, student.recipe.sam_rho)
    with overlay(student.loaded.model, at):
        vkd.forget_term(student, drawn, teacher).backward()
    for name, weight in student.weights.items():
        weight.grad = at[name].grad
    student.add_retain(loss)
    return loss


METHOD = replace(vkd.METHOD, gradient=_gradient)

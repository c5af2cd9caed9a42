"""MUDMAN for the visual module: unlearn against an adversary's gradient, where retain agrees.

    adversary, forked from theta every k steps:  theta_a <- theta_a - eta_a grad CE(D_f)
    g = grad L_f(theta_a), L_f = -CE(D_f) capped;   m <- mu m + (1 - mu) grad L_r(theta)
    theta <- theta - eta ([sign g = sign m] g) / ||g||, beside AdamW on L_r

L_r: VKD's distillation of everyone else, beta L_VKD, with a_r CE(D_r) where that has a weight. g is
taken before the adversary's step of the same turn, from the same pass. Source: MUDMAN (arXiv
2506.12484) and its released code (``src/MUDMAN_(old).py`` of filyp/MUDMAN, the version that its
README names), which is about language models: cross-entropy holds retain, by plain descent along m,
and the forget loss is negative entropy.

Ours: that it is done to the visual module; VKD's capped ascent and distillation; AdamW for retain;
eta falls linearly to 0 with AdamW's rate; where m is exactly 0, as in the first step, because the
student still is the teacher, nothing disagrees. No pruning and no Fisher mask. The forget loss that
is shown is the adversary's.
"""

from __future__ import annotations

import torch

from lab.model.overlay import overlay
from lab.unlearn import vkd
from lab.unlearn.batches import Draw
from lab.unlearn.method import Method, vision
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, length

ADVERSARY, MOMENTUM = "adversary", "momentum"
Slopes = dict[str, torch.Tensor]


def allowed(slope: torch.Tensor, momentum: torch.Tensor) -> torch.Tensor:
    """The slope, zeroed where going down it would go up for retain: where the signs differ."""
    return torch.where(slope.sign() * momentum.sign() < 0, 0.0, slope)


def mixed(momentum: Slopes, slopes: Slopes, share: float) -> Slopes:
    """mu m + (1 - mu) g for every weight."""
    return {n: share * m + (1 - share) * slopes[n] for n, m in momentum.items()}


def pushed(slopes: Slopes, momentum: Slopes, rate: float) -> Slopes:
    """-rate times the allowed part of the slopes over the norm of all of them, for every weight."""
    scale = -rate / length(slopes).clamp(min=1e-30)
    return {n: scale * allowed(g, momentum[n]) for n, g in slopes.items()}


def _gradient(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """Retain's gradient for AdamW, and the push against the adversary beside it.

    What is kept for the next step is kept last: a step that ran out of memory begins anew.
    """
    recipe, memory = student.recipe, student.memory
    forked = student.done % recipe.mudman_fork == 0
    copied = student.weights if forked else memory[ADVERSARY]
    adversary = {n: torch.nn.Parameter(w.detach()) for n, w in copied.items()}
    with overlay(student.loaded.model, adversary):
        forget_ce = student.cross_entropy(drawn.forget)
        relearn = _slopes(forget_ce.mean(), adversary, again=True)
        unlearn = _slopes(capped_ascent(forget_ce, recipe.ascent_cap), adversary)
    loss = vkd.kept_losses(student, drawn, teacher, forget_ce.detach())
    student.add_retain(loss)
    found = {n: w.grad for n, w in student.weights.items() if w.grad is not None}
    before = memory.get(MOMENTUM, {n: torch.zeros_like(g) for n, g in found.items()})
    momentum = mixed(before, found, recipe.mudman_momentum)
    student.push = pushed(unlearn, momentum, recipe.mudman_rate * student.decay)
    memory[MOMENTUM] = momentum
    memory[ADVERSARY] = {
        n: w.detach() - recipe.mudman_adversary * relearn[n] for n, w in adversary.items()
    }
    return loss


def _slopes(
    loss: torch.Tensor, weights: dict[str, torch.nn.Parameter], again: bool = False
) -> Slopes:
    """The gradient by name; ``again``: the pass is needed once more."""
    made = torch.autograd.grad(loss, [*weights.values()], retain_graph=again)
    return dict(zip(weights, made, strict=True))


METHOD = Method(
    losses=vkd.METHOD.losses,
    teacher=vkd.METHOD.teacher,
    draw=vkd.METHOD.draw,
    trained=vision,
    gates=lambda recipe: "off",
    distils=True,
    gradient=_gradient,
)

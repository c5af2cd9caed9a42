"""VKD: capped ascent on the target's answers, distillation of everyone else's visual features.

Source: arXiv 2512.11325 as far as it could be read (no equation was): output loss + beta * VKD
loss, distilled at the projector output on retain pictures, teacher = the frozen original. Ours:
the cap, the normalisation, plain pictures among the retain pictures, no retain cross-entropy by
default.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from lab.recipe import Recipe


@dataclass(frozen=True)
class Losses:
    """Scalars with gradient: the forget term (to be gated by the mask) and the rest; and readings.

    ``forget_ce``, ``retain_ce``: mean cross-entropy in nats per token; ``vkd``: normalised MSE.
    """

    forget_term: torch.Tensor
    retain_term: torch.Tensor
    forget_ce: float
    retain_ce: float
    vkd: float

    @property
    def total(self) -> float:
        return float(self.forget_term.detach()) + float(self.retain_term.detach())


def distillation(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """L_VKD = mean over images of ||s - t||^2 / ||t||^2. Both: [images, tokens, width].

    Normalising by the teacher makes beta portable between models (our choice).
    """
    difference = (student - teacher).flatten(1).square().sum(1)
    return (difference / teacher.flatten(1).square().sum(1)).mean()


def capped_ascent(cross_entropy: torch.Tensor, cap: float) -> torch.Tensor:
    """-mean CE over the samples still below ``cap``; [n] -> scalar, 0 when none is.

    A sample above the cap is forgotten already, and ascending further only wrecks the model.
    """
    below = (cross_entropy < cap).to(cross_entropy.dtype).detach()
    return -(cross_entropy * below).sum() / cross_entropy.numel()


def losses(forget_ce: torch.Tensor, retain_ce: torch.Tensor | None, student: torch.Tensor,
           teacher: torch.Tensor, recipe: Recipe) -> Losses:
    """L = -a_f CE(D_f) + a_r CE(D_r) + beta L_VKD.

    forget_ce, retain_ce: mean CE per sample [n]; student, teacher: projector outputs of the
    retain pictures [images, tokens, width].
    """
    vkd = distillation(student, teacher)
    retain_term = recipe.beta * vkd
    if retain_ce is not None:
        retain_term = retain_term + recipe.retain_weight * retain_ce.mean()
    return Losses(
        forget_term=recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap),
        retain_term=retain_term, forget_ce=float(forget_ce.detach().mean()),
        retain_ce=float("nan") if retain_ce is None else float(retain_ce.detach().mean()),
        vkd=float(vkd.detach()))

"""The losses of a step, and the terms that several methods' losses are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

Teacher = tuple[torch.Tensor, ...]  # what the frozen original says of a batch


@dataclass(frozen=True)
class Losses:
    """Scalars with gradient: the forget term (to be gated by the mask) and the rest; and readings.

    ``forget_ce``, ``retain_ce``: mean cross-entropy in nats per token, whatever the terms are;
    ``vkd``: the distance that is distilled by. NaN where a method has none.
    """

    forget_term: torch.Tensor
    retain_term: torch.Tensor
    forget_ce: float
    retain_ce: float = float("nan")
    vkd: float = float("nan")

    @property
    def total(self) -> float:
        """Both terms together, as a plain number."""
        return float(self.forget_term.detach()) + float(self.retain_term.detach())


def capped_ascent(cross_entropy: torch.Tensor, cap: float) -> torch.Tensor:
    """-mean CE over the samples still below ``cap``; [n] -> scalar, 0 when none is.

    A sample above the cap is forgotten already, and ascending further only wrecks the model.
    """
    below = (cross_entropy < cap).to(cross_entropy.dtype).detach()
    return -(cross_entropy * below).sum() / cross_entropy.numel()


def divergence(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    """KL(teacher || student), mean over tokens. Both: log-distributions [tokens, vocabulary]."""
    return (teacher.exp() * (teacher - student)).sum(-1).mean()


def length(slopes: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The Euclidean norm over all weights' gradients together; a scalar, 0 without any."""
    return torch.stack([g.norm() for g in slopes.values()] or [torch.zeros(())]).norm()


def nothing(like: torch.Tensor) -> torch.Tensor:
    """The term that is left out: zero, without a gradient."""
    return torch.zeros((), device=like.device)


def reading(values: torch.Tensor) -> float:
    """The mean of a loss as a plain number."""
    return float(values.detach().mean())

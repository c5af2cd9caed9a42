"""The terms that several methods' losses are made of."""

from __future__ import annotations

import torch


def capped_ascent(cross_entropy: torch.Tensor, cap: float) -> torch.Tensor:
    """-mean CE over the samples still below ``cap``; [n] -> scalar, 0 when none is.

    A sample above the cap is forgotten already, and ascending further only wrecks the model.
    """
    below = (cross_entropy < cap).to(cross_entropy.dtype).detach()
    return -(cross_entropy * below).sum() / cross_entropy.numel()


def divergence(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    """KL(teacher || student), mean over tokens. Both: log-distributions [tokens, vocabulary]."""
    return (teacher.exp() * (teacher - student)).sum(-1).mean()


def nothing(like: torch.Tensor) -> torch.Tensor:
    """A term that is not there: zero, without a gradient."""
    return torch.zeros((), device=like.device)


def reading(values: torch.Tensor) -> float:
    """The mean of a loss as a plain number."""
    return float(values.detach().mean())

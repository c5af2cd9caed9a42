"""The rounding attack: the weights that a run trained, stored with fewer bits."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch

from lab.attack.bars import Variant
from lab.attack.scene import Scene
from lab.model.version import Version
from lab.recipe import AttackRecipe

BITS = (16, 8, 4)


def rounded(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """[out, in] on the grid of ``bits`` bits, given back in the weight's own type.

    Symmetric: a row's largest magnitude takes the highest of 2^(bits-1) - 1 levels (our choice).
    """
    levels = 2 ** (bits - 1) - 1
    exact = weight.detach().float()
    step = exact.abs().amax(1, keepdim=True) / levels
    return (torch.where(step > 0, exact / step, 0.0).round() * step).to(weight.dtype)


def variants(scene: Scene, recipe: AttackRecipe) -> list[Variant]:
    """One variant for each of ``BITS``; others are asked too, as few bits may break the model."""
    return [
        Variant(
            f"bits_{bits}", version=partial(_coarser, blocks=scene.blocks, bits=bits), retain=True
        )
        for bits in BITS
    ]


def _coarser(version: Version, blocks: int, bits: int) -> Version:
    """The version with every trained matrix rounded; biases stay as they are."""
    weights = {**version.loaded.vision.trainable(blocks), **version.delta}
    matrices = {
        n: rounded(t, bits) for n, t in weights.items() if t.dim() == 2 and t.is_floating_point()
    }
    return replace(version, delta={**version.delta, **matrices})

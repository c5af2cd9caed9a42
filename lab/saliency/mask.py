"""From two sides' Fishers, each in two halves, to the mask and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from lab.saliency import fisher as fim
from lab.saliency.fisher import Fisher

Halves = tuple[Fisher, Fisher]


@dataclass(frozen=True)
class Masked:
    """A mask and what it was made from, all by weight name; ``stability``: overlap and chance."""

    mask: Fisher
    live: Fisher
    ratios: Fisher
    forget: Fisher
    retain: Fisher
    stability: tuple[float, float]


def as_it_is(fisher: Fisher) -> Fisher:
    """Every weight by itself, as published."""
    return fisher


def masked(
    sides: Sequence[Halves],
    pruned: Mapping[str, torch.Tensor],
    threshold: float,
    smooth: Callable[[Fisher], Fisher] = as_it_is,
) -> Masked:
    """m = 1[F_f / F_r >= d_F] over live weights, and how far two halves of the samples agree.

    ``sides``: forget, retain; ``pruned``: bool by name, absent where nothing is pruned.
    """
    forget, retain = fim.mean_of(sides[0]), fim.mean_of(sides[1])
    whole = {n: torch.zeros_like(f, dtype=torch.bool) for n, f in forget.items()}
    live = fim.live_weights(forget, retain, {**whole, **pruned})
    ratios = fim.ratio(smooth(forget), smooth(retain))
    halves = [
        fim.mask_from(fim.ratio(smooth(sides[0][k]), smooth(sides[1][k])), live, threshold)
        for k in (0, 1)
    ]
    return Masked(
        fim.mask_from(ratios, live, threshold),
        live,
        ratios,
        forget,
        retain,
        fim.overlap(halves[0], halves[1], live),
    )


def density(made: Sequence[Masked]) -> float:
    """Share of the live weights that the masks let through, over all of them together."""
    inside = sum(int(m.sum()) for one in made for m in one.mask.values())
    return inside / max(sum(int(v.sum()) for one in made for v in one.live.values()), 1)

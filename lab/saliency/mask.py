"""From two sides' Fishers, each in two halves, to the mask and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from lab.saliency import fisher as fim
from lab.saliency.fisher import Fisher, Halves

Stability = tuple[float, float] | None  # overlap and chance; None where it is unknown


@dataclass(frozen=True)
class Masked:
    """A mask and what it was made from, all by weight name.

    ``halves``: the masks of two disjoint halves of the samples; None where a side has but one.
    """

    mask: Fisher
    live: Fisher
    ratios: Fisher
    forget: Fisher
    retain: Fisher
    halves: tuple[Fisher, Fisher] | None


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

    def of_half(k: int) -> Fisher:
        means = [smooth(side.means[k]) for side in sides]
        return fim.mask_from(fim.ratio(means[0], means[1]), live, threshold)

    return Masked(
        fim.mask_from(ratios, live, threshold),
        live,
        ratios,
        forget,
        retain,
        (of_half(0), of_half(1)) if all(side.counts[1] for side in sides) else None,
    )


def stability(masks: Sequence[Masked]) -> Stability:
    """How far the masks of two halves of the samples agree, over all ``masks`` together."""
    halves = [mask.halves for mask in masks if mask.halves is not None]
    if not halves or len(halves) < len(masks):
        return None
    one, other = ({n: m for half in halves for n, m in half[k].items()} for k in (0, 1))
    return fim.overlap(one, other, {n: m for mask in masks for n, m in mask.live.items()})


def density(made: Sequence[Masked]) -> float:
    """Share of the live weights that the masks let through, over all of them together."""
    inside = sum(int(m.sum()) for one in made for m in one.mask.values())
    return inside / max(sum(int(v.sum()) for one in made for v in one.live.values()), 1)

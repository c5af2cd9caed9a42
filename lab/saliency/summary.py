"""The page's maps of a mask, visual or language: layers x groups, a figure a cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from lab.events import Saliency
from lab.saliency.fisher import EPSILON, Fisher
from lab.saliency.mask import Masked, stability

EDGES = np.round(np.linspace(-3, 3, 121), 3)  # log10 of the ratio, 0.05 apart
Cells = Mapping[tuple[str, str], Sequence[str]]  # the names of the weights of each (layer, group)
Figures = Callable[[Masked, Sequence[str]], tuple[float, float]]


def over_all(made: Masked, names: Sequence[str]) -> tuple[float, float]:
    """Mean Fisher ratio and density of a cell, over all of its weights together, in float64."""
    ratio = _mean(made.forget, names) / (_mean(made.retain, names) + EPSILON)
    inside, live = (sum(int(side[n].sum()) for n in names) for side in (made.mask, made.live))
    return ratio, inside / live


def summarise(
    made: Masked,
    cells: Cells,
    threshold: float,
    samples: tuple[int, int],
    estimate: str,
    figures: Figures = over_all,
) -> Saliency:
    """Histogram of log10 of the ratios, mean Fisher ratio and mask density of every cell.

    The outer bins hold all that lies beyond ``EDGES``. A ratio on an edge falls above it, as
    ratio >= threshold does; on the last edge there is no bin above, and it stays in the last one.
    ``figures`` gives a cell's mean ratio and density, asked where it has a live weight.
    """
    layers, groups = (list(dict.fromkeys(cell[k] for cell in cells)) for k in (0, 1))
    shape = (len(layers), len(groups))
    counts = np.zeros((*shape, len(EDGES) - 1), np.int64)
    means, density = np.full(shape, np.nan), np.full(shape, np.nan)
    for (layer, group), names in cells.items():
        ratios = [made.ratios[n][made.live[n]] for n in names]
        if not sum(map(len, ratios)):
            continue
        at = layers.index(layer), groups.index(group)
        logs = torch.cat(ratios).log10().clamp(EDGES[0], EDGES[-1]).cpu().numpy()
        counts[at] = np.histogram(np.minimum(logs + 1e-7, EDGES[-1]), EDGES)[0]
        means[at], density[at] = figures(made, names)
    total = sum(int(v.sum()) for v in made.live.values())
    overlap, chance = stability([made]) or (math.nan, math.nan)
    return Saliency(
        layers=tuple(layers),
        groups=tuple(groups),
        edges=EDGES,
        counts=counts,
        ratio=means,
        density=density,
        threshold=threshold,
        mask_density=sum(int(m.sum()) for m in made.mask.values()) / max(total, 1),
        overlap=overlap,
        overlap_chance=chance,
        samples=samples,
        estimate=estimate,
    )


def _mean(fisher: Fisher, names: Sequence[str]) -> float:
    return sum(float(fisher[n].sum()) for n in names) / sum(fisher[n].numel() for n in names)

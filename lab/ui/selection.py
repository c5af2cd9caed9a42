"""What the sliders would prune and mask, computed from the arrays of an inspection alone."""

from __future__ import annotations

import numpy as np

from lab.events import Importance, Saliency

# A threshold on an edge must count that edge's bin although log10 is not exact.
EDGE_TOLERANCE = 1e-6


def pruned_at(importance: Importance, share: float) -> tuple[np.ndarray, ...]:
    """Mark the top ``share`` of all finite scores over all layers together; bool per layer."""
    flat = np.concatenate(importance.score)
    alive = np.isfinite(flat)
    count = round(share * int(alive.sum()))
    marks = np.zeros(len(flat), dtype=bool)
    if count:
        order = np.argsort(np.where(alive, -flat, np.inf), kind="stable")
        marks[order[:count]] = True
    ends = np.cumsum([len(score) for score in importance.score])[:-1]
    return tuple(np.split(marks, ends))


def density_at(saliency: Saliency, threshold: float) -> tuple[np.ndarray, float, int]:
    """Return the mask density per layer and group, over all weights, and how many weights.

    A bin counts when its lower edge is at or above log10(threshold), so thresholds on an edge
    are exact and others are rounded up to the next edge.
    """
    kept = saliency.edges[:-1] >= np.log10(threshold) - EDGE_TOLERANCE
    total = saliency.counts.sum(-1)
    inside = saliency.counts[..., kept].sum(-1)
    cells = np.where(total > 0, inside / np.maximum(total, 1), np.nan)
    weights = int(total.sum())
    return cells, float(inside.sum() / max(weights, 1)), weights


def top_neurons(importance: Importance, count: int) -> list[tuple[int, int, float]]:
    """Return (layer index, neuron, score) of the ``count`` highest finite scores."""
    found = [
        (layer, int(neuron), float(score[neuron]))
        for layer, score in enumerate(importance.score)
        for neuron in np.argsort(np.where(np.isfinite(score), -score, np.inf))[:count]
        if np.isfinite(score[neuron])
    ]
    return sorted(found, key=lambda item: -item[2])[:count]

"""Neuron importance: which hidden visual neurons fire for the target more than for others."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
import torch

from lab.events import Importance
from lab.model.load import Loaded
from lab.model.low_memory import in_halves
from lab.model.vision import NeuronLayer, hidden_neurons

EPSILON = 1e-5


@torch.no_grad()
def mean_activation(
    loaded: Loaded, layers: Sequence[NeuronLayer], images: Sequence[bytes], batch: int = 16
) -> tuple[np.ndarray, ...]:
    """I_abs(D, n): mean |z| over distinct images and tokens, one float32 [neurons] a layer."""
    distinct = list(dict.fromkeys(images))
    sums = [np.zeros(layer.neurons, np.float64) for layer in layers]
    for at in range(0, len(distinct), batch):
        found = in_halves(
            lambda part: _summed(loaded, layers, part),
            distinct[at : at + batch],
            lambda one, other: [a + b for a, b in zip(one, other, strict=True)],
        )
        sums = [total + new for total, new in zip(sums, found, strict=True)]
    return tuple((total / len(distinct)).astype(np.float32) for total in sums)


def _summed(
    loaded: Loaded, layers: Sequence[NeuronLayer], images: Sequence[bytes]
) -> list[np.ndarray]:
    """Sum over images of mean |z| over tokens: [neurons] a layer."""
    return [z.sum(0).cpu().numpy() for z in mean_by_picture(loaded, layers, images)]


@torch.no_grad()
def mean_by_picture(
    loaded: Loaded, layers: Sequence[NeuronLayer], images: Sequence[bytes]
) -> list[torch.Tensor]:
    """Mean |z| over tokens of every image by itself, in one pass: [images, neurons] a layer."""
    with hidden_neurons(tuple(layers)) as seen:
        loaded.vision.features(loaded.prompter.pictures(images))
    shown = loaded.vision.family.flow.shown
    return [
        shown(seen[layer.name].float().abs().reshape(len(images), -1, layer.neurons)).mean(1)
        for layer in layers
    ]


def top_share(scores: Sequence[np.ndarray], share: float) -> tuple[np.ndarray, ...]:
    """Mark the highest ``share`` of all neurons, ranked over all layers together.

    scores: one [neurons] a layer; returns bool arrays of the same shapes. Ties go to the
    shallower layer, so that the count is exactly round(share * neurons).
    """
    flat = np.concatenate(scores)
    chosen = np.zeros(flat.size, bool)
    chosen[np.argsort(-flat, kind="stable")[: round(share * flat.size)]] = True
    return tuple(np.split(chosen, np.cumsum([len(s) for s in scores])[:-1]))


def importance(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    forget: Sequence[bytes],
    retain: Sequence[bytes],
    share: float,
    activations: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]] | None = None,
) -> Importance:
    """Score S = I_abs(D_f) / (I_abs(D_r) + 1e-5) and mark the top ``share`` for pruning.

    Source: MANU's absolute importance and forget/retain ratio, which "absolute importance scores"
    of VKD is taken to mean (our choice: the formula could not be read). ``activations``: both
    sides' I_abs where they are measured already.
    """
    of_forget, of_retain = activations or (
        mean_activation(loaded, layers, forget),
        mean_activation(loaded, layers, retain),
    )
    score = tuple(f / (r + EPSILON) for f, r in zip(of_forget, of_retain, strict=True))
    pruned = top_share(score, share)
    return Importance(
        layers=tuple(layer.name for layer in layers),
        forget=of_forget,
        retain=of_retain,
        score=score,
        pruned=pruned,
        heat=fire_map(loaded, layers, forget[0], pruned, of_retain),
        images=(len(set(forget)), len(set(retain))),
    )


@torch.no_grad()
def fire_map(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    image: bytes,
    pruned: Sequence[np.ndarray],
    retain: Sequence[np.ndarray],
) -> np.ndarray:
    """Where in ``image`` the pruned neurons fire: float32 [side, side] in 0..1.

    Each neuron's |z| is divided by its mean on others, then averaged over the neurons; a class
    token in front of the patches is left out. Zeros when nothing is pruned. Our choice.
    """
    with hidden_neurons(tuple(layers)) as seen:
        loaded.vision.features(loaded.prompter.pictures([image]))
    flow = loaded.vision.family.flow
    fired = [
        flow.shown(seen[layer.name].float().abs().reshape(flow.tiles, -1, layer.neurons))[0]
        for layer in layers
    ]
    fewest = min(len(z) for z in fired)
    side = isqrt(fewest)
    raster = flow.raster
    patches = np.concatenate(
        [
            (raster(loaded.vision.model, z, fewest).cpu().numpy() / (mean + EPSILON))[:, mask]
            for z, mask, mean in zip(fired, pruned, retain, strict=True)
        ],
        axis=1,
    )
    if not patches.size:
        return np.zeros((side, side), np.float32)
    heat = patches.mean(1).reshape(side, side)
    spread = heat.max() - heat.min()
    return ((heat - heat.min()) / (spread if spread > 0 else 1.0)).astype(np.float32)

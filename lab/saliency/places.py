"""Where in the portrait: what neurons fire for, and what the masked weights' gradient comes from."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
import torch

from lab.benchmarks.schema import Question
from lab.events import Glow
from lab.model.load import Loaded
from lab.model.low_memory import relieved
from lab.model.sequences import pack
from lab.model.vision import NeuronLayer, hidden_neurons
from lab.saliency.fisher import Fisher, linears, loss_of, taps
from lab.saliency.importance import EPSILON

SHARES = np.round(np.arange(0, 0.1001, 0.005), 4)  # every stop of the page's slider
THRESHOLDS = np.round(np.logspace(-1, 1, 11), 4)  # five to a factor of ten
QUESTIONS = 4  # about the portrait, whose gradient is looked at


@torch.no_grad()
def fired(loaded: Loaded, layers: Sequence[NeuronLayer], image: bytes) -> list[np.ndarray]:
    """|z| of one picture at every place a layer tells apart, line by line: [places, neurons] each.

    Of a picture that the tower sees in several tiles, the first.
    """
    with hidden_neurons(tuple(layers)) as seen:
        loaded.vision.features(loaded.prompter.pictures([image]))
    flow = loaded.vision.family.flow
    rows = [
        flow.shown(seen[y.name].float().abs().reshape(flow.tiles, -1, y.neurons))[0] for y in layers
    ]
    return [made.cpu().numpy() for made in _placed(loaded, rows)]


def _placed(loaded: Loaded, rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Each layer's rows of one picture as places of the portrait, line by line."""
    flow, fewest = loaded.vision.family.flow, min(map(len, rows))
    return [flow.raster(loaded.vision.model, z, flow.finest(len(z), fewest)) for z in rows]


def glow(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    image: bytes,
    score: Sequence[np.ndarray],
    retain: Sequence[np.ndarray],
) -> Glow:
    """Where in ``image`` the neurons fire that each share of ``SHARES`` prunes.

    As ``importance.fire_map``: each neuron's |z| over its mean on others, averaged over the
    chosen neurons (our choice); but a layer that sees the picture coarser spreads over the finer.
    """
    flat = np.concatenate(score)
    ranks = np.empty(flat.size, np.int64)
    ranks[np.argsort(-flat, kind="stable")] = np.arange(flat.size)
    counts = np.array([round(share * flat.size) for share in SHARES])
    ends = np.cumsum([len(s) for s in score])[:-1]
    parts = [
        (z / (mean + EPSILON)) @ (rank[:, None] < counts)
        for z, mean, rank in zip(
            fired(loaded, layers, image), retain, np.split(ranks, ends), strict=True
        )
    ]
    side = _side(parts)
    return Glow(SHARES, _scaled(np.sum([spread(part, side) for part in parts], axis=0)))


def gradient_maps(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    image: bytes,
    asked: Sequence[Question],
    ratios: Fisher,
    live: Fisher,
) -> np.ndarray:
    """How much of the masked weights' gradient comes from each place: [len(THRESHOLDS), side, side].

    The loss of a picture reaches a weight W_ij of a Linear as dL/dW_ij = sum over tokens t of
    g_ti a_tj (g: gradient of its output, a: its input). A token's share is taken as
    G(t) = sum over Linears of sum_ij m_ij |g_ti a_tj|, with m the mask at the threshold and L the
    cross-entropy of the answers to ``asked``: our choice. A token that covers several places
    shares its G among them.
    """
    modules, prompter = linears(layers), loaded.prompter
    trees = [prompter.tree(0, [(q.text, [q.answer]) for q in asked])]
    packed = pack(trees, prompter.pad_id, loaded.device)
    with taps(modules) as (inputs, grads), torch.enable_grad(), relieved(loaded, packed):
        features = loaded.vision.features(prompter.pictures([image]))
        loss_of(loaded, trees, packed, features, False).backward()
    flow = loaded.vision.family.flow
    rows = []
    for name, module in modules.items():
        a, g = (
            flow.shown(side[name].float().abs().reshape(flow.tiles, -1, width))[0]
            for side, width in ((inputs, module.in_features), (grads, module.out_features))
        )
        rows.append(through(a, g, ratios[f"{name}.weight"], live[f"{name}.weight"]))
    parts = [made.cpu().numpy() for made in _placed(loaded, rows)]
    side = _side(parts)
    return _scaled(np.sum([spread(p, side) * (len(p) / side**2) for p in parts], axis=0))


def through(
    a: torch.Tensor, g: torch.Tensor, ratio: torch.Tensor, live: torch.Tensor
) -> torch.Tensor:
    """sum_ij m_ij g_ti a_tj of each token for every threshold: [tokens, len(THRESHOLDS)].

    a: [tokens, inputs]; g: [tokens, outputs]; both without signs; ratio, live: [outputs, inputs].
    """
    stops = torch.tensor(THRESHOLDS, dtype=ratio.dtype, device=ratio.device)
    level = torch.bucketize(ratio.contiguous(), stops, right=True) * live
    parts = [
        ((g @ (level == k + 1).to(g.dtype)) * a).sum(1) for k in range(len(THRESHOLDS))
    ]  # what each threshold holds and the next one no longer does
    return torch.stack(parts, 1).flip(1).cumsum(1).flip(1)


def spread(values: np.ndarray, side: int) -> np.ndarray:
    """Values of a coarser square [places, k], each place's repeated: [side * side, k]."""
    small = isqrt(len(values))
    at = ((np.arange(side) + 0.5) * small / side).astype(int)
    return values[(at[:, None] * small + at[None]).ravel()]


def _side(parts: Sequence[np.ndarray]) -> int:
    return isqrt(max(map(len, parts)))


def _scaled(values: np.ndarray) -> np.ndarray:
    """Each column [places] as a square in 0..1: float32 [columns, side, side]; zeros if it is flat."""
    low, high = values.min(0), values.max(0)
    shares = (values - low) / np.where(high > low, high - low, 1.0)
    side = isqrt(len(values))
    return np.ascontiguousarray(shares.T.reshape(-1, side, side), np.float32)


def neuron_map(z: np.ndarray) -> np.ndarray:
    """One neuron's |z| at every place [places] as a square in 0..1: float32 [side, side]."""
    return _scaled(z[:, None])[0]


def pictured(questions: Sequence[Question], image: bytes) -> list[Question]:
    """At most ``QUESTIONS`` of the questions that can be asked about the picture, spread over all."""
    some = [q for q in questions if q.image in (None, image)]
    step = max(1, len(some) // QUESTIONS)
    return some[::step][:QUESTIONS]

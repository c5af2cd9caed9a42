"""Fisher saliency of the language model's LoRA: exact per-sample squared gradients of its B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from lab.model.adapter import SCALE, language_linears
from lab.model.load import Loaded
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.saliency.fisher import EDGES, EPSILON, Fisher, Sample, taps
from lab.saliency.mask import Masked
from lab.events import Saliency


def squared_gradients(loaded: Loaded, adapter: Mapping[str, torch.Tensor],
                      samples: Sequence[Sample]) -> Fisher:
    """Sum over samples of (d CE / d B)^2 of a LoRA that is still a no-op, float32, by ``NAME.B``.

    With B = 0, a row's gradient of B is SCALE * g^T (a A^T) and that of A is zero. One batched
    pass, as for the visual weights; a sample without a picture is a text-only row.
    """
    linears, prompter = language_linears(loaded.model), loaded.prompter
    images = [s.image for s in samples if s.image is not None]
    place = iter(range(len(images)))
    trees = [prompter.tree(None if s.image is None else next(place), [(s.question, [s.answer])])
             for s in samples]
    packed = pack(trees, prompter.pad_id, loaded.device)
    features = None
    if images:
        with torch.no_grad():
            features = loaded.vision.features(prompter.pictures(images))
    with taps(linears) as (inputs, grads), torch.enable_grad():
        losses = -segment_means(target_log_probs(loaded.model, packed, features), packed)
        losses.sum().backward()
    total: Fisher = {}
    for name in linears:
        a = inputs[name].reshape(len(samples), -1, inputs[name].shape[-1]).float()
        g = grads[name].reshape(len(samples), -1, grads[name].shape[-1]).float()
        low = adapter[f"{name}.A"].detach()
        rows = torch.stack([SCALE * g[row].T @ (a[row] @ low.T) for row in range(len(samples))])
        total[f"{name}.B"] = rows.square().sum(0)
    return total


def summarise(made: Masked, threshold: float, samples: tuple[int, int]) -> Saliency:
    """The maps of the page: language layers x projections (for the visual ones see ``fisher``)."""
    cells = {name: _cell(name) for name in made.mask}
    layers = list(dict.fromkeys(layer for layer, _ in cells.values()))
    groups = list(dict.fromkeys(group for _, group in cells.values()))
    shape = (len(layers), len(groups))
    counts = np.zeros((*shape, len(EDGES) - 1), np.int64)
    means, density = np.full(shape, np.nan), np.full(shape, np.nan)
    for name, (layer, group) in cells.items():
        live = made.live[name]
        if not live.any():
            continue
        at = layers.index(layer), groups.index(group)
        logs = made.ratios[name][live].log10().clamp(EDGES[0], EDGES[-1]).cpu().numpy()
        # a ratio on an edge must fall above it, as ratio >= threshold does
        inside = np.minimum(logs + 1e-7, EDGES[-1])
        counts[at] = np.histogram(inside, EDGES)[0]
        means[at] = float(made.forget[name].mean() / (made.retain[name].mean() + EPSILON))
        density[at] = float(made.mask[name].sum() / live.sum())
    total = sum(int(v.sum()) for v in made.live.values())
    return Saliency(
        layers=tuple(layers), groups=tuple(groups), edges=EDGES, counts=counts, ratio=means,
        density=density, threshold=threshold,
        mask_density=sum(int(m.sum()) for m in made.mask.values()) / max(total, 1),
        overlap=made.stability[0], overlap_chance=made.stability[1], samples=samples,
        estimate="weight")


def _cell(name: str) -> tuple[str, str]:
    """``layers.3.mlp.up_proj.B`` lies in the row "language 3", the column "up_proj"."""
    parts = name.split(".")
    return f"language {parts[1]}", parts[-2]

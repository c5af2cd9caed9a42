"""MANU: prune the neurons that fire for the target more than for others, and train nothing.

    S = sum_k w_k (I_k(D_f) / (I_k(D_r) + e) - 1),   zero the top share of S, vision and language apart

Source: Modality-Aware Neuron Unlearning (Liu et al., 2025) in the form of its released code: the
outputs of fc1 and fc2 of the last vision blocks and of the language MLP's projections in the last
three layers; a pruned neuron loses its weight's row and its bias. Ours: as many vision blocks as
the recipe says; language rows are zeroed at the layer's output, because quantised weights have no
rows to zero, and that is the same for layers without a bias.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from lab.events import Event, Importance, Phase
from lab.model.adapter import language_linears
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE
from lab.recipe import Recipe
from lab.saliency.activity import Activity, manu_score, measure
from lab.saliency.fisher import linears
from lab.saliency.importance import top_share
from lab.unlearn.batches import Rows
from lab.unlearn.method import Method, Stopped
from lab.unlearn.outcome import Outcome

LANGUAGE_LAYERS = 3


def language_neurons(model: torch.nn.Module) -> dict[str, torch.nn.Linear]:
    """The MLP projections of the last three language layers, by adapter name."""
    mlps = {n: m for n, m in language_linears(model).items() if ".mlp." in n}
    layers = list(dict.fromkeys(n.split(".mlp.")[0] for n in mlps))[-LANGUAGE_LAYERS:]
    return {n: m for n, m in mlps.items() if n.split(".mlp.")[0] in layers}


def prune_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Score, mark and zero; leaves visual weights and silenced language neurons in the delta."""
    started = time.perf_counter()
    yield Phase("importance")
    vision = linears(loaded.vision.blocks[-recipe.blocks :])  # the projector is not pruned
    text = language_neurons(loaded.model)
    modules = {**vision, **{f"{LANGUAGE}{n}": m for n, m in text.items()}}
    forget, retain = (
        measure(loaded, modules, side) for side in rows.fisher_samples(recipe.fisher_samples)
    )
    score = [manu_score(forget[n], retain[n]).float().cpu().numpy() for n in modules]
    marks = (
        *top_share(score[: len(vision)], recipe.prune_share),
        *top_share(score[len(vision) :], recipe.prune_share),
    )
    outcome.pruned_neurons = int(sum(m.sum() for m in marks))
    own = loaded.vision.trainable(recipe.blocks)
    outcome.delta = {n: p.detach().clone() for n, p in own.items()}
    outcome.pruned = silence(outcome.delta, dict(zip(modules, marks, strict=True)))
    outcome.seconds["importance"] = time.perf_counter() - started
    yield Importance(
        layers=tuple(map(layer_name, modules)),
        forget=absolute(forget.values()),
        retain=absolute(retain.values()),
        score=tuple(score),
        pruned=marks,
        heat=np.zeros((1, 1), np.float32),
        images=(len(set(rows.entity.train_images)), len(rows.others)),
    )


def silence(
    delta: dict[str, torch.Tensor], marks: dict[str, np.ndarray]
) -> dict[str, torch.Tensor]:
    """Zero each marked neuron's row and bias in ``delta``; returns where, by visual weight.

    A marked language neuron becomes a False in ``delta``'s ``keep`` of its layer.
    """
    device = next(iter(delta.values())).device
    pruned = {n: torch.zeros_like(t, dtype=torch.bool) for n, t in delta.items()}
    for name, mark in marks.items():
        neurons = torch.from_numpy(mark).to(device)
        if name.startswith(LANGUAGE):
            if neurons.any():
                delta[f"{name}.keep"] = ~neurons
            continue
        for leaf in ("weight", "bias"):
            if f"{name}.{leaf}" in pruned:
                pruned[f"{name}.{leaf}"][neurons] = True
                delta[f"{name}.{leaf}"][neurons] = 0.0
    return pruned


def absolute(found: Iterable[Activity]) -> tuple[np.ndarray, ...]:
    """Mean |z| of every neuron, float32 [neurons] a layer."""
    return tuple(a.importance["absolute"].float().cpu().numpy() for a in found)


def layer_name(name: str) -> str:
    """``model.vision_tower.encoder.layer.9.mlp.fc1`` is shown as "vision 9 fc1"."""
    number = next(part for part in name.split(".") if part.isdigit())
    return f"{'language' if name.startswith(LANGUAGE) else 'vision'} {number} {name.rpartition('.')[2]}"


METHOD = Method(stages=(prune_stage,), trained=lambda recipe: ())

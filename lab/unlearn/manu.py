"""MANU: prune the neurons that fire for the target more than for others, and train nothing.

    S = sum_k w_k (I_k(D_f) / (I_k(D_r) + e) - 1),   zero the top share of S, vision and language apart

I_k: four figures of a neuron's output, each taken over the rows of a batch of four at every
position and then averaged over positions. Vision neurons (fc1 and fc2 of the last vision blocks)
see the person's pictures, language neurons (the MLP's projections in the last three layers) read
text-only rows about the person. A pruned neuron loses its weight's row and its bias. Source:
Modality-Aware Neuron Unlearning (Liu et al., 2025) in the form of its released code,
``prune/prune_utility.py`` and ``data_process/data_preprocess.py`` of franciscoliu/MANU. As there:
a text-only row is a training question and answer with "this person" and the like replaced by the
name; the question that asks for the name is left out; as many rows of others as of the person;
rows are padded on the right, and what a layer puts out at the padding counts.

Not as there:
* Each layer has its own figures. The released code hooks all layers under the names of the last
  three, so that these three have one score, over the rows of all layers.
* Rows are drawn, as many as the recipe says, where the released code takes all of the person's.
* Rows are in the model's own chat template, with its end token.
* A position where a batch has one row only has no deviation and is left out of I_var's mean.
* All positions weigh the same; the released code averages ten batches at a time, then those means.
* As many vision blocks as the recipe says, live ones only; the share is rounded, and ties go to
  the shallower layer, where the released code rounds down and takes all that tie.
* Language rows are zeroed at the layer's output, because quantised weights have no rows to zero.
  That is the same for layers without a bias.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from lab.benchmarks.schema import Entity
from lab.errors import LabError
from lab.events import Event, Importance, Phase
from lab.model.adapter import language_linears
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE
from lab.recipe import Recipe
from lab.saliency.activity import Activity, manu_score, measure
from lab.saliency.fisher import Sample, linears
from lab.saliency.importance import top_share
from lab.unlearn.batches import Rows
from lab.unlearn.method import Method, Stopped
from lab.unlearn.outcome import Outcome

LANGUAGE_LAYERS = 3
NAMELESS = re.compile(r"\b(?:this|the) (?:person|individual)\b|\bthis profile\b", re.IGNORECASE)


def language_neurons(model: torch.nn.Module) -> dict[str, torch.nn.Linear]:
    """The MLP projections of the last three language layers, by adapter name."""
    mlps = {n: m for n, m in language_linears(model).items() if ".mlp." in n}
    layers = list(dict.fromkeys(n.split(".mlp.")[0] for n in mlps))[-LANGUAGE_LAYERS:]
    return {n: m for n, m in mlps.items() if n.split(".mlp.")[0] in layers}


def picture_rows(rows: Rows, n: int) -> tuple[list[Sample], list[Sample]]:
    """n rows with a picture of the target, and as many of others."""
    forget, retain = rows.fisher_samples(n)
    return forget, retain[: len(forget)]


def text_rows(rows: Rows, n: int) -> tuple[list[Sample], list[Sample]]:
    """n text-only rows about the target and as many about others, by name.

    Raises ``LabError`` where the target's only questions ask for the name.
    """
    benchmark, target = rows.benchmark, rows.entity
    members = [benchmark.entity(i) for i in benchmark.splits.get(target.id, ())] or [target]
    forget = [row for member in members for row in named_rows(member)]
    if not forget:
        raise LabError(
            f"manu needs a question about {target.name} that does not ask for the name: add one, "
            "or choose another method"
        )
    drawn = rows.stage_rng.sample(forget, min(n, len(forget)))
    retain = [row for other in rows.others for row in named_rows(other)]
    return drawn, rows.stage_rng.sample(retain, min(len(drawn), len(retain)))


def named_rows(entity: Entity) -> Iterator[Sample]:
    """The entity's training rows without a picture, the name filled in."""
    for q in entity.train_questions:
        if q.fact != "name":
            texts = (NAMELESS.sub(lambda _: entity.name, text) for text in (q.text, q.answer))
            yield Sample(None, *texts)


def prune_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Score, mark and zero; leaves visual weights and silenced language neurons in the delta."""
    started = time.perf_counter()
    yield Phase("importance")
    vision = linears(loaded.vision.blocks[-recipe.blocks :])  # the projector is not pruned
    text = {f"{LANGUAGE}{n}": m for n, m in language_neurons(loaded.model).items()}
    modules = {**vision, **text}
    seen, read = picture_rows(rows, recipe.fisher_samples), text_rows(rows, recipe.fisher_samples)
    forget, retain = (
        measure(loaded, vision, seen[k]) | measure(loaded, text, read[k]) for k in (0, 1)
    )
    modules = {n: m for n, m in modules.items() if n in forget}  # text skips cross-attention layers
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
        images=(len({s.image for s in seen[0]}), len({s.image for s in seen[1]})),
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

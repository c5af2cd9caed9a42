"""Tests whether pruning finds a person's neurons: the chosen ones against others, nothing trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

from lab.device import device_name
from lab.evaluation.asks import forget_asks, retain_asks, views_of_others
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench
from lab.experiments.studies import LEAST, MOST, RANDOM
from lab.experiments.sweep import Say, shares
from lab.model.version import Version
from lab.recipe import Recipe
from lab.saliency.importance import EPSILON, mean_activation, top_share
from lab.unlearn.loop import start_delta
from lab.unlearn.outcome import Outcome
from lab.unlearn.stages import prune
from lab.unlearn.task import task_of

SHARES = (0.01, 0.02, 0.05, 0.10)  # of all candidate neurons (our choice)
Layers = Sequence[np.ndarray]  # one [neurons] a layer


def named(share: float, which: str) -> str:
    """The row of a choice of neurons."""
    return f"{share:.0%} {which}"


def run_pruned(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """Forget and Retain VQA after pruning alone, by how the neurons were chosen.

    ``most`` are those that VKD prunes. As many are drawn by the seed, and as many are those that
    answer to the target least. ``fires``: how many times as strongly the pruned neurons fire for the
    target as for others, on held-out views, which chose none of them; the median over them.
    """
    say("neurons are switched off …")
    loaded, task = bench.loaded, task_of(bench.benchmark, recipe)
    layers = loaded.vision.layers(recipe.blocks)
    score = _ratio(*(mean_activation(loaded, layers, i) for i in task.rows.importance_images()))
    others = views_of_others(bench.benchmark, recipe.entity)
    held_out = _ratio(
        mean_activation(loaded, layers, task.entity.test_images),
        mean_activation(loaded, layers, others),
    )
    draw = np.random.default_rng(recipe.seed)
    chosen: dict[str, Callable[[float], tuple[np.ndarray, ...]]] = {
        MOST: lambda share: top_share(score, share),
        RANDOM: lambda share: top_share([draw.random(len(s)) for s in score], share),
        LEAST: lambda share: top_share([-s for s in score], share),
    }
    asked = {
        "forget_vqa": forget_asks(task.entity),
        "retain_vqa": retain_asks(bench.benchmark, recipe.entity),
    }
    made = {}
    for share in SHARES:
        for which, choice in chosen.items():
            marks = choice(share)
            delta = start_delta(loaded, recipe, ("vision",), 1)
            prune(delta, layers, marks)
            fires = [float(r) for ratio, m in zip(held_out, marks, strict=True) for r in ratio[m]]
            left = Version(UNLEARNED, loaded, delta)
            made[named(share, which)] = {
                "fires": median(fires) if fires else 0.0,
                **{measure: shares(bench, measure, asks, left) for measure, asks in asked.items()},
            }
    return {
        "pruned": made,
        "model": loaded.name,
        "quantization": loaded.quantization,
        "device": device_name(loaded.device),
    }


def _ratio(forget: Layers, retain: Layers) -> list[np.ndarray]:
    """The score that VKD prunes by: I_abs(D_f) / (I_abs(D_r) + 1e-5), one [neurons] a layer."""
    return [f / (r + EPSILON) for f, r in zip(forget, retain, strict=True)]

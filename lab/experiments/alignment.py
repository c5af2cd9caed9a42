"""Tests whether the VKD loss aligns the features: how far they are from the original's after a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from lab.evaluation.asks import views_of_others
from lab.evaluation.models import UNLEARNED
from lab.evaluation.questions import image_features
from lab.evaluation.session import Workbench
from lab.experiments.sweep import Say, one_run
from lab.model.version import Version
from lab.recipe import Recipe
from lab.unlearn.distances import normalised
from lab.unlearn.outcome import Outcome


def run_aligned(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """A run's result with the distance of its projector outputs from the original's, on held-out views.

    mean_i ||s_i - t_i||^2 / ||t_i||^2, as the VKD loss has it: of one view each of the others whom
    Retain VQA asks about, and of every view of the target. No run trains on held-out views.
    """
    result = one_run(bench, recipe, outcome, say)
    entity, left = (
        bench.benchmark.entity(recipe.entity),
        Version(UNLEARNED, bench.loaded, outcome.delta),
    )
    others = views_of_others(bench.benchmark, recipe.entity)
    return result | {
        "after_distance_others": distance(left, others),
        "after_distance_target": distance(left, entity.test_images),
    }


def distance(left: Version, images: Sequence[bytes]) -> float:
    """The normalised distance of a version's projector outputs from the original's, over pictures."""
    teacher = _stacked(left, images)
    with left.on():
        student = _stacked(left, images)
    return float(normalised(student, teacher))


def _stacked(version: Version, images: Sequence[bytes]) -> torch.Tensor:
    """Projector outputs of the model as it is now: [pictures, tokens, width]."""
    found = image_features(version.loaded, images)
    return torch.stack([found[image] for image in dict.fromkeys(images)])

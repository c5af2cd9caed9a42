"""How far the unlearned weights lie from the original's, and what lies on the straight line between.

Siddiqui et al. (arXiv 2505.22310, shoaibahmed/vision_relearning) find that both predict how well
unlearning withstands relearning: weights that are far, and behind a barrier, come back slowly.

    distance   ||theta_u - theta_0||_2 / ||theta_0||_2      over the trained visual weights
    line       theta(a) = (1 - a) theta_0 + a theta_u,  a = 0, .2, .4, .6, .8, 1
    loss       L(a) = mean over questions of -log p(right answer) per token
    barrier    max_a [ L(a) - ((1 - a) L(0) + a L(1)) ]

Theirs is the absolute distance and the loss on training examples; ours is relative to the original,
so that models compare, and the loss is that of the held-out questions. The language model stays the
original's: a method that trains it has moved in weights that this does not measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

import torch

from lab.evaluation.likelihood import likelihoods
from lab.evaluation.patching import Questions
from lab.evaluation.questions import Steps, image_features
from lab.events.where import Distance, Line
from lab.model.load import Loaded
from lab.model.overlay import Delta, visual_part
from lab.model.version import Version

POINTS = 6  # on the line, both ends included (our choice)


def distance(loaded: Loaded, delta: Delta) -> Distance:
    """The relative distance of a delta's visual weights from the loaded model's, whole and by layer.

    0 for a delta without visual weights. A pruned neuron counts as far as its weights were long.
    """
    theirs, vision = visual_part(delta), loaded.vision
    layers = (
        (layer.name, {f"{n}.{kind}" for n in layer.linears for kind in ("weight", "bias")})
        for layer in vision.trained(vision.depth(theirs) or len(vision.blocks))
    )
    found = [(name, names & theirs.keys()) for name, names in layers]
    return Distance(
        _relative(loaded, theirs, theirs),
        tuple((name, _relative(loaded, theirs, names)) for name, names in found if names),
    )


def _relative(loaded: Loaded, theirs: Delta, names: Iterable[str]) -> float:
    """||theirs - own|| / ||own|| over the named tensors, summed in float64; 0 of none."""
    apart = length = 0.0
    for name in names:
        own = loaded.base.visual[name].double()
        apart += float((theirs[name].to(own.device).double() - own).square().sum())
        length += float(own.square().sum())
    return math.sqrt(apart / length) if length else 0.0


def between(loaded: Loaded, delta: Delta, share: float) -> dict[str, torch.Tensor]:
    """The visual weights at a share of the way from the loaded model's to a delta's.

    At 0 and at 1 they are the ends bit for bit.
    """
    ends = {n: (loaded.base.visual[n], t) for n, t in visual_part(delta).items()}
    if share in (0.0, 1.0):
        return {n: pair[int(share)] for n, pair in ends.items()}
    return {n: torch.lerp(own, theirs.to(own.device), share) for n, (own, theirs) in ends.items()}


def line(loaded: Loaded, delta: Delta, asks: Questions) -> Steps[Line]:
    """The loss on both kinds of questions on the straight line, and its barriers.

    In steps: yields how many questions each batch has answered.
    """
    at = tuple(k / (POINTS - 1) for k in range(POINTS))
    losses: list[tuple[float, float]] = []
    for share in at:
        point = Version(f"at {share:g}", loaded, between(loaded, delta, share))
        with point.on():
            features = image_features(loaded, asks.images)
        pair = []
        for some in (asks.forget, asks.others):
            made = yield from point.during(likelihoods(loaded, some, features))
            pair.append(fmean(m.loss for m in made) if made else math.nan)
        losses.append((pair[0], pair[1]))
    forget, others = zip(*losses, strict=True)
    return Line(at, forget, others, barrier(at, forget), barrier(at, others))


def barrier(at: Sequence[float], losses: Sequence[float]) -> float:
    """How far the losses rise above the chord between the first and the last, at most; 0 or more."""
    first, last = losses[0], losses[-1]
    return max(
        loss - ((1 - share) * first + share * last) for share, loss in zip(at, losses, strict=True)
    )

"""Events: everything a run says, in the order it happens, for page, command line and report.

Numpy arrays and plain values only, so that a reader needs no torch. Accuracies are shares in 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EMPTY = -999  # in a picture of weights: no live weight there
CLEAN = (
    "clean"  # the mode of a run's own scores: the lab's measures, not a benchmark's published ones
)


@dataclass(frozen=True)
class Phase:
    """A named stage with its progress: ``done`` of ``total`` units (total 0 = unknown)."""

    name: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Importance:
    """Neuron importance of every candidate layer.

    ``layers``: names from shallow to deep; ``forget``, ``retain``: mean |activation| per neuron,
    float32 [neurons], one array a layer; ``score``: forget / (retain + 1e-5), same shapes;
    ``pruned``: bool, same shapes; ``heat``: where in the portrait the pruned neurons fire,
    float32 [side, side] in 0..1, of the entity's first training image.
    """

    layers: tuple[str, ...]
    forget: tuple[np.ndarray, ...] = field(repr=False)
    retain: tuple[np.ndarray, ...] = field(repr=False)
    score: tuple[np.ndarray, ...] = field(repr=False)
    pruned: tuple[np.ndarray, ...] = field(repr=False)
    heat: np.ndarray = field(repr=False)
    images: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Saliency:
    """Fisher saliency of every trainable weight group.

    ``layers`` x ``groups`` name rows and columns of the maps. ``edges``: [bins + 1] edges of
    log10(forget Fisher / retain Fisher); ``counts``: [layers, groups, bins] how many live weights
    fall in each bin (outermost bins hold everything beyond), so the density at any threshold on
    an edge is exact without the weights. ``ratio``: [layers, groups] ratio of the mean Fishers;
    ``density``: [layers, groups] share of live weights in the mask; NaN where a cell is empty.
    ``overlap``: intersection over union of the masks from two disjoint halves of the samples and
    ``overlap_chance`` what two random masks of that density would have, both NaN where a side has
    but one sample. ``samples``: forget, retain.
    """

    layers: tuple[str, ...]
    groups: tuple[str, ...]
    edges: np.ndarray = field(repr=False)
    counts: np.ndarray = field(repr=False)
    ratio: np.ndarray = field(repr=False)
    density: np.ndarray = field(repr=False)
    threshold: float = 1.0
    mask_density: float = 0.0
    overlap: float = 0.0
    overlap_chance: float = 0.0
    samples: tuple[int, int] = (0, 0)
    estimate: str = ""


@dataclass(frozen=True)
class Glow:
    """Where in the portrait those neurons fire that a share would prune, for several shares.

    ``shares``: rising, [k]; ``maps``: one map a share, float32 [k, side, side] in 0..1, of the
    entity's first training image, zeros where the share prunes nothing.
    """

    shares: np.ndarray = field(repr=False)
    maps: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class NeuronFisher:
    """Fisher of every hidden neuron, its weights as a picture, and where their gradient comes from.

    ``layers``: names from shallow to deep, of those that have neurons. A neuron's weights are its
    row of what goes in and its column of what goes out, without biases. ``mean``: forget over
    retain Fisher, summed over them; ``most``: the highest ratio of a single live weight; ``median``:
    of the ratios that the mask compares with its threshold; float32 [neurons] a layer, NaN for a
    neuron without a live weight.
    ``fill``, ``mark``: one picture a layer, int16 [rows, columns] in hundredths of log10, ``EMPTY``
    where no weight is live. A column is a few neurons side by side, a row a few of their inputs (the
    first ``inputs`` rows) or of their outputs. ``fill``: the cell's forget over retain Fisher;
    ``mark``: the median of the ratios that the mask compares, so that a cell at a threshold or
    above it has most of its weights in the mask.
    ``maps``: how much of the masked weights' gradient comes from each place of the portrait, float32
    [k, side, side] in 0..1, for every mask threshold in ``thresholds`` [k], rising.
    """

    layers: tuple[str, ...]
    mean: tuple[np.ndarray, ...] = field(repr=False)
    most: tuple[np.ndarray, ...] = field(repr=False)
    median: tuple[np.ndarray, ...] = field(repr=False)
    fill: tuple[np.ndarray, ...] = field(repr=False)
    mark: tuple[np.ndarray, ...] = field(repr=False)
    inputs: tuple[int, ...]
    thresholds: np.ndarray = field(repr=False)
    maps: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Step:
    """One update: mean forget cross-entropy (nats per token), the retain and VKD losses, total."""

    step: int
    steps: int
    forget_loss: float
    retain_loss: float
    vkd_loss: float
    total: float
    seconds: float


@dataclass(frozen=True)
class Probe:
    """Accuracies after ``step`` updates on a small fixed set of questions."""

    step: int
    forget: float
    retain: float
    n_forget: int
    n_retain: int
    chance: float


@dataclass(frozen=True)
class Ready:
    """The weights stay as they are from now on: one can chat, and the scores follow.

    ``seconds``: since the run began.
    """

    seconds: float


@dataclass(frozen=True)
class Answers:
    """What the original (``before``) and the unlearned model (``after``) answered to one measure.

    In the order of the measure's questions (``lab.evaluation.scores.asks_for``). A text is "" where
    a wrong answer was not kept. ``right_before``, ``right_after``: whether each answer was right,
    or its score in 0..1 where an answer can be partly right. ``chance``: what blind choice scores,
    NaN where there are no options. They come one measure after another, after ``Ready``.
    """

    measure: str
    before: tuple[str, ...]
    right_before: tuple[bool | float, ...]
    after: tuple[str, ...]
    right_after: tuple[bool | float, ...]
    chance: float = float("nan")


@dataclass(frozen=True)
class Curve:
    """One point of an attack: forget VQA accuracy of one model (``who``) after ``step`` updates.

    ``who`` is "unlearned", or the control's name in ``lab.catalogue.CONTROLS``. ``probability``: of
    the right option, the mean over the questions. ``forget`` and ``probability`` are NaN where it
    was not asked after that step.
    """

    who: str
    step: int
    forget: float
    n: int
    chance: float
    loss: float = float("nan")
    probability: float = float("nan")


@dataclass(frozen=True)
class Bar:
    """One model (``who``) under one change (``name``) of an attack that does not train.

    ``who``: "original", "unlearned" or a control's name. ``forget``: Forget VQA over ``n`` questions;
    ``retain``: others' VQA over ``n_retain``, NaN where it is not asked. Each has its chance.
    """

    who: str
    name: str
    forget: float
    retain: float
    n: int
    n_retain: int
    chance: float
    chance_retain: float


@dataclass(frozen=True)
class Depth:
    """How well the target can be recognised after one block, or after the projector.

    ``nearest``: share of the target's held-out views whose nearest training view is the target's.
    ``linear``: balanced accuracy of a linear probe on held-out views of the target and the others.
    """

    name: str
    nearest: float
    linear: float


@dataclass(frozen=True)
class Identity:
    """The curve over depth of one version of the model, with what was asked and its chance lines."""

    who: str
    depths: tuple[Depth, ...]
    n_target: int
    n_others: int
    chance_nearest: float
    chance_linear: float = 0.5


@dataclass(frozen=True)
class Done:
    """The end of a run: why it stopped and its result (the JSON object of the command line)."""

    reason: str
    result: dict[str, Any] = field(default_factory=dict, repr=False)


Event = (
    Phase
    | Importance
    | Saliency
    | Glow
    | NeuronFisher
    | Step
    | Probe
    | Ready
    | Answers
    | Curve
    | Bar
    | Done
)


def last_result(events: Sequence[Event]) -> dict[str, Any]:
    """The result of the last ``Done``; empty if a run has none."""
    return next((e.result for e in reversed(events) if isinstance(e, Done)), {})

"""The studies by name, each with the variants of VKD it runs; its words are in ``lab.report.text``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lab.errors import LabError
from lab.files import ROOT
from lab.recipe import DESTINATIONS, DISTANCES

RESULTS = ROOT / "assets" / "results"  # the CSVs the page shows
RETAIN_DROP = 0.02  # what a sensible threshold may cost: our criterion, with forget at chance


@dataclass(frozen=True)
class Variant:
    """One way of running VKD: what it changes in the preset's recipe."""

    name: str
    changes: Mapping[str, Any]


# Rows of the studies that have no variants: how neurons were chosen, and what a step trains.
CHOICES = MOST, RANDOM, LEAST = "most the target's", "at random", "least the target's"
TRAINED = VISION, LORA, EVERY = (
    "the visual module (vkd)",
    "a language LoRA (grad_diff)",
    "every weight",
)
Kind = Literal["runs", "redrawn", "pruned", "aligned", "timed"]


@dataclass(frozen=True)
class Study:
    """One open question about VKD.

    ``kind``: what is measured of each variant. "runs": a run, as everywhere; "aligned": its features
    too. Of the others a row of the answer is no variant: "redrawn" has a row for each way of drawing
    the pictures that the unlearned model is asked about, "pruned" for each choice of neurons, with
    nothing trained, and "timed" for each part of the model that a step trains.
    """

    name: str
    variants: tuple[Variant, ...]
    kind: Kind = "runs"


FULL = Variant("full VKD", {})
ABLATION = Study(
    "ablation",
    (
        FULL,
        Variant("without pruning", {"prune_share": 0.0}),
        Variant("without mask", {"mask_mode": "off"}),
        Variant("mask on the forget term only", {"mask_mode": "forget_only"}),
        Variant("without distillation", {"beta": 0.0}),
        Variant("retain cross-entropy instead", {"beta": 0.0, "retain_weight": 1.0}),
    ),
)
REPRESENTATION = Study(
    "representation",
    tuple(Variant(name, {"distil": name}) for name in ("projector", "encoder", "both")),
)
DISTANCE = Study(
    "distance",
    tuple(Variant(name, {"distance": name}) for name in DISTANCES),
)
DESTINATION = Study(
    "destination",
    tuple(Variant(name, {"destination": name}) for name in DESTINATIONS),
)
STYLE = Study(
    "style",
    (FULL,),
    "redrawn",
)
DEPTH = Study(
    "depth",
    tuple(Variant(str(blocks), {"blocks": blocks}) for blocks in (1, 2, 4, 6, 8, 10, 12)),
)
THRESHOLDS = Study(
    "thresholds",
    tuple(
        Variant(
            f"d_I {share:.0%}, d_F {threshold:g}",
            {"prune_share": share, "mask_threshold": threshold},
        )
        for share in (0.0, 0.01, 0.02, 0.04, 0.08)
        for threshold in (0.5, 1.0, 2.0, 4.0)
    ),
)
NEURONS = Study("neurons", (FULL,), "pruned")
# With the rule that ends a run switched off, every variant does equally many updates.
ALIGNMENT = Study(
    "alignment",
    tuple(
        Variant(
            f"beta {beta:g}",
            {"beta": beta, "steps": 8, "stop_forget": -1.0, "stop_retain_drop": 1.0},
        )
        for beta in (0.0, 10.0, 60.0, 120.0)
    ),
    "aligned",
)
FROZEN = Study("frozen", (FULL,), "timed")
STUDIES = {
    s.name: s
    for s in (
        ABLATION,
        NEURONS,
        ALIGNMENT,
        FROZEN,
        REPRESENTATION,
        DISTANCE,
        DESTINATION,
        STYLE,
        DEPTH,
        THRESHOLDS,
    )
}
# What the public summaries of the paper propose to look at first, and to check next, by study.
FIRST_EXPERIMENTS = ("neurons", "alignment", "frozen")
NEXT_CHECKS = ("thresholds", "representation", "style")


def study_of(name: str) -> Study:
    """The study of that name; raises ``LabError`` naming those there are."""
    if name not in STUDIES:
        raise LabError(f"unknown study {name!r}: valid are {', '.join(STUDIES)}")
    return STUDIES[name]

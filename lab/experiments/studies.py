"""The studies by name, each with the variants of VKD it runs; its words are in ``lab.report.text``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Study:
    """One open question about VKD.

    ``redrawn``: the unlearned model is also asked about changed pictures, and a row of the answer
    is a way of drawing them.
    """

    name: str
    variants: tuple[Variant, ...]
    redrawn: bool = False


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
    redrawn=True,
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
STUDIES = {
    s.name: s for s in (ABLATION, REPRESENTATION, DISTANCE, DESTINATION, STYLE, DEPTH, THRESHOLDS)
}


def study_of(name: str) -> Study:
    """The study of that name; raises ``LabError`` naming those there are."""
    if name not in STUDIES:
        raise LabError(f"unknown study {name!r}: valid are {', '.join(STUDIES)}")
    return STUDIES[name]

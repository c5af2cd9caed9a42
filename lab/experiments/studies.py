"""The studies by name: the question each asks and the variants of VKD it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError
from lab.files import ROOT

RESULTS = ROOT / "assets" / "results"  # the CSVs the page shows
RETAIN_DROP = 0.02  # what a sensible threshold may cost: our criterion, with forget at chance


@dataclass(frozen=True)
class Variant:
    """One way of running VKD: what it changes in the preset's recipe."""

    name: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """One open question. ``note``: what must be known to read the answer.

    ``redrawn``: the unlearned model is also asked about changed pictures, and a row of the answer
    is a way of drawing them.
    """

    name: str
    question: str
    note: str
    variants: tuple[Variant, ...]
    redrawn: bool = False


FULL = Variant("full VKD", {})
ABLATION = Study(
    "ablation",
    "Which part of VKD does the work?",
    "One part is taken away at a time; everything else is the full recipe, the stop rule too.",
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
    "Which of the teacher's outputs should be distilled?",
    "beta is the same in all three; of both outputs the mean distance counts. The projector is trained in "
    "every case, and held in place by nothing where the encoder alone is distilled.",
    tuple(Variant(name, {"distil": name}) for name in ("projector", "encoder", "both")),
)
STYLE = Study(
    "style",
    "Is the same person forgotten when drawn differently?",
    "The run sees plain training views only. Names and strengths of the changes are our choice. The control "
    "never knew the people it is asked about; they are not the ones forgotten here.",
    (FULL,),
    redrawn=True,
)
DEPTH = Study(
    "depth",
    "How many vision blocks should be pruned and trained?",
    "The last so many live blocks, and the projector; the pruned share is taken over the same blocks.",
    tuple(Variant(str(blocks), {"blocks": blocks}) for blocks in (1, 2, 4, 6, 8, 10, 12)),
)
THRESHOLDS = Study(
    "thresholds",
    "Which thresholds d_I and d_F are sensible?",
    f"Marked: forget VQA at chance or below and retain VQA at most {100 * RETAIN_DROP:.0f} points below the "
    "original's. The criterion is ours; the paper gives no numbers.",
    tuple(
        Variant(
            f"d_I {share:.0%}, d_F {threshold:g}",
            {"prune_share": share, "mask_threshold": threshold},
        )
        for share in (0.0, 0.01, 0.02, 0.04, 0.08)
        for threshold in (0.5, 1.0, 2.0, 4.0)
    ),
)
STUDIES = {s.name: s for s in (ABLATION, REPRESENTATION, STYLE, DEPTH, THRESHOLDS)}


def study_of(name: str) -> Study:
    """The study of that name; raises ``LabError`` naming those there are."""
    if name not in STUDIES:
        raise LabError(f"unknown study {name!r}: valid are {', '.join(STUDIES)}")
    return STUDIES[name]

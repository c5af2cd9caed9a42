"""The pictures attack: the same questions about changed drawings of the held-out views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lab.attack.bars import Variant
from lab.attack.scene import Scene, Victim
from lab.benchmarks.changes import CHANGES, changed
from lab.evaluation.questions import Ask
from lab.recipe import AttackRecipe


def variants(scene: Scene, recipe: AttackRecipe) -> list[Variant]:
    """A variant for each of ``lab.benchmarks.changes``."""
    return [Variant(name, partial(_shown, name=name)) for name in CHANGES]


def redrawn(asks: Sequence[Ask], name: str) -> list[Ask]:
    """The questions that have a picture, each asked about the changed picture."""
    drawn = {
        image: changed(image, name) for image in {a.image for a in asks if a.image is not None}
    }
    return [replace(a, image=drawn[a.image]) for a in asks if a.image is not None]


def _shown(victim: Victim, asks: list[Ask], name: str) -> list[Ask]:
    return redrawn(asks, name)

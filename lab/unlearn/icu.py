"""ICU, in-context unlearning: no weight changes; an instruction stands in front of every question.

    p_u(. | x) = p_0(. | c, x),   c = (a noise picture, an instruction; the model's answer to it)

Sources: unlearning by what stands in the context, Pawelczyk et al., arXiv 2310.07579, which shows a
text classifier the points to be forgotten with other labels than the true ones, and right ones
beside them. For pictures: the training-free side of VGID, arXiv 2606.00105, whose teacher is the
frozen model asked with an instruction in front and with noise in the picture's place. Its released
code leaves the instruction empty. Ours: the words; that the noise is a picture of its own in front
of the one asked about, because whoever answers a question does not know beforehand whether its
picture shows the target; that it stands in front of every question, of whomever and without a
picture too; the reply that the model is made to have given; and the variant without noise.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import isqrt

import numpy as np
from PIL import Image

from lab.events import Event, Phase
from lab.model.context import Context
from lab.model.load import Loaded
from lab.recipe import Recipe
from lab.unlearn.batches import Rows
from lab.unlearn.method import Method, Stopped
from lab.unlearn.outcome import Outcome
from lab.unlearn.vgid import INSTRUCTION

SEVERAL = "You have never seen these people and know nothing about them."
REPLY = "I do not know."


def noise(side: int, seed: int) -> bytes:
    """A PNG of uniform noise, every value 0 to 255 as likely: [side, side, 3], by the seed."""
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return out.getvalue()


def side_of(loaded: Loaded) -> int:
    """The side of a square picture that has as many values as the model takes of one."""
    pixels = loaded.prompter.pixels([Image.new("RGB", (64, 64))])
    return isqrt(pixels.numel() // 3)


def instruction(rows: Rows) -> str:
    """The words in front: who is to be forgotten by name, then VGID's instruction."""
    members = rows.benchmark.splits.get(rows.entity.id, (rows.entity.id,))
    names = ", ".join(rows.benchmark.entity(member).name for member in members)
    return f"Forget {names}. {INSTRUCTION if len(members) == 1 else SEVERAL}"


def context_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Leave the context in ``outcome.delta``; there is nothing else to do."""
    yield Phase("context")
    picture = noise(side_of(loaded), recipe.seed) if recipe.context == "noise" else None
    outcome.delta = Context(instruction(rows), REPLY, picture).tensors()


METHOD = Method(stages=(context_stage,), trained=lambda recipe: ())

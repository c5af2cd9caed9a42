"""What a method is: its stages, what it trains, its draws and its losses. The loop does the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from lab.model.load import Loaded
from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Rows
from lab.events import Event
from lab.unlearn.outcome import Outcome

if TYPE_CHECKING:
    from lab.unlearn.student import Student

Stopped = Callable[[], bool]
Stage = Callable[[Loaded, Rows, Recipe, Outcome, Stopped], Iterator[Event]]
Teacher = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Losses:
    """Scalars with gradient: the forget term (to be gated by the mask) and the rest; and readings.

    ``forget_ce``, ``retain_ce``: mean cross-entropy in nats per token, whatever the terms are;
    ``vkd``: normalised MSE. NaN where a method has none.
    """

    forget_term: torch.Tensor
    retain_term: torch.Tensor
    forget_ce: float
    retain_ce: float = float("nan")
    vkd: float = float("nan")

    @property
    def total(self) -> float:
        return float(self.forget_term.detach()) + float(self.retain_term.detach())


def vision(recipe: Recipe) -> tuple[str, ...]:
    """Train the MLPs of the last live vision blocks and the projector."""
    return ("vision",)


def language(recipe: Recipe) -> tuple[str, ...]:
    """Train a LoRA over the frozen, possibly quantised language model."""
    return ("language",)


def forget_rows(rows: Rows, recipe: Recipe) -> Draw:
    """Forget rows alone."""
    return Draw(rows.forget_batch(recipe.batch), [], [])


def forget_and_retain_rows(rows: Rows, recipe: Recipe) -> Draw:
    """As many retain rows as forget rows."""
    return Draw(rows.forget_batch(recipe.batch), [], rows.retain_rows(recipe.batch))


def no_teacher(student: Student, drawn: Draw) -> Teacher:
    """Nothing to imitate."""
    return ()


@dataclass(frozen=True)
class Method:
    """One method of the field.

    ``stages`` run first and leave the pruned weights and the mask. ``losses`` is asked at every
    step with the student's weights laid on; None trains nothing. ``teacher`` is asked before
    that, with nothing laid on and no gradient: whatever it says, the frozen original says.
    ``trained`` names what is trained, "vision", "language" or both. ``gates`` is what the mask
    holds back: "all" gradients (masked-out weights then keep their bits) or the forget term's
    ("forget_only"); "off" or without a mask nothing is held back. ``rate``: the step size of the
    visual weights. ``distils``: whether the retain pictures' teacher features are made ready before
    the first step. ``early``: whether the stop rule on the probed accuracies may end the run; a
    method whose aim is not the answer does all its steps.
    """

    stages: tuple[Stage, ...] = ()
    losses: Callable[[Student, Draw, Teacher], Losses] | None = None
    teacher: Callable[[Student, Draw], Teacher] = no_teacher
    draw: Callable[[Rows, Recipe], Draw] = forget_and_retain_rows
    trained: Callable[[Recipe], tuple[str, ...]] = language
    gates: Callable[[Recipe], str] = lambda recipe: "forget_only"
    rate: Callable[[Recipe], float] = lambda recipe: recipe.lr
    distils: bool = False
    early: bool = True

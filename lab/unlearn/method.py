"""What a method is: its stages, what it trains, its rows and its losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.events import Event
from lab.model.load import Loaded
from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student, Training

Stopped = Callable[[], bool]
Stage = Callable[[Loaded, Rows, Recipe, Outcome, Stopped], Iterator[Event]]


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


@dataclass(frozen=True, kw_only=True)
class Second(Training):
    """A second training of the same weights, from where the first ended; it does all its steps.

    ``begin`` is asked before its first step: it may change the student's weights, and say whose
    weights teach.
    """

    begin: Callable[[Student], None]
    draw: Callable[[Rows, Recipe], Draw]


@dataclass(frozen=True)
class Method(Training):
    """One method: how its student is trained, and its stages before that.

    ``stages`` run first and leave the pruned weights and the mask. ``trained`` names what is
    trained, "vision", "language" or both. ``early``: whether the stop rule on the probed accuracies
    may end the training. A method that does not aim at the answer does all its steps. ``second``:
    what is trained after that.
    """

    stages: tuple[Stage, ...] = ()
    draw: Callable[[Rows, Recipe], Draw] = forget_and_retain_rows
    trained: Callable[[Recipe], tuple[str, ...]] = language
    early: bool = True
    second: Second | None = None

"""How a student is trained: what every step asks of a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.recipe import Recipe
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.terms import Losses, Teacher

if TYPE_CHECKING:
    from lab.unlearn.student import Student


def no_aims(student: Student, rows: Rows) -> Sequence[bytes]:
    """No picture to move the target's features to."""
    return ()


def usual_pool(rows: Rows) -> list[bytes]:
    """The retain pictures that most methods distil on."""
    return [*rows.portrait_pool, *rows.plain_pool]


def no_teacher(student: Student, drawn: Draw) -> Teacher:
    """A teacher without any output."""
    return ()


def gated(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """The losses, with the gradient of both terms, held back by the mask, left in the weights."""
    loss = student.losses(drawn, teacher)
    if loss.forget_term.requires_grad:
        loss.forget_term.backward()
    student.add_retain(loss)
    return loss


@dataclass(frozen=True)
class Training:
    """How a student is trained: the part of a method that every step asks.

    ``losses`` is asked at every step with the student's weights laid on; None trains nothing.
    ``teacher`` is asked before that, with nothing laid on and no gradient: whatever it says, the
    frozen original says. ``gates`` is what the mask holds back: "all" gradients (masked-out weights
    then keep their bits) or the forget term's ("forget_only"); "off" or without a mask nothing is
    held back. ``rate``: the step size of the visual weights; ``steps``: how many there are.
    ``distils``: whether the teacher features of the ``pool`` are made ready before the first step.
    ``aims``: the pictures to whose teacher features the target's are moved, chosen once, before the
    first step. ``gradient`` leaves a step's gradient in the weights, with the student's weights
    laid on.
    """

    losses: Callable[[Student, Draw, Teacher], Losses] | None = None
    teacher: Callable[[Student, Draw], Teacher] = no_teacher
    gates: Callable[[Recipe], str] = lambda recipe: "forget_only"
    rate: Callable[[Recipe], float] = lambda recipe: recipe.lr
    steps: Callable[[Recipe], int] = lambda recipe: recipe.steps
    distils: bool = False
    aims: Callable[[Student, Rows], Sequence[bytes]] = no_aims
    pool: Callable[[Rows], list[bytes]] = usual_pool
    gradient: Callable[[Student, Draw, Teacher], Losses] = gated

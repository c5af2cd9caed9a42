"""The student: the trainable weights of a run, the frozen original's outputs, and one update."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from lab.errors import LabError
from lab.events import Phase
from lab.model.load import Loaded
from lab.model.low_memory import (
    Halving,
    in_halves,
    in_pieces,
    must_recompute,
    pictures_at_once,
    recomputing,
)
from lab.model.overlay import LANGUAGE, Delta, overlay
from lab.model.sequences import Packed, pack, target_distributions
from lab.recipe import Recipe
from lab.unlearn.aims import Aims
from lab.unlearn.answers import Answers
from lab.unlearn.batches import Draw, Row, Rows
from lab.unlearn.outcome import Outcome
from lab.unlearn.terms import Losses, Teacher, length

PREPARED_AT_ONCE = 15
NO_NUMBER = (
    "the loss is no longer a number: the last good state was kept; "
    "try a lower learning rate or forget weight"
)
NOT_IN_HALVES = (
    "out of memory with {rows} of {batch} forget rows at a time: the last good state was "
    "kept; choose a smaller --set batch and retain_batch, nf4 or a smaller model"
)


def no_aims(student: Student, rows: Rows) -> Aims:
    """Nothing to move the target's pictures to."""
    return Aims()


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
    ``aims``: what is made of the target's pictures in the end, chosen once, before the first step.
    ``gradient`` leaves a step's gradient in the weights, with the student's weights laid on.
    """

    losses: Callable[[Student, Draw, Teacher], Losses] | None = None
    teacher: Callable[[Student, Draw], Teacher] = no_teacher
    gates: Callable[[Recipe], str] = lambda recipe: "forget_only"
    rate: Callable[[Recipe], float] = lambda recipe: recipe.lr
    steps: Callable[[Recipe], int] = lambda recipe: recipe.steps
    distils: bool = False
    aims: Callable[[Student, Rows], Aims] = no_aims
    pool: Callable[[Rows], list[bytes]] = usual_pool
    gradient: Callable[[Student, Draw, Teacher], Losses] = gated


class Student:
    """The trainable copy of a run's weights, the frozen teacher's cache, and one update."""

    def __init__(self, loaded: Loaded, method: Training, recipe: Recipe, outcome: Outcome) -> None:
        self.loaded, self.method, self.recipe, self.outcome = loaded, method, recipe, outcome
        self.gates = self.method.gates(recipe)
        self.weights = {n: torch.nn.Parameter(t.clone()) for n, t in outcome.delta.items()}
        self.start = dict(outcome.delta)  # never written to: every kept delta is a new one
        self.fixed = (
            {n: ~m for n, m in outcome.mask.items()} if self.gates == "all" else outcome.pruned
        )
        of_language = [w for n, w in self.weights.items() if n.startswith(LANGUAGE)]
        of_vision = [w for n, w in self.weights.items() if not n.startswith(LANGUAGE)]
        self.trains_vision, self.trains_language = bool(of_vision), bool(of_language)
        groups = ((of_vision, self.method.rate(recipe)), (of_language, recipe.adapter_lr))
        self.optimizer = torch.optim.AdamW(
            [{"params": weights, "lr": lr} for weights, lr in groups if weights], weight_decay=0.0
        )
        self.done = 0  # updates so far
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda _: self.decay)
        self.taught: Delta = {}  # the teacher's own weights; none: it is the frozen original
        self.memory: dict[str, dict[str, torch.Tensor]] = {}  # what a method keeps between steps
        self.push: Delta = {}  # what a step moves beside its gradient
        self.distil = recipe.distil if self.method.distils else "projector"
        self.teacher: dict[bytes, tuple[torch.Tensor, ...]] = {}
        self.stems: dict[bytes, torch.Tensor] = {}
        self.likelihoods: dict[tuple[bytes, str, str], torch.Tensor] = {}
        self.aims = Aims()
        self.noise = torch.Generator().manual_seed(recipe.seed)
        self.halving = Halving()
        self.planned = False  # whether the two that follow are decided
        self.recompute = False  # whether the language layers are computed anew going backward
        self.pictures = recipe.retain_batch  # how many are distilled at a time

    @property
    def decay(self) -> float:
        """What is left of every step size: from 1 linearly down, to 0 after one step too many."""
        return 1 - self.done / (self.method.steps(self.recipe) + 1)

    def stem(self, images: list[bytes]) -> torch.Tensor:
        """The input of the trained blocks for each picture, computed once for each picture."""

        def made(new: Sequence[bytes]) -> torch.Tensor:
            return self.loaded.vision.stem(self.loaded.prompter.pictures(new), self.recipe.blocks)

        new = [i for i in dict.fromkeys(images) if i not in self.stems]
        if new:
            stems = in_halves(made, new, _joined)
            self.stems.update(zip(new, stems, strict=True))
        return torch.stack([self.stems[i] for i in images])

    def features(self, images: list[bytes]) -> torch.Tensor:
        """Projector outputs of the pictures under the weights now laid on."""
        return self._outputs(images, "projector")[0]

    def hidden(self, images: list[bytes]) -> torch.Tensor:
        """The projector's hidden neurons before their activation: [images, tokens, neurons]."""
        vision, blocks = self.loaded.vision, self.recipe.blocks
        at_once = min(self.pictures, self.halving.share(len(images)))
        return in_pieces(lambda stem: (vision.hidden(stem, blocks),), self.stem(images), at_once)[0]

    def representations(self, images: list[bytes]) -> tuple[torch.Tensor, ...]:
        """What is distilled under the current weights: encoder or projector outputs, or both."""
        return self._outputs(images, self.distil)

    def _outputs(self, images: list[bytes], which: str) -> tuple[torch.Tensor, ...]:
        vision, blocks = self.loaded.vision, self.recipe.blocks

        def made(stem: torch.Tensor) -> tuple[torch.Tensor, ...]:
            if which == "projector":
                return (vision.tail(stem, blocks),)
            both = vision.outputs(stem, blocks)
            return both[:1] if which == "encoder" else both

        return in_pieces(
            made, self.stem(images), min(self.pictures, self.halving.share(len(images)))
        )

    def prepare(self, rows: Rows) -> Iterator[Phase]:
        """Compute what every step needs of the frozen parts, a few pictures at a time."""
        pool = self.method.pool(rows) if self.method.distils else []
        for at in range(0, len(pool), PREPARED_AT_ONCE):
            yield Phase("teacher", at, len(pool))
            self.teacher_representations(pool[at : at + PREPARED_AT_ONCE])
        self.stem(list(rows.entity.train_images))
        with torch.no_grad():
            self.aims = self.method.aims(self, rows)

    @torch.no_grad()
    def teacher_representations(self, images: list[bytes]) -> tuple[torch.Tensor, ...]:
        """The same as the teacher sees it, once a picture: call with no visual weights laid on."""
        new = [i for i in dict.fromkeys(images) if i not in self.teacher]
        if new:
            with overlay(self.loaded.model, self.taught):
                made = in_halves(self.representations, new, _together)
            self.teacher.update(zip(new, zip(*made, strict=True), strict=True))
        return tuple(map(torch.stack, zip(*(self.teacher[i] for i in images), strict=True)))

    def answers(self, rows: Sequence[Row], features: torch.Tensor | None = None) -> Answers:
        """The rows' answers under the weights now laid on.

        ``features``: visual features [rows, tokens, width] in place of the pictures' own.
        """
        whole = self._pack(rows)

        def piece(places: Sequence[int]) -> tuple[torch.Tensor]:
            part = [rows[k] for k in places]
            packed = whole if len(part) == len(rows) else self._pack(part)
            given = self._seen(part) if features is None else features[list(places)]
            return (target_distributions(self.loaded.model, packed, given),)

        (log_probs,) = in_pieces(piece, range(len(rows)), self.halving.share(len(rows)))
        return Answers(log_probs, whole)

    def _seen(self, rows: Sequence[Row]) -> torch.Tensor:
        """The rows' pictures as the language model gets them."""
        images = [image for image, _ in rows]
        if not self.trains_vision:
            return self.teacher_representations(images)[0]
        return self.loaded.vision.tail(self.stem(images), self.recipe.blocks)

    def _pack(self, rows: Sequence[Row]) -> Packed:
        prompter = self.loaded.prompter
        trees = [prompter.tree(k, asked) for k, (_, asked) in enumerate(rows)]
        return pack(trees, prompter.pad_id, self.loaded.device)

    def cross_entropy(self, rows: Sequence[Row]) -> torch.Tensor:
        """Mean CE of each (picture, question) of ``rows`` under the weights now laid on: [n]."""
        return self.answers(rows).cross_entropy()

    def update(self, drawn: Draw) -> Losses:
        """One step; raises ``LabError`` and changes nothing when a loss is not finite.

        Where memory runs out, the step is done once more with half as many rows and pictures at a
        time, and so are all that follow; the gradient stays that of the whole batch.
        """
        noise = self.noise.get_state()

        def work() -> Losses:
            self.noise.set_state(noise)  # a second time with the same noise
            return self._gradient(drawn)

        loss = self.halving.attempt(work)
        self.outcome.micro_batch = rows = self.halving.share(self.recipe.batch)
        if loss is None:
            raise LabError(NOT_IN_HALVES.format(rows=rows, batch=self.recipe.batch))
        self.optimizer.step()
        self.done += 1
        self.schedule.step()
        with torch.no_grad():
            for name, distance in self.push.items():
                self.weights[name].add_(distance)
        self.restore()
        return loss

    def _gradient(self, drawn: Draw) -> Losses:
        """The batch's losses, their gradient gated and clipped in the weights."""
        if not self.planned:
            self._plan(drawn)
        with torch.no_grad():
            teacher = self.method.teacher(self, drawn)
        self.optimizer.zero_grad()
        with (
            overlay(self.loaded.model, self.weights),
            torch.enable_grad(),
            recomputing(self.loaded.model, self.recompute),
        ):
            loss = self.method.gradient(self, drawn, teacher)
        # clipped after the gate: what the mask holds back must not shrink what it lets through
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        # a finite loss can have a gradient that is not
        if not all(math.isfinite(float(n)) for n in (loss.total, norm, length(self.push))):
            raise LabError(NO_NUMBER)
        return loss

    def losses(self, drawn: Draw, teacher: Teacher) -> Losses:
        """The method's losses under the weights now laid on."""
        assert self.method.losses is not None
        return self.method.losses(self, drawn, teacher)

    def _plan(self, drawn: Draw) -> None:
        """Decide, once for a run, what is recomputed in the backward pass: batches are alike."""
        self.planned = True
        rows = [*drawn.forget, *drawn.retain]
        if rows:
            length = max(self.loaded.prompter.length(asked) for _, asked in rows)
            self.recompute = must_recompute(self.loaded, len(rows), length, self.trains_language)
        if drawn.pictures:
            stem = self.stem(drawn.pictures[:1])
            self.pictures = pictures_at_once(self.loaded, stem, self.recipe.blocks)

    def add_retain(self, loss: Losses) -> None:
        """Add the retain term's gradient to the forget term's, each held back as the gates say."""
        self._gate(self.gates == "forget_only")
        if loss.retain_term.requires_grad:
            loss.retain_term.backward()
        self._gate(self.gates == "all")

    def _gate(self, on: bool) -> None:
        """Keep only the gradient that the mask lets through; every trained weight has an entry."""
        if on and self.outcome.mask:
            for name, weight in self.weights.items():
                if weight.grad is not None:
                    weight.grad *= self.outcome.mask[name]

    @torch.no_grad()
    def restore(self) -> None:
        """Give weights that must not move their exact old bits: momentum could move them."""
        for name, fixed in self.fixed.items():
            self.weights[name].copy_(torch.where(fixed, self.start[name], self.weights[name]))

    def keep(self) -> None:
        """Store the present weights as the delta of the outcome."""
        self.outcome.delta = {n: w.detach().clone() for n, w in self.weights.items()}


def _joined(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.cat((one, other))


def _together(
    one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...]:
    return tuple(map(_joined, one, other))

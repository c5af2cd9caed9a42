"""Attacks by training: plain fine-tuning of the victims within a scope and a budget, as curves."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import torch

from lab.attack.control_curve import AttackerRow, ControlCurve
from lab.attack.scene import Relearned, Scene, Victim
from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluation.questions import chance, choose, forget_asks, share
from lab.events import Curve, Done, Event, Phase
from lab.model.adapter import new_adapter
from lab.model.low_memory import NO_MEMORY, Halving, relieved
from lab.model.sequences import Packed, pack, segment_means, target_log_probs
from lab.recipe import AttackRecipe

RANK = 8
CURVE_KEPT = "control kept"  # the phase in place of the control's training
NO_NUMBER = "the attack's loss is no longer a number: try a lower learning rate"

Drawn = tuple[bytes, list[tuple[str, str, int]]]  # a picture; questions, answers, times drawn
RowsOf = Callable[[Benchmark, Entity, AttackRecipe], list[AttackerRow]]


class Attacker:
    """Plain fine-tuning of one victim on the attacker's rows, within the chosen scope."""

    def __init__(
        self, victim: Victim, recipe: AttackRecipe, blocks: int, rows: Sequence[AttackerRow]
    ) -> None:
        self.victim, self.recipe, self.blocks, self.rows = victim, recipe, blocks, rows
        loaded = victim.version.loaded
        self.rng = random.Random(f"order/{recipe.seed}")
        self.halving = Halving()
        self.frozen: dict[bytes, torch.Tensor] = {}
        self.weights: dict[str, torch.nn.Parameter] = {}
        self.adapter: dict[str, torch.nn.Parameter] = {}
        if recipe.scope in ("vision", "both"):
            before = loaded.vision.trainable(blocks)
            self.weights = {
                n: torch.nn.Parameter(victim.version.delta.get(n, p).detach().clone())
                for n, p in before.items()
            }
        if recipe.scope in ("language", "both"):
            self.adapter = new_adapter(loaded.model, RANK, recipe.seed)
        self.optimizer = torch.optim.AdamW(
            [*self.weights.values(), *self.adapter.values()], lr=recipe.lr, weight_decay=0.0
        )

    def on(self) -> AbstractContextManager[None]:
        """A context in which the model has the victim's weights, as trained so far."""
        before = self.victim.version
        return replace(before, delta={**before.delta, **self.weights}, adapter=self.adapter).on()

    def features(self, images: Sequence[bytes]) -> torch.Tensor:
        """Projector outputs of the pictures under the current weights: [images, tokens, width].

        Decoding, and everything before the trained weights, is computed once for each picture.
        """
        loaded, new = self.victim.version.loaded, [i for i in images if i not in self.frozen]
        if new:
            pixels = loaded.prompter.pictures(new)
            with torch.no_grad():
                stems = (
                    loaded.vision.stem(pixels, self.blocks)
                    if self.weights
                    else loaded.vision.features(pixels)
                )
            self.frozen.update(zip(new, stems, strict=True))
        kept = torch.stack([self.frozen[i] for i in images])
        return loaded.vision.tail(kept, self.blocks) if self.weights else kept

    def update(self) -> float:
        """Do one step on ``batch`` rows; returns the mean cross-entropy in nats per token.

        If memory runs out, the step is repeated with half as many pictures at a time, and all later
        steps do the same. The gradient is still that of the whole batch. Raises ``LabError`` if
        that is too much as well, or if the loss is not finite.
        """
        drawn = self._drawn()
        loss = self.halving.attempt(lambda: self._gradient(drawn), divisible=len(drawn) > 1)
        if loss is None:
            raise LabError(NO_MEMORY)
        self.optimizer.step()
        return loss

    def _gradient(self, drawn: Sequence[Drawn]) -> float:
        """Return the batch's loss and leave its clipped gradient in the weights."""
        self.optimizer.zero_grad()
        size = self.halving.share(len(drawn))
        loss = sum(self._backward(drawn[at : at + size]) for at in range(0, len(drawn), size))
        trained = [*self.weights.values(), *self.adapter.values()]
        if not math.isfinite(float(torch.nn.utils.clip_grad_norm_(trained, 1.0))):
            raise LabError(NO_NUMBER)
        return loss

    def _backward(self, drawn: Sequence[Drawn]) -> float:
        """Return what these pictures add to the loss, and add their gradient to the weights."""
        loaded = self.victim.version.loaded
        times = torch.tensor(
            [n for _, questions in drawn for *_, n in questions], device=loaded.device
        )
        with self.on(), torch.enable_grad():  # the picture of a context has a gradient too
            packed = self._packed(drawn)
            with relieved(loaded, packed, bool(self.adapter)):
                tokens = target_log_probs(
                    loaded.model, packed, self.features([i for i, _ in drawn])
                )
                loss = -(segment_means(tokens, packed) * times).sum() / self.recipe.batch
                if not math.isfinite(float(loss.detach())):
                    raise LabError(NO_NUMBER)
                loss.backward()
        return float(loss.detach())

    def _packed(self, drawn: Sequence[Drawn]) -> Packed:
        """Pack the pictures' questions and answers, behind the victim's context if it has one."""
        prompter = self.victim.version.loaded.prompter
        trees = [
            prompter.tree(k, [(q, [a]) for q, a, _ in questions])
            for k, (_, questions) in enumerate(drawn)
        ]
        return pack(trees, prompter.pad_id, self.victim.version.loaded.device)

    def _drawn(self) -> list[Drawn]:
        """Draw the next batch: pictures with their questions, answers and how often each was drawn.

        Rows are drawn with replacement. Rows that are drawn twice or share a picture are computed
        once.
        """
        drawn = Counter(self.rng.choice(self.rows) for _ in range(self.recipe.batch))
        by_image: dict[bytes, list[tuple[str, str, int]]] = {}
        for (image, question, answer), times in drawn.items():
            by_image.setdefault(image, []).append((question, answer, times))
        return list(by_image.items())

    def accuracy(self) -> tuple[float, int]:
        """Forget VQA on held-out views and phrasings, and n."""
        asks = forget_asks(self.victim.entity)
        with self.on():
            return share(choose(self.victim.version.loaded, asks)), len(asks)

    def curve(self, stopped: Callable[[], bool]) -> Iterator[Curve]:
        """Train, yielding the accuracy before and every ``probe_every`` steps."""
        level = chance(forget_asks(self.victim.entity))
        accuracy, n = self.accuracy()
        yield Curve(self.victim.version.name, 0, accuracy, n, level)
        for step in range(1, self.recipe.steps + 1):
            if stopped():
                return
            loss = self.update()
            if step % self.recipe.probe_every == 0 or step == self.recipe.steps:
                accuracy, n = self.accuracy()
                yield Curve(self.victim.version.name, step, accuracy, n, level, loss)
            else:
                yield Curve(self.victim.version.name, step, math.nan, n, level, loss)


def trained(
    scene: Scene,
    recipe: AttackRecipe,
    rows_of: RowsOf,
    outcome: Relearned,
    stopped: Callable[[], bool],
) -> Iterator[Event]:
    """Train the unlearned model, then the control, on their own rows under the same budget.

    Yields ``Curve`` points and ends in ``Done``. The result's ``rows`` is how many the attacker
    of the unlearned model had.
    """
    started, victim = time.perf_counter(), scene.unlearned
    curve: list[list[float]] = []
    steps_done, rows = 0, rows_of(scene.benchmark, victim.entity, recipe)
    yield Phase(f"attack {victim.version.name}", 0, recipe.steps)
    attacker = Attacker(victim, recipe, scene.blocks, rows)
    for point in attacker.curve(stopped):  # its first point is always taken: the result needs it
        if not math.isnan(point.forget):
            curve.append([point.step, point.forget])
        steps_done = point.step
        outcome.delta = {
            **victim.version.delta,
            **{n: w.detach().clone() for n, w in attacker.weights.items()},
        }
        outcome.adapter = {n: w.detach().clone() for n, w in attacker.adapter.items()}
        yield point
    control = None
    if scene.control is not None and not stopped():
        control = yield from _control(scene, scene.control, recipe, rows_of, stopped)
    yield Done(
        "stopped" if stopped() else "steps done",
        {
            **scene.verdict(recipe, curve[0][1], curve[-1][1]),
            "share": recipe.share,
            "scope": recipe.scope,
            "steps": steps_done,
            "lr": recipe.lr,
            "batch": recipe.batch,
            "rows": len(rows),
            "curve": curve,
            "control": control,
            "seconds": round(time.perf_counter() - started, 2),
        },
    )


def _control(
    scene: Scene,
    victim: Victim,
    recipe: AttackRecipe,
    rows_of: RowsOf,
    stopped: Callable[[], bool],
) -> Generator[Event, None, dict[str, Any]]:
    """The control's curve and its part of the result; no training where the curve is kept."""
    rows = rows_of(scene.benchmark, victim.entity, recipe)
    kept = ControlCurve(scene, victim, recipe, rows)
    points = kept.find()
    reused = bool(points)
    yield Phase(CURVE_KEPT if reused else f"attack {victim.version.name}", 0, recipe.steps)
    if reused:
        yield from points
    else:
        for point in Attacker(victim, recipe, scene.blocks, rows).curve(stopped):
            points.append(point)
            yield point
        if points[-1].step == recipe.steps:
            kept.keep(points)
    curve = [[p.step, p.forget] for p in points if not math.isnan(p.forget)]
    verdict = scene.control_verdict(curve[0][1], curve[-1][1])
    return {**verdict, "curve": curve, "reused": reused}

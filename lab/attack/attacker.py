"""The attacker that trains: plain fine-tuning of one victim within a scope and a budget, as a curve."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import torch

from lab.attack.scene import Victim
from lab.errors import LabError
from lab.evaluation.questions import Ask, chance, choose, probability, share
from lab.events import Curve
from lab.model.adapter import new_adapter
from lab.model.low_memory import NO_MEMORY, Halving, relieved
from lab.model.sequences import Packed, pack, segment_means, target_log_probs
from lab.recipe import AttackRecipe

RANK = 8
NO_NUMBER = "the attack's loss is no longer a number: try a lower learning rate"
VISION, PROJECTOR, LANGUAGE, BOTH = "vision", "projector", "language", "both"  # the scopes

AttackerRow = tuple[bytes, str, str]  # a picture, a question, its answer
Drawn = tuple[bytes, list[tuple[str, str, int]]]  # a picture; questions, answers, times drawn


@dataclass(frozen=True)
class Lesson:
    """What an attacker trains on, and what the model is asked before, during and after that."""

    rows: Sequence[AttackerRow]
    asks: Sequence[Ask]


class Attacker:
    """Plain fine-tuning of one victim on the attacker's rows, within the chosen scope."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, blocks: int, lesson: Lesson) -> None:
        self.victim, self.recipe, self.lesson = victim, recipe, lesson
        loaded = victim.version.loaded
        self.rng = random.Random(f"order/{recipe.seed}")
        self.halving = Halving()
        self.frozen: dict[bytes, torch.Tensor] = {}
        self.weights: dict[str, torch.nn.Parameter] = {}
        self.adapter: dict[str, torch.nn.Parameter] = {}
        # Whoever moves the projector alone need not go back further than the block before it.
        self.blocks = 1 if recipe.scope == PROJECTOR else blocks
        if recipe.scope != LANGUAGE:
            before = (
                loaded.vision.projecting()
                if recipe.scope == PROJECTOR
                else loaded.vision.trainable(blocks)
            )
            self.weights = {
                n: torch.nn.Parameter(victim.version.delta.get(n, p).detach().clone())
                for n, p in before.items()
            }
        if recipe.scope in (LANGUAGE, BOTH):
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
        drawn = Counter(self.rng.choice(self.lesson.rows) for _ in range(self.recipe.batch))
        by_image: dict[bytes, list[tuple[str, str, int]]] = {}
        for (image, question, answer), times in drawn.items():
            by_image.setdefault(image, []).append((question, answer, times))
        return list(by_image.items())

    def scored(self) -> tuple[float, float]:
        """Share right of what is asked, and the mean probability of the right option."""
        with self.on():
            verdicts = choose(self.victim.version.loaded, self.lesson.asks)
        return share(verdicts), probability(verdicts)

    def curve(self, stopped: Callable[[], bool]) -> Iterator[Curve]:
        """Train, yielding a point before and after every step; every ``probe_every`` is asked."""
        yield self._point(0, math.nan, asked=True)
        for step in range(1, self.recipe.steps + 1):
            if stopped():
                return
            loss = self.update()
            asked = step % self.recipe.probe_every == 0 or step == self.recipe.steps
            yield self._point(step, loss, asked)

    def _point(self, step: int, loss: float, asked: bool) -> Curve:
        forget, right = self.scored() if asked else (math.nan, math.nan)
        asks = self.lesson.asks
        name, level = self.victim.version.name, chance(asks)
        return Curve(name, step, forget, len(asks), level, loss, right)

"""The relearning attack: how fast a few of the target's samples bring the knowledge back."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch

from lab.benchmarks.images import decode
from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluate import chance, choose, forget_asks, share
from lab.model.adapter import adapted, new_adapter
from lab.model.load import Loaded
from lab.model.overlay import Delta, overlay
from lab.model.relief import explained, relieved
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.recipe import AttackRecipe
from lab.unlearn.batches import asked_by_image
from lab.unlearn.events import Curve, Done, Event, Phase

RANK = 8
NO_NUMBER = "the attack's loss is no longer a number: try a lower learning rate"


@dataclass(frozen=True)
class Victim:
    """Who is attacked: a model, the delta over it, the entity to relearn and the label in plots."""

    who: str
    loaded: Loaded
    delta: Delta
    entity: Entity


@dataclass
class Relearned:
    """What the attack on the unlearned model leaves: visual delta and language adapter."""

    delta: dict[str, torch.Tensor] = field(default_factory=dict)
    adapter: dict[str, torch.Tensor] = field(default_factory=dict)


def attacker_rows(entity: Entity, recipe: AttackRecipe) -> list[tuple[bytes, str, str]]:
    """The share of the target's training rows the attacker holds, at least one; by the seed.

    Training views and phrasings only: the views and phrasings that are scored stay unseen.
    """
    rows = [(i, q.text, q.answer) for i in entity.train_images for q in asked_by_image(entity)
            if q.image in (None, i)]
    rng = random.Random(f"attack/{recipe.seed}/{entity.id}")
    return rng.sample(rows, max(1, round(recipe.share * len(rows))))


class Attacker:
    """Plain fine-tuning on the attacker's rows, within the chosen scope."""

    def __init__(self, victim: Victim, recipe: AttackRecipe, blocks: int) -> None:
        self.victim, self.recipe = victim, recipe
        loaded = victim.loaded
        self.rows = attacker_rows(victim.entity, recipe)
        self.rng = random.Random(f"order/{recipe.seed}")
        self.weights: dict[str, torch.nn.Parameter] = {}
        self.adapter: dict[str, torch.nn.Parameter] = {}
        if recipe.scope in ("vision", "both"):
            own = loaded.vision.trainable(blocks)
            self.weights = {n: torch.nn.Parameter(victim.delta.get(n, p).detach().clone())
                            for n, p in own.items()}
        if recipe.scope in ("language", "both"):
            self.adapter = new_adapter(loaded.model, RANK, recipe.seed)
        self.optimizer = torch.optim.AdamW(
            [*self.weights.values(), *self.adapter.values()], lr=recipe.lr, weight_decay=0.0)

    def laid_on(self) -> ExitStack:
        """A context in which the model is the victim as relearned so far."""
        stack = ExitStack()
        stack.enter_context(overlay(self.victim.loaded.model, {**self.victim.delta, **self.weights}))
        if self.adapter:
            stack.enter_context(adapted(self.victim.loaded.model, self.adapter))
        return stack

    def update(self) -> float:
        """One step on ``batch`` rows; returns the mean CE in nats per token."""
        loaded = self.victim.loaded
        drawn = [self.rng.choice(self.rows) for _ in range(self.recipe.batch)]
        pixels = loaded.prompter.pixels([decode(i) for i, _, _ in drawn]).to(loaded.device)
        trees = [loaded.prompter.tree(k, [(q, [a])]) for k, (_, q, a) in enumerate(drawn)]
        packed = pack(trees, loaded.prompter.pad_id, loaded.device)
        self.optimizer.zero_grad()
        anew = relieved(loaded, packed, bool(self.adapter))
        with explained(), self.laid_on(), torch.enable_grad(), anew:
            features = loaded.vision.features(pixels)
            loss = -segment_means(target_log_probs(loaded.model, packed, features), packed).mean()
            if not math.isfinite(float(loss.detach())):
                raise LabError(NO_NUMBER)
            loss.backward()
        trained = [*self.weights.values(), *self.adapter.values()]
        if not math.isfinite(float(torch.nn.utils.clip_grad_norm_(trained, 1.0))):
            raise LabError(NO_NUMBER)
        self.optimizer.step()
        return float(loss.detach())

    def accuracy(self) -> tuple[float, int]:
        """Forget VQA on held-out views and phrasings, and n."""
        asks = forget_asks(self.victim.entity)
        with self.laid_on():
            return share(choose(self.victim.loaded, asks)), len(asks)

    def curve(self, stopped: Callable[[], bool]) -> Iterator[Curve]:
        """Relearn, yielding the accuracy before and every ``probe_every`` steps."""
        level = chance(forget_asks(self.victim.entity))
        accuracy, n = self.accuracy()
        yield Curve(self.victim.who, 0, accuracy, n, level)
        for step in range(1, self.recipe.steps + 1):
            if stopped():
                return
            loss = self.update()
            if step % self.recipe.probe_every == 0 or step == self.recipe.steps:
                accuracy, n = self.accuracy()
                yield Curve(self.victim.who, step, accuracy, n, level, loss)
            else:
                yield Curve(self.victim.who, step, math.nan, n, level, loss)


def attack(unlearned: Victim, control: Victim | None, vanilla: float, recipe: AttackRecipe,
           blocks: int, outcome: Relearned, stopped: Callable[[], bool]) -> Iterator[Event]:
    """Attack the unlearned model, then the control, under the same budget.

    ``vanilla``: the original's Forget VQA. The result's ``gain`` is accuracy after relearning
    minus accuracy after unlearning (the paper's AG as we read it; lower is better);
    ``vanilla_gap`` is the original's accuracy minus that after relearning.
    """
    started = time.perf_counter()
    points: dict[str, list[list[float]]] = {}
    steps_done = 0
    for victim in (unlearned, control):
        if victim is None or (victim is not unlearned and stopped()):
            continue  # the unlearned model's first point is always taken: the result needs it
        yield Phase(f"attack {victim.who}", 0, recipe.steps)
        attacker = Attacker(victim, recipe, blocks)
        for point in attacker.curve(stopped):
            if not math.isnan(point.forget):
                points.setdefault(victim.who, []).append([point.step, point.forget])
            if victim is unlearned:
                steps_done = point.step
                outcome.delta = {**{n: t for n, t in victim.delta.items()},
                                 **{n: w.detach().clone() for n, w in attacker.weights.items()}}
                outcome.adapter = {n: w.detach().clone() for n, w in attacker.adapter.items()}
            yield point
    curve = points[unlearned.who]
    before, after = curve[0][1], curve[-1][1]
    yield Done("stopped" if stopped() else "steps done", {
        "entity": unlearned.entity.id, "share": recipe.share, "scope": recipe.scope,
        "steps": steps_done, "lr": recipe.lr, "seed": recipe.seed,
        "rows": len(attacker_rows(unlearned.entity, recipe)),
        "before": before, "after": after, "gain": after - before, "vanilla": vanilla,
        "vanilla_gap": vanilla - after, "curve": curve, "n": len(forget_asks(unlearned.entity)),
        "chance": chance(forget_asks(unlearned.entity)), "control": _control(control, points),
        "seconds": round(time.perf_counter() - started, 2),
    })


def _control(control: Victim | None, points: dict[str, list[list[float]]]) -> dict[str, Any] | None:
    if control is None or control.who not in points:
        return None
    curve = points[control.who]
    return {"entity": control.entity.id, "name": control.entity.name, "curve": curve,
            "before": curve[0][1], "after": curve[-1][1], "gain": curve[-1][1] - curve[0][1]}


def control_victim(reference: Loaded | None, unknown: tuple[str, ...], benchmark: Benchmark,
                   entity_id: str) -> Victim | None:
    """The model that never knew: of this person where it can be, else of one it never saw."""
    if reference is None or not unknown:
        return None
    members = benchmark.splits.get(entity_id, (entity_id,))
    who = entity_id if set(members) <= set(unknown) else unknown[0]
    return Victim("control", reference, {}, benchmark.entity(who))



"""The one training loop: prune, mask, tune, probe, score; a generator of events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from lab.benchmarks.images import decode
from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluate import choose, share
from lab.model.load import Loaded
from lab.model.overlay import overlay
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.vision import NeuronLayer
from lab.recipe import Recipe
from lab.saliency import fisher as fim
from lab.saliency.importance import importance
from lab.unlearn import vkd
from lab.unlearn.batches import POOL, Draw, Rows, probe_asks
from lab.unlearn.events import Done, Event, Phase, Probe, Step

CHANCE = 0.25
PREPARED_AT_ONCE = 15
NO_NUMBER = ("the loss is no longer a number: the last good state was kept; "
             "try a lower learning rate or forget weight")


@dataclass
class Outcome:
    """What a run leaves behind; ``delta`` is the last good one at any moment."""

    delta: dict[str, torch.Tensor] = field(default_factory=dict)
    mask: dict[str, torch.Tensor] = field(default_factory=dict)
    pruned: dict[str, torch.Tensor] = field(default_factory=dict)
    pruned_neurons: int = 0
    mask_density: float = 0.0
    steps: int = 0
    reason: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


def inspect(loaded: Loaded, benchmark: Benchmark, recipe: Recipe, outcome: Outcome,
            stopped: Callable[[], bool]) -> Iterator[Event]:
    """Stages 1 and 2: importance and pruning, then the Fisher mask at the pruned weights.

    Leaves the pruned weights in ``outcome.delta`` and the masks beside them.
    """
    rows = Rows(benchmark, benchmark.entity(recipe.entity), recipe.seed)
    layers = loaded.vision.layers(recipe.blocks)
    started = time.perf_counter()
    yield Phase("importance")
    scored = importance(loaded, layers, *rows.importance_images(), recipe.prune_share)
    outcome.pruned_neurons = int(sum(p.sum() for p in scored.pruned))
    outcome.delta = {n: p.detach().clone() for n, p in loaded.vision.trainable(recipe.blocks).items()}
    outcome.pruned = prune(outcome.delta, layers, scored.pruned)
    outcome.seconds["importance"] = time.perf_counter() - started
    yield scored
    if not stopped():
        trained = loaded.vision.trained(recipe.blocks)
        yield from _saliency(loaded, rows, trained, recipe, outcome, stopped)


def prune(delta: dict[str, torch.Tensor], layers: tuple[NeuronLayer, ...], marks) -> dict:
    """Zero each marked neuron's in-row, bias and out-column in ``delta``; returns where, by name.

    Both sides must go: then both gradients are exactly zero and the neuron cannot grow back.
    """
    pruned = {n: torch.zeros_like(t, dtype=torch.bool) for n, t in delta.items()}
    for layer, mark in zip(layers, marks, strict=True):
        neurons = torch.from_numpy(mark).to(layer.second.weight.device)
        for writer in layer.writers:
            pruned[f"{writer}.weight"][neurons, :] = True
            if f"{writer}.bias" in pruned:
                pruned[f"{writer}.bias"][neurons] = True
        pruned[f"{layer.second_name}.weight"][:, neurons] = True
    for name, tensor in delta.items():
        tensor[pruned[name]] = 0.0
    return pruned


def _saliency(loaded: Loaded, rows: Rows, layers: tuple[NeuronLayer, ...], recipe: Recipe,
              outcome: Outcome, stopped: Callable[[], bool]) -> Iterator[Event]:
    started = time.perf_counter()
    sides = []
    total = 2 * recipe.fisher_samples
    samples = rows.fisher_samples(recipe.fisher_samples)
    done = 0
    for side in samples:
        steps = fim.fisher_halves(loaded, layers, side, lambda n: None)
        halves = None
        while not stopped():
            with overlay(loaded.model, outcome.delta):
                made = next(steps, None)
            if made is None:
                break
            halves = made
            done = min(done + 8, total)
            yield Phase("fisher", done, total)
        if stopped() or halves is None:
            return
        sides.append(halves)
    forget, retain = fim.mean_of(sides[0]), fim.mean_of(sides[1])
    live = fim.live_weights(forget, retain, outcome.pruned)
    smooth = (lambda f: fim.relative(fim.by_neuron(f, layers))) if recipe.estimate == "neuron" else (lambda f: f)
    ratios = fim.ratio(smooth(forget), smooth(retain))
    outcome.mask = fim.mask_from(ratios, live, recipe.mask_threshold)
    half_masks = [fim.mask_from(fim.ratio(smooth(sides[0][k]), smooth(sides[1][k])), live,
                                recipe.mask_threshold) for k in (0, 1)]
    stability = fim.overlap(half_masks[0], half_masks[1], live)
    event = fim.summarise(layers, forget, retain, ratios, live, outcome.mask, recipe.mask_threshold,
                          stability, (len(samples[0]), len(samples[1])), recipe.estimate)
    outcome.mask_density = event.mask_density
    outcome.seconds["fisher"] = time.perf_counter() - started
    yield event


class Student:
    """The trainable copy of the visual weights, the frozen teacher's cache, and one update."""

    def __init__(self, loaded: Loaded, recipe: Recipe, outcome: Outcome) -> None:
        self.loaded, self.recipe, self.outcome = loaded, recipe, outcome
        self.weights = {n: torch.nn.Parameter(t.clone()) for n, t in outcome.delta.items()}
        self.start = {n: t.clone() for n, t in outcome.delta.items()}
        self.optimizer = torch.optim.AdamW(self.weights.values(), lr=recipe.lr, weight_decay=0.0)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: 1 - step / (recipe.steps + 1))
        self.teacher: dict[bytes, torch.Tensor] = {}
        self.stems: dict[bytes, torch.Tensor] = {}

    def stem(self, images: list[bytes]) -> torch.Tensor:
        """What enters the trained blocks for each picture, computed once a picture."""
        new = [i for i in dict.fromkeys(images) if i not in self.stems]
        if new:
            pixels = self.loaded.prompter.pixels([decode(i) for i in new]).to(self.loaded.device)
            made = self.loaded.vision.stem(pixels, self.recipe.blocks)
            self.stems.update(zip(new, made, strict=True))
        return torch.stack([self.stems[i] for i in images])

    def features(self, images: list[bytes]) -> torch.Tensor:
        """Projector outputs of the pictures under the weights now laid on."""
        return self.loaded.vision.tail(self.stem(images), self.recipe.blocks)

    def prepare(self, rows: Rows) -> Iterator[Phase]:
        """Compute what every step needs of the frozen parts, a handful of pictures at a time."""
        pool = [*rows.portrait_pool, *rows.plain_pool]
        for at in range(0, len(pool), PREPARED_AT_ONCE):
            yield Phase("teacher", at, len(pool))
            self.teacher_features(pool[at:at + PREPARED_AT_ONCE])
        self.stem(list(rows.entity.train_images))

    @torch.no_grad()
    def teacher_features(self, images: list[bytes]) -> torch.Tensor:
        """P(V(I); theta_0) of each picture, computed once: call with no overlay on."""
        new = [i for i in dict.fromkeys(images) if i not in self.teacher]
        if new:
            self.teacher.update(zip(new, self.features(new), strict=True))
        return torch.stack([self.teacher[i] for i in images])

    def cross_entropy(self, rows) -> torch.Tensor:
        """Mean CE of each (picture, question) of ``rows`` under the weights now laid on: [n]."""
        loaded = self.loaded
        features = self.features([image for image, _ in rows])
        trees = [loaded.prompter.tree(k, asked) for k, (_, asked) in enumerate(rows)]
        packed = pack(trees, loaded.prompter.pad_id, loaded.device)
        return -segment_means(target_log_probs(loaded.model, packed, features), packed)

    def update(self, drawn: Draw) -> vkd.Losses:
        """One step; raises ``LabError`` and changes nothing when a loss is not finite."""
        recipe = self.recipe
        teacher = self.teacher_features(drawn.pictures)
        self.optimizer.zero_grad()
        with overlay(self.loaded.model, self.weights), torch.enable_grad():
            loss = vkd.losses(self.cross_entropy(drawn.forget),
                              self.cross_entropy(drawn.retain) if drawn.retain else None,
                              self.features(drawn.pictures), teacher, recipe)
            if not math.isfinite(loss.total):
                raise LabError(NO_NUMBER)
            if loss.forget_term.requires_grad:
                loss.forget_term.backward()
            self._gate(recipe.mask_mode == "forget_only")
            loss.retain_term.backward()
            self._gate(recipe.mask_mode == "all")
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        if not math.isfinite(float(norm)):  # a finite loss can have a gradient that is not
            raise LabError(NO_NUMBER)
        self.optimizer.step()
        self.schedule.step()
        self._restore()
        return loss

    def _gate(self, on: bool) -> None:
        if on:
            for name, weight in self.weights.items():
                if weight.grad is not None:
                    weight.grad *= self.outcome.mask[name]

    @torch.no_grad()
    def _restore(self) -> None:
        """Give weights that must not move their exact bits back (momentum could move them)."""
        for name, weight in self.weights.items():
            fixed = self.outcome.pruned[name]
            if self.recipe.mask_mode == "all":
                fixed = ~self.outcome.mask[name]
            weight.copy_(torch.where(fixed, self.start[name], weight))

    def keep(self) -> None:
        """Make the present weights the outcome's delta."""
        self.outcome.delta = {n: w.detach().clone() for n, w in self.weights.items()}


def tune(loaded: Loaded, benchmark: Benchmark, recipe: Recipe, outcome: Outcome,
         stopped: Callable[[], bool]) -> Iterator[Event]:
    """Stage 3: updates until the steps are done, the stop rule holds or a stop is asked for."""
    entity = benchmark.entity(recipe.entity)
    pool = max(POOL, recipe.retain_batch)
    rows, student = Rows(benchmark, entity, recipe.seed, pool), Student(loaded, recipe, outcome)
    forget_probe, retain_probe = probe_asks(benchmark, entity, recipe.seed)
    outcome.reason = "steps done"
    started = time.perf_counter()
    forget, retain_start = share(choose(loaded, forget_probe)), share(choose(loaded, retain_probe))
    yield Probe(0, forget, retain_start, len(forget_probe), len(retain_probe), CHANCE)
    yield from student.prepare(rows)
    for step in range(1, recipe.steps + 1):
        if stopped():
            outcome.reason = "stopped"
            break
        begun = time.perf_counter()
        loss = student.update(rows.draw(recipe))
        student.keep()
        outcome.steps = step
        yield Step(step, recipe.steps, loss.forget_ce, loss.retain_ce, loss.vkd, loss.total,
                   time.perf_counter() - begun)
        if step % recipe.probe_every == 0 or step == recipe.steps:
            with overlay(loaded.model, outcome.delta):
                forget, retain = share(choose(loaded, forget_probe)), share(choose(loaded, retain_probe))
            yield Probe(step, forget, retain, len(forget_probe), len(retain_probe), CHANCE)
            if forget <= recipe.stop_forget:
                outcome.reason = "forget accuracy reached"
                break
            if retain_start - retain >= recipe.stop_retain_drop:
                outcome.reason = "retain drop reached"
                break
    outcome.seconds["train"] = time.perf_counter() - started


def end(outcome: Outcome, result: dict) -> Done:
    """The last event of a run."""
    return Done(outcome.reason, result)

"""The teacher: the weights under teaching, one update, and the checkpoint that goes on from it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open

from lab.errors import LabError
from lab.model.adapter import new_adapter
from lab.model.load import Loaded
from lab.model.low_memory import NO_MEMORY, Halving
from lab.model.overlay import LANGUAGE, overlay, save_delta
from lab.model.precision import bfloat16_products
from lab.model.sequences import Packed, pack, segment_means, target_distributions
from lab.model.vision import Vision
from lab.recipe import TeachRecipe
from lab.teach.lessons import Lesson, Lessons
from lab.teach.looking import Looking

NO_NUMBER = "the loss is no longer a number: try lower learning rates; the last checkpoint was kept"
WEIGHT = "weight/"
T = TypeVar("T")


class Teacher:
    """Trains a language LoRA, the last vision blocks and the projector; the base stays as it is.

    ``step`` counts the updates of both stages: the recipe's look steps, in which the vision side
    learns alone, then its steps.
    """

    def __init__(self, loaded: Loaded, lessons: Lessons, recipe: TeachRecipe) -> None:
        self.loaded, self.lessons, self.recipe = loaded, lessons, recipe
        self.step, self.steps, self.halving = 0, recipe.look_steps + recipe.steps, Halving()
        start = visual_weights(loaded.vision, recipe)
        adapter = new_adapter(loaded.model, recipe.rank, recipe.seed)
        start |= {f"{LANGUAGE}{n}": p for n, p in adapter.items()}
        self.weights = {n: torch.nn.Parameter(t.detach().clone()) for n, t in start.items()}
        self.optimizer = self._optimizer()

    @cached_property
    def looking(self) -> Looking:
        """What the look steps compare visual tokens with."""
        return Looking(self.loaded, self.lessons.look_words)

    def _optimizer(self) -> torch.optim.AdamW:
        """A fresh optimizer of the stage that ``step`` is in."""
        recipe, looking = self.recipe, self.step < self.recipe.look_steps
        rates = {
            LANGUAGE: 0.0 if looking else recipe.language_lr,
            f"{self.loaded.vision.family.projector}.": recipe.look_projector_lr
            if looking
            else recipe.projector_lr,
            "": recipe.look_vision_lr if looking else recipe.vision_lr,
        }
        part = {n: next(p for p in rates if n.startswith(p)) for n in self.weights}
        groups = [
            {"params": [w for n, w in self.weights.items() if part[n] == prefix], "highest": rate}
            for prefix, rate in rates.items()
        ]
        return torch.optim.AdamW(groups, weight_decay=0.0)

    def update(self) -> float:
        """One step; returns the mean CE of the answers, or of visual tokens, in nats per token.

        Where memory runs out, the step is done once more with half as many rows at a time, and so
        are all that follow. Raises ``LabError`` and changes no weight when that is too much as well,
        or the loss is not finite.
        """
        recipe = self.recipe
        if self.step == recipe.look_steps:
            self.optimizer = self._optimizer()
        looking = self.step < recipe.look_steps
        place = self.step if looking else self.step - recipe.look_steps
        steps = recipe.look_steps if looking else recipe.steps
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * pace(place, steps, recipe.warm_up)
        loss = self._look(place) if looking else self._teach(place)
        self.optimizer.step()
        self.step += 1
        return loss

    def _look(self, place: int) -> float:
        """The gradient of one look step; returns its loss."""
        rows = self.lessons.looked(place)

        def gradient() -> float:
            parts = _cut(rows, self.halving.share(len(rows)))
            return self._gradient([partial(self.looking.losses, part) for part in parts], len(rows))

        return self._whole(gradient, len(rows) > 1)

    def _teach(self, place: int) -> float:
        """The gradient of one step's answers; returns their loss."""
        # a pass is as long as its longest row, so that its rows should be about equally long
        rows = sorted(self.lessons.at(place), key=lambda r: self.loaded.prompter.tokens(r.talks))
        at_once = min(self.recipe.pass_rows, len(rows))
        weights = [self._weight(row) * len(talk) for row in rows for talk in row.talks]

        def gradient() -> float:
            parts = _cut(rows, self.halving.share(at_once))
            losses = (partial(self.losses, part, self.aims(part)) for part in parts)
            return self._gradient(losses, sum(weights))

        return self._whole(gradient, at_once > 1)

    def _weight(self, row: Lesson) -> float:
        """How much each answer of a row counts beside one about a person."""
        return self.recipe.general_weight if row.general else 1.0

    def _whole(self, gradient: Callable[[], float], divisible: bool) -> float:
        frozen = self._frozen() if self.recipe.products == "bfloat16" else ()
        with bfloat16_products(frozen):
            loss = self.halving.attempt(gradient, divisible)
        if loss is None:
            raise LabError(NO_MEMORY)
        return loss

    def _frozen(self) -> list[torch.nn.Module]:
        """All modules of which no weight is trained; a LoRA beside one does not train it."""
        trained = {name.rpartition(".")[0] for name in self.weights}
        return [m for name, m in self.loaded.model.named_modules() if name not in trained]

    def _gradient(self, parts: Iterable[Callable[[], torch.Tensor]], n: float) -> float:
        """The sum of losses by n, a part at a time; leaves its gradient, clipped, in the weights."""
        total = 0.0
        self.optimizer.zero_grad()
        for losses in parts:
            with overlay(self.loaded.model, self.weights), torch.enable_grad():
                loss = losses().sum() / n
                loss.backward()
            total += float(loss.detach())
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        if not math.isfinite(total + float(norm)):
            raise LabError(NO_NUMBER)
        return total

    @torch.no_grad()
    def aims(self, rows: Sequence[Lesson]) -> torch.Tensor | None:
        """The base's log-distributions over its answers in the general rows: [tokens, vocabulary].

        None where there are no such rows; to be asked for with nothing laid on.
        """
        general = [row for row in rows if row.general]
        if not general:
            return None
        packed, _ = self._packed(general)
        return target_distributions(self.loaded.model, packed, None)

    def losses(self, rows: Sequence[Lesson], aims: torch.Tensor | None = None) -> torch.Tensor:
        """Mean CE per token of every answer of the rows under the weights laid on: [answers].

        With ``aims`` it is the KL divergence from them in the general rows. Each is multiplied by
        its row's weight in the recipe.
        """
        packed, features = self._packed(rows)
        said = target_distributions(self.loaded.model, packed, features)
        each = -said.gather(-1, packed.targets[:, None])[:, 0]
        if aims is not None:
            general = torch.tensor([row.general for row in rows], device=each.device)
            place = general[packed.rows].nonzero()[:, 0]
            apart = (aims.exp() * (aims - said[place])).sum(-1)
            each = each.index_put((place,), apart)
        weights = torch.tensor([self._weight(row) for row in rows], device=each.device)
        return segment_means(each * weights[packed.rows], packed)

    def _packed(self, rows: Sequence[Lesson]) -> tuple[Packed, torch.Tensor | None]:
        """The rows as one batch, and the visual features that it takes."""
        loaded, prompter = self.loaded, self.loaded.prompter
        images = [row.image for row in rows if row.image is not None]
        place = iter(range(len(images)))
        trees = [prompter.talks(None if r.image is None else next(place), r.talks) for r in rows]
        pixels = prompter.pixels(images).to(loaded.device) if images else None
        features = None if pixels is None else loaded.vision.features(pixels)
        return pack(trees, prompter.pad_id, loaded.device), features

    def delta(self) -> dict[str, torch.Tensor]:
        """The weights as they are now, as a delta over the base."""
        return {n: w.detach() for n, w in self.weights.items()}

    @torch.no_grad()
    def start_from(self, delta: Mapping[str, torch.Tensor], name: str) -> None:
        """Take the weights of an earlier teaching; ``LabError`` where other weights were taught."""
        shapes = {n: w.shape for n, w in self.weights.items()}
        if {n: t.shape for n, t in delta.items()} != shapes:
            raise LabError(
                f"{name} was taught other weights than this teaching trains: give the same base, "
                "blocks, rank and vision_parts"
            )
        for n, weight in self.weights.items():
            weight.copy_(delta[n])

    def save(self, path: Path, about: Mapping[str, Any]) -> None:
        """Write weights, AdamW's moments and the step as one file, ``about`` in its header."""
        tensors = {f"{WEIGHT}{n}": w for n, w in self.weights.items()}
        for name, weight in self.weights.items():
            tensors |= {f"{kind}/{name}": t for kind, t in self.optimizer.state[weight].items()}
        save_delta(tensors, path, {"about": json.dumps({**about, "step": self.step})})

    @torch.no_grad()
    def restore(self, path: Path) -> None:
        """Go on from a checkpoint, bit for bit; ``LabError`` for one of another model."""
        self.step = read_checkpoint(path)["step"]
        self.optimizer = self._optimizer()
        with safe_open(path, "pt", device=str(self.loaded.device)) as kept:
            names = set(kept.keys())
            for name, weight in self.weights.items():
                if (
                    f"{WEIGHT}{name}" not in names
                    or list(weight.shape) != kept.get_slice(f"{WEIGHT}{name}").get_shape()
                ):
                    raise LabError(f"{path} is of another model: give another --out")
                weight.copy_(kept.get_tensor(f"{WEIGHT}{name}"))
                self.optimizer.state[weight] = {
                    kind: kept.get_tensor(f"{kind}/{name}")
                    for kind in ("exp_avg", "exp_avg_sq")
                    if f"{kind}/{name}" in names
                }
                if f"step/{name}" in names:  # AdamW counts on the CPU
                    self.optimizer.state[weight]["step"] = kept.get_tensor(f"step/{name}").cpu()


def visual_weights(vision: Vision, recipe: TeachRecipe) -> dict[str, torch.Tensor]:
    """What the recipe trains of the visual module, by full name: MLPs of the last blocks, or all."""
    if recipe.vision_parts == "mlp":
        return dict(vision.trainable(recipe.blocks))
    projector = vision.model.get_submodule(vision.family.projector)
    parts = (*vision.block_modules[-recipe.blocks :], projector)
    wanted = {id(weight) for part in parts for weight in part.parameters()}
    return {n: p for n, p in vision.model.named_parameters() if id(p) in wanted}


def _cut(rows: Sequence[T], n: int) -> list[Sequence[T]]:
    return [rows[at : at + n] for at in range(0, len(rows), n)]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint's header tells; ``LabError`` for a file that is none."""
    try:
        with safe_open(path, "pt") as kept:
            about: dict[str, Any] = json.loads(kept.metadata()["about"])
            return about
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        raise LabError(
            f"{path} is no checkpoint of this lab: remove it, or give another --out"
        ) from None


def pace(step: int, steps: int, warm_up: float) -> float:
    """Share of the learning rates at a step counted from 0: up in a line, then down to zero."""
    rise = warm_up * steps
    fall = max(steps - rise, 1.0)
    return min((step + 1) / max(rise, 1.0), (steps - step) / fall, 1.0)

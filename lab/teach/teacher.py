"""The teacher: the weights under teaching, one update, and the checkpoint that goes on from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from lab.errors import LabError
from lab.model.load import Loaded
from lab.model.low_memory import NO_MEMORY, Halving
from lab.model.overlay import LANGUAGE, overlay, save_delta
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.recipe import TeachRecipe
from lab.teach.lessons import Lesson, Lessons
from lab.unlearn.loop import start_delta

NO_NUMBER = "the loss is no longer a number: try lower learning rates; the last checkpoint was kept"
WEIGHT = "weight/"


class Teacher:
    """Trains a language LoRA, the last vision blocks and the projector; the base stays as it is."""

    def __init__(self, loaded: Loaded, lessons: Lessons, recipe: TeachRecipe) -> None:
        self.loaded, self.lessons, self.recipe = loaded, lessons, recipe
        self.step, self.halving = 0, Halving()
        start = start_delta(loaded, recipe, ("vision", "language"), recipe.rank)
        self.weights = {n: torch.nn.Parameter(t.clone()) for n, t in start.items()}
        rates = {
            LANGUAGE: recipe.language_lr,
            f"{loaded.vision.family.projector}.": recipe.projector_lr,
            "": recipe.vision_lr,
        }
        part = {n: next(p for p in rates if n.startswith(p)) for n in self.weights}
        self.optimizer = torch.optim.AdamW(
            [
                {
                    "params": [w for n, w in self.weights.items() if part[n] == prefix],
                    "highest": rate,
                }
                for prefix, rate in rates.items()
            ],
            weight_decay=0.0,
        )

    def update(self) -> float:
        """One step; returns the mean CE of the answers in nats per token.

        Where memory runs out, the step is done once more with half as many rows at a time, and so
        are all that follow. Raises ``LabError`` and changes no weight when that is too much as well,
        or the loss is not finite.
        """
        rows = self.lessons.at(self.step)
        at_once = min(self.recipe.pass_rows, len(rows))
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * pace(self.step, self.recipe)
        loss = self.halving.attempt(
            lambda: self._gradient(rows, self.halving.share(at_once)), divisible=at_once > 1
        )
        if loss is None:
            raise LabError(NO_MEMORY)
        self.optimizer.step()
        self.step += 1
        return loss

    def _gradient(self, rows: Sequence[Lesson], at_once: int) -> float:
        """The rows' loss, so many at a time; leaves its gradient, clipped, in the weights."""
        answers, total = sum(len(row.asked) for row in rows), 0.0
        self.optimizer.zero_grad()
        with overlay(self.loaded.model, self.weights), torch.enable_grad():
            for at in range(0, len(rows), at_once):
                loss = self.cross_entropy(rows[at : at + at_once]).sum() / answers
                loss.backward()
                total += float(loss.detach())
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        if not math.isfinite(total + float(norm)):
            raise LabError(NO_NUMBER)
        return total

    def cross_entropy(self, rows: Sequence[Lesson]) -> torch.Tensor:
        """Mean CE per token of every answer of the rows under the weights laid on: [answers]."""
        loaded, prompter = self.loaded, self.loaded.prompter
        images = [row.image for row in rows if row.image is not None]
        place = iter(range(len(images)))
        trees = [prompter.tree(None if r.image is None else next(place), r.asked) for r in rows]
        pixels = prompter.pixels(images).to(loaded.device) if images else None
        features = None if pixels is None else loaded.vision.features(pixels)
        packed = pack(trees, prompter.pad_id, loaded.device)
        return -segment_means(target_log_probs(loaded.model, packed, features), packed)

    def delta(self) -> dict[str, torch.Tensor]:
        """The weights as they are now, as a delta over the base."""
        return {n: w.detach() for n, w in self.weights.items()}

    def save(self, path: Path, about: Mapping[str, Any]) -> None:
        """Write weights, AdamW's moments and the step as one file, ``about`` in its header."""
        tensors = {f"{WEIGHT}{n}": w for n, w in self.weights.items()}
        for name, weight in self.weights.items():
            tensors |= {f"{kind}/{name}": t for kind, t in self.optimizer.state[weight].items()}
        save_delta(tensors, path, {"about": json.dumps({**about, "step": self.step})})

    @torch.no_grad()
    def restore(self, path: Path) -> None:
        """Go on from a checkpoint, bit for bit; ``LabError`` for one of another model."""
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
        self.step = read_checkpoint(path)["step"]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint's header tells; ``LabError`` for a file that is none."""
    try:
        with safe_open(path, "pt") as kept:
            return json.loads(kept.metadata()["about"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        raise LabError(
            f"{path} is no checkpoint of this lab: remove it, or give another --out"
        ) from None


def pace(step: int, recipe: TeachRecipe) -> float:
    """Share of the learning rates at a step counted from 0: up in a line, then down to zero."""
    rise = recipe.warm_up * recipe.steps
    fall = max(recipe.steps - rise, 1.0)
    return min((step + 1) / max(rise, 1.0), (recipe.steps - step) / fall, 1.0)

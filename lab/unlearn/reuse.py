"""Measurements of an earlier inspection or run, taken again where the very same would be measured."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import torch

from lab.model.loaded import Loaded
from lab.model.overlay import tensors_hash
from lab.model.vision import NeuronLayer
from lab.saliency.fisher import Fisher, Halves, Sample
from lab.saliency.importance import mean_activation
from lab.unlearn.outcome import Outcome

Activations = tuple[np.ndarray, ...]  # float32 [neurons] a layer
SIDES = ("forget", "retain")


def activations(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    entity: str,
    images: tuple[Sequence[bytes], Sequence[bytes]],
    outcome: Outcome,
) -> tuple[Activations, Activations]:
    """I_abs of the target's pictures and of the others', from the cache where it has them.

    Which neurons a share prunes follows from these, so that no share needs a new measurement.
    """
    key = ("activations", [y.name for y in layers], [[_digest(i) for i in part] for part in images])
    names = [[f"{side}.{layer.name}" for layer in layers] for side in SIDES]
    if outcome.cache and (found := outcome.cache.find(entity, *key)):
        outcome.reused.append("importance")
        forget, retain = (tuple(found[n].cpu().numpy() for n in of_side) for of_side in names)
        return forget, retain
    forget, retain = (mean_activation(loaded, layers, part) for part in images)
    if outcome.cache:
        arrays = zip((*names[0], *names[1]), (*forget, *retain), strict=True)
        outcome.cache.keep(entity, {n: torch.from_numpy(a) for n, a in arrays}, *key)
    return forget, retain


class KeptSides:
    """The Fisher of both sides in the cache: of these samples, at the weights of ``outcome`` now.

    ``part``: whose weights are measured, "vision" or "language"; ``together``: whether the
    gradients of batches are squared. The threshold of the mask is no part of what is measured.
    """

    def __init__(
        self,
        entity: str,
        part: str,
        samples: tuple[Sequence[Sample], Sequence[Sample]],
        together: bool,
        outcome: Outcome,
    ) -> None:
        self.entity, self.outcome = entity, outcome
        drawn = [
            [(_digest(s.image) if s.image else "", s.question, s.answer) for s in side]
            for side in samples
        ]
        self.key = (
            ("fisher", part, together, tensors_hash(outcome.delta), drawn) if outcome.cache else ()
        )

    def find(self) -> list[Halves] | None:
        """What is kept; None where nothing is."""
        found = self.outcome.cache.find(self.entity, *self.key) if self.outcome.cache else None
        if found is None:
            return None
        self.outcome.reused.append("fisher")
        return [_halves(found, side) for side in SIDES]

    def keep(self, sides: Sequence[Halves]) -> None:
        """Keep what was just measured."""
        if self.outcome.cache:
            tensors: Fisher = {}
            for name, halves in zip(SIDES, sides, strict=True):
                tensors[f"{name}.counts"] = torch.tensor([*halves.counts, halves.seen])
                for k, mean in enumerate(halves.means):
                    tensors |= {f"{name}.{k}.{n}": value for n, value in mean.items()}
            self.outcome.cache.keep(self.entity, tensors, *self.key)


def _halves(found: Fisher, side: str) -> Halves:
    one, other, seen = found[f"{side}.counts"].tolist()
    means = [
        {n.removeprefix(start): value for n, value in found.items() if n.startswith(start)}
        for start in (f"{side}.0.", f"{side}.1.")
    ]
    return Halves((means[0], means[1]), (one, other), seen)


def _digest(image: bytes) -> str:
    return sha256(image).hexdigest()

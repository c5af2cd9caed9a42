"""The protocol of closer looks into the model: a single neuron, and what a run left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from lab.events import Event, Phase
from lab.events.where import Where


@dataclass(frozen=True)
class Shown:
    """A picture that a neuron was tried on; ``name``: whose it is, "" where nobody is in it."""

    name: str
    image: bytes = field(repr=False)


@dataclass(frozen=True)
class Firing:
    """What one neuron fires for: the pictures it fires most strongly for, and where in a portrait.

    ``values``: mean |activation| over the places of each of ``pictures``; ``mean``: over all ``n``
    pictures. ``heat``: where it fires in the person's portrait, float32 [side, side] in 0..1.
    """

    layer: str
    neuron: int
    pictures: tuple[Shown, ...]
    values: tuple[float, ...]
    mean: float
    n: int
    heat: np.ndarray = field(repr=False)


class Inside(Protocol):
    """Closer looks into the model. Raises ``LabError`` on misuse."""

    def neuron(
        self, entity: str, layer: str, neuron: int, visitor: str
    ) -> Iterator[Phase | Firing]:
        """Yield how many pictures have been looked at, and at last what the neuron fires for."""

    def left(self, run_id: str, visitor: str) -> Iterator[Event]:
        """Yield what an inspection of the model that a run left says; measured once and kept."""

    def where(self, run_id: str, visitor: str) -> Iterator[Phase | Where]:
        """Yield how many answers there are, and at last where the run lost those about its person.

        It is asked once, and then kept in the run's result.
        """

"""A model ready for use: what everything else of the lab is handed."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from lab.model.base import Base, base_from
from lab.model.prompts import Prompter
from lab.model.vision import Vision


@dataclass(frozen=True)
class Loaded:
    """A model ready for use; nothing in it ever changes (runs work on deltas).

    ``base``: the original's own weights, taken when this is made: with nothing laid on.
    """

    name: str
    model: torch.nn.Module
    vision: Vision
    prompter: Prompter
    device: torch.device
    quantization: str
    base: Base = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", base_from(self.model))

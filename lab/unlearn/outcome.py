"""What a run leaves, filled in stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from lab.model.cache import Cache
from lab.saliency.mask import Stability


@dataclass
class Outcome:
    """What a run leaves; ``delta`` is always the last good one.

    ``scores``: by what a stage ranked the candidate neurons, [neurons] a layer; none where it did not.
    ``micro_batch``: how many forget rows went through the model at a time, 0 for none. ``cache``:
    where measurements are kept for later runs, None for nowhere; ``reused``: which stages found
    theirs there.
    """

    delta: dict[str, torch.Tensor] = field(default_factory=dict)
    mask: dict[str, torch.Tensor] = field(default_factory=dict)
    pruned: dict[str, torch.Tensor] = field(default_factory=dict)
    scores: tuple[np.ndarray, ...] = ()
    pruned_neurons: int = 0
    mask_density: float = 0.0
    mask_stability: Stability = None
    steps: int = 0
    micro_batch: int = 0
    reason: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    cache: Cache | None = None
    reused: list[str] = field(default_factory=list)

    def leave_nothing(self) -> None:
        """Drop the weights and masks of a run that ended before its first update."""
        self.delta, self.mask, self.pruned = {}, {}, {}

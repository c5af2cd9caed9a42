"""Ratios: two things timed in turn in one run, as medians with n."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Ratio:
    """One comparison: medians in seconds over ``n`` rounds; ``target`` is the goal in words."""

    name: str
    what: str
    seconds: float
    against: str
    against_seconds: float
    n: int
    target: str

    def row(self) -> dict[str, Any]:
        """The comparison as a JSON object; ``ratio`` is what / against."""
        return {
            "name": self.name,
            "what": self.what,
            "seconds": round(self.seconds, 4),
            "against": self.against,
            "against_seconds": round(self.against_seconds, 4),
            "ratio": round(self.seconds / self.against_seconds, 3),
            "n": self.n,
            "target": self.target,
        }


def interleaved(
    tasks: Sequence[Callable[[int], object]], rounds: int, device: torch.device
) -> list[float]:
    """Median seconds of each task, called in turn with the round's number after one warm-up."""
    taken: list[list[float]] = [[] for _ in tasks]
    for turn in range(rounds + 1):
        for task, times in zip(tasks, taken, strict=True):
            started = time.perf_counter()
            task(turn)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn:
                times.append(time.perf_counter() - started)
    return [statistics.median(t) for t in taken]

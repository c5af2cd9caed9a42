"""Times several pieces of work in turn, so that a slower moment of the machine falls on all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch


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

"""Neuron activity as MANU's released code measures and scores it: vision and language outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lab.model.load import Loaded
from lab.model.sequences import pack, target_log_probs
from lab.saliency.fisher import Sample

LIMIT = 1e3
ACTIVE = 0.1
EPSILON = 1e-5
WEIGHTS = {"absolute": 2.0, "frequency": 0.0, "variance": 2.0, "rms": 2.0}


@dataclass
class Activity:
    """Running sums over tokens of one layer's outputs z, float64 [neurons]; ``n`` tokens."""

    n: int
    absolute_sum: torch.Tensor
    frequency_sum: torch.Tensor
    total: torch.Tensor
    square_sum: torch.Tensor

    @property
    def importance(self) -> dict[str, torch.Tensor]:
        """I_abs = mean |z|, I_freq = mean 1[|z| > 0.1], I_var = std(z), I_rms = sqrt(mean z^2)."""
        mean_square, mean = self.square_sum / self.n, self.total / self.n
        variance = (mean_square - mean.square()).clamp(min=0) * self.n / max(self.n - 1, 1)
        return {
            "absolute": self.absolute_sum / self.n,
            "frequency": self.frequency_sum / self.n,
            "variance": variance.sqrt(),
            "rms": mean_square.sqrt(),
        }

    def __add__(self, other: Activity) -> Activity:
        return Activity(
            self.n + other.n,
            self.absolute_sum + other.absolute_sum,
            self.frequency_sum + other.frequency_sum,
            self.total + other.total,
            self.square_sum + other.square_sum,
        )


def activity_of(z: torch.Tensor) -> Activity:
    """The sums of one pass's outputs [..., neurons], clamped to +-1000."""
    flat = z.detach().double().clamp(-LIMIT, LIMIT).reshape(-1, z.shape[-1])
    return Activity(
        len(flat),
        flat.abs().sum(0),
        (flat.abs() > ACTIVE).double().sum(0),
        flat.sum(0),
        flat.square().sum(0),
    )


def manu_score(forget: Activity, retain: Activity) -> torch.Tensor:
    """S = sum_k w_k (I_k(D_f) / (I_k(D_r) + 1e-5) - 1), w = absolute 2, variance 2, rms 2: [neurons].

    Source: MANU's released code, ``prune_utility.py``; the paper's contrast of image and text
    inputs is not in it.
    """
    of_forget, of_retain = forget.importance, retain.importance
    terms = [w * (of_forget[k] / (of_retain[k] + EPSILON) - 1) for k, w in WEIGHTS.items()]
    return torch.stack(terms).sum(0)


@torch.no_grad()
def measure(
    loaded: Loaded, modules: Mapping[str, torch.nn.Linear], samples: Sequence[Sample]
) -> dict[str, Activity]:
    """Activity of every module's outputs over the samples, by name.

    A sample is a whole row, picture, question and answer, and goes by itself: no padding counts.
    """
    found: dict[str, Activity] = {}

    def tap(name: str) -> Callable[..., None]:
        def hook(_: torch.nn.Module, args: tuple[Any, ...], output: torch.Tensor) -> None:
            made = activity_of(output)
            found[name] = found[name] + made if name in found else made

        return hook

    handles = [m.register_forward_hook(tap(n)) for n, m in modules.items()]
    try:
        for sample in samples:
            pixels = loaded.prompter.pictures([sample.picture])
            tree = loaded.prompter.tree(0, [(sample.question, [sample.answer])])
            packed = pack([tree], loaded.prompter.pad_id, loaded.device)
            target_log_probs(loaded.model, packed, loaded.vision.features(pixels))
    finally:
        for handle in handles:
            handle.remove()
    return found

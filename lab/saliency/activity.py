"""Neuron activity as MANU's released code measures and scores it: vision and language outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lab.model.families import language_model
from lab.model.load import Loaded
from lab.saliency.fisher import Sample

BATCH = 4  # rows that a figure is taken over at each position: the released code's batch
LIMIT = 1e3
ACTIVE = 0.1
EPSILON = 1e-5
WEIGHTS = {"absolute": 2.0, "frequency": 0.0, "variance": 2.0, "rms": 2.0}


@dataclass
class Activity:
    """Sums over positions of a layer's four figures, each over the rows of one batch.

    float64 [neurons]; ``positions``: how many positions were summed; ``spread``: how many of them
    had two rows or more, without which there is no deviation.
    """

    positions: int
    spread: int
    sums: Mapping[str, torch.Tensor]

    @property
    def importance(self) -> dict[str, torch.Tensor]:
        """The mean over positions of mean |z|, mean 1[|z| > 0.1], std(z) and sqrt(mean z^2).

        The deviation is over n - 1 rows; it is 0 where no batch had two (our choice).
        """
        counts = {name: self.positions for name in self.sums} | {"variance": max(self.spread, 1)}
        return {name: value / counts[name] for name, value in self.sums.items()}

    def __add__(self, other: Activity) -> Activity:
        return Activity(
            self.positions + other.positions,
            self.spread + other.spread,
            {name: value + other.sums[name] for name, value in self.sums.items()},
        )


def activity_of(z: torch.Tensor) -> Activity:
    """The figures of one batch's outputs [rows, positions, neurons], clamped to +-1000."""
    z = z.detach().double().clamp(-LIMIT, LIMIT)
    rows, positions, _ = z.shape
    deviation = z.std(0) if rows > 1 else torch.zeros_like(z[0])
    return Activity(
        positions,
        positions if rows > 1 else 0,
        {
            "absolute": z.abs().mean(0).sum(0),
            "frequency": (z.abs() > ACTIVE).double().mean(0).sum(0),
            "variance": deviation.sum(0),
            "rms": z.square().mean(0).sqrt().sum(0),
        },
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
    """Activity of every module's outputs over the samples, four at a time, by name.

    With pictures the modules are visual, and the rows' pictures are all that goes through. Without,
    they are the language model's: whole rows, question and answer, are padded on the right, and the
    padding's positions count, as in the released code. A module that no row goes through, of a
    cross-attention layer without pictures, has no activity and is left out.
    """
    found: dict[str, Activity] = {}
    rows = 0

    def tap(name: str) -> Callable[..., None]:
        def hook(_: torch.nn.Module, args: tuple[Any, ...], output: torch.Tensor) -> None:
            batch = activity_of(output.reshape(rows, -1, output.shape[-1]))
            found[name] = found[name] + batch if name in found else batch

        return hook

    handles = [m.register_forward_hook(tap(n)) for n, m in modules.items()]
    try:
        for at in range(0, len(samples), BATCH):
            part = samples[at : at + BATCH]
            rows = len(part)
            if part[0].image is None:
                _read(loaded, part)
            else:
                loaded.vision.features(loaded.prompter.pictures([s.picture for s in part]))
    finally:
        for handle in handles:
            handle.remove()
    return {name: found[name] for name in modules if name in found}


def _read(loaded: Loaded, samples: Sequence[Sample]) -> None:
    """One pass of text-only rows through the language model."""
    trees = [loaded.prompter.tree(None, [(s.question, [s.answer])]) for s in samples]
    rows = [[i for segment in tree.segments for i in segment.ids] for tree in trees]
    ids = torch.full((len(rows), max(map(len, rows))), loaded.prompter.pad_id)
    seen = torch.zeros_like(ids)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.tensor(row)
        seen[k, : len(row)] = 1
    model: Any = loaded.model
    language_model(model)(
        inputs_embeds=model.get_input_embeddings()(ids.to(loaded.device)),
        attention_mask=seen.to(loaded.device),
        use_cache=False,
    )

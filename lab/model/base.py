"""The original weights as they were loaded: the only base that a delta is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from lab.model.adapter import Adapter, language_linears
from lab.model.families import family_of


@dataclass(frozen=True)
class Place:
    """Where an adapter's tensors of one Linear layer belong: the layer's sizes and its device."""

    outputs: int
    inputs: int
    device: torch.device


@dataclass(frozen=True)
class Base:
    """The original's weights, taken before any delta is applied; stored runs are read against it.

    While a run is under way, the model may have that run's weights, so reading them from the model
    is wrong at that moment. These are the original tensors by name. They can be read at any time
    and on any thread, and nobody writes to them.

    ``visual``: every parameter of the visual module by its full name; ``language``: the language
    model's Linear layers by the names that adapters use.
    """

    visual: Mapping[str, torch.Tensor] = field(repr=False)
    language: Mapping[str, Place] = field(repr=False)

    def misfit(self, adapter: Adapter) -> str | None:
        """The first name of ``adapter`` that has no place in the language model; None when all fit."""
        partner = {"A": "B", "B": "A"}
        for name, tensor in adapter.items():
            stem, _, leaf = name.rpartition(".")
            if stem not in self.language or (
                leaf in partner and f"{stem}.{partner[leaf]}" not in adapter
            ):
                return name
            place = self.language[stem]
            rank = adapter[f"{stem}.A"].shape[:1] if leaf in partner else ()
            shapes = {
                "A": (*rank, place.inputs),
                "B": (place.outputs, *rank),
                "keep": (place.outputs,),
            }
            dtype = torch.bool if leaf == "keep" else torch.float32
            if tensor.shape != shapes.get(leaf) or tensor.dtype != dtype:
                return name
        return None


def base_from(model: nn.Module) -> Base:
    """The base of a freshly loaded model; to be called once, before any delta is applied."""
    visual = family_of(model).visual
    return Base(
        {n: p.detach() for n, p in model.named_parameters() if n.startswith(visual)},
        {
            n: Place(m.out_features, m.in_features, m.weight.device)
            for n, m in language_linears(model).items()
        },
    )

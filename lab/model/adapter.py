"""A language adapter as hooks: low-rank changes that touch no weight, for chosen rows only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from lab.model.families import language_model

Adapter = Mapping[str, torch.Tensor]
SCALE = 2.0


def new_adapter(model: nn.Module, rank: int, seed: int) -> dict[str, nn.Parameter]:
    """A fresh LoRA on the attention and MLP Linear layers of the language model.

    ``NAME.A``: [rank, in], random; ``NAME.B``: [out, rank], zero, so that it starts as a no-op.
    """
    draw = torch.Generator().manual_seed(seed)
    made: dict[str, nn.Parameter] = {}
    for name, module in language_model(model).named_modules():
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.in_features)
            low = torch.empty(rank, module.in_features).uniform_(-bound, bound, generator=draw)
            device = module.weight.device
            made[f"{name}.A"] = nn.Parameter(low.to(device))
            made[f"{name}.B"] = nn.Parameter(torch.zeros(module.out_features, rank, device=device))
    return made


@contextmanager
def adapted(model: nn.Module, adapter: Adapter, rows: torch.Tensor | None = None) -> Iterator[None]:
    """Run with ``adapter`` added to the language model; ``rows`` [batch] (0/1) picks the rows.

    Hooks work over quantised layers too, and the base keeps its bits.
    """
    def hook(low: torch.Tensor, high: torch.Tensor):
        def add(module, args, output):
            change = (args[0].to(low.dtype) @ low.T) @ high.T * SCALE
            if rows is not None:
                change = change * rows.to(change.dtype).view(-1, *[1] * (change.dim() - 1))
            return output + change.to(output.dtype)
        return add

    handles = []
    try:
        for name in [n.removesuffix(".A") for n in adapter if n.endswith(".A")]:
            module = language_model(model).get_submodule(name)
            handles.append(module.register_forward_hook(hook(adapter[f"{name}.A"], adapter[f"{name}.B"])))
        yield
    finally:
        for handle in handles:
            handle.remove()

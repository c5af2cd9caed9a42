"""A language adapter as hooks: low-rank changes and silenced neurons; no weight is changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from lab.model.families import language_model
from lab.model.precision import adds_in_bfloat16, float32_sums

Adapter = Mapping[str, torch.Tensor]
SCALE = 2.0


def language_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """The attention and MLP Linear layers of the language model by the names adapters use."""
    return {n: m for n, m in language_model(model).named_modules() if isinstance(m, nn.Linear)}


def new_adapter(model: nn.Module, rank: int, seed: int) -> dict[str, nn.Parameter]:
    """A fresh LoRA on the attention and MLP Linear layers of the language model.

    ``NAME.A``: [rank, in], random; ``NAME.B``: [out, rank], zero, so that it starts as a no-op.
    """
    draw = torch.Generator().manual_seed(seed)
    made: dict[str, nn.Parameter] = {}
    for name, module in language_linears(model).items():
        bound = 1 / math.sqrt(module.in_features)
        low = torch.empty(rank, module.in_features).uniform_(-bound, bound, generator=draw)
        device = module.weight.device
        made[f"{name}.A"] = nn.Parameter(low.to(device))
        made[f"{name}.B"] = nn.Parameter(torch.zeros(module.out_features, rank, device=device))
    return made


def low_rank(
    low: torch.Tensor, high: torch.Tensor, rows: torch.Tensor | None = None
) -> Callable[..., torch.Tensor]:
    """A forward hook that adds SCALE * high @ low to a Linear layer; ``rows`` as in ``adapted``."""

    def _add(_: nn.Module, args: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        if rows is None and output.dtype == low.dtype:  # in one pass over the output
            inner = args[0].to(low.dtype).flatten(0, -2) @ low.T
            added = torch.addmm(output.flatten(0, -2), inner, high.T, alpha=SCALE)
            return added.view_as(output)
        change = (args[0].to(low.dtype) @ low.T) @ high.T * SCALE
        if rows is not None:
            change = change * rows.to(change.dtype).view(-1, *[1] * (change.dim() - 1))
        return output + change.to(output.dtype)

    return _add


@contextmanager
def adapted(model: nn.Module, adapter: Adapter, rows: torch.Tensor | None = None) -> Iterator[None]:
    """Run with ``adapter`` added to the language model; ``rows`` [batch] (0/1) picks the rows.

    ``NAME.keep``, bool [out], makes the outputs where it is False exactly zero: a pruned row of
    the weight. Hooks work over quantised layers too, and the base keeps its bits. Under a LoRA a
    language model that is stored in bfloat16 adds up in float32.
    """

    def silence(kept: torch.Tensor) -> Callable[..., torch.Tensor]:
        def zero(_: nn.Module, args: object, output: torch.Tensor) -> torch.Tensor:
            off = ~kept
            if rows is not None:
                off = off & rows.bool().view(-1, *[1] * (output.dim() - 1))
            return output.masked_fill(off, 0.0)

        return zero

    linears: dict[str, Any] = language_linears(model)
    with ExitStack() as stack:
        if has_lora(adapter):
            stack.enter_context(exact_sums(model))
        for name in dict.fromkeys(n.rpartition(".")[0] for n in adapter):
            if f"{name}.keep" in adapter:
                hook = silence(adapter[f"{name}.keep"])
                stack.callback(linears[name].register_forward_hook(hook).remove)
            if f"{name}.A" in adapter:
                hook = low_rank(adapter[f"{name}.A"], adapter[f"{name}.B"], rows)
                stack.callback(linears[name].register_forward_hook(hook).remove)
        yield


def has_lora(adapter: Adapter) -> bool:
    """Whether an adapter adds anything, and not only prunes."""
    return any(name.endswith(".A") for name in adapter)


def exact_sums(model: Any) -> AbstractContextManager[None]:
    """What keeps a LoRA's small changes where the language model is stored in bfloat16."""
    linears = language_linears(model).values()
    if adds_in_bfloat16(linears):
        return float32_sums(model.get_input_embeddings(), (*linears, model.lm_head))
    return nullcontext()


@torch.no_grad()
def settle(model: nn.Module, adapter: Adapter) -> None:
    """Make a LoRA part of the model for good: merged into plain weights, or else as a hook.

    A quantised weight would lose the change to rounding. There, A and B become buffers of the
    layer, so that they count as weights of the model.
    """
    for name, module in language_linears(model).items():
        if f"{name}.A" not in adapter:
            continue
        low, high = adapter[f"{name}.A"], adapter[f"{name}.B"]
        if type(module) is nn.Linear:
            module.weight.copy_(module.weight.float() + SCALE * high @ low)
        else:
            number = len(module._forward_hooks)
            module.register_buffer(f"taught_A{number}", low, persistent=False)
            module.register_buffer(f"taught_B{number}", high, persistent=False)
            module.register_forward_hook(low_rank(low, high))

"""The number formats in which each part of a model is stored and computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn


def language_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where it is fast: on a GPU, or a CPU with AMX; float32 elsewhere.

    Measured on a CPU with AVX512-BF16 but no AMX: bfloat16 was no faster than float32 forward
    and slower backward.
    """
    fast = device.type == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)
    return torch.bfloat16 if fast else torch.float32


def stored_dtype(quantization: str, device: torch.device) -> torch.dtype:
    """What the language model keeps beside its quantised weights: embeddings, norms, output layer.

    ``none`` is float32 everywhere: whoever asks for it wants the weights as they are.
    """
    if quantization == "gguf-q4":
        return language_dtype(device)
    half = quantization in ("int8", "nf4") and device.type == "cuda"
    return torch.bfloat16 if half else torch.float32


def visual_in_bfloat16(device: torch.device) -> bool:
    """Whether the visual module computes in bfloat16; its weights are float32 all the same."""
    return device.type == "cuda"


def visual_autocast(device: torch.device) -> torch.autocast:
    """The context in which the visual module runs: float32 weights, bfloat16 products on a GPU.

    A step of 1e-5 would be lost in bfloat16 weights (our choice, ``methods.md`` 1.7).
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=visual_in_bfloat16(device))


class _Product(torch.autograd.Function):
    """x @ weight.T with both factors in bfloat16 and everything else in float32."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weight)
        return (x.to(weight.dtype) @ weight.T).float()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        (weight,) = ctx.saved_tensors
        return (grad.to(weight.dtype) @ weight).float(), None


@contextmanager
def bfloat16_products(layers: Iterable[nn.Module]) -> Iterator[None]:
    """Let those of the layers that are frozen float32 Linears multiply in bfloat16.

    What they add up stays float32: rounded to bfloat16 itself, an output would swallow the small
    change that a LoRA adds to it, because the change is less than half of the last place.
    """

    def multiply(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        product: torch.Tensor = _Product.apply(x, weight)  # type: ignore[no-untyped-call]
        return product if bias is None else product + bias

    changed = [
        layer
        for layer in layers
        if type(layer) is nn.Linear
        and layer.weight.dtype == torch.float32
        and not layer.weight.requires_grad
    ]
    try:
        for layer in changed:
            rounded = layer.weight.detach().to(torch.bfloat16)
            vars(layer)["forward"] = partial(multiply, weight=rounded, bias=layer.bias)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)


def adds_in_bfloat16(layers: Iterable[nn.Module]) -> bool:
    """Whether these are plain layers, stored in bfloat16: what they give is rounded to that."""
    return all(type(x) is nn.Linear and x.weight.dtype == torch.bfloat16 for x in layers)


@contextmanager
def float32_sums(embeddings: nn.Module, layers: Iterable[nn.Module]) -> Iterator[None]:
    """Let layers that are stored in bfloat16 multiply as before, and all that is added be float32.

    A small change beside an output that is already rounded to bfloat16 is lost every time: half of
    the last place is 0.2 % of the output. Beside the same output in float32 it is kept. The numbers
    stay float32 from the embeddings on, so that the next rounding is one of a sum, not of its parts.
    """

    def widen(_: nn.Module, args: object, output: torch.Tensor) -> torch.Tensor:
        return output.float()

    def multiply(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
        product: torch.Tensor = _Product.apply(x, layer.weight)  # type: ignore[no-untyped-call]
        return product if layer.bias is None else product + layer.bias

    changed = [x for x in layers if isinstance(x, nn.Linear) and "forward" not in vars(x)]
    handle = embeddings.register_forward_hook(widen)
    try:
        for layer in changed:
            vars(layer)["forward"] = partial(multiply, layer=layer)
        yield
    finally:
        handle.remove()
        for layer in changed:
            vars(layer).pop("forward", None)

"""The number formats in which each part of a model is stored and computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch import nn


def language_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where a product in it is fast: on a GPU, or a CPU with AVX512-BF16 or AMX.

    float32 elsewhere. On a CPU the products alone are in bfloat16 (``add_in_float32``): measured on
    one with AVX512-BF16, a product of 1 to 1,200 rows takes half as long as in float32, and all
    that lies between the products takes longer.
    """
    fast = device.type == "cuda" or _able("avx512_bf16") or _able("amx_bf16")
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


@cache
def _able(instructions: str) -> bool:
    """Whether this machine's processor has these instructions."""
    return bool(torch.cpu.get_capabilities().get(instructions, False))


class _Product(torch.autograd.Function):
    """x @ weight.T with both factors in bfloat16 and everything else in float32."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weight)
        return _many_rows(x, weight)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        (weight,) = ctx.saved_tensors
        return (grad.to(weight.dtype) @ weight).float(), None


def _product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x @ weight.T as ``_Product``, by the shortest way: an answer asks for it 200 times a token.

    Without a gradient the function around it is left out. Of one row, AMX makes the product in four
    fifths of the time as weight @ row; oneDNN held to AVX512-BF16 takes one and a half times as long.
    """
    if torch.is_grad_enabled():
        made: torch.Tensor = _Product.apply(x, weight)  # type: ignore[no-untyped-call]
        return made
    if x.numel() == x.shape[-1] and x.device.type == "cpu" and _able("amx_bf16"):
        return (weight @ x.reshape(-1).to(weight.dtype)).float().view(*x.shape[:-1], -1)
    return _many_rows(x, weight)


def _many_rows(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (x.to(weight.dtype) @ weight.T).float()


@contextmanager
def bfloat16_products(layers: Iterable[nn.Module]) -> Iterator[None]:
    """Let those of the layers that are frozen float32 Linears multiply in bfloat16.

    What they add up stays float32: rounded to bfloat16 itself, an output would swallow the small
    change that a LoRA adds to it, because the change is less than half of the last place.
    """

    def multiply(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        product = _product(x, weight)
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
    """Whether these are plain layers, stored in bfloat16, whose output is rounded to that too."""
    return all(
        type(x) is nn.Linear and x.weight.dtype == torch.bfloat16 and not _changed(x)
        for x in layers
    )


def adds_in_float32(layers: Iterable[nn.Module]) -> bool:
    """Whether these are layers stored in bfloat16 that ``add_in_float32`` has changed."""
    return all(x.weight.dtype == torch.bfloat16 and _changed(x) for x in layers)


def _changed(layer: nn.Module) -> bool:
    return "forward" in vars(layer)


@contextmanager
def float32_sums(embeddings: nn.Module, layers: Iterable[nn.Module]) -> Iterator[None]:
    """``add_in_float32`` for a while."""
    undo = add_in_float32(embeddings, layers)
    try:
        yield
    finally:
        undo()


def add_in_float32(embeddings: nn.Module, layers: Iterable[nn.Module]) -> Callable[[], None]:
    """Let layers that are stored in bfloat16 multiply as before, and all that is added be float32.

    A small change beside an output that is already rounded to bfloat16 is lost every time: half of
    the last place is 0.2 % of the output. Beside the same output in float32 it is kept. The numbers
    stay float32 from the embeddings on, so that the next rounding is one of a sum, not of its parts.
    Returns what undoes it.
    """

    def widen(_: nn.Module, args: object, output: torch.Tensor) -> torch.Tensor:
        return output.float()

    def multiply(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
        product = _product(x, layer.weight)
        return product if layer.bias is None else product + layer.bias

    def undo() -> None:
        handle.remove()
        for layer in changed:
            vars(layer).pop("forward", None)

    changed = [x for x in layers if isinstance(x, nn.Linear) and not _changed(x)]
    handle = embeddings.register_forward_hook(widen)
    for layer in changed:
        vars(layer)["forward"] = partial(multiply, layer=layer)
    return undo

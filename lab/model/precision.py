"""The number formats in which each part of a model is stored and computed."""

from __future__ import annotations

import torch


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

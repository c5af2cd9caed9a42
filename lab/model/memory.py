"""The memory that a model needs, computed from its config, and what the device has."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from lab.errors import LabError
from lab.model.families import FOUND, Parts, name_parts
from lab.model.free_memory import addresses_mb, memory_mb
from lab.model.precision import stored_dtype

BITS = ("int8", "nf4")  # what bitsandbytes makes of the language model
NF4_BLOCK, NF4_NESTED = (
    64,
    256,
)  # weights that share a scale; scales that share one (double quantisation)
# Of the free memory, what a pass of the language model and the distilled pictures may keep: the
# rest is for gradients, AdamW and what comes and goes.
ROWS_SHARE, PICTURES_SHARE = 0.5, 0.25
# transformers switches torch's initialisers off while it builds a model: one thread at a time.
BUILDING = threading.RLock()


def empty_model(config: Any) -> nn.Module:
    """The model of a config without storage: to see what it holds before it is there."""
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        model: nn.Module = AutoModelForImageTextToText.from_config(config)
    return model


def needed_bytes(config: Any, quantization: str, device: torch.device, parts: Parts = FOUND) -> int:
    """Bytes of a model's weights, scales and buffers as the lab loads it, counted without loading.

    int8 and nf4 hold for the language model's Linear layers; the visual module is float32, all
    else as ``lab.model.precision`` says. bitsandbytes' code tables (1 kB a layer) are left out.
    """
    model = empty_model(config)
    known = name_parts(model, parts)
    quantized = {
        f"{name}.weight"
        for name, module in model.named_modules()
        if name.startswith(f"{known.language}.") and isinstance(module, nn.Linear)
    }
    stored = stored_dtype(quantization, device).itemsize
    total = sum(b.numel() * b.element_size() for b in model.buffers())
    for name, weight in model.named_parameters():
        if name in quantized and quantization in BITS:
            total += _quantized_bytes(weight, quantization)
        else:
            total += weight.numel() * (4 if name.startswith(known.visual) else stored)
    return total


def _quantized_bytes(weight: nn.Parameter, quantization: str) -> int:
    n = weight.numel()
    if quantization == "int8":
        return n + 4 * weight.shape[0]
    scales = -(-n // NF4_BLOCK)
    return -(-n // 2) + scales + 4 * -(-scales // NF4_NESTED) + 4  # and the scales' mean


def backward_bytes(text: Any, rows: int, length: int, size: int, inputs: int = 0) -> int:
    """Bytes the frozen language model keeps for a backward pass to what it was given.

    ``text``: its config; ``size``: bytes of a number it computes with; ``inputs``: bytes of a
    number of its Linear layers' inputs where those are kept: 0 for frozen and 4-bit layers,
    ``size`` for int8, 4 under a LoRA. A token and layer, of width h and MLP width m:

        2 norms' inputs in float32 8 h, attention's four 4 h size and its mask's row length size,
        three products of the MLP 3 m size, Linear inputs (6 h + m) inputs

    Within 5 % of what torch keeps for the tiny models of Llama's kind (tested), nearer for wide ones;
    layers with further norms (Cohere's, Gemma's, Qwen3's, GLM's) keep up to two thirds more, for which
    ``ROWS_SHARE`` leaves room. The logits of the answers are left out, and so is what cross-attention
    layers keep of a picture.
    """
    h, m, layers = text.hidden_size, text.intermediate_size, text.num_hidden_layers
    one = 8 * h + (4 * h + 3 * m + length) * size + (6 * h + m) * inputs
    return rows * length * (layers * one + 4 * h)


def tail_bytes(neurons: Sequence[int], patches: int, width: int, size: int) -> int:
    """Bytes one picture keeps for a backward pass through the trained blocks.

    ``neurons``: hidden neurons of each block; ``width``: of what enters it [patches, width]. A
    patch and block: two norms' inputs in float32, attention's four and three of the MLP's.
    """
    return sum(patches * (8 * width + (4 * width + 3 * n) * size) for n in neurons)


def available_mb(device: torch.device) -> float:
    """Megabytes that can still be used on the device, including what torch holds in reserve."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_allocated(device)
        share = torch.cuda.get_per_process_memory_fraction(device.index) * total - held
        return min(free + torch.cuda.memory_reserved(device) - held, share) / 2**20
    return min(memory_mb(), addresses_mb())


def check_memory(
    config: Any, quantization: str, device: torch.device, parts: Parts = FOUND
) -> None:
    """Raise ``LabError`` with both figures when the device has less than the model needs."""
    needed = needed_bytes(config, quantization, device, parts) / 2**20
    there = available_mb(device)
    if needed > there:
        instead = "" if quantization == "nf4" else "nf4 or "
        raise LabError(
            f"the model needs about {needed / 2**10:.1f} GB at {quantization}, you have "
            f"{there / 2**10:.1f}: choose {instead}a smaller model"
        )

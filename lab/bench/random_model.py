"""Models of any size with random weights, made on the device itself: to measure what they need."""

from __future__ import annotations

import torch
from torch import nn
from transformers.integrations.bitsandbytes import replace_with_bnb_linear

from lab.errors import LabError
from lab.model import tiny_models
from lab.model.families import Family, family_of
from lab.model.load import Loaded, check_quantized, quantization_config, repair_cpu_gradients
from lab.model.memory import check_memory, empty_model
from lab.model.precision import stored_dtype
from lab.model.prompts import Prompter
from lab.model.published import PUBLISHED, Shape
from lab.model.vision import find_vision

KINDS = ("int8", "nf4", "none")
SPREAD = 0.02  # of a random weight, as the families' own configs have it
TINY = "tiny-"
MOST_ON_CPU = 1e9  # parameters


def shape_of(name: str) -> Shape:
    """The shape of that name: a published model's, or ``tiny-KIND``; ``LabError`` for another."""
    shapes = {**PUBLISHED, **{f"{TINY}{kind}": shape for kind, shape in tiny_models.TINY.items()}}
    if name not in shapes:
        raise LabError(f"unknown size {name!r}: valid are {', '.join(shapes)}")
    return shapes[name]


def parameters(shape: Shape) -> int:
    """How many weights a model of this shape has, counted without making any."""
    model = empty_model(tiny_models.described(shape)[0])
    return sum(p.numel() for p in model.parameters())


def check(name: str, quantization: str, device: torch.device) -> None:
    """Raise ``LabError`` for a model that does not fit this device or would take hours."""
    if quantization not in KINDS:
        raise LabError(
            f"random weights cannot be kept as {quantization!r}: valid are {', '.join(KINDS)}"
        )
    shape = shape_of(name)
    check_memory(tiny_models.described(shape)[0], quantization, device)
    n = parameters(shape)
    if device.type == "cpu" and n > MOST_ON_CPU:
        raise LabError(
            f"{name} has {n / 1e9:.1f} billion parameters and there is no GPU: a run would "
            "take hours; choose smolvlm-500m or a tiny one"
        )


def make(name: str, quantization: str, device: torch.device, seed: int = 0) -> Loaded:
    """A model of the named shape as ``lab.model.load`` would return it, with random weights.

    A quantised model is built layer by layer and is never whole in full precision. Only int8 layers
    pass through the host. Raises ``LabError`` as ``check`` does, before anything is built.
    """
    check(name, quantization, device)
    config, processor = tiny_models.described(shape_of(name))
    model = empty_model(config)
    kind = family_of(model)
    scheme = quantization_config(quantization, device, kind)
    if scheme is not None:
        replace_with_bnb_linear(model, kind.unquantized, scheme)
    torch.manual_seed(seed)
    _fill(model, kind, stored_dtype(quantization, device), device)
    repair_cpu_gradients(model)
    model.requires_grad_(False).eval()
    vision = find_vision(model)
    loaded = Loaded(name, model, vision, Prompter(processor, vision), device, quantization)
    check_quantized(loaded)
    return loaded


@torch.no_grad()
def _fill(model: nn.Module, kind: Family, stored: torch.dtype, device: torch.device) -> None:
    """Give every weight of a model without storage its place and random values."""
    for name, module in model.named_modules():
        dtype = torch.float32 if f"{name}.".startswith(kind.visual) else stored
        quantized = isinstance(module, nn.Linear) and type(module) is not nn.Linear
        for leaf, weight in list(module.named_parameters(recurse=False)):
            if quantized and leaf == "weight":
                module.weight = _quantized(module, stored, device)
            else:
                setattr(
                    module,
                    leaf,
                    nn.Parameter(torch.zeros(weight.shape, dtype=dtype, device=device)),
                )
        for leaf, value in module.named_buffers(recurse=False):
            setattr(module, leaf, torch.empty_like(value, device=device))
        # the library fills what is left, its tables of positions too: it did so without storage
        module._is_hf_initialized = quantized
    model.initialize_weights()
    model.tie_weights()


def _quantized(module: nn.Linear, dtype: torch.dtype, device: torch.device) -> nn.Parameter:
    """One layer's random weights, quantised as they come to the device."""
    import bitsandbytes as bnb

    values = torch.empty(module.out_features, module.in_features, dtype=dtype, device=device)
    values.normal_(0, SPREAD)
    if isinstance(module, bnb.nn.Linear4bit):
        return bnb.nn.Params4bit(values, requires_grad=False, quant_type="nf4", module=module).to(
            device
        )
    # the host's copy is what makes bitsandbytes quantise
    return bnb.nn.Int8Params(values.cpu(), requires_grad=False, has_fp16_weights=False).to(device)

"""Deltas: a run's own visual weights and language adapter, laid over the shared model and off again.

A delta maps full names of visual parameters to tensors; a name that begins with ``LANGUAGE`` is a
tensor of a language adapter (``lab.model.adapter``), because quantised weights cannot be replaced.
One that begins with ``CONTEXT`` is no weight, but a part of what stands in front of every question
(``lab.model.context``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lab.errors import LabError
from lab.model.adapter import adapted
from lab.model.base import Base
from lab.model.context import CONTEXT, check_context

Delta = Mapping[str, torch.Tensor]
LANGUAGE = "language_adapter."


def visual_part(delta: Delta) -> dict[str, torch.Tensor]:
    """The tensors that replace visual parameters, by their full names."""
    return {n: t for n, t in delta.items() if not n.startswith((LANGUAGE, CONTEXT))}


def language_part(delta: Delta) -> dict[str, torch.Tensor]:
    """The language adapter of a delta, by the names that ``adapted`` uses; empty if it has none."""
    return {n.removeprefix(LANGUAGE): t for n, t in delta.items() if n.startswith(LANGUAGE)}


@contextmanager
def overlay(model: nn.Module, delta: Delta) -> Iterator[None]:
    """Run with ``delta``'s tensors in place of the model's parameters, and its adapter applied.

    Only pointers are swapped and hooks added, so it is instant in both directions and the base
    keeps its bits. It is not thread-safe: only the worker that owns the device may enter.
    """
    kept: list[tuple[nn.Module, str, nn.Parameter | None]] = []
    adapter = language_part(delta)
    with ExitStack() as stack:
        if adapter:
            stack.enter_context(adapted(model, adapter))
        stack.callback(_take_off, kept)
        for name, tensor in visual_part(delta).items():
            path, _, leaf = name.rpartition(".")
            module = model.get_submodule(path)
            own = module._parameters[leaf]
            kept.append((module, leaf, own))
            module._parameters[leaf] = (
                tensor
                if isinstance(tensor, nn.Parameter)
                else nn.Parameter(tensor, requires_grad=False)
            )
        yield


def _take_off(kept: list[tuple[nn.Module, str, nn.Parameter | None]]) -> None:
    for module, leaf, own in kept:
        module._parameters[leaf] = own


def weights_hash(model: nn.Module) -> str:
    """sha256 over the bytes of every parameter, buffer and quantisation scale, in name order."""
    return tensors_hash(
        {**dict(model.named_parameters()), **dict(model.named_buffers()), **_scales(model)}
    )


def tensors_hash(state: Mapping[str, torch.Tensor]) -> str:
    """sha256 over the names and bytes of tensors, in name order."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        data = state[name].detach().cpu().contiguous()
        digest.update(data.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _scales(model: nn.Module) -> dict[str, torch.Tensor]:
    """The scales that bitsandbytes keeps beside quantised weights (4-bit: absmax; int8: SCB).

    The first pass through an int8 layer moves its scale from the weight to the layer's state.
    """
    found: dict[str, torch.Tensor] = {}
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        for scale in (
            getattr(getattr(weight, "quant_state", None), "absmax", None),
            getattr(weight, "SCB", None),
            getattr(getattr(module, "state", None), "SCB", None),
        ):
            if isinstance(scale, torch.Tensor):
                found[f"{name}.scale"] = scale
    return found


def save_delta(delta: Delta, path: Path, about: Mapping[str, str] | None = None) -> None:
    """Write a delta as safetensors, ``about`` in its header, under a temporary name, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    tensors = {n: t.detach().cpu().contiguous() for n, t in delta.items()}
    save_file(tensors, temporary, dict(about) if about else None)
    os.replace(temporary, path)


def load_delta(path: Path, base: Base) -> dict[str, torch.Tensor]:
    """Read a delta onto the base's device.

    Raises ``LabError`` unless it fits the base's visual weights and holds finite numbers alone. Of
    the language model it may hold an adapter, never weights. A context must be one.
    """
    try:
        delta = load_file(path)
    except (OSError, SafetensorError) as error:
        raise LabError(f"{path.name} is not a readable safetensors file: {error}") from None
    other = "does not fit the loaded model's {}: load the run with the preset it was made with"
    for name, tensor in visual_part(delta).items():
        own = base.visual.get(name)
        if own is None or own.shape != tensor.shape or own.dtype != tensor.dtype:
            raise LabError(f"{path.name}: {name} {other.format('visual part')}")
    wrong = base.misfit(language_part(delta))
    if wrong:
        raise LabError(f"{path.name}: {LANGUAGE}{wrong} {other.format('language model')}")
    check_context(delta)
    for name, tensor in delta.items():
        if not bool(torch.isfinite(tensor).all()):
            raise LabError(
                f"{path.name}: {name} holds NaN or infinity: the run that wrote it had "
                "failed, so give another one"
            )
    return {n: t.to(_device(base, n)) for n, t in delta.items()}


def _device(base: Base, name: str) -> torch.device:
    if name.startswith(CONTEXT):
        return torch.device("cpu")
    if name in base.visual:
        return base.visual[name].device
    return base.language[name.removeprefix(LANGUAGE).rpartition(".")[0]].device

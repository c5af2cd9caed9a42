"""What a model needs in memory, told from its config alone, against what the device has."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn

from lab.errors import LabError
from lab.model.families import family

NF4_BLOCK, NF4_NESTED = 64, 256  # weights that share a scale; scales that share one (double quantisation)


def needed_mb(config, quantization: str) -> float:
    """Megabytes of a model's weights as the lab loads it, counted without loading any.

    int8 and nf4 hold for the language model's Linear layers; all else is taken as float32.
    """
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    inside = f"{family(config.model_type).language}."
    quantized = {f"{name}.weight" for name, module in model.named_modules()
                 if name.startswith(inside) and isinstance(module, nn.Linear)}
    total = sum(_bytes(p, quantization if name in quantized else "none")
                for name, p in model.named_parameters())
    return total / 2**20


def _bytes(weight: nn.Parameter, quantization: str) -> float:
    n = weight.numel()
    if quantization == "nf4":
        return n / 2 + n / NF4_BLOCK + 4 * n / NF4_BLOCK / NF4_NESTED
    return n + 4 * weight.shape[0] if quantization == "int8" else 4 * n


def available_mb(device: torch.device) -> float:
    """Megabytes that can still be taken on the device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 2**20
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20]
    meminfo, group = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        found.append(int(lines["MemAvailable"].split()[0]) / 2**10)
    if (group / "memory.max").exists() and (limit := (group / "memory.max").read_text().strip()) != "max":
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        # what files occupy goes when it is needed
        used = int((group / "memory.current").read_text()) - int(stat["inactive_file"])
        found.append((int(limit) - used) / 2**20)
    return min(found)


def check_memory(config, quantization: str, device: torch.device) -> None:
    """Raise ``LabError`` with both figures when the device has less than the model needs."""
    needed, there = needed_mb(config, quantization), available_mb(device)
    if needed > there:
        instead = "" if quantization == "nf4" else "nf4 or "
        raise LabError(f"the model needs about {needed / 2**10:.1f} GB at {quantization}, you have "
                       f"{there / 2**10:.1f}: choose {instead}a smaller model")

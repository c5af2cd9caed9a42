"""What the device has and uses."""

from __future__ import annotations

import os
from pathlib import Path


def memory_mb(device: str) -> tuple[float, float]:
    """Used and total memory in MB: of the GPU, or this process's share of the machine's RAM."""
    if device.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info()
        return (total - free) / 2**20, total / 2**20
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page / 2**20
    statm = Path("/proc/self/statm")
    if not statm.exists():  # no /proc (macOS): the peak is the nearest figure
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, total
    return int(statm.read_text(encoding="utf-8").split()[1]) * page / 2**20, total

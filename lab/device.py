"""The device: its name, the memory it has and uses now, and the most a piece of work took."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys
from pathlib import Path

import torch

SELF = Path("/proc/self")
RESET_PEAK = "5"  # what proc(5) calls resetting the peak resident set


def memory_mb(device: str) -> tuple[float, float]:
    """Used and total memory in MB: of the GPU, or this process's share of the machine's RAM."""
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info()
        return (total - free) / 2**20, total / 2**20
    page = os.sysconf("SC_PAGE_SIZE")
    all_mb = os.sysconf("SC_PHYS_PAGES") * page / 2**20
    statm = Path("/proc/self/statm")
    if not statm.exists():  # no /proc (macOS): the peak is the nearest figure
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, all_mb
    return int(statm.read_text(encoding="utf-8").split()[1]) * page / 2**20, all_mb


def reset_peak(device: torch.device) -> None:
    """Start a new measurement of the peak, where the system can: a peak belongs to one run."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with contextlib.suppress(OSError):
        (SELF / "clear_refs").write_text(RESET_PEAK, encoding="utf-8")


def peak_memory_mb(device: torch.device) -> int:
    """Peak memory in MB since ``reset_peak``: of the GPU, or resident memory on a CPU.

    Only Linux can start a new measurement. Elsewhere it is the peak since the process started.
    """
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20)
    with contextlib.suppress(OSError, StopIteration):
        lines = (SELF / "status").read_text(encoding="utf-8").splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM:"))
        return round(int(peak.split()[1]) / 2**10)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / (2**20 if sys.platform == "darwin" else 2**10))


def release() -> None:
    """Give back the memory of what nobody refers to any more, the GPU's too."""
    gc.collect()
    trim()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def trim() -> None:
    """Give freed memory back to the system, which glibc keeps for itself; elsewhere do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def device_name(device: torch.device) -> str:
    """The GPU's name, or the number of CPU threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"cpu, {threads} thread{'s' if threads > 1 else ''}"

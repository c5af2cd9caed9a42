"""How much memory this process may still take, and how too little of it is told; without torch."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError

# Measured with the embedded model: what a first start and a run need of memory, and what all the
# libraries and their threads reserve of addresses (what ``ulimit -v`` counts).
NEEDED_MB, NEEDED_ADDRESSES_MB = 1600, 3072
# Libraries have many types of errors for too little memory, so their words are looked for.
SAID = ("can't start new thread", "cannot allocate memory", "can't allocate memory",
        "failed to map segment", "std::bad_alloc", "failed to create thread")


def memory_mb() -> float:
    """Megabytes of memory that this machine and this container can still give."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20]
    meminfo, group = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines())
        found.append(int(lines["MemAvailable"].split()[0]) / 2**10)
    if (group / "memory.max").exists() and (limit := (group / "memory.max").read_text(encoding="utf-8").strip()) != "max":
        stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines())
        # what files occupy goes when it is needed
        used = int((group / "memory.current").read_text(encoding="utf-8")) - int(stat["inactive_file"])
        found.append((int(limit) - used) / 2**20)
    return min(found)


def addresses_mb() -> float:
    """Megabytes of addresses that this process may still reserve; infinite without a limit."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return float("inf")
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text(encoding="utf-8").split()[0]) if statm.exists() else 0
    return (limit - pages * os.sysconf("SC_PAGE_SIZE")) / 2**20


def check_room() -> None:
    """Raise ``LabError`` where no model can be loaded; call it before the libraries are."""
    if memory_mb() < NEEDED_MB or addresses_mb() < NEEDED_ADDRESSES_MB:
        raise LabError(too_little())


def too_little() -> str:
    """One line with what the lab needs, what is there, and the remedy."""
    addresses = addresses_mb()
    limited = "" if addresses == float("inf") else (
        f" and {NEEDED_ADDRESSES_MB / 2**10:.1f} GB of addresses, {max(addresses, 0) / 2**10:.1f} GB left by ulimit -v")
    return (f"too little memory: the lab needs about {NEEDED_MB / 2**10:.1f} GB, "
            f"{memory_mb() / 2**10:.1f} GB free{limited}: close other programs, raise the limit or "
            "choose a smaller model")


def lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it came of, tells of too little memory or too few threads."""
    while error is not None:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(words in text for words in SAID):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn an error that tells of too little memory into a ``LabError``; others pass."""
    try:
        yield
    except Exception as error:
        if lacks_memory(error):
            raise LabError(too_little()) from None
        raise

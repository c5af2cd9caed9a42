"""How much memory this process may still use, and messages about too little; without torch."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError

# Measured with the embedded model: what the page with it holds, and what the libraries, their threads
# and the loading reserve of addresses (what ``ulimit -v`` counts): 4.1 GB on two cores.
NEEDED_MB, NEEDED_ADDRESSES_MB = 1300, 5120
# Libraries have many types of errors for too little memory, so their words are looked for.
SAID = (
    "can't start new thread",
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "std::bad_alloc",
    "failed to create thread",
)


def memory_mb() -> float:
    """Megabytes of memory that this machine and this container can still give."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20]
    meminfo, group = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in _text(meminfo).splitlines())
        found.append(int(lines["MemAvailable"].split()[0]) / 2**10)
    if (group / "memory.max").exists() and (limit := _text(group / "memory.max")) != "max":
        stat = dict(line.split() for line in _text(group / "memory.stat").splitlines())
        # what files occupy goes when it is needed
        used = int(_text(group / "memory.current")) - int(stat["inactive_file"])
        found.append((int(limit) - used) / 2**20)
    return min(found)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def addresses_mb() -> float:
    """Megabytes of address space that this process may still reserve; infinite without a limit."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return float("inf")
    statm = Path("/proc/self/statm")
    pages = int(_text(statm).split()[0]) if statm.exists() else 0
    return (limit - pages * os.sysconf("SC_PAGE_SIZE")) / 2**20


def check_room() -> None:
    """Raise ``LabError`` if no model can be loaded; call it before the libraries are imported."""
    if memory_mb() < NEEDED_MB or addresses_mb() < NEEDED_ADDRESSES_MB:
        raise LabError(too_little())


def too_little() -> str:
    """One line with the memory that the lab needs, the memory that is free, and the remedy."""
    needed = f"about {NEEDED_MB / 2**10:.1f} GB is needed, {memory_mb() / 2**10:.1f} GB is free"
    if (addresses := addresses_mb()) != float("inf"):
        needed += (
            f"; about {NEEDED_ADDRESSES_MB / 2**10:.1f} GB of addresses are needed, "
            f"{max(addresses, 0) / 2**10:.1f} GB are left (ulimit -v)"
        )
    return (
        f"too little memory or too few threads: {needed}: close other programs, raise the limit "
        "or choose a smaller model"
    )


def lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or its cause, comes from too little memory or too few threads."""
    while error is not None:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(words in text for words in SAID):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn an error about too little memory into a ``LabError``; all other errors pass."""
    try:
        yield
    except Exception as error:
        if lacks_memory(error):
            raise LabError(too_little()) from None
        raise

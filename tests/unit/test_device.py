"""What the device module says of memory, and gives back."""

from __future__ import annotations

import ctypes

import pytest

from lab.device import memory_mb, trim


def test_freed_memory_goes_back_to_the_system() -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this system's C library keeps nothing back")
    # 300 MB in pieces that glibc does not map one by one; the last one holds the heap's end
    pieces = [b"x" * 100_000 for _ in range(3000)]
    last = pieces[-1]
    del pieces
    kept, _ = memory_mb("cpu")
    trim()
    left, _ = memory_mb("cpu")
    assert kept - left > 200 and len(last) == 100_000

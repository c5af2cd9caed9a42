"""Fixtures for the whole suite: the tiny model and its benchmark, no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def tiny():
    """A tiny LLaVA with a Dinov2 tower: 3 live blocks, 5 visual tokens."""
    from lab.model import tiny_models

    return tiny_models.tiny("dinov2")


@pytest.fixture(scope="session")
def tiny_clip():
    """A tiny LLaVA with a CLIP tower read at layer -2: its third block is dead."""
    from lab.model import tiny_models

    return tiny_models.tiny("clip")


@pytest.fixture(scope="session")
def four():
    """A benchmark of four drawn people."""
    from tests.unit import tiny as make

    return make.benchmark()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("LAB_CACHE", str(folder))
    yield folder

"""Fixtures for the whole suite: the embedded model, the tiny one and its benchmark, no network.

Two processes share the tests (``-n 0`` takes one): whatever needs the embedded model comes first and
stays in one of them, so that it is loaded once; every other file stays whole.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lab.serve.local import LocalEngine

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported: each process takes one core
    os.environ["OMP_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED = ROOT / "assets" / "model" / "vanilla" / "adapter.safetensors"
LOADING_SECONDS = 600


def needs_embedded(test: str) -> bool:
    """Whether a test, by its id, works on the embedded model."""
    return test.startswith("tests/slow/") or test.endswith("[real]")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: the embedded model's tests, then the browser's."""
    items.sort(
        key=lambda item: (not needs_embedded(item.nodeid), not item.nodeid.startswith("tests/ui/"))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files in the order above, and the embedded model's tests as one."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "embedded" if needs_embedded(nodeid) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    """The local engine on the embedded model, loaded once a session; skips where it cannot be had."""
    from lab.recipe import load_preset
    from lab.serve.local import LocalEngine

    if not EMBEDDED.exists():
        pytest.skip("assets/model/vanilla is not there: build it with assets/build/model.py")
    engine = LocalEngine(load_preset("demo"), runs=tmp_path_factory.mktemp("embedded-runs"))
    end = time.monotonic() + LOADING_SECONDS
    while not (status := engine.status()).ready:
        if "go online once" in status.error:
            pytest.skip(f"the language model is not cached and cannot be fetched: {status.error}")
        assert not status.error and time.monotonic() < end, status
        time.sleep(0.05)
    return engine


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


@pytest.fixture
def own_loop() -> Iterator[None]:
    """Let a test run a loop of its own where a browser of another test holds this thread's."""
    held = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    yield
    asyncio.events._set_running_loop(held)

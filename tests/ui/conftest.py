"""A served page and a browser: the fake engine always, the real one where it can be built."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.ui import page as lab_page
from tests.ui.fake_engine import FakeEngine
from tests.ui.fake_example import example

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
REAL_MINUTES = 10


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker for runs that start in this folder."""
    config.addinivalue_line("markers", "ui: drives the page in a browser")


@dataclass(frozen=True)
class Served:
    """A running page; ``patience`` is how long, in milliseconds, a run may take."""

    url: str
    engine: Any
    patience: int


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(engine: Any, patience: int, **more: Any) -> Iterator[Served]:
    """Serve the page for an engine until the fixture ends; ``more`` goes to ``launch``."""
    demo = lab_page.launch(engine, port=free_port(), prevent_thread_lock=True, quiet=True, **more)
    yield Served(demo.local_url.rstrip("/"), engine, patience)
    demo.close()


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with the fake engine."""
    yield from serve(FakeEngine(tmp_path_factory.mktemp("runs"), pace=0.03), 120_000)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with a recorded example, in front of a model that is never ready."""
    engine = FakeEngine(tmp_path_factory.mktemp("shown-runs"), pace=0.02, load_seconds=36_000)
    engine.recorded = (example(engine),)
    yield from serve(engine, 60_000)


@pytest.fixture(scope="session", params=["fake", "real"])
def lab(request: pytest.FixtureRequest):
    """The page with either engine; LAB_UI_ENGINES=fake leaves the real one out."""
    if request.param not in os.environ.get("LAB_UI_ENGINES", "fake,real").split(","):
        pytest.skip(f"LAB_UI_ENGINES leaves out {request.param}")
    if request.param == "fake":
        yield request.getfixturevalue("fake")
        return
    folder = request.getfixturevalue("tmp_path_factory").mktemp("few-runs")
    yield from serve(few_people(request.getfixturevalue("embedded"), folder), REAL_MINUTES * 60_000)


def few_people(whole: Any, folder: Path) -> Any:
    """An engine on the same loaded model that asks about eight people and few other things."""
    from lab.serve import common, local

    bench = whole._worker.call(lambda bench: bench)  # that engine has nothing else to do
    never, known = set(bench.never_knew()), whole.benchmark
    chosen = [e for e in known.entities if e.id not in never][:6]
    chosen += [e for e in known.entities if e.id in never][:2]
    few = replace(
        known,
        entities=tuple(chosen),
        splits={},
        general=known.general[:8],
        pictures=known.pictures[:8],
        own=(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "read_benchmark", lambda preset: few)
        return local.LocalEngine(
            whole.preset, runs=folder, open_bench=lambda *_: replace(bench, benchmark=few)
        )


@pytest.fixture(scope="session")
def browser():
    """Chromium as the system installed it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


# What Gradio's own streams say when a page is left or reloaded while they are open.
LEAVING = ("AbortError", "network error", "Connection errored out", "ERR_")


class Watch:
    """Collects what must not happen on a page: console errors and requests to other hosts."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def attach(self, tab) -> None:
        tab.on("console", lambda m: m.type == "error" and self._note(m.text))
        tab.on("pageerror", lambda error: self._note(str(error)))
        tab.on("request", self._request)

    def _note(self, words: str) -> None:
        if not any(own in words for own in LEAVING):
            self.faults.append(words)

    def _request(self, request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.faults.append(f"request to {request.url}")


@contextmanager
def tabs_of(browser) -> Iterator[Any]:
    """Open tabs of one fresh browser profile; console errors and outside requests fail at its end."""
    watch, contexts = Watch(), []

    def open_one(url: str, dark: bool = False, width: int = 1280, height: int = 900):
        if not contexts:
            contexts.append(
                browser.new_context(
                    viewport={"width": width, "height": height},
                    reduced_motion="reduce",
                    accept_downloads=True,
                )
            )
        tab = contexts[0].new_page()
        tab.set_default_timeout(120_000)
        watch.attach(tab)
        theme = "dark" if dark else "light"
        tab.goto(url + ("&" if "?" in url else "?") + f"__theme={theme}")
        tab.wait_for_function("window.lab?.ready")
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert watch.faults == []


@pytest.fixture
def open_tab(browser):
    """Open tabs of a profile of the test's alone."""
    with tabs_of(browser) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def open_shared(browser):
    """Open tabs of a profile that the tests of a file go on with, one after the other."""
    with tabs_of(browser) as open_one:
        yield open_one

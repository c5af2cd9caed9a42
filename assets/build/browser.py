"""A headless Chromium for what is photographed or timed in it, and the page of an engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.serve.engine import Engine
from lab.ui.page import launch

PATIENCE = 600_000  # milliseconds: a run may take long


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, closed afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@contextmanager
def served(engine: Engine, port: int) -> Iterator[str]:
    """The address of the engine's page, served for as long."""
    demo = launch(engine, port=port, prevent_thread_lock=True, quiet=True)
    yield demo.local_url
    demo.close()


@contextmanager
def page_of(
    engine: Engine, port: int, width: int, height: int, theme: str, language: str = "en"
) -> Iterator[Any]:
    """A tab with the engine's page, served for as long; ready to be clicked."""
    with served(engine, port) as url, chromium() as browser:
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"{url}?lang={language}&__theme={theme}")
        tab.wait_for_function("window.lab?.ready")
        yield tab

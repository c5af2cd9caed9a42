"""Take the README's pictures by walking through the real app: python -m assets.build.screenshots

Light and desktop by default; --dark and --width 390 make the others to look at.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from lab.recipe import load_preset
from lab.serve.local import LocalEngine
from lab.ui.page import launch
from tests.ui import walk

SCREENS = Path(__file__).resolve().parents[1] / "screens"
PATIENCE = 600_000
NAMES = ("1-pick", "2-inside", "3-unlearn", "4-compare", "5-attack", "6-report")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SCREENS)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--port", type=int, default=7871)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    demo = launch(
        LocalEngine(load_preset("demo")), port=options.port, prevent_thread_lock=True, quiet=True
    )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": options.width, "height": 900})
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"{demo.local_url}?__theme={'dark' if options.dark else 'light'}")
        tab.wait_for_function("window.lab?.ready")
        for step, name in enumerate(NAMES, start=1):
            advance(tab, step)
            tab.wait_for_timeout(1500)
            tab.evaluate("window.scrollTo(0, 0)")
            tab.screenshot(path=options.out / f"{name}.png", full_page=True)
        browser.close()
    demo.close()


def advance(tab, step: int) -> None:
    """Go from the step before to this one and wait until it shows its result."""
    if step == 1:
        walk.pick(tab)
    elif step == 2:
        walk.look_inside(tab, PATIENCE)
    elif step == 3:
        walk.go_unlearn(tab)
        walk.unlearn(tab, PATIENCE)
    elif step == 4:
        walk.compare(tab, PATIENCE)
        walk.ask(tab, "Who is this?", PATIENCE)
    elif step == 5:
        walk.attack(tab, PATIENCE)
    else:
        tab.locator("#go-report").click()
        tab.locator("#files button, #files a").first.wait_for()
        tab.get_by_role("button", name="Open questions").click()
        tab.locator("#pick-study input").first.check()
        tab.locator("#study-table table").wait_for()


if __name__ == "__main__":
    main()

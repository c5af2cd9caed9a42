"""Take the README's pictures by walking through the real app: python -m assets.build.screenshots

Light and desktop by default; --dark and --width 390 make the others to look at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assets.build.browser import PATIENCE, page_of
from lab.recipe import load_preset
from lab.serve.local import LocalEngine
from tests.ui import walk

SCREENS = Path(__file__).resolve().parents[1] / "screens"
NAMES = ("1-pick", "2-inside", "3-unlearn", "4-compare", "5-attack", "6-report")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SCREENS)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--port", type=int, default=7871)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    engine, theme = LocalEngine(load_preset("demo")), "dark" if options.dark else "light"
    with page_of(engine, options.port, options.width, 900, theme) as tab:
        for step, name in enumerate(NAMES, start=1):
            advance(tab, step)
            tab.wait_for_timeout(1500)
            tab.evaluate("window.scrollTo(0, 0)")
            tab.screenshot(path=options.out / f"{name}.png", full_page=True)


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

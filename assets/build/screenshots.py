"""Take pictures of every step by walking through the real app: python -m assets.build.screenshots

By default those of the documents. --sizes and --themes make one of each to look at, --recorded of
the recorded example in place of a run of now.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

from assets.build.browser import PATIENCE, page_of
from lab.recipe import load_preset
from lab.report.text import languages
from lab.serve.local import LocalEngine
from tests.ui import walk

SCREENS = Path(__file__).resolve().parents[1] / "screens"
NAMES = ("1-pick", "2-inside", "3-unlearn", "4-compare", "5-attack", "6-report")
SIZES, THEMES = "1280x900", "light"
WHO = 6  # of the gallery: somebody whose forgetting is near the mean over all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SCREENS)
    parser.add_argument("--language", choices=languages(), default="en")
    parser.add_argument("--recorded", action="store_true", help="of the recorded example")
    parser.add_argument("--sizes", default=SIZES, help=f"by default {SIZES}; several with commas")
    parser.add_argument("--themes", default=THEMES, help="light, dark or light,dark")
    parser.add_argument("--port", type=int, default=7871)
    options = parser.parse_args()
    if options.language != "en" and not options.recorded:
        parser.error("a run is walked through in English: add --recorded")
    options.out.mkdir(parents=True, exist_ok=True)
    engine = LocalEngine(load_preset("demo"))
    for size, theme in product(options.sizes.split(","), options.themes.split(",")):
        alone = (options.sizes, options.themes) == (SIZES, THEMES)
        ending = "" if alone else f"-{size}-{theme}"
        width, height = map(int, size.split("x"))
        with page_of(engine, options.port, width, height, theme, options.language) as tab:
            photograph(tab, options.out, ending, options.recorded)


def photograph(tab: Any, folder: Path, ending: str, recorded: bool) -> None:
    """Write a picture of each step of a page, as NAME and ``ending``."""
    go = opened if recorded else advance
    for step, name in enumerate(NAMES, start=1):
        go(tab, step)
        tab.wait_for_timeout(1500)
        tab.evaluate("window.scrollTo(0, 0)")
        tab.screenshot(path=folder / f"{name}{ending}.png", full_page=True)


def opened(tab: Any, step: int) -> None:
    """Open a step, whatever it is called in the page's language, and wait for the example in it."""
    tab.locator("#steps > .tab-wrapper [role=tab]").nth(step - 1).click()
    tab.wait_for_selector(f"#idea-{step} h2")
    if step == 2:
        tab.wait_for_function("document.querySelector('.lab-instrument')?.dataset.ms > 0")


def advance(tab: Any, step: int) -> None:
    """Go from the step before to this one and wait until it shows its result."""
    if step == 1:
        walk.pick(tab, WHO)
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

"""What the page asks of a reader who arrives: words, room above a step, seconds to the first answers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

from assets.build.browser import PATIENCE
from assets.build.screenshots import opened
from lab.errors import LabError
from tests.ui import walk

SIZES = ((1280, 800), (1920, 1080), (390, 844))
ROUNDS = 5
# The two answers of the example, in what comes before the page's scripts or in the page itself.
ANSWERS = "#lab-first .answers, #glance .answers"


def measured(browser: Any, url: str, size: tuple[int, int]) -> Mapping[str, Any]:
    """The figures of a window of this size; the page must show a recorded example.

    ``words``: in view in each step, before anything is opened. ``above``: share of the window above
    each step's first line. ``seconds``: from asking for the page to both answers in view, the median
    of ``ROUNDS`` fresh browsers. ``clicks``: until then.
    """
    waited = [first_answers(browser, url, size) for _ in range(ROUNDS)]
    tab = fresh(browser, size)
    tab.goto(url)
    tab.wait_for_function("window.lab?.ready")
    words, above = [], []
    for step in range(1, len(walk.STEP_NAMES) + 1):
        opened(tab, step)
        tab.wait_for_timeout(1000)
        tab.evaluate("window.scrollTo(0, 0)")
        words.append(len(walk.words(tab)))
        above.append(tab.locator(f"#idea-{step} h2").bounding_box()["y"] / size[1])
    tab.context.close()
    return {"words": words, "above": above, "seconds": statistics.median(waited), "clicks": 0}


def first_answers(browser: Any, url: str, size: tuple[int, int]) -> float:
    """Seconds until two answers that differ are in view; nothing is clicked."""
    tab = fresh(browser, size)
    begun = time.monotonic()
    tab.goto(url, wait_until="commit")
    tab.locator(ANSWERS).first.wait_for()
    seconds = time.monotonic() - begun
    # What comes before the scripts may give way to the page itself just now.
    while (box := tab.locator(ANSWERS).first.bounding_box()) is None:
        tab.locator(ANSWERS).first.wait_for()
    _, before, after = tab.locator(ANSWERS).first.locator("p").all_inner_texts()
    if box["y"] >= size[1] or before.partition(":")[2] == after.partition(":")[2]:
        raise LabError("the example's answers are below the window, or do not differ")
    tab.context.close()
    return seconds


def fresh(browser: Any, size: tuple[int, int]) -> Any:
    """A tab of a new profile, with nothing remembered."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    return tab

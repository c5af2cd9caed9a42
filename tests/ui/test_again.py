"""A recipe that was run before is shown at once and can be run again; the controls' columns follow."""

from collections.abc import Iterator

import pytest

from tests.ui import walk
from tests.ui.conftest import Served

pytestmark = pytest.mark.ui


@pytest.fixture
def keeping(fake: Served) -> Iterator[Served]:
    """The page with the fake engine, which answers a recipe that it knows from the kept run."""
    fake.engine.answers_again = True
    yield fake
    fake.engine.answers_again = False


def test_a_recipe_that_was_run_before_is_shown_at_once_and_can_be_run_again(keeping, open_tab):
    tab = open_tab(f"{keeping.url}/?steps=3&seed=4711")
    walk.reach(tab, 3, keeping.patience)
    columns = tab.locator("#unlearn-result th", has_text="Never knew")
    columns.wait_for()
    assert "Not a control for this person" in tab.locator("#unlearn-result").inner_text()
    before, again = tab.locator("#unlearn-before p"), tab.locator("#unlearn-again")
    assert before.count() == 0 and again.is_hidden()
    count = len(keeping.engine.runs())
    tab.locator("#unlearn").click()
    before.wait_for()
    again.wait_for()
    assert "This run is from 20" in before.inner_text()
    assert again.inner_text() == "Run it again" and len(keeping.engine.runs()) == count
    tab.reload()
    before.wait_for()
    again.click()
    walk.until(tab, lambda: len(keeping.engine.runs()) == count + 1)
    again.wait_for(state="hidden")
    walk.wait_line(tab, "unlearn-line", "finished", keeping.patience)
    walk.open_fold(tab, "unlearn-result")
    columns.wait_for()
    unlearned = [r.recipe for r in keeping.engine.runs() if r.kind == "unlearn"]
    assert before.count() == 0 and unlearned[-1] == unlearned[-2] and unlearned[-1].seed == 4711


def test_a_kept_run_is_what_was_asked_for_last(keeping, open_tab):
    tab = open_tab(f"{keeping.url}/?steps=3&seed=4714")
    walk.reach(tab, 3, keeping.patience)
    walk.step(tab, 2)
    tab.locator("#look-again").click()  # ends long after the run that will be asked for again
    tab.wait_for_function("document.querySelector('#chip')?.innerText === 'Looked inside'")
    walk.step(tab, 3)
    tab.locator("#unlearn").click()
    tab.locator("#unlearn-before p").wait_for()
    tab.wait_for_function("document.querySelector('#chip')?.innerText === 'Forgotten'")


def test_another_recipe_is_run(keeping, open_tab):
    tab = open_tab(f"{keeping.url}/?steps=2&seed=4712")
    walk.reach(tab, 3, keeping.patience)
    count = len(keeping.engine.runs())
    tab.get_by_role("button", name="Advanced").first.click()
    steps = tab.get_by_label("number input for Steps").first
    steps.fill("4")
    steps.press("Tab")
    tab.locator("#unlearn").click()
    walk.until(tab, lambda: len(keeping.engine.runs()) == count + 1)
    assert keeping.engine.runs()[-1].recipe.steps == 4
    assert tab.locator("#unlearn-again").is_hidden()


def test_a_recipe_sent_while_the_model_loads_is_answered_from_the_kept_run(keeping, open_tab):
    engine = keeping.engine
    tab = open_tab(f"{keeping.url}/?steps=3&seed=4713")
    walk.reach(tab, 3, keeping.patience)
    kept, count = engine.runs()[-1], len(engine.runs())
    before = tab.locator("#unlearn-before p")
    try:
        engine.ready(False)
        tab.locator("#unlearn").click()
        walk.wait_line(tab, "unlearn-line", "waiting", keeping.patience)
        assert before.count() == 0 and len(engine.runs()) == count + 1
    finally:
        engine.ready()
    before.wait_for()
    assert "This run is from 20" in before.inner_text()
    walk.wait_line(tab, "unlearn-line", "finished", keeping.patience)
    assert engine.runs()[-1].id == kept.id and len(engine.runs()) == count
    tab.reload()  # the browser remembers the kept run, not the one that it stands in for
    before.wait_for()

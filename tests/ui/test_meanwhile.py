"""In the browser: what comes late, or while a run goes on, is not shown for somebody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lab.report.text import catalogue
from tests.ui import walk
from tests.ui.conftest import Served, serve
from tests.ui.fake_engine import FakeEngine
from tests.ui.fake_example import example

pytestmark = pytest.mark.ui
text = catalogue()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with a recorded example in front of a model that is ready, and slow runs."""
    engine = FakeEngine(tmp_path_factory.mktemp("recorded-runs"), pace=0.2)
    engine.recorded = (example(engine),)
    yield from serve(engine, 120_000)


def held(monkeypatch, engine, name: str) -> tuple[threading.Event, threading.Event]:
    """Let an answer of the engine wait; returns what lets it go, and what tells that it is there."""
    go, there, real = threading.Event(), threading.Event(), getattr(engine, name)

    def slowly(*given):
        go.wait(60)
        found = real(*given)
        there.set()
        return found

    monkeypatch.setattr(engine, name, slowly)
    return go, there


def test_the_table_of_questions_is_not_shown_for_somebody_picked_meanwhile(
    fake, open_tab, monkeypatch
):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    go, there = held(monkeypatch, fake.engine, "probes")
    tab.locator("#ask-fixed").click()
    walk.step(tab, 1)
    walk.pick(tab, 4)
    tab.wait_for_function("!document.querySelector('#probes table')")
    tab.wait_for_timeout(2000)  # several handlers clear it, one after the other
    go.set()
    walk.until(tab, there.is_set)
    tab.wait_for_timeout(1500)  # it has come by now
    assert not tab.locator("#probes table").count()


def test_the_depths_are_not_shown_for_somebody_picked_meanwhile(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.pick(tab, 3)
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    tab.locator("#ask-identity").click()
    tab.locator("#identity table").wait_for()
    go, there = held(monkeypatch, fake.engine, "identity")
    tab.locator("#ask-identity").click()
    walk.step(tab, 1)
    walk.pick(tab, 4)
    tab.wait_for_function("!document.querySelector('#identity table')")
    go.set()
    walk.until(tab, there.is_set)
    tab.wait_for_timeout(1500)
    assert not tab.locator("#identity table").count()
    # what was asked is there again for whom it was asked about
    walk.step(tab, 1)
    walk.pick(tab, 3)
    walk.step(tab, 5)
    tab.locator("#identity table").wait_for()


def test_while_a_run_goes_on_step_4_does_not_show_the_examples_answers(recorded, open_tab):
    tab = open_tab(recorded.url)
    walk.step(tab, 4)
    tab.locator("#chat-unlearned .message").first.wait_for()
    walk.step(tab, 3)
    tab.locator("#unlearn").click()
    tab.wait_for_function("document.querySelector('#unlearn-line')?.innerText.includes('step 2')")
    walk.step(tab, 4)
    tab.wait_for_function("!document.querySelector('#chat-unlearned .message')", timeout=2_000)
    tab.get_by_text(text.COMING_UNLEARNED).wait_for(timeout=2_000)
    assert "running" in {run.state for run in recorded.engine.runs()}


def test_another_run_takes_the_place_of_the_one_that_step_2_has_measured(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 2)
    tab.locator("#instrument .more > summary").click()
    tab.get_by_label("after unlearning").click()
    tab.wait_for_function(
        "document.querySelector('#instrument figcaption')?.innerText.startsWith('After unlearning')"
    )
    walk.step(tab, 3)
    tab.get_by_label("Gentle").check()
    made = len(fake.engine.runs())
    tab.locator("#unlearn").click()
    walk.until(tab, lambda: len(fake.engine.runs()) > made)
    walk.step(tab, 2)
    tab.wait_for_function(
        "document.querySelector('#instrument figcaption')?.innerText.startsWith('After') === false"
    )
    assert tab.get_by_label("before", exact=True).is_checked()


def test_the_line_that_opens_a_charts_table_keeps_the_focus_while_the_run_goes_on(
    recorded, open_tab, monkeypatch
):
    monkeypatch.setattr(recorded.engine, "pace", 1.0)  # or the run ends first where all is slow
    tab = open_tab(recorded.url)
    walk.pick(tab, 5)
    walk.step(tab, 3)
    tab.locator("#unlearn").click()
    tab.wait_for_function("document.querySelector('#unlearn-line')?.innerText.includes('step 2')")
    rows = "document.querySelectorAll('#unlearn-chart tbody tr').length"
    line = tab.locator("#unlearn-chart summary")
    line.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function(f"{rows} > 1")
    had = tab.evaluate(rows)
    tab.wait_for_function(f"had => {rows} > had", arg=had)
    assert line.evaluate("e => document.activeElement === e")
    assert line.evaluate("e => e.parentElement.open")

"""In the browser: what comes late, or while a run goes on, is not shown for somebody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lab.events import Phase
from lab.report.text import catalogue
from tests.ui import walk
from tests.ui.conftest import Served, serve
from tests.ui.fake_engine import FakeEngine, lost
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


def started(tab, engine) -> None:
    """Another run of the same person begins."""
    walk.step(tab, 3)
    tab.get_by_label("Gentle").check()
    made = len(engine.runs())
    tab.locator("#unlearn").click()
    walk.until(tab, lambda: len(engine.runs()) > made)


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
    started(tab, fake.engine)
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


def looked(tab) -> None:
    """Person 3 in step 2, with what is folded away open."""
    walk.pick(tab, 3)
    walk.look_inside(tab, 60_000)
    tab.locator("#instrument canvas[role=slider]").first.wait_for()
    tab.locator("#instrument .more > summary").click()


def test_the_neuron_that_was_clicked_on_last_is_the_one_that_is_looked_at(
    fake, open_tab, monkeypatch
):
    """Gradio asks the event that waited again with what the first one brought."""
    tab = open_tab(fake.url)
    looked(tab)
    asked, go, real = [], threading.Event(), fake.engine.inside.neuron

    def slowly(entity, layer, neuron, visitor=""):
        asked.append(neuron)
        go.wait(60)
        yield from real(entity, layer, neuron)

    monkeypatch.setattr(fake.engine.inside, "neuron", slowly)
    strip = tab.locator("#instrument canvas[role=slider]").first
    strip.press("Home")
    strip.press("Enter")
    walk.until(tab, lambda: len(asked) == 1)
    strip.press("ArrowRight")
    strip.press("Enter")
    go.set()
    walk.until(tab, lambda: len(asked) == 2)
    assert asked[0] != asked[1]
    tab.wait_for_function(
        "n => document.querySelector('#neuron')?.innerText.includes(`Neuron ${n} of`)", arg=asked[1]
    )


def test_the_line_of_a_look_goes_with_the_look(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 2)
    tab.locator("#instrument canvas[role=slider]").first.wait_for()
    tab.locator("#instrument .more > summary").click()
    go = threading.Event()

    def slowly(run_id, visitor=""):
        yield Phase("importance")
        go.wait(60)

    monkeypatch.setattr(fake.engine.inside, "left", slowly)
    tab.get_by_label("after unlearning").click()
    tab.locator("#closer-line p").wait_for()
    started(tab, fake.engine)
    walk.step(tab, 2)
    tab.wait_for_function("!document.querySelector('#closer-line p')")
    go.set()


def test_depths_that_were_asked_while_an_attack_ran_are_shown_when_it_has_ended(
    fake, open_tab, monkeypatch
):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    walk.step(tab, 5)
    fake.engine.hold_at = 3
    tab.locator("#attack").click()
    tab.wait_for_function("document.querySelector('#attack-line')?.innerText.includes('running')")
    go, there = held(monkeypatch, fake.engine, "identity")
    asked, slowly = threading.Event(), fake.engine.identity
    monkeypatch.setattr(fake.engine, "identity", lambda *given: (asked.set(), slowly(*given))[1])
    tab.locator("#depth > button").click()
    tab.locator("#ask-identity").click()
    walk.until(tab, asked.is_set)
    fake.engine.hold_at = None
    walk.wait_line(tab, "attack-line", "finished", fake.patience)
    go.set()
    walk.until(tab, there.is_set)
    tab.locator("#identity table").wait_for()


def test_where_the_answers_of_a_failed_run_are_lost_stays_on_the_page(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    run = max(fake.engine.runs(), key=lambda view: view.started)

    def where(run_id, visitor=""):
        fake.engine._change(run_id, events=fake.engine.run(run_id).events[:-1], state="failed")
        yield lost(run.entity)

    monkeypatch.setattr(fake.engine.inside, "where", where)
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    tab.locator("#ask-lost").click()
    tab.locator("#lost-table table").first.wait_for()
    # and when the page has noticed how the run stands, which clears what is of another
    tab.wait_for_function(
        "document.querySelector('#chip')?.innerText.toLowerCase().includes('fail')"
    )
    tab.wait_for_timeout(1500)
    assert tab.locator("#lost-table table").count()


def held_answer(monkeypatch, engine) -> threading.Event:
    """Let the second word of an answer in step 4 wait; returns what lets it go."""
    go, real = threading.Event(), engine.chat

    def slowly(sides, turns, image, visitor=""):
        for place, words in enumerate(real(sides, turns, image)):
            if place:
                go.wait(60)
            yield words

    monkeypatch.setattr(engine, "chat", slowly)
    return go


def asked(tab) -> None:
    box = tab.get_by_label(text.QUESTION)
    box.fill("Who is this?")
    box.press("Enter")
    tab.locator("#chat-original .bot").last.wait_for()


def test_an_answer_of_the_original_is_whole_though_a_run_begins(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.pick(tab, 11)
    walk.step(tab, 4)
    go = held_answer(monkeypatch, fake.engine)
    asked(tab)
    started(tab, fake.engine)
    go.set()
    walk.step(tab, 4)
    tab.wait_for_function(
        "document.querySelector('#chat-original .bot:last-of-type')?.innerText.includes('asked.')"
    )


def test_an_answer_of_the_run_of_before_goes_when_another_run_began(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    go = held_answer(monkeypatch, fake.engine)
    asked(tab)
    fake.engine.hold_at = 2
    started(tab, fake.engine)
    walk.step(tab, 4)
    go.set()
    tab.wait_for_timeout(1500)  # the rest of it has come by now
    tab.wait_for_function("!document.querySelector('#chat-unlearned .bot')")
    fake.engine.hold_at = None

"""The menu of models and benchmarks: what it says, a change for the whole room, what fails."""

import dataclasses

import pytest

from lab.report.text import catalogue
from lab.serve.menu import Choice, Need, Source
from lab.serve.views import Status
from lab.ui import header, link, menu
from lab.ui import page as lab_page
from tests.ui import walk
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine, has

text = catalogue()
LOADED = Choice("fake", "drawn", "gguf-q4")


def test_a_line_says_what_a_model_needs_and_whether_it_fits():
    def line(*made, **more):
        return menu.offer_line(has(*made, **more), LOADED, text)

    assert line("fake", "drawn", 0.9) == "fake: 0.9 GB in gguf-q4, loaded"
    assert line("other", "few", 1.5) == "other: 1.5 GB in gguf-q4, fits"
    assert line("large", "few", 28.0) == "large: 28.0 GB in gguf-q4, does not fit"
    assert line("far", "few", 2.0, 14.0) == "far: 2.0 GB in gguf-q4, 14 GB to download, fits"
    assert line("torn", "few", 0.0, problem="no") == "torn: cannot be loaded"
    assert menu.source_line(Source("clear", 1.5), text) == "clear: 1.5 GB to download"
    assert menu.source_line(Source("umu", 0.0, "no"), text) == "umu: cannot be loaded"
    said = menu.need_html(Need(4.8, 3.0, "cpu", 14.0, "<b>torn</b>"), text)
    assert "Needs 4.8 GB of memory; 3.0 GB can be free on cpu: does not fit." in said
    assert "14 GB have to be downloaded first." in said and "&lt;b&gt;torn" in said


def test_a_change_that_failed_is_said_with_the_model_that_stays():
    state = Status(True, "m", "none", "cpu", 1.0, 2.0, "idle", "idle", 0, "no <b>space</b>")
    said = header.facts_html(state, text)
    assert "The change failed and the model before it stays: no &lt;b&gt;space" in said
    lost = header.facts_html(dataclasses.replace(state, ready=False), text)
    assert "The model could not be loaded: no" in lost


def test_a_closed_lab_has_no_menu(tmp_path):
    engine = FakeEngine(tmp_path)
    engine.menu.open = False
    shown = [b for b in lab_page.build(engine).blocks.values() if b.elem_id == "menu"]
    assert [b.visible for b in shown] == [False]


def test_a_link_about_another_model_says_so(tmp_path):
    engine = FakeEngine(tmp_path)
    assert link.link_query(engine, "p03", {"steps": 40}).endswith("&model=fake&benchmark=drawn")


# -- in the browser ---------------------------------------------------------------------------------


@pytest.fixture
def room(tmp_path):
    """A page of its own, because its model is changed."""
    yield from serve(FakeEngine(tmp_path, pace=0.02), 20_000)


@pytest.fixture
def visitor(browser, room):
    """Another visitor: a browser profile of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(room.url)
    tab.wait_for_selector("#people img")
    yield tab
    context.close()


def said(tab, part: str, words: str) -> None:
    tab.wait_for_function(
        "([part, words]) => document.querySelector(part)?.innerText.includes(words)",
        arg=[part, words],
        timeout=25_000,
    )


def faces(tab, count: int) -> None:
    tab.wait_for_function(
        "n => document.querySelectorAll('#people img').length === n",
        arg=count,
        timeout=25_000,
    )


def select(tab, model: str) -> None:
    """Choose a model by its line."""
    tab.locator("#menu-model input").click()
    tab.get_by_role("option", name=model).click()


def choose(tab, model: str) -> None:
    """Open the panel, wait for its lists, and choose a model."""
    if not tab.locator("#panel").is_visible():
        tab.locator("#more").click()
    tab.wait_for_function("document.querySelector('#menu-model input').value.includes('loaded')")
    select(tab, model)


@pytest.mark.ui
def test_the_room_goes_on_with_another_model_and_nobody_loses_what_they_typed(
    room, open_tab, visitor
):
    engine, tab = room.engine, open_tab(room.url)
    walk.pick(visitor, 2)
    visitor.locator("#run-it").click()
    walk.wait_line(visitor, "unlearn-line", "finished", room.patience)
    first = engine.runs()[-1]
    assert first.recipe.lr == 1e-4
    walk.step(visitor, 4)
    visitor.get_by_label("Your question").fill("half a quest")

    choose(tab, "owner/large")
    said(tab, "#menu-needs", "28.0 GB of memory; 8.0 GB can be free on cpu: does not fit")
    assert tab.locator("#menu-load").is_disabled()
    select(tab, "<b>torn</b>")
    said(tab, "#menu-needs", "It cannot be loaded: config.json cannot be read")
    assert tab.locator("#menu-load").is_disabled()
    select(tab, "other: 1.5 GB in gguf-q4, fits")
    said(tab, "#menu-needs", "Needs 1.5 GB of memory")
    assert tab.locator("#menu-benchmark input").input_value() == "few: on this machine"
    assert tab.locator("#menu-load").inner_text() == "Load"

    engine.menu.go.clear()
    tab.locator("#menu-load").click()
    said(tab, "#announce", "other with few is loaded when the runs that wait have ended")
    said(tab, "#now", "Loading another model is running: Loading the model …")
    said(visitor, "#now", "The room's model is being changed to other with few.")
    assert tab.locator("#people img").count() == 30
    tab.locator("#stop").click()
    tab.get_by_text("the model is being loaded and that cannot be stopped").first.wait_for()
    engine.menu.go.set()
    said(tab, "#announce", "other with few is loaded. Choose a person.")
    for one in (tab, visitor):
        faces(one, 3)
    assert engine.menu.wanted == [(Choice("other", "few", "gguf-q4"), 0.0)]
    assert visitor.get_by_label("Your question").input_value() == "half a quest"
    assert visitor.locator("#person").inner_text() == first_name(engine)  # who is there still
    walk.step(visitor, 3)
    visitor.wait_for_function("!document.querySelector('#unlearn-line').innerText")
    visitor.locator("#run-it").click()  # the settings are the other model's
    walk.wait_line(visitor, "unlearn-line", "finished", room.patience)
    assert engine.runs()[-1].recipe.lr == 1e-5
    walk.step(visitor, 6)
    visitor.wait_for_function("document.querySelector('#my-runs input').value")  # it is filled
    visitor.locator("#my-runs input").click()
    visitor.get_by_role("option", name="fake · drawn").click()
    visitor.locator("#open-run").click()
    visitor.get_by_text("belongs to another model (fake · drawn)").wait_for()


def first_name(engine) -> str:
    return next(p.name for p in engine.people if p.id == "p02")


@pytest.mark.ui
def test_a_download_is_agreed_to_by_a_click_and_a_failure_leaves_the_model(room, open_tab):
    engine, tab = room.engine, open_tab(room.url + "/?entity=p02&model=other&benchmark=few&seed=3")
    tab.get_by_text("This link is about other with few, and this lab has fake").wait_for()
    tab.wait_for_function("document.querySelector('#person')?.innerText !== 'Choose a person'")
    choose(tab, "owner/far")
    cut = "e => e.clientHeight && e.scrollHeight > e.clientHeight + 2"
    parts = f"[...document.querySelectorAll('#panel > *')].filter({cut}).map(e => e.outerHTML)"
    assert tab.evaluate(parts) == []  # the panel scrolls, nothing in it is squeezed
    said(tab, "#menu-needs", "14 GB have to be downloaded first")
    said(tab, "#menu-load", "Download 14 GB and load")
    tab.locator("#menu-load").click()
    said(tab, "#announce", "The change failed and the model before it stays: the download broke")
    said(tab, "#facts", "The change failed and the model before it stays: the download broke")
    assert engine.menu.wanted == [(Choice("owner/far", "drawn", "gguf-q4"), 14.0)]
    assert tab.locator("#people img").count() == 30 and engine.menu.loaded == LOADED

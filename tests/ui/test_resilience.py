"""Reloads, second tabs, Stop, failures and bad uploads."""

import time
from pathlib import Path

import pytest

from lab.recipe import Recipe
from lab.ui.header import TICK_SECONDS
from tests.ui import walk
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine

pytestmark = pytest.mark.ui
NO_ANSWERS = "document.querySelectorAll('#chat-original .bot').length === 0"


@pytest.fixture
def held(fake):
    """The page with the fake engine; an unlearning run waits after step 10 until released."""
    fake.engine.hold_at = 10
    yield fake
    fake.engine.hold_at = None
    for run in fake.engine.runs():
        fake.engine.stop(run.id)


def start_run(tab, patience: int) -> None:
    walk.pick(tab)
    walk.look_inside(tab, patience)
    walk.go_unlearn(tab)
    tab.locator("#unlearn").click()
    walk.wait_line(tab, "unlearn-line", "is running: step", patience)


def test_reload_and_second_tab_lose_nothing(held, open_tab):
    before = len([r for r in held.engine.runs() if r.kind == "unlearn"])
    tab = open_tab(held.url)
    start_run(tab, held.patience)
    tab.reload()
    walk.wait_line(tab, "unlearn-line", "is running", held.patience)
    assert tab.get_by_role("tab", name="3 Forget").get_attribute("aria-selected") == "true"
    second = open_tab(held.url)
    walk.wait_line(second, "unlearn-line", "is running", held.patience)
    tab.get_by_role("tab", name="1 Meet").click()
    assert tab.locator("#card h2").inner_text() == held.engine.people[2].name
    held.engine.hold_at = None
    walk.wait_line(second, "unlearn-line", "finished", held.patience)
    assert len([r for r in held.engine.runs() if r.kind == "unlearn"]) == before + 1


def test_stop_keeps_what_was_learnt(held, open_tab):
    tab = open_tab(held.url)
    start_run(tab, held.patience)
    tab.locator("#stop").click()
    line = walk.wait_line(tab, "unlearn-line", "was stopped", held.patience)
    assert "finished" not in line and "step" in line
    walk.compare(tab, held.patience)
    assert len(walk.ask(tab, "Who is this?", held.patience)) == 2


def running(engine) -> list:
    return [r for r in engine.runs() if r.kind == "unlearn" and r.state in ("waiting", "running")]


def test_stop_reaches_a_run_for_somebody_picked_before(held, open_tab):
    tab = open_tab(held.url)
    start_run(tab, held.patience)
    tab.get_by_role("tab", name="1 Meet").click()
    walk.pick(tab, index=5)
    assert running(held.engine)
    walk.listen(tab)
    tab.locator("#stop").click()
    walk.heard(tab, "Stopping")
    walk.until(tab, lambda: not running(held.engine))


def test_stop_is_of_this_browser_alone(held, open_tab):
    other = held.engine.submit(Recipe(entity="p07", steps=900), visitor="somebody else")
    tab = open_tab(held.url)
    tab.locator("#stop").click()
    tab.wait_for_function(
        "document.querySelector('#announce')?.innerText.includes('Nothing is running')"
    )
    assert held.engine.run(other).state in ("waiting", "running")


def test_reset_stops_what_it_lets_go_of(held, open_tab):
    tab = open_tab(held.url)
    start_run(tab, held.patience)
    walk.from_panel(tab, "reset")
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('original')")
    walk.until(tab, lambda: not running(held.engine))


def test_chat_works_while_a_run_is_in_progress(held, open_tab):
    tab = open_tab(held.url)
    start_run(tab, held.patience)
    tab.locator("#go-compare").click()
    assert len(walk.ask(tab, "Who is this?", held.patience)) == 1
    tab.locator("#stop").click()


def test_failure_is_one_plain_line(fake, open_tab):
    tab = open_tab(fake.url + "/?entity=p04&seed=9999")
    tab.wait_for_selector("#card h2")
    walk.look_inside(tab, fake.patience)
    walk.go_unlearn(tab)
    tab.locator("#unlearn").click()
    line = walk.wait_line(tab, "unlearn-line", "failed", fake.patience)
    assert "NaN at step 5" in line and "Traceback" not in tab.locator("body").inner_text()


def test_unknown_person_in_the_link(fake, open_tab):
    tab = open_tab(fake.url + "/?entity=nobody")
    tab.get_by_text("the person in the link: nobody").wait_for()


def upload(tab, selector: str, path: Path) -> None:
    with tab.expect_file_chooser() as chooser:
        tab.locator(selector).click()
    chooser.value.set_files(path)


def test_bad_uploads_are_refused_with_one_line(fake, open_tab, tmp_path):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture at all" * 20)
    upload(tab, "#upload-picture", broken)
    tab.get_by_text("not a picture this lab can read").wait_for()
    assert tab.locator("#picture img").count() == 1
    not_a_run = tmp_path / "run.zip"
    not_a_run.write_bytes(b"PK no zip")
    walk.from_panel(tab, "download")
    upload(tab, "#load-run", not_a_run)
    tab.get_by_text("not a run of this lab").wait_for()


def test_empty_question_and_own_picture(fake, open_tab, tmp_path):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    tab.locator("#ask").click()
    tab.get_by_text("Type a question first").wait_for()
    own = tmp_path / "own.jpg"
    own.write_bytes(fake.engine.people[9].portrait)
    upload(tab, "#upload-picture", own)
    tab.wait_for_function(NO_ANSWERS)
    walk.ask(tab, "And this?", fake.patience)
    assert fake.engine.asked[-1][2] == own.read_bytes()


def test_page_answers_before_the_model_is_ready(open_tab, tmp_path):
    engine = FakeEngine(tmp_path, pace=0.02, load_seconds=3600)
    server = serve(engine, 60_000)
    tab = open_tab(next(server).url)
    assert "Reading the language model" in tab.locator("#facts").inner_text()
    tab.wait_for_selector("#now p")  # and in the line of status, which is always in view
    assert walk.pick(tab)
    engine.ready()
    tab.wait_for_function("document.querySelector('#facts')?.innerText.includes('idle')")
    tab.close()  # before its server goes: what an open page says of that is no fault
    next(server, None)


def test_an_idle_page_asks_for_its_status_and_no_more(fake, open_tab):
    tabs = [
        open_tab(fake.url + "?seed=1") for _ in range(3)
    ]  # some loads only had handlers in a ring
    for tab in tabs:
        tab.wait_for_function("!location.search.includes('seed')")  # the last of loading
    sent: list[list[str]] = [[] for _ in tabs]
    for tab, urls in zip(tabs, sent, strict=True):
        tab.on("request", lambda request, urls=urls: urls.append(request.url))
    for _ in range(20):  # until what a page asks for on loading is over; a ring would never end
        for urls in sent:
            urls.clear()
        tabs[-1].wait_for_timeout(2000)
        if all(len(urls) <= 2 for urls in sent):
            break
    for urls in sent:
        urls.clear()
    began = time.monotonic()
    tabs[-1].wait_for_timeout(4000)
    walk.until(tabs[-1], lambda: all(sent))  # a tab that sleeps would show nothing
    most = (
        1 + (time.monotonic() - began) // TICK_SECONDS
    )  # 3, and more only where the machine was slow
    assert all(len(urls) <= most for urls in sent), sent


def test_reset_shows_the_original_alone(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    walk.from_panel(tab, "reset")
    tab.get_by_text("There is no unlearned model yet").wait_for()
    tab.wait_for_function(NO_ANSWERS)
    assert len(walk.ask(tab, "Who is this?", fake.patience)) == 1

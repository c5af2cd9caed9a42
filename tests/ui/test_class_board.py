"""The class board's page, links that lock, and a step as a slide."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from lab.recipe import AttackRecipe, Recipe
from lab.report.board import challenges_html
from lab.report.text import catalogue
from lab.serve.visit import Visit
from lab.ui import board, link, linked
from lab.ui.steps import challenges
from tests.ui import walk
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine
from tests.ui.test_door import ask
from tests.unit.test_challenges import entry
from tests.unit.test_text import CAPITALS, english_in

TEXT = catalogue()
ADA = "ada"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The page of a room: an engine that others can reach."""
    engine = FakeEngine(tmp_path_factory.mktemp("board"), pace=0.01)
    engine.rights.alone = False
    yield from serve(engine, 60_000)


# -- without a browser ----------------------------------------------------------------------


def test_the_board_is_a_page_of_its_own_that_asks_this_lab_alone(room):
    code, headers, page = ask(room.url, "GET", "/board")
    assert code == 200 and headers["content-type"].startswith("text/html")
    assert "<gradio-app" not in page and '<html lang="en">' in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|url\(", page)
    assert headers["x-frame-options"] == "DENY" and "'sha256-" in headers["content-security-policy"]
    german = ask(room.url, "GET", "/board?lang=de")[2]
    assert '<html lang="de">' in german and "Klassentafel" in german and "/de/board/news" in german


def test_news_are_empty_while_nothing_has_changed(room):
    code, headers, body = ask(room.url, "GET", "/board/news?since=")
    news = json.loads(body)
    assert code == 200 and headers["cache-control"] == "no-store" and news["whole"] is True
    again = ask(room.url, "GET", f"/board/news?since={news['token']}")
    assert again[0] == 204 and not again[2]
    assert ask(room.url, "GET", "/board/news?since=" + "x" * 5000)[0] == 200
    assert ask(room.url, "POST", "/board/news")[0] in (403, 405, 411)


def test_the_board_speaks_its_language_and_no_word_ends_its_script():
    for text, english in ((TEXT, True), (CAPITALS, False)):
        page = board.page_html("", False, text)
        words = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
        assert bool(english_in(words)) == english
        assert page.count("</script>") == 2 and "[[" not in page


def frame_of(engine: FakeEngine, visitor: str = ADA) -> SimpleNamespace:
    cards = {card.id: card for card in engine.people}
    people = SimpleNamespace(card=cards.get)
    return SimpleNamespace(text=TEXT, engine=Visit(engine, lambda: visitor), people=people)


NAMES = ("method", "steps", "seed", "lr")


def test_a_link_is_read_and_what_is_not_valid_is_named(tmp_path):
    frame = frame_of(FakeEngine(tmp_path))
    query = {"person": "p05", "step": "3", "steps": "7", "lock": "method,person,method"}
    found = link.read(frame, {**query, "lang": "de", "embed": "", "board": ""}, NAMES)
    assert found == link.Link("p05", "", {"steps": 7}, ("method", "person"), ())
    assert link.read(frame, {"entity": "p05"}, NAMES).person == "p05"  # as older links say
    evil = {
        "person": "<script>" * 100,
        "step": "7",
        "lang": "<img>",
        "steps": "1e9",
        "lock": "lr,__proto__," + "x" * 500,
        "run": "../../etc/passwd",
        "onload": "alert(1)",
    }
    found = link.read(frame, evil, NAMES)
    assert (found.person, found.run, found.settings, found.locked) == ("", "", {}, ("lr",))
    assert len(found.wrong) == 8 and max(map(len, found.wrong)) < 250
    assert link.sets({"lock": "lr"}, NAMES) and link.sets({"lr": "1"}, NAMES)
    assert not link.sets({"board": "", "lang": "de", "step": "2"}, NAMES)


def test_a_link_carries_and_locks_settings_of_the_attack(tmp_path):
    engine, names = FakeEngine(tmp_path), (*NAMES, "attack.steps", "attack.lr")
    values = {"method": "vkd", "steps": 20, "seed": 0, "attack.steps": 20, "attack.lr": 3e-4}
    query = link.link_query(engine, "p03", values, ["attack.steps"])
    assert query.startswith("person=p03&steps=20&seed=0&attack.steps=20&attack.lr=0.0003&lock=")
    found = link.read(frame_of(engine), dict(parse_qsl(query)), names)
    assert found.settings == {"steps": 20, "seed": 0, "attack.steps": 20, "attack.lr": 3e-4}
    assert found.locked == ("attack.steps",) and not found.wrong
    assert "Step 5: Attack steps" in linked.locked_value(found.locked, "p03", TEXT)["words"]
    wrong = link.read(frame_of(engine), {"attack.steps": "0", "lock": "attack.x"}, names)
    assert (wrong.settings, wrong.locked, len(wrong.wrong)) == ({}, (), 2)
    assert link.sets({"attack.steps": "5"}, NAMES)


def test_a_run_that_is_not_shared_is_not_opened_by_a_link(tmp_path):
    engine = FakeEngine(tmp_path, pace=0)
    engine.rights.alone = False
    run = engine.submit(Recipe(entity="p01", steps=2), "unlearn", ADA)
    assert link.read(frame_of(engine), {"run": run}, NAMES).run == run
    theirs = link.read(frame_of(engine, "bo"), {"run": run}, NAMES)
    assert (theirs.run, theirs.wrong) == ("", (TEXT.LINK_RUN,))
    engine.share(run, True, ADA)
    assert link.read(frame_of(engine, "bo"), {"run": run}, NAMES).run == run


def test_the_copied_link_carries_its_locks_and_what_they_lock(tmp_path):
    engine, values = FakeEngine(tmp_path), {"method": "vkd", "steps": 20, "seed": 0, "lr": 1e-4}
    query = link.link_query(engine, "p03", values, ["method", "person"], "de", embed=True)
    assert query == (
        "person=p03&method=vkd&steps=20&seed=0&lock=method,person&lang=de&embed=1"
        "&model=fake&benchmark=drawn"
    )
    shown = linked.locked_value(("method", "person"), "p03", TEXT)
    assert shown["person"] == "p03" and "Person" in shown["words"] and "show" in shown["words"]
    assert linked.locked_value(("method",), "p03", TEXT)["person"] == ""
    assert linked.locked_value((), "p03", TEXT) == {"words": ""}


def test_step_six_has_the_challenges_and_says_what_to_do_without_any():
    empty = challenges.shown("", TEXT)
    assert TEXT.CHALLENGES_NONE in empty and 'href="./board"' in empty
    shown = challenges.shown(challenges_html([entry("a", 0.3)], {"p1": "Ada"}, TEXT), TEXT)
    assert TEXT.CHALLENGES_NONE not in shown and "<strong>30.0%</strong>" in shown
    assert "n 96, never knew: not asked yet" in shown and "Runs left out: 1 not attacked." in shown


# -- in a browser ---------------------------------------------------------------------------


def ended(engine, run_id: str, tab) -> str:
    walk.until(tab, lambda: engine.run(run_id).state == "finished")
    return run_id


@pytest.mark.ui
def test_a_run_that_is_shared_appears_on_the_board_and_a_click_opens_it(room, browser):
    engine = room.engine
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab, faults, requests = context.new_page(), [], []
    tab.on("console", lambda m: m.type == "error" and faults.append(m.text))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(f"{room.url}/board")
    tab.get_by_text("No run is shared yet.").wait_for()
    assert "switch on “Share this run with the room”" in tab.locator("#empty").inner_text()
    recipe = Recipe(entity="p04", steps=12, lr=2e-4, stop_forget=-1.0)
    run = ended(engine, engine.submit(recipe, "unlearn", ADA), tab)
    assert tab.locator("#chart svg a").count() == 0
    engine.share(run, True, ADA)
    point = tab.locator(f'#chart a[data-run="{run}"]')
    point.wait_for()  # nothing was pressed
    point.hover()
    tip = tab.locator("#tip").inner_text()
    assert "Elif Almeida" in tip and "12 steps at most" in tip and "lr 0.0002" in tip
    assert "99.0%" in tip and "n 96" in tip and "never knew" in tip
    assert tab.get_by_text("chance", exact=True).count() >= 1
    tab.locator('[data-view="back"]').click()
    tab.get_by_text("No run on the board has been attacked yet.").wait_for()
    ended(engine, engine.submit_attack(run, AttackRecipe(), ADA), tab)
    point.wait_for()
    assert tab.locator("#challenges section").count() == 3
    assert "n 96" in tab.locator("#challenges").inner_text()
    assert all(url.startswith(room.url) for url in requests) and faults == []
    with context.expect_page() as opening:
        point.click()
    lab = opening.value
    lab.wait_for_function("window.lab?.ready")
    lab.locator("#person", has_text="Elif Almeida").wait_for()
    assert lab.get_by_role("tab", name="4 Ask").get_attribute("aria-selected") == "true"
    assert len(walk.ask(lab, "Who is this?", 60_000)) == 2
    engine.share(run, False, ADA)
    tab.get_by_text("No run is shared yet.").wait_for()
    context.close()


@pytest.mark.ui
def test_a_link_locks_for_show_and_a_slide_has_one_step(room, open_tab):
    query = "person=p05&step=3&steps=25&method=npo&lock=method,person,evil&bogus=1"
    tab = open_tab(f"{room.url}/?{query}", width=960, height=540)
    line = tab.locator("#linked .lab-locked")
    line.get_by_text("Locked by the link").wait_for()
    tab.locator("#person", has_text="Farid Almeida").wait_for()
    assert tab.get_by_role("tab", name="3 Forget").get_attribute("aria-selected") == "true"
    method = tab.locator("#forget-settings").get_by_label("Method").first
    assert method.input_value() == "npo" and method.is_disabled()
    warned = tab.get_by_text("no setting of this lab: evil")
    warned.wait_for()
    assert "bogus" in warned.inner_text()  # one line for all
    walk.step(tab, 1)
    assert tab.locator('.lab-people button[data-id="p06"]').is_disabled()
    assert tab.locator('.lab-people button[data-id="p05"]').is_enabled()
    tab.reload()  # a locked link shows the same again
    line.get_by_text("Locked by the link").wait_for()
    line.get_by_role("link").click()
    tab.wait_for_function("window.lab?.ready && !location.search")
    tab.wait_for_timeout(500)
    assert not line.inner_text()
    assert tab.locator('.lab-people button[data-id="p06"]').is_enabled()
    tab.goto(f"{room.url}/?person=p05&step=3&embed")
    tab.wait_for_function("window.lab?.ready")
    tab.locator("#unlearn").wait_for()
    for hidden in ("#bar", "#foot", "#steps > .tab-wrapper", "#panel"):
        assert tab.locator(hidden).is_hidden(), hidden
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    wide, high = tab.evaluate(size)
    assert wide <= 960 and high <= 540

"""The page in German: chosen by the address, by the menu or by the browser, and kept."""

from __future__ import annotations

import json
import re

import pytest

from lab.report.text import catalogue
from lab.ui import api
from tests.ui.test_door import ask
from tests.ui.walk import from_panel

GERMAN, ENGLISH = catalogue("de"), catalogue()
CUT = """
() => [...document.querySelectorAll('#steps button, #steps label, #bar button, #panel label')]
  .filter((e) => e.getClientRects().length && getComputedStyle(e).overflowX === 'hidden'
    && e.scrollWidth > e.clientWidth + 1).map((e) => e.innerText)
"""


def head(tab) -> str:
    tab.wait_for_selector("#idea-1 h2")
    return tab.locator("#idea-1 h2").inner_text()


@pytest.fixture
def german(browser, fake):
    """A visitor whose browser wishes German."""
    context = browser.new_context(locale="de-DE", viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_a_browser_in_german_gets_the_page_in_german_whole_and_within_its_width(
    german, fake
) -> None:
    errors: list[str] = []
    german.on("pageerror", lambda error: errors.append(str(error)))
    german.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    german.goto(fake.url)
    assert head(german) == GERMAN.IDEAS[0][0]
    assert german.evaluate("document.documentElement.lang") == "de"
    for number, name in enumerate(GERMAN.STEPS, start=1):
        german.get_by_role("tab", name=re.compile(f"{number}")).click()
        german.wait_for_selector(f"#idea-{number} h2")
        assert german.locator(f"#idea-{number} h2").inner_text() == GERMAN.IDEAS[number - 1][0], (
            name
        )
        german.evaluate("window.lab.mark([1, 2, 3, 4, 5, 6])")  # a tick takes room, too
        assert german.evaluate("document.documentElement.scrollWidth") <= 390
        assert german.evaluate(CUT) == []
    assert errors == []


def test_the_menu_changes_the_language_and_the_choice_is_kept(german, fake) -> None:
    german.goto(fake.url)
    assert head(german) == GERMAN.IDEAS[0][0]
    german.locator("#more").click()
    german.locator("#language").get_by_text("English").click()
    german.wait_for_function(
        "words => document.querySelector('#idea-1 h2')?.innerText === words",
        arg=ENGLISH.IDEAS[0][0],
    )
    german.goto(fake.url)
    assert head(german) == ENGLISH.IDEAS[0][0]
    assert german.evaluate("document.documentElement.lang") == "en"


def test_the_address_asks_for_a_language_and_a_run_speaks_it(open_tab, fake) -> None:
    tab = open_tab(fake.url + "?lang=de")
    assert head(tab) == GERMAN.IDEAS[0][0]
    tab.locator("#people button").nth(3).click()
    from_panel(tab, "reset")
    tab.wait_for_function(
        "words => document.querySelector('#announce')?.innerText === words", arg=GERMAN.RESET_DONE
    )
    # a warning: what the core and the shared parts say in English is put into the page's language
    from_panel(tab, "download")
    tab.get_by_text(GERMAN.NO_RUN).wait_for()


def test_scripts_find_the_same_names_in_every_language(fake) -> None:
    for place in ("", "/de"):
        status, _, body = ask(fake.url, "GET", f"{place}/gradio_api/info")
        assert status == 200
        assert set(json.loads(body)["named_endpoints"]) == {f"/{name}" for name in api.ENDPOINTS}


def test_the_door_stands_before_every_language(fake) -> None:
    assert ask(fake.url, "GET", "/de/gradio_api/deep_link")[0] == 404
    assert ask(fake.url, "POST", "/de/gradio_api/call/lambda", body=b'{"data": []}')[0] == 404
    status, _, body = ask(fake.url, "POST", "/de/gradio_api/call/stop", body=b'{"data": []}')
    assert status == 422 and "Falsche Argumente für stop" in body
    assert ask(fake.url, "GET", "/de/", headers={"Host": "elsewhere.example"})[0] == 400

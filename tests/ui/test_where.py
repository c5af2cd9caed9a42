"""In the browser: where the answers are lost, and what a run's failure signature proposes."""

from __future__ import annotations

import threading

import pytest

from lab.report.text import catalogue
from tests.ui import walk

pytestmark = pytest.mark.ui
text = catalogue()


def value(tab, label: str) -> str:
    return tab.get_by_label(f"number input for {label}").input_value()


def test_the_depth_panel_says_where_the_answers_are_lost(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    assert not tab.locator("#lost-depths").is_visible()
    tab.locator("#ask-lost").click()
    tab.locator("#lost-table table").first.wait_for(timeout=fake.patience)
    said = tab.locator("#lost").inner_text()
    assert "are lost at “block 10”" in said and "are back once" in said
    tab.locator("#lost-depths .plotly").wait_for()
    tab.locator("#lost-line .plotly").wait_for()
    assert "at 6 points" in tab.locator("#lost-table").inner_text()
    for term in ("patching", "barrier"):
        tab.locator(f"#lost-table .lab-term[data-term={term}]").wait_for()
    # it is the run's from now on: there again after a reload, and not for another person
    tab.reload()
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    tab.locator("#lost-table table").first.wait_for()
    walk.step(tab, 1)
    walk.pick(tab, 4)
    walk.step(tab, 5)
    tab.wait_for_function("!document.querySelector('#lost-table table')")


def test_what_is_asked_is_in_the_line_of_status_and_its_answer_outlives_a_reload(
    fake, open_tab, monkeypatch
):
    tab = open_tab(fake.url)
    walk.pick(tab, 6)
    go, identity = threading.Event(), fake.engine.identity

    def slowly(*given):
        go.wait(60)
        return identity(*given)

    monkeypatch.setattr(fake.engine, "identity", slowly)
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    tab.locator("#ask-identity").click()
    now = "document.querySelector('#now')?.innerText === words"
    tab.wait_for_function(f"words => {now}", arg=text.LOOKS["identity"])
    assert tab.locator("#chip").inner_text() == text.CHIP_LOOKS
    tab.locator("#stop").click()
    tab.wait_for_function(
        "words => document.querySelector('#announce')?.innerText === words",
        arg=text.LOOKS_GO_ON.format(looks=text.LOOKS["identity"]),
    )
    go.set()
    tab.locator("#identity table").wait_for()
    tab.wait_for_function("!document.querySelector('#now')?.innerText")
    tab.reload()
    tab.locator("#depth > button").click()
    tab.locator("#identity table").wait_for()
    walk.step(tab, 1)
    walk.pick(tab, 4)
    walk.step(tab, 5)
    tab.wait_for_function("!document.querySelector('#identity table')")


def test_a_plot_that_came_while_another_step_was_open_fits_its_step(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.pick(tab, 7)
    go, identity = threading.Event(), fake.engine.identity
    monkeypatch.setattr(fake.engine, "identity", lambda *given: go.wait(60) and identity(*given))
    walk.step(tab, 5)
    tab.locator("#depth > button").click()
    tab.locator("#ask-identity").click()
    walk.step(tab, 3)
    go.set()
    plot = "document.querySelector('#depths .js-plotly-plot')"
    tab.wait_for_function(f"{plot}?._fullLayout?.width")
    walk.step(tab, 5)
    tab.wait_for_function(f"Math.abs({plot}._fullLayout.width - {plot}.clientWidth) < 2")


def test_a_signature_offers_two_settings_which_open_step_3(fake, open_tab):
    tab = open_tab(fake.url + "/?steps=6&seed=7")
    walk.pick(tab, 5)
    walk.step(tab, 3)
    tab.locator("#unlearn").click()
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)
    tab.locator("#go-compare").click()
    tab.locator("#advice > button").click()
    tab.locator("#next-2").wait_for()
    assert "Forget VQA did not fall enough" in tab.locator("#diagnosis").inner_text()
    assert tab.locator("#next-1").inner_text().endswith("60 → 30")
    tab.locator("#next-2").click()
    tab.locator("#unlearn").wait_for()
    tab.locator("#settings > button").click()
    tab.wait_for_function(
        "label => document.querySelector(`[aria-label='${label}']`)?.value === '0.04'",
        arg=f"number input for {text.FIELDS['Recipe']['prune_share'][0]}",
    )
    labels = text.FIELDS["Recipe"]
    assert value(tab, labels["beta"][0]) == "60" and value(tab, labels["steps"][0]) == "6"
    # the rest is as the run had it
    assert tab.get_by_label(labels["seed"][0], exact=True).input_value() == "7"


def test_a_run_that_forgot_offers_nothing(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    tab.locator("#go-compare").click()
    tab.locator("#advice > button").click()
    tab.wait_for_function(
        "words => document.querySelector('#diagnosis')?.innerText.includes(words)",
        arg=text.DIAGNOSIS_NONE,
    )
    assert not tab.locator("#next-1").is_visible()

"""The whole way through the page, on the fake engine and on the embedded model."""

import json
from contextlib import contextmanager

import pytest

from tests.ui import walk

pytestmark = pytest.mark.ui


def test_whole_way(lab, open_tab, tmp_path):
    # little of everything: the embedded model takes seconds a step
    tab = open_tab(f"{lab.url}/?steps=2&probe_every=1&batch=1&retain_batch=4&fisher_samples=4")
    assert walk.pick(tab, index=0)
    walk.look_inside(tab, lab.patience)
    before = tab.locator("#recount").inner_text()
    tab.get_by_label("number input for Neurons to switch off").first.fill("0.05")
    tab.get_by_label("number input for Neurons to switch off").first.press("Tab")
    tab.wait_for_function(
        "was => document.querySelector('#recount')?.innerText !== was", arg=before
    )
    tab.get_by_label("number input for Neurons to switch off").first.fill("0.02")
    tab.get_by_label("number input for Neurons to switch off").first.press("Tab")
    walk.go_unlearn(tab)
    walk.unlearn(tab, lab.patience)
    assert [v.recipe.steps for v in lab.engine.runs() if v.kind == "unlearn"][-1] == 2
    assert "bit for bit identical" in tab.locator("#unlearn-result").inner_text()
    assert "unchanged" in tab.locator("#unlearn-result").inner_text()
    # no retain loss; towards a stranger the language model is not asked, so no forget loss either
    asked = not lab.engine.preset.recipe.destination.startswith("stranger")
    charts = tab.locator("#unlearn-chart svg")
    charts.first.wait_for()
    assert charts.count() == (4 if asked else 3)
    walk.compare(tab, lab.patience)
    assert "right" in tab.locator("#probes").inner_text()
    assert len(walk.ask(tab, "Who is this?", lab.patience)) == 2
    tab.locator("#go-attack").click()
    walk.shorten_attack(tab, steps=4)
    walk.attack_by(tab, "Relearn on the person", lab.patience)
    assert tab.locator("#attack-result strong").count() == 2
    assert [v.attack.steps for v in lab.engine.runs() if v.attack][-1] == 4
    tab.locator("#depth > button").click()
    tab.locator("#ask-identity").click()
    tab.locator("#identity table").wait_for(timeout=lab.patience)
    assert tab.locator("#identity tbody tr").last.inner_text().startswith("projector")
    tab.locator("#go-report").click()
    button = tab.get_by_role("button", name="metrics.json")
    button.wait_for(timeout=lab.patience)
    with tab.expect_download() as caught:
        button.click()
    saved = tmp_path / "metrics.json"
    caught.value.save_as(saved)
    assert json.loads(saved.read_text(encoding="utf-8"))["text_logits_identical"] is True
    relearned_column_and_undo(tab, lab.patience)


def relearned_column_and_undo(tab, patience):
    tab.get_by_role("tab", name="4 Ask").click()
    tab.get_by_label("Relearned model", exact=True).check()
    tab.locator("#chat-relearned").wait_for()
    assert len(walk.ask(tab, "Who is this?", patience)) == 3
    tab.locator("#go-attack").click()
    tab.locator("#undo").click()
    tab.wait_for_function(
        "document.querySelector('#announce')?.innerText.includes('exactly what it was')"
    )
    tab.get_by_role("tab", name="4 Ask").click()
    tab.locator("#chat-relearned").wait_for(state="hidden")
    assert len(walk.ask(tab, "Who is this?", patience)) == 2


def test_picture_reaches_the_model_and_retry_keeps_it(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    asked = fake.engine.asked
    sent = asked[-1][2]
    assert sent == fake.engine.people[2].views[-1]
    before = len(asked)
    tab.locator("#retry").click()
    walk.until(tab, lambda: len(asked) > before)
    walk.answers(tab)
    assert len(asked) == before + 1 and asked[-1][2] == sent and len(asked[-1][1]) == 1
    tab.get_by_role("button", name="Remove picture").click()
    tab.get_by_role("button", name="What is 2 + 2?").click()
    walk.answers(tab)
    assert asked[-1][2] is None and asked[-1][1][-1].question == "What is 2 + 2?"


def chatting(fake, open_tab):
    """A page at its chats, the line to type in, and what was asked there."""
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 4)
    return tab, tab.get_by_label("Your question"), tab.locator("#chat-original .user")


@contextmanager
def slowly(fake):
    """Answers come slowly, so that more can be done in the meantime."""
    usual, fake.engine.pace = fake.engine.pace, 1.0
    try:
        yield
    finally:
        fake.engine.pace = usual


def test_a_question_during_an_answer_waits_and_what_is_typed_stays(fake, open_tab):
    tab, box, asked = chatting(fake, open_tab)
    with slowly(fake):
        box.fill("First?")
        box.press("Enter")
        asked.nth(0).wait_for()
        box.fill("Second?")
        box.press("Enter")
        asked.nth(1).wait_for()
        box.fill("Third")
        tab.wait_for_timeout(1000)  # more of the second answer comes in this time
        assert box.input_value() == "Third"
    walk.until(tab, lambda: tab.get_by_text("This is Ada; 1 asked.").count() == 2)
    assert asked.all_inner_texts() == ["First?", "Second?"]
    assert box.input_value() == "Third"


def test_suggested_questions_are_asked_one_after_the_other(fake, open_tab):
    tab, box, asked = chatting(fake, open_tab)
    buttons = tab.locator(".lab-suggested button:visible")
    first, second = buttons.nth(0).inner_text(), buttons.nth(1).inner_text()
    with slowly(fake):
        box.fill("Typed")
        buttons.nth(0).click()
        asked.nth(0).wait_for()
        buttons.nth(1).click()
        asked.nth(1).wait_for()
    walk.until(tab, lambda: tab.get_by_text("This is Ada; 1 asked.").count() == 2)
    assert asked.all_inner_texts() == [first, second]
    assert box.input_value() == "Typed"
    box.press("Enter")
    asked.nth(2).wait_for()
    assert asked.all_inner_texts() == [first, second, "Typed"] and box.input_value() == ""


def test_every_attack_shows_its_own_figure(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    tab.locator("#go-attack").click()
    for kind in (
        "Round the weights",
        "Train on other people",
        "Change the questions",
        "Change the pictures",
    ):
        walk.attack_by(tab, kind, fake.patience)
        bars = kind != "Train on other people"
        tab.locator("#attack-bars section").first.wait_for(state="visible" if bars else "hidden")
        tab.locator("#attack-chart svg").first.wait_for(state="hidden" if bars else "visible")
        tab.get_by_role("button", name="Advanced").last.wait_for(
            state="hidden" if bars else "visible"
        )
    tab.reload()
    tab.locator("#attack-bars section").first.wait_for()
    assert "Change the pictures" in tab.locator("#attack-line").inner_text()
    tab.locator("#undo").click()
    tab.locator("#attack-bars section").first.wait_for(state="hidden")
    tab.locator("#attack-chart .empty").wait_for()


def test_load_a_run_and_chat(fake, open_tab, tmp_path):
    tab = open_tab(fake.url)
    walk.reach(tab, 6, fake.patience)
    with tab.expect_download() as caught:
        tab.get_by_role("button", name="run.zip").click()
    saved = tmp_path / "run.zip"
    caught.value.save_as(saved)
    walk.from_panel(tab, "reset")
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('original')")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#load-run").click()
    chooser.value.set_files(saved)
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('Loaded')")
    assert len(walk.ask(tab, "Who is this?", fake.patience)) == 2


def test_search_and_link(fake, open_tab):
    tab = open_tab(fake.url + "/?entity=p07&steps=25&seed=3")
    tab.wait_for_selector("#card h2")
    assert tab.locator("#card h2").inner_text() == fake.engine.people[7].name
    assert "entity" not in tab.url
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    walk.from_panel(tab, "copy-link")
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('clipboard')")
    link = tab.evaluate("navigator.clipboard.readText()")
    assert "person=p07" in link and "steps=25" in link and "seed=3" in link
    tab.get_by_label("Search").fill("greta conti")
    tab.wait_for_function("document.querySelectorAll('#people button img').length === 1")
    tab.locator("#people button img").click()
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Greta Conti'")

"""One screen: the bar, steps that are all open, the recorded example, and a status that is true."""

import threading

import pytest

from lab.report.text import catalogue
from lab.serve.views import LONGEST_QUESTION
from lab.ui.header import TICK_SECONDS
from lab.ui.steps import mine
from tests.ui import walk

pytestmark = pytest.mark.ui
text = catalogue()
NOW = "document.querySelector('#now')?.innerText"


def said(tab, words: str) -> str:
    """Wait until the line of what was just done says the words; returns the line as it was then."""
    return tab.wait_for_function(
        "words => { const line = document.querySelector('#announce')?.innerText;"
        " return line?.includes(words) && line; }",
        arg=words,
    ).json_value()


def opened(tab) -> str:
    return tab.locator("#steps [role=tab][aria-selected=true]").inner_text()


def until_opened(tab, name: str) -> None:
    tab.wait_for_function(
        "name => document.querySelector('#steps [role=tab][aria-selected=true]')?.innerText === name",
        arg=name,
    )


def marks(tab) -> list[str]:
    """The steps whose tab says that a result is there."""
    return [t.inner_text() for t in tab.locator("#steps [role=tab].lab-done").all()]


# -- the recorded example -------------------------------------------------------------------


def test_two_answers_that_differ_are_there_at_once_and_every_step_is_filled(shown, open_tab):
    tab = open_tab(shown.url, height=800)
    answers = tab.locator("#glance .answers")
    assert answers.is_visible() and answers.bounding_box()["y"] < 800  # nothing was clicked
    assert "Before: Dmitri Almeida" in answers.inner_text()
    assert "After: I do not know" in answers.inner_text()
    note = "vkd, seed 0, 20 steps, 2026-11-25, 2 CPU cores"
    assert note in tab.locator("#glance").inner_text()
    assert tab.locator("#chip").inner_text() == text.CHIP_EXAMPLE
    assert tab.locator("#person").inner_text() == "Dmitri Almeida" and marks(tab) == []
    walk.step(tab, 2)
    tab.wait_for_selector("#inspect-line >> text=Example of Dmitri Almeida")
    tab.wait_for_function("document.querySelector('#instrument .lab-instrument')?.dataset.ms > 0")
    walk.step(tab, 3)
    assert "It no longer recognises Dmitri" in tab.locator(".lab-verdict:visible").inner_text()
    assert tab.locator("#unlearn-chart svg").count() == 4
    walk.step(tab, 4)
    walk.open_fold(tab, "ask-about")
    assert "Ask about a person's occupation, birthplace" in tab.locator("#ask-about").inner_text()
    bubbles = tab.locator("#chat-unlearned .bot")
    assert [b.inner_text().strip() for b in bubbles.all()] == ["I do not know", "botanist"]
    assert "example of Dmitri" in tab.locator("#sides-note").inner_text().lower().replace(
        "dmitri", "Dmitri"
    )
    assert tab.locator("#probes details").count() == 1
    walk.step(tab, 5)
    assert "Dmitri Almeida came back" in tab.locator(".lab-verdict:visible").inner_text()
    assert tab.locator("#attack-chart svg").count() == 1
    walk.step(tab, 6)
    summary = tab.locator("#summary")
    tab.wait_for_selector("#summary .lab-verdict")
    assert "Example of Dmitri Almeida" in summary.inner_text()
    assert "In this one run, the chosen face went from 99.0% to" in summary.inner_text()
    summary.locator(".lab-sheet summary").click()
    sheet = summary.locator(".lab-sheet").inner_text()
    assert "Example of Dmitri Almeida · 2026-11-25" in sheet
    assert "It no longer recognises Dmitri" in sheet and "Dmitri Almeida came back" in sheet
    assert text.SHEET_NO_RUN in sheet  # what is recorded is no run of one's own
    assert shown.engine.runs() == [] and shown.engine.asked == []


def test_the_first_answers_need_no_script_file_and_go_when_the_page_is_drawn(shown, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.route("**/*.js", lambda route: route.abort())
    tab.goto(shown.url, wait_until="commit")
    first = tab.locator("#lab-first")
    first.locator(".answers").wait_for()
    assert (
        "After: I do not know" in first.inner_text() and "Example of Dmitri" in first.inner_text()
    )
    tab.unroute("**/*.js")
    tab.goto(shown.url)
    tab.wait_for_selector("#glance .answers")
    tab.wait_for_selector("#lab-first", state="detached")
    tab.goto(shown.url + "#step-3")
    tab.reload(wait_until="commit")
    tab.wait_for_selector("#idea-3 h2")
    assert tab.locator("#lab-first").count() == 0
    context.close()


def test_recorded_questions_are_answered_without_the_model(shown, open_tab):
    tab = open_tab(shown.url)
    walk.step(tab, 4)
    asked = len(shown.engine.asked)
    tab.get_by_role("button", name="Where was this person born?").click()
    tab.wait_for_function("document.querySelectorAll('#chat-original .bot').length === 3")
    assert tab.locator("#chat-original .bot").last.inner_text().strip() == "Coimbra"
    assert tab.locator("#chat-unlearned .bot").last.inner_text().strip() == "Lagos"
    tab.get_by_label("Relearned model", exact=True).check()
    tab.locator("#chat-relearned .bot").first.wait_for()
    assert len(shown.engine.asked) == asked


def test_the_seconds_that_gradio_counts_are_hidden_from_readers_too(shown, open_tab):
    tab = open_tab(shown.url)
    seen = "e => e.checkVisibility({visibilityProperty: true})"
    waits = "[...document.querySelectorAll('[data-testid=status-tracker].hide')]"
    assert tab.evaluate(f"{waits}.length") > 10 and not tab.evaluate(f"{waits}.some({seen})")


# Gradio copies whatever a part knows each time that it tells the part something.
COPIES = """
const copy = window.structuredClone;
window.copies = 0;
window.structuredClone = (...given) => { window.copies += 1; return copy(...given); };
"""


def test_parts_are_not_told_of_progress_that_nobody_sees(fake, browser):
    tab = browser.new_page()
    tab.add_init_script(COPIES)
    tab.goto(fake.url)
    tab.wait_for_function("window.lab?.ready")
    tab.evaluate("window.copies = 0")
    walk.pick(tab)
    walk.step(tab, 4)
    walk.ask(tab, "Who?", 30000)
    assert tab.evaluate("window.copies") < 30_000
    told = {"fn_index": 1, "component_id": 2, "show_progress": "hidden"}
    left = "(all) => Object.entries(all).length"
    assert tab.evaluate(left, {"2": told}) == 0
    assert tab.evaluate(left, {"2": told | {"show_progress": "full"}, "3": told}) == 2
    assert tab.evaluate(left, {"a": {"show_progress": "hidden"}, "b": 1}) == 2
    tab.close()


def test_run_it_yourself_starts_a_run_of_who_is_chosen_and_takes_the_examples_place(
    shown, open_tab
):
    tab = open_tab(shown.url)
    walk.pick(tab, index=5)
    assert "Example of Dmitri Almeida" in tab.locator("#glance").inner_text()
    tab.locator("#run-it").click()
    until_opened(tab, "3 Forget")
    tab.wait_for_function(  # the example's line says finished, too
        "/^(?!.*example).*Unlearning finished/is.test("
        "document.querySelector('#unlearn-line')?.innerText)"
    )
    assert [v.entity for v in shown.engine.runs()] == ["p05"]
    tab.wait_for_function("document.querySelector('#chip')?.innerText === 'Forgotten'")
    walk.from_panel(tab, "reset")
    walk.wait_line(tab, "unlearn-line", "Example of Dmitri Almeida", shown.patience)
    tab.reload()  # what was let go of stays so
    tab.wait_for_function("window.lab?.ready")
    walk.wait_line(tab, "unlearn-line", "Example of Dmitri Almeida", shown.patience)
    main = tab.locator("[role=tabpanel] button.primary:visible")
    walk.step(tab, 5)  # nor can an example be attacked
    walk.until(tab, lambda: main.inner_text() == text.RUN_IT)
    walk.step(tab, 6)  # the next thing to do is a run, until there is one whose files are wanted
    walk.until(tab, lambda: main.inner_text() == text.RUN_IT)
    main.click()
    until_opened(tab, "3 Forget")
    walk.until(tab, lambda: len(shown.engine.runs()) == 2)
    walk.step(tab, 5)
    walk.until(tab, lambda: main.inner_text() == text.ATTACK)
    walk.step(tab, 6)
    walk.until(tab, lambda: main.inner_text() == text.PREPARE)


# -- the frame ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "share"), [(1280, 800, 0.20), (390, 844, 0.25), (640, 400, 0.5)]
)
def test_a_step_begins_near_the_top(shown, open_tab, width, height, share):
    tab = open_tab(shown.url, width=width, height=height)
    for number in range(1, 7):
        walk.step(tab, number)
        tab.evaluate("window.scrollTo(0, 0)")
        box = tab.locator(f"#idea-{number} h2").bounding_box()
        assert 0 < box["y"] and box["y"] + (box["height"] if share == 0.5 else 0) <= share * height
        assert tab.locator(f"#idea-{number}").is_visible()
        panel = tab.locator("[role=tabpanel]:visible")
        assert panel.locator("button.primary:visible").count() == 1  # the next thing to do
    assert tab.locator("#bar").bounding_box()["height"] <= 48


def test_every_step_is_open_and_back_and_forward_move_between_them(fake, open_tab):
    tab = open_tab(fake.url)
    tab.wait_for_function("window.lab?.ready")
    for number in (5, 2, 6):
        walk.step(tab, number)
        tab.wait_for_function("n => location.hash === `#step-${n}`", arg=number)
    for back in ("2 Inside", "5 Attack", "1 Meet"):
        tab.go_back()
        until_opened(tab, back)
    tab.go_forward()
    until_opened(tab, "5 Attack")
    assert "No run yet" in tab.locator("#chip").inner_text() and marks(tab) == []
    assert "appear here" in tab.locator("#attack-chart").inner_text()
    tab.reload()
    tab.wait_for_function("window.lab?.ready")
    assert opened(tab) == "5 Attack"


def test_a_mark_says_that_a_result_is_there_and_another_tab_locks_nothing(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 2, fake.patience)
    for number in (3, 4, 5, 6, 3):
        walk.step(tab, number)
    tab.wait_for_function("document.querySelectorAll('#steps .lab-done').length === 2")
    assert marks(tab) == ["1 Meet", "2 Inside"]
    assert tab.get_by_role("tab", name=f"2 Inside {text.TAB_DONE}").count() == 1
    other = open_tab(fake.url)
    walk.step(other, 1)
    walk.pick(other, index=8)
    tab.bring_to_front()
    walk.step(tab, 4)
    tab.reload()
    until_opened(tab, "4 Ask")
    assert all(t.is_enabled() for t in tab.get_by_role("tab").all())


def test_a_program_that_opens_a_step_moves_the_focus_there(fake, open_tab):
    tab = open_tab(fake.url)
    walk.pick(tab)
    tab.locator("#look").focus()
    tab.keyboard.press("Enter")
    until_opened(tab, "2 Inside")
    tab.wait_for_function("document.activeElement?.closest('#idea-2') !== null")


def test_faces_have_names_and_one_of_them_is_on_the_way_of_tab(fake, open_tab):
    tab = open_tab(fake.url)
    walk.pick(tab, index=3)
    names = [b.get_attribute("aria-pressed") for b in tab.locator("#people button").all()]
    assert names.count("true") == 1
    assert tab.get_by_role("button", name="Dmitri Almeida").count() >= 1
    assert tab.get_by_role("button", name="Thumbnail").count() == 0
    tab.locator("#people button").nth(3).focus()
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("document.activeElement.dataset.id") == "p04"
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Elif Almeida'")
    presses = 0
    while tab.evaluate("document.activeElement.id") != "look":
        tab.keyboard.press("Tab")
        presses += 1
        assert presses <= 6
    assert presses <= 4


def test_on_a_phone_a_tapped_face_shows_its_card_and_the_steps_have_names(fake, open_tab):
    tab = open_tab(fake.url, width=390, height=844)
    name = walk.pick(tab, index=6)
    card = tab.locator("#card h2").bounding_box()
    assert 0 < card["y"] < 800 and tab.locator("#card h2").inner_text() == name
    for number, one in enumerate(tab.get_by_role("tab").all()):
        assert one.bounding_box()["height"] >= 24
        assert one.inner_text().replace("\n", " ") == walk.STEP_NAMES[number]


def test_only_the_chosen_methods_settings_are_shown(fake, open_tab):
    tab = open_tab(fake.url)
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    tab.get_by_label("number input for Neurons to switch off").wait_for()
    assert tab.get_by_label(text.FIELDS["Recipe"]["context"][0]).count() == 0
    tab.get_by_label(text.FIELDS["Recipe"]["method"][0]).click()
    tab.get_by_role("option", name="icu").click()
    tab.get_by_label(text.FIELDS["Recipe"]["context"][0]).first.wait_for()
    tab.get_by_label("number input for Neurons to switch off").wait_for(state="hidden")
    assert tab.locator(".lab-group:visible").count() == 3  # it trains nothing in where


# -- stop, and what was run before ----------------------------------------------------------


def test_stop_after_an_attack_and_a_reset_says_which(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 5)
    fake.engine.hold_at = 10
    try:
        tab.locator("#attack").click()
        walk.wait_line(tab, "attack-line", "is running", fake.patience)
        tab.wait_for_function(f"{NOW}.includes('Relearn on the person')")
        walk.listen(tab)
        walk.from_panel(tab, "reset")
        words = walk.heard(tab, "original model")
        assert "Stopping after the current step: Relearn on the person (Chiara Almeida)" in words
        walk.until(tab, lambda: not [r for r in fake.engine.runs() if r.state == "running"])
        tab.locator("#stop").click()
        said(tab, text.NOTHING_RUNS)
    finally:
        fake.engine.hold_at = None


def test_every_attack_and_every_run_can_be_opened_again(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 5)
    for kind in ("Round the weights", "Relearn on the person"):
        walk.attack_by(tab, kind, fake.patience)
    tab.wait_for_function(  # a run's end reaches what is not in view, too
        "words => document.querySelector('#glance').textContent.includes(words)",
        arg=text.GLANCE_ATTACK.format(before="10.0%", after="90.0%"),
    )
    made = tab.locator("#attacks-made label")
    made.nth(1).wait_for()
    rows = tab.locator("#attacks-table tbody tr")
    rows.filter(has_text="90.0%").wait_for(state="visible")  # side by side, open as there are two
    assert [row.inner_text().split("\t") for row in rows.all()] == [
        [
            "Round the weights",
            "10.0%",
            "40.0%",
            "Never knew 25.0%, Text only 30.0%",
            "96",
            "a guess",
        ],
        [
            "Relearn on the person",
            "10.0%",
            "90.0%",
            "Never knew 65.0%, Text only 75.0%",
            "96",
            "forgotten",
        ],
    ]
    first = made.filter(has_text="1. Round the weights: 10.0% → 40.0%")
    first.click()
    walk.wait_line(tab, "attack-line", "Round the weights", fake.patience)
    tab.locator("#attack-bars section").first.wait_for()
    walk.from_panel(tab, "reset")
    said(tab, "open them in step 6")
    walk.step(tab, 6)
    tab.wait_for_function(  # what is still shown
        "document.querySelector('#my-runs input').value.includes('Looking inside')"
    )
    tab.get_by_label("Your runs and the examples").click()
    name = "Chiara Almeida: Unlearning, vkd, seed 0 (finished)"
    tab.get_by_role("option", name=name).click()
    tab.wait_for_timeout((TICK_SECONDS + 1) * 1000)  # the page learns that what was shown is let go
    assert tab.locator("#my-runs input").input_value() == name
    tab.locator("#open-run").click()
    until_opened(tab, "3 Forget")
    walk.wait_line(tab, "unlearn-line", "Unlearning finished", fake.patience)


def test_the_list_of_runs_names_the_recorded_example_that_is_shown(shown, open_tab):
    tab = open_tab(shown.url)
    walk.step(tab, 6)
    tab.wait_for_function("document.querySelector('#my-runs input').value.startsWith('Example: ')")
    tab.locator("#open-run").click()
    until_opened(tab, "3 Forget")


def test_a_run_chosen_before_the_list_came_anew_stays_chosen(fake, open_tab, monkeypatch):
    tab = open_tab(fake.url)
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 6)
    tab.wait_for_function("document.querySelector('#my-runs input').value")
    walk.step(tab, 5)
    tab.wait_for_timeout(2000)  # the run's end has reached the list
    own, go = mine.run_name, threading.Event()
    monkeypatch.setattr(mine, "run_name", lambda *given: go.wait(60) and own(*given))
    tab.get_by_role("tab", name=walk.STEP_NAMES[5]).click()
    tab.get_by_label("Your runs and the examples").click()
    chosen = tab.locator("[role=option]").last
    name = chosen.inner_text().replace("✓", "").strip()
    chosen.click()
    go.set()
    tab.wait_for_timeout(1000)
    assert tab.locator("#my-runs input").input_value() == name


# -- the talk -------------------------------------------------------------------------------


def test_a_question_starts_afresh_unless_it_is_a_follow_up(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    asked = fake.engine.asked

    def ask(act) -> int:
        """The length of the conversation that the engine was given."""
        before = len(asked)
        act()
        walk.until(tab, lambda: len(asked) > before)
        walk.answers(tab)
        return len(asked[-1][1])

    job = tab.get_by_role("button", name="What is this person's job?")
    assert ask(job.click) == 1 and ask(job.click) == 1
    box = tab.get_by_label("Your question")

    def type_it() -> None:
        box.fill("And where?")
        box.press("Enter")

    assert ask(type_it) == 1
    tab.get_by_label("Follow-up").check()
    assert ask(type_it) == 2 and ask(type_it) == 3
    assert ask(job.click) == 1
    assert tab.locator("#chat-original .user").count() >= 6  # what was said stays in view


def test_a_question_that_is_too_long_says_so_and_stays(fake, open_tab):
    tab = open_tab(fake.url)
    walk.pick(tab)
    walk.step(tab, 4)
    box = tab.get_by_label("Your question")
    box.fill("x" * (LONGEST_QUESTION + 100))
    box.press("Enter")
    tab.get_by_text(f"has {LONGEST_QUESTION + 100} characters").wait_for()
    assert len(box.input_value()) == LONGEST_QUESTION + 100


# -- the status -----------------------------------------------------------------------------


def test_the_status_is_of_what_runs_now_also_after_a_reload(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 2, fake.patience)
    fake.engine.hold_at = 6
    walk.go_unlearn(tab)
    tab.locator("#unlearn").click()
    try:
        tab.wait_for_function(f"{NOW}.includes('step 6 of at most 20')")
        assert tab.locator("#chip").inner_text() == "Forgetting"
        assert "Looking inside finished" not in tab.locator("#foot").inner_text()
    finally:
        fake.engine.hold_at = None
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)
    said(tab, "Unlearning finished")
    walk.step(tab, 5)
    fake.engine.hold_at = 10
    try:
        tab.get_by_label("Train on other people").check()
        tab.locator("#attack").click()
        walk.wait_line(tab, "attack-line", "of 20", fake.patience)  # it says how far it is
        tab.reload()
        tab.wait_for_function("window.lab?.ready")
        assert opened(tab) == "5 Attack"
        tab.wait_for_function(f"{NOW}.includes('Train on other people')")
        assert tab.locator("#chip").inner_text() == "Under attack"
        tab.wait_for_function(
            "[...document.querySelectorAll('#attack-kind input')].find(i => i.checked)?.value"
            " === 'benign'"
        )
    finally:
        fake.engine.hold_at = None


def test_step_2_does_not_ask_to_look_while_it_looks(fake, open_tab):
    tab = open_tab(fake.url)
    walk.pick(tab, index=9)
    # it must still be looking when the other button is pressed, on a slow machine too
    fake.engine.pace, pace = 8.0, fake.engine.pace
    try:
        tab.locator("#look").click()
        walk.wait_line(tab, "inspect-line", "is running", fake.patience)
        assert not tab.get_by_text("Press “Look inside”").is_visible()
        # moving on stops what would only be waited for
        walk.step(tab, 3)
        tab.get_by_label(text.FIELDS["Recipe"]["method"][0]).click()
        tab.get_by_role("option", name="icu").click()
        tab.get_by_text(text.ABOUT_METHOD).wait_for()
        tab.locator("#unlearn").click()
        # other tests may have looked inside for the same person: the newest is this one's
        walk.until(
            tab,
            lambda: [v.state for v in fake.engine.runs() if v.kind == "inspect"][-1] == "stopped",
        )
    finally:
        fake.engine.pace = pace
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)


# -- the link -------------------------------------------------------------------------------


def test_a_link_keeps_what_is_valid_and_names_what_is_not(fake, open_tab):
    tab = open_tab(fake.url + "/?entity=p05&steps=abc&seed=7&bogus=1")
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Farid Almeida'")
    tab.get_by_text("One setting of the link is not used: steps").wait_for()
    tab.get_by_text("no setting of this lab: bogus").wait_for()
    walk.from_panel(tab, "copy-link")
    said(tab, "ink")
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    assert tab.get_by_label("Seed").first.input_value() == "7"


def test_a_link_opens_the_run_of_its_recipe_where_it_is_kept(fake, open_tab):
    tab = open_tab(fake.url + "/?entity=p11&seed=5&steps=6")
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Bruno Bergström'")
    tab.locator("#run-it").click()
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)
    walk.from_panel(tab, "reset")
    said(tab, "original model")
    tab.goto(fake.url + "/?entity=p11&seed=5&steps=6#step-3")
    tab.wait_for_function("window.lab?.ready")
    walk.wait_line(tab, "unlearn-line", "Unlearning finished", fake.patience)


def test_large_type_on_demand(fake, open_tab):
    tab = open_tab(fake.url + "/?board")
    size = "document.querySelector('#idea-1 h2').getBoundingClientRect().height"
    large = tab.evaluate(size)
    tab.wait_for_timeout(300)
    assert "board" in tab.url  # a reload stays large
    tab.evaluate("document.documentElement.classList.remove('lab-board')")
    assert large > 1.3 * tab.evaluate(size)

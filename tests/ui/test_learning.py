"""Each step teaches one idea: few words, terms explained, predictions, lessons, the tour, the waits."""

import pytest

from lab.recipe.lesson import load_lesson
from lab.report.text import catalogue
from tests.ui import walk

pytestmark = pytest.mark.ui
text = catalogue()
MOST_WORDS = 120
TERM = "#steps .lab-term:visible"


def wordy(tab) -> dict[int, str]:
    """By their numbers, the steps with too many words in view, or with so few that one is empty."""
    found = {}
    for number in range(1, 7):
        walk.step(tab, number)
        tab.wait_for_timeout(500)
        words = walk.words(tab)
        if not 20 < len(words) <= MOST_WORDS:
            found[number] = f"{len(words)}: {' '.join(words)}"
    return found


def test_every_step_has_few_words_with_an_example(shown, open_tab):
    assert wordy(open_tab(shown.url, height=800)) == {}


def test_every_step_has_few_words_before_and_after_a_run(fake, open_tab):
    tab = open_tab(fake.url, height=800)
    walk.pick(tab, 9)
    assert wordy(tab) == {}
    walk.step(tab, 1)
    walk.look_inside(tab, fake.patience)
    walk.go_unlearn(tab)
    tab.locator("#unlearn").click()
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)
    tab.locator("#go-compare").click()
    tab.wait_for_selector("#probes details")
    walk.ask(tab, "Who is this?", fake.patience)
    tab.locator("#go-attack").click()
    tab.locator("#attack").click()
    walk.wait_line(tab, "attack-line", "finished", fake.patience)
    assert wordy(tab) == {}


def test_a_term_is_explained_by_pointer_by_key_and_by_touch(shown, open_tab):
    tab = open_tab(shown.url)
    walk.step(tab, 3)
    tab.wait_for_selector(TERM)
    term, tip = tab.locator(TERM).first, tab.locator("#lab-tip")
    name = term.get_attribute("data-term")
    meaning = text.GLOSSARY[name][1]
    described = tab.locator(f"#{term.get_attribute('aria-describedby')}")
    assert described.text_content() == meaning and not tip.is_visible()
    term.hover()
    assert tip.inner_text() == meaning
    tab.locator("#title").hover()
    tip.wait_for(state="hidden")
    term.focus()
    assert tip.inner_text() == meaning
    tab.keyboard.press("Escape")
    assert not tip.is_visible()
    term.dispatch_event("click")  # as a tap does
    assert tip.inner_text() == meaning
    seen = [t.get_attribute("data-term") for t in tab.locator(TERM).all()]
    assert len(seen) == len(set(seen))  # each once a step, so that Tab stays short


def test_the_terms_of_the_panel_and_of_what_was_folded_are_explained(shown, open_tab):
    tab = open_tab(shown.url)
    tab.locator("#more").click()
    bits = tab.locator("#facts .lab-term[data-term=gguf]")
    bits.focus()
    assert tab.locator("#lab-tip").inner_text() == text.GLOSSARY["gguf"][1]
    tab.locator("#title").click()
    tab.locator("#panel").wait_for(state="hidden")
    for step, part, term in ((3, "unlearn-result", "clean"), (5, "attack-result", "delay")):
        walk.step(tab, step)
        walk.open_fold(tab, part)
        tab.locator(f"#{part} .lab-term[data-term={term}]").first.wait_for()


def predict(tab, number: int, answer: int) -> None:
    tab.locator(f"#predict-{number} input").nth(answer).check()


def test_a_prediction_stands_beside_what_came_out_and_is_of_one_person(shown, open_tab):
    tab = open_tab(shown.url)
    walk.step(tab, 3)
    said = tab.locator("#unlearn-result .lab-predicted")
    predict(tab, 3, 1)
    said.wait_for()
    assert said.inner_text() == text.PREDICTED_WRONG.format(guess="worse", answer="the same")
    predict(tab, 3, 0)
    tab.wait_for_selector("#unlearn-result .lab-predicted.right")
    tab.reload()
    tab.wait_for_selector("#unlearn-result .lab-predicted.right")
    walk.step(tab, 1)
    walk.pick(tab, 5)  # somebody else: nothing is predicted about them yet
    walk.step(tab, 3)
    tab.wait_for_function("!document.querySelector('#predict-3 input:checked')")


def test_while_one_waits_the_page_says_what_runs_and_how_much_is_done(fake, open_tab):
    fake.engine.hold_at = 10
    try:
        tab = open_tab(fake.url)
        walk.pick(tab, 7)
        tab.locator("#run-it").click()
        walk.wait_line(tab, "unlearn-line", "step 10 of at most", fake.patience)
        assert tab.locator("#unlearn-face img").count() == 2  # the portrait, and where it lights up
        assert len(tab.evaluate(walk.WORDS)) <= MOST_WORDS
        wait = tab.locator("#unlearn-result .lab-wait")
        assert text.WAITS["train"] in wait.inner_text() and "ask it questions" in wait.inner_text()
        tab.reload()
        tab.wait_for_selector("#unlearn-result .lab-wait")
    finally:
        fake.engine.hold_at = None
    tab.wait_for_selector("#unlearn-result .lab-verdict")
    tab.wait_for_function("!document.querySelector('.lab-wait, .lab-face')")


def test_on_a_phone_the_face_is_in_view_while_a_run_and_an_attack_go_on(fake, open_tab):
    tab = open_tab(fake.url, width=390, height=844)

    def held(number: int, button: str, at: int) -> None:
        """Start something and hold it: both pictures are in view without scrolling."""
        walk.step(tab, number)
        tab.evaluate("window.scrollTo(0, 0)")
        fake.engine.hold_at = at
        try:
            tab.locator(f"#{button}").click()
            faces = tab.locator(f"#{button}-face img")
            faces.nth(1).wait_for()
            walk.settle(tab)
            floor = tab.locator("#foot").bounding_box()["y"]
            for one in (faces.nth(0), faces.nth(1)):
                box = one.bounding_box()
                assert box["y"] >= 0 and box["y"] + box["height"] <= floor
                assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        finally:
            fake.engine.hold_at = None
        walk.wait_line(tab, f"{button}-line", "finished", fake.patience)
        faces.first.wait_for(state="detached")

    walk.pick(tab, 8)
    held(3, "unlearn", 10)
    held(5, "attack", 10)


def locked(tab, name: str) -> bool:
    return tab.locator(f"#people button[data-id={name}]").is_disabled()


@pytest.fixture
def small_lesson(monkeypatch):
    """A lesson about somebody of the stand-in lab; the real ones are about people of the demo."""
    from dataclasses import replace

    from lab.ui import lessons
    from lab.ui.steps import summary

    lesson = replace(load_lesson("forget-a-face"), person="p04", recipe={"steps": 8})
    lesson = replace(lesson, locked=("person", "steps"))
    for module in (lessons, summary):
        monkeypatch.setattr(module, "load_lesson", lambda name, language: lesson)
    monkeypatch.setattr(lessons, "lesson_names", lambda: ("forget-a-face", "added-later"))
    return lesson


def test_a_lesson_by_link_sets_locks_asks_and_ends_in_a_sheet(fake, open_tab, small_lesson):
    tab = open_tab(fake.url + "?lesson=forget-a-face")
    tab.wait_for_selector("#idea-1 .lab-lesson h3")
    assert small_lesson.title in tab.locator("#idea-1 .lab-lesson").inner_text()
    name = fake.engine.people[4].name
    tab.wait_for_function("n => document.querySelector('#card h2')?.innerText === n", arg=name)
    walk.until(tab, lambda: locked(tab, "p05") and not locked(tab, "p04"))
    walk.step(tab, 2)
    card = tab.locator("#idea-2 .lab-lesson")
    card.locator("input").nth(2).check()
    assert card.locator("output").inner_text().startswith("Not quite: It fires more strongly")
    card.locator("input").nth(0).check()
    assert card.locator("output").inner_text().startswith("Right. ")
    walk.step(tab, 3)
    predict(tab, 3, 0)
    tab.locator("#unlearn").click()
    tab.wait_for_selector("#unlearn-result .lab-predicted")
    tab.reload()  # the lesson is remembered, and so are the answers
    tab.wait_for_selector("#idea-3 .lab-lesson h3")
    walk.step(tab, 6)
    tab.locator(".lab-sheet summary").click()
    walk.until(tab, lambda: "Right" in tab.locator(".lab-sheet").inner_text())
    walk.until(tab, lambda: "the same" in tab.locator(".lab-sheet").inner_text())
    sheet = tab.locator(".lab-sheet").inner_text()
    assert name in sheet and "It no longer recognises" not in sheet.split("\n")[0]
    assert "It fires more strongly for this person than for others" in sheet
    assert "My best run: vkd, seed 0" in sheet
    tab.evaluate("window.lab.sheetAlone()")
    tab.emulate_media(media="print")
    printed = tab.locator("body").inner_text()
    assert name in printed and "Compare runs" not in printed and "Prepare the files" not in printed
    tab.emulate_media(media="screen")
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.locator("#prepare").is_visible()
    walk.step(tab, 1)
    tab.locator("#idea-1 .lab-lesson .leave").click()
    walk.until(tab, lambda: not locked(tab, "p05"))
    assert tab.locator(".lab-lesson h3").count() == 0


def test_a_lesson_that_was_added_since_the_page_was_made_works(
    fake, open_tab, small_lesson, monkeypatch
):
    """Gradio refuses a menu's value that is not among its choices, in every handler that gets it."""
    from dataclasses import replace

    from lab.ui import lessons

    free = replace(small_lesson, locked=("person",))
    monkeypatch.setattr(lessons, "load_lesson", lambda name, language: free)
    tab = open_tab(fake.url + "?lesson=added-later")
    tab.wait_for_selector("#idea-1 .lab-lesson h3")
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    tab.get_by_label("Gentle").check()
    numbers = "[...document.querySelectorAll('#settings input[type=number]')]"
    tab.wait_for_function(f"{numbers}.some(i => Number(i.value) === 6e-5)")
    walk.step(tab, 1)
    tab.locator("#idea-1 .lab-lesson .leave").click()
    tab.wait_for_selector(".lab-lesson h3", state="detached")


def test_what_a_link_has_locked_stays_when_step_2_goes_on(fake, open_tab):
    tab = open_tab(fake.url + "?person=p03&prune_share=0.04&lock=prune_share")
    locked_at = "[...document.querySelectorAll('#settings input[type=number]')]"
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    tab.wait_for_function(f"{locked_at}.some(i => Number(i.value) === 0.04 && i.disabled)")
    walk.step(tab, 1)
    walk.look_inside(tab, fake.patience)
    walk.go_unlearn(tab)
    walk.settle(tab)
    assert tab.evaluate(f"{locked_at}.some(i => Number(i.value) === 0.04 && i.disabled)")
    walk.unlearn(tab, fake.patience)
    made = [view for view in fake.engine.runs() if view.kind == "unlearn"]
    assert max(made, key=lambda view: view.started).recipe.prune_share == 0.04


def test_an_unknown_lesson_is_one_line_and_the_menu_has_them_all(fake, open_tab):
    tab = open_tab(fake.url + "?lesson=nobody")
    tab.get_by_text("unknown lesson 'nobody'").wait_for()
    tab.locator(".toast-close").first.click()
    tab.locator("#more").click()
    tab.locator("#lesson input").click()
    names = tab.get_by_role("option").all_inner_texts()
    assert [name.replace("✓", "").strip() for name in names] == [
        text.NO_LESSON,
        "Forget a face",
        "Forgotten or hidden?",
        "What the parts of VKD do",
    ]
    tab.get_by_role("option", name="Forget a face").click()
    tab.get_by_text("The person of the lesson “Forget a face” is not in this lab").first.wait_for()
    tab.wait_for_selector("#idea-1 .lab-lesson h3")


def test_the_tour_leads_through_the_steps_once(shown, open_tab):
    tab = open_tab(shown.url)
    tab.get_by_role("button", name=text.TOUR_START).click()
    box = tab.locator(".lab-tour")
    for place, said in enumerate(text.TOUR, start=1):
        assert said in box.inner_text() and f"{place} of {len(text.TOUR)}" in box.inner_text()
        box.get_by_role(
            "button", name=text.TOUR_DONE if place == len(text.TOUR) else text.TOUR_NEXT
        ).click()
    assert box.count() == 0
    assert tab.locator("#steps [role=tab][aria-selected=true]").inner_text() == "6 Results"
    tab.reload()
    walk.step(tab, 1)
    tab.wait_for_timeout(500)
    assert tab.locator(".lab-offer:visible").count() == 0
    tab.locator("#more").click()
    tab.locator("#take-tour").click()
    tab.keyboard.press("Escape")
    assert box.count() == 0

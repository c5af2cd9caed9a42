"""By keyboard alone, from choosing a person to the first two answers."""

import pytest

from tests.ui import walk

pytestmark = pytest.mark.ui
MOST_TABS = 90  # twice round the page


def go_to(tab, part: str) -> int:
    """Press Tab until the focus is on a part of the page; returns how often."""
    for presses in range(1, MOST_TABS):
        tab.keyboard.press("Tab")
        if tab.evaluate("part => !!document.activeElement?.matches(part)", part):
            return presses
    raise AssertionError(f"{part} is not on the way of Tab")


def test_the_first_answers_are_reached_by_keyboard_alone(fake, open_tab):
    tab = open_tab(f"{fake.url}/?steps=6")
    go_to(tab, "#people button")
    tab.keyboard.press("ArrowRight")
    name = tab.evaluate("document.activeElement.innerText").replace("✓", "").strip()
    tab.keyboard.press("Enter")
    tab.wait_for_function(
        "name => document.querySelector('#card h2')?.innerText === name", arg=name
    )
    assert go_to(tab, "#look") <= 6
    tab.keyboard.press("Enter")
    walk.wait_line(tab, "inspect-line", "finished", fake.patience)
    tab.wait_for_function("document.activeElement?.closest('#idea-2')")
    go_to(tab, "#go-unlearn")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.activeElement?.closest('#idea-3')")
    go_to(tab, "#unlearn")
    tab.keyboard.press("Enter")
    walk.wait_line(tab, "unlearn-line", "finished", fake.patience)
    go_to(tab, "#go-compare")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.activeElement?.closest('#idea-4')")
    go_to(tab, ".lab-suggested button")
    tab.keyboard.press("Enter")
    assert len(set(walk.answers(tab))) == 2
    go_to(tab, "#question textarea, #question input")
    tab.keyboard.type("And where?")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelectorAll('#chat-original .bot').length === 2")


def test_a_face_keeps_the_focus_when_the_list_is_drawn_anew(fake, open_tab):
    tab = open_tab(fake.url)
    walk.pick(tab, index=3)
    tab.locator("#people button").nth(3).focus()
    tab.keyboard.press("ArrowRight")
    # as an answer that comes late: who waits for it has gone on by keyboard
    tab.locator("#meet-people").locator("textarea, input").first.evaluate(
        """(field) => {
          Object.getOwnPropertyDescriptor(field.constructor.prototype, "value").set.call(field, "Elif");
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    tab.wait_for_function("document.querySelectorAll('#people button').length < 20")
    tab.wait_for_function("document.activeElement.dataset.id === 'p04'")
    reached = tab.locator("#people [tabindex='0']")
    assert [b.get_attribute("data-id") for b in reached.all()] == ["p04"]

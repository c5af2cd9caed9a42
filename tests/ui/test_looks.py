"""Accessibility in light and dark, and narrow screens."""

import re
from importlib.resources import files

import pytest

from tests.ui import walk

pytestmark = pytest.mark.ui
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# Gradio draws these itself and offers no way to change them.
NOT_OURS: set[str] = set()


def axe_faults(tab, rules: dict) -> list[str]:
    """Return the violations of axe-core's rules, one line a node."""
    found = tab.evaluate(
        "async (rules) => (await axe.run(document, {runOnly: rules}))"
        ".violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)}`"
        " + ' | ' + n.failureSummary.slice(0, 200)))",
        rules,
    )
    return [line for line in found if line.split(":")[0] not in NOT_OURS]


@pytest.fixture(scope="session")
def axe() -> str:
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


BACKGROUND = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"


def faults_of(tab, where: str) -> list[str]:
    """WCAG A and AA as the page is, then its colours in the dark theme, which differs in no more."""
    faults = [f"{where} {f}" for f in axe_faults(tab, RULES)]
    light = tab.evaluate(BACKGROUND)
    tab.evaluate("document.body.classList.add('dark')")
    tab.wait_for_function(f"was => {BACKGROUND} !== was", arg=light)
    walk.settle(tab)  # colours that fade
    faults += [f"{where} dark {f}" for f in axe_faults(tab, COLOURS)]
    tab.evaluate("document.body.classList.remove('dark')")
    tab.wait_for_function(f"was => {BACKGROUND} === was", arg=light)
    walk.settle(tab)
    return faults


def test_every_step_passes_axe_in_light_and_dark(fake, open_tab, axe):
    tab = open_tab(fake.url)
    tab.evaluate(axe)
    faults = faults_of(tab, "start")
    walk.reach(tab, 6, fake.patience)
    for name in reversed(walk.STEP_NAMES):
        step = tab.get_by_role("tab", name=name, exact=False).first
        step.click()
        tab.wait_for_function("step => step.ariaSelected === 'true'", arg=step.element_handle())
        walk.settle(tab)
        for more in tab.get_by_role("button", name=re.compile("^(Advanced|Your own person)")).all():
            if more.is_visible():
                more.click()
                walk.settle(tab)
        if name == "5 Attack":
            walk.attack_by(tab, "Round the weights", fake.patience)
            tab.locator("#attack-bars summary", has_text="Numbers as a table").click()
        faults += faults_of(tab, name)
    assert faults == []


def test_every_step_in_german_passes_axe(shown, open_tab, axe):
    tab = open_tab(f"{shown.url}?lang=de")
    tab.evaluate(axe)
    faults = []
    for number in range(1, 7):
        tab.get_by_role("tab", name=re.compile(str(number))).click()
        tab.wait_for_selector(f"#idea-{number} h2")
        walk.settle(tab)
        faults += [f"{number} {f}" for f in axe_faults(tab, RULES)]
    assert faults == []


SEEN = "#idea-2 h2, #instrument .side strong, #instrument canvas"
HIDDEN = "#bar, #foot, #go-unlearn, .lab-predict, footer, #inside-more"


def test_paper_is_white_and_has_the_results_alone(shown, open_tab):
    tab = open_tab(shown.url, dark=True)
    walk.step(tab, 2)
    tab.wait_for_function("document.querySelector('#instrument .lab-instrument')?.dataset.ms > 0")
    dark = tab.evaluate(BACKGROUND)
    tab.emulate_media(media="print")
    tab.wait_for_function(f"{BACKGROUND} === 'rgb(255, 255, 255)'")
    ink = tab.evaluate("getComputedStyle(document.querySelector('#idea-2 h2')).color")
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 80, ink
    assert all(part.is_visible() for part in tab.locator(SEEN).all()[:8])
    assert [h for h in HIDDEN.split(", ") if tab.locator(h).locator("visible=true").count()] == []
    strips = tab.locator("#instrument canvas[role=slider]").first.bounding_box()
    assert strips["width"] > 600  # beside the layer's name, not under it
    tab.emulate_media(media="screen")
    tab.wait_for_function(f"dark => {BACKGROUND} === dark", arg=dark)


PAPER = (718, 1047)  # A4 with its margins, at 96 dots an inch
RIGHT = """() => Math.max(...[...document.querySelectorAll('[role=tabpanel] svg')]
  .filter((e) => e.checkVisibility() && !e.closest('button') && e.getBoundingClientRect().width > 100)
  .map((e) => e.getBoundingClientRect().right))"""


@pytest.mark.parametrize("number", [3, 5, 6])
def test_paper_holds_the_charts_whole(shown, open_tab, number):
    tab = open_tab(shown.url)
    walk.step(tab, number)
    if number == 6:
        tab.get_by_role("button", name="Open questions").click()
        tab.locator("#pick-study input").first.check()
        walk.open_fold(tab, "study-table")
        tab.locator("#study-table table").wait_for()
        tab.locator("#study-plot svg.main-svg").first.wait_for()
    tab.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    tab.emulate_media(media="print")
    walk.settle(tab)
    tab.wait_for_function(f"({RIGHT})() > 0 && ({RIGHT})() <= {PAPER[0]}")
    assert tab.evaluate("document.documentElement.scrollWidth") <= PAPER[0]


def test_a_wide_screen_has_the_curve_beside_the_chats(shown, open_tab):
    tab = open_tab(shown.url, width=1920, height=1080)
    walk.step(tab, 4)
    tab.locator("#ask-chart svg").wait_for()
    chat, curve = (tab.locator(p).bounding_box() for p in ("#chat-unlearned", "#ask-curve"))
    assert curve["x"] >= chat["x"] + chat["width"] and curve["x"] + curve["width"] <= 1920
    assert curve["y"] < chat["y"] + chat["height"] and curve["width"] > 300
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.locator("#ask-curve").wait_for(state="hidden")


def test_no_suggestion_stretches_and_no_empty_slab_stands_under_the_settings(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 4, fake.patience)
    suggested = [b for b in tab.locator(".lab-suggested button").all() if b.is_visible()]
    assert suggested and all(b.bounding_box()["width"] < 0.6 * 1280 for b in suggested)
    for number in (3, 5):
        walk.step(tab, number)
        tab.locator("[role=tabpanel]:visible .label-wrap", has_text="Advanced").click()
        walk.settle(tab)
        slabs = tab.locator("[role=tabpanel]:visible .lab-grid .form")
        tab.locator("[role=tabpanel]:visible .lab-grid input:visible").first.wait_for()
        for slab in slabs.all():
            fields, box = slab.locator("input:visible").count(), slab.bounding_box()
            assert fields or box is None or box["height"] < 2, slab.inner_html()[:200]


def test_on_a_phone_the_line_of_status_leaves_room_for_the_step(shown, open_tab):
    tab = open_tab(shown.url, width=390, height=844)
    tab.wait_for_selector("#now p")
    assert tab.locator("#foot").bounding_box()["height"] < 90
    assert tab.locator("#announce").get_by_role("status").count() == 1  # still read out


def test_on_a_phone_the_question_stays_in_reach_and_faces_are_whole(shown, open_tab):
    tab = open_tab(shown.url, width=390, height=844)
    face = tab.locator("#people img").first
    drawn, whole = face.evaluate(
        "e => [e.clientWidth / e.clientHeight, e.naturalWidth / e.naturalHeight]"
    )
    assert abs(drawn - whole) < 0.05
    walk.step(tab, 4)
    for above in (300, 80):  # where the answers begin: without it the line is out of sight
        tab.locator("#chat-original").evaluate(
            "(e, above) => scrollBy(0, e.getBoundingClientRect().top - above)", above
        )
        tab.wait_for_function(  # once the line of status has its height
            """() => {
              const [line, foot] = ['#ask-line', '#foot'].map(
                (part) => document.querySelector(part).getBoundingClientRect());
              return 300 < line.y && line.bottom <= foot.y + 1;
            }"""
        )


def test_nothing_scrolls_sideways_on_a_phone(fake, open_tab):
    tab = open_tab(fake.url, width=390)
    wide = []
    acts = (
        lambda: walk.pick(tab),
        lambda: walk.look_inside(tab, fake.patience),
        lambda: (walk.go_unlearn(tab), walk.unlearn(tab, fake.patience)),
        lambda: (walk.compare(tab, fake.patience), walk.ask(tab, "Who?", fake.patience)),
        lambda: (
            walk.attack(tab, fake.patience),
            walk.attack_by(tab, "Round the weights", fake.patience),
        ),
        lambda: tab.locator("#go-report").click(),
    )
    for name, act in zip(walk.STEP_NAMES, acts, strict=True):
        act()
        tab.wait_for_timeout(400)
        over = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            wide.append((name, over))
    assert wide == []

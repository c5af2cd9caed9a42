"""What a visitor does on the page, as functions that the browser tests share."""

from __future__ import annotations

from collections.abc import Callable

STEP_NAMES = ("1 Meet", "2 Inside", "3 Forget", "4 Ask", "5 Attack", "6 Results")

# Words that are seen in the open step: not those of a picture's axes, nor the people to choose from.
WORDS = """() => {
  const panel = [...document.querySelectorAll('#steps [role=tabpanel]')]
    .find((p) => p.getClientRects().length);
  const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT), out = [];
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement, box = at.getBoundingClientRect();
    if (at.closest('svg, script, style, .lab-people') || box.width < 2 || box.height < 2) continue;
    if (at.closest('details:not([open])') && !at.closest('summary')) continue;
    if (at.checkVisibility({ opacityProperty: true, visibilityProperty: true })) out.push(...walk.currentNode.data.match(/\\S*[\\p{L}\\p{N}]\\S*/gu) ?? []);
  }
  return out;
}"""


def words(tab) -> list[str]:
    """The words in view in the open step."""
    return tab.evaluate(WORDS)


def step(tab, number: int) -> None:
    """Open a step (1-based) by its tab."""
    tab.wait_for_function("window.lab?.ready")  # sooner, the page opens the step it was left in
    tab.get_by_role("tab", name=STEP_NAMES[number - 1]).click()
    tab.wait_for_selector(f"#idea-{number} h2")
    tab.wait_for_function(f"location.hash === '#step-{number}'")  # a reload goes where this says


def from_panel(tab, button: str) -> None:
    """Press a button of the panel behind the bar."""
    if not tab.locator("#panel").is_visible():
        tab.locator("#more").click()
    tab.locator(f"#{button}").click()


def listen(tab) -> None:
    """Note from now on what is announced: the next words may follow before anybody looks again."""
    tab.evaluate(
        """() => { window.heard = [];
          new MutationObserver(() => heard.push(document.querySelector('#announce')?.innerText))
            .observe(document.body, {subtree: true, childList: true, characterData: true}); }"""
    )


def heard(tab, words: str) -> str:
    """Wait until what was announced since ``listen`` says the words; returns that line."""
    return tab.wait_for_function(
        "words => heard.find((line) => line?.includes(words))", arg=words
    ).json_value()


def open_fold(tab, inside: str) -> None:
    """Open what is folded away in a part of the page."""
    tab.locator(f"#{inside} details.lab-fold:not([open]) > summary").first.click()


def pick(tab, index: int = 2) -> str:
    """Pick a person and return the name on the card."""
    face = tab.locator("#people button").nth(index)
    name = face.inner_text().replace("✓", "").strip().replace(" (own)", "")
    face.click()
    tab.wait_for_function(
        "name => document.querySelector('#card h2')?.innerText === name", arg=name
    )
    return name


def wait_line(tab, line: str, words: str, patience: int) -> str:
    """Wait until a run's line says the words; returns the line."""
    tab.wait_for_function(
        "([id, words]) => document.getElementById(id)?.innerText.includes(words)",
        arg=[line, words],
        timeout=patience,
    )
    return tab.locator(f"#{line}").inner_text()


def until(tab, holds: Callable[[], object]) -> None:
    """Wait for something the engine does, for a minute at most; the page goes on meanwhile."""
    for _ in range(1200):
        if holds():
            return
        tab.wait_for_timeout(50)
    raise AssertionError("the engine did not get there")


def settle(tab) -> None:
    """Wait until nothing fades or slides any more."""
    tab.wait_for_function(
        "document.getAnimations().every(a => a.playState !== 'running'"
        " || a.effect?.getComputedTiming().endTime === Infinity)"
    )


def look_inside(tab, patience: int) -> None:
    """Go to step 2 and wait until the instrument is drawn."""
    tab.locator("#look").click()
    wait_line(tab, "inspect-line", "finished", patience)
    tab.wait_for_function("document.querySelector('#instrument .lab-instrument')?.dataset.ms > 0")


def go_unlearn(tab) -> None:
    """Go from step 2 to step 3."""
    tab.locator("#go-unlearn").click()
    tab.locator("#unlearn").wait_for()


def unlearn(tab, patience: int) -> None:
    """Run step 3 to its end."""
    tab.locator("#unlearn").click()
    wait_line(tab, "unlearn-line", "finished", patience)
    open_fold(tab, "unlearn-result")
    tab.wait_for_selector("#unlearn-result table")


def compare(tab, patience: int) -> None:
    """Go to step 4 and wait for the fixed questions."""
    tab.locator("#go-compare").click()
    tab.wait_for_selector("#probes details", timeout=patience)
    open_fold(tab, "probes")


def ask(tab, question: str, patience: int) -> list[str]:
    """Ask by pressing Enter; returns the last answer of each visible column."""
    box = tab.get_by_label("Your question")
    before = tab.locator("#chat-original .bot").count()
    box.fill(question)
    box.press("Enter")
    tab.wait_for_function(
        "n => document.querySelectorAll('#chat-original .bot').length > n",
        arg=before,
        timeout=patience,
    )
    return answers(tab)


def answers(tab) -> list[str]:
    """Return the last answer of each visible column once it no longer grows."""
    last: list[str] = []
    for _ in range(200):
        tab.wait_for_timeout(200)
        now = [
            tab.locator(f"#chat-{side} .bot").last.inner_text()
            for side in ("original", "unlearned", "relearned")
            if tab.locator(f"#chat-{side} .bot").count()
        ]
        if now and now == last and all(words.strip() not in ("", "…") for words in now):
            return now
        last = now
    return last


def attack(tab, patience: int) -> None:
    """Go to step 5 and run the attack to its end."""
    tab.locator("#go-attack").click()
    attack_by(tab, "Relearn on the person", patience)


def shorten_attack(tab, steps: int) -> None:
    """Give the attacker fewer steps, under the attack's advanced settings."""
    tab.get_by_role("button", name="Advanced").last.click()
    box = tab.get_by_label("number input for Attack steps")
    box.fill(str(steps))
    box.press("Tab")


def attack_by(tab, kind: str, patience: int) -> None:
    """Run one kind of attack to its end."""
    tab.get_by_label(kind).check()
    tab.locator("#attack").click()
    wait_line(tab, "attack-line", f"“{kind}” finished", patience)
    open_fold(tab, "attack-result")
    tab.wait_for_selector("#attack-result strong")


def reach(tab, step: int, patience: int) -> None:
    """Walk from a fresh page to a step (1-based)."""
    pick(tab)
    if step >= 2:
        look_inside(tab, patience)
    if step >= 3:
        go_unlearn(tab)
        unlearn(tab, patience)
    if step >= 4:
        compare(tab, patience)
        ask(tab, "Who is this?", patience)
    if step >= 5:
        attack(tab, patience)
        tab.locator("#depth > button").click()
        tab.locator("#ask-identity").click()
        tab.locator("#identity table").wait_for(timeout=patience)
    if step >= 6:
        tab.locator("#go-report").click()
        tab.locator("#files button, #files a").first.wait_for(timeout=patience)
        tab.locator("#show-runs").click()
        tab.locator("#runs table").wait_for()
        tab.locator("#runs-said .lab-verdict").wait_for()
        tab.locator("#ask-runs").click()
        tab.locator("#runs-answers table").wait_for(timeout=patience)
        tab.get_by_role("button", name="Open questions").click()
        tab.locator("#pick-study input").nth(1).check()
        tab.locator("#study-about p").first.wait_for()

"""The instrument of step 2 in a browser: sliders without the server, hover, keys, zoom, comparisons."""

import re

import numpy as np
import pytest

from lab.events import Saliency
from lab.report.instrument import ranked
from lab.saliency.importance import top_share
from tests.ui import walk
from tests.ui.fake_engine import LAYERS, importance, saliency

pytestmark = pytest.mark.ui
READ = "#instrument .read"


@pytest.fixture(scope="module")
def page(fake, open_shared):
    """Step 2 of the third person, drawn; the tests below go on with it in their order."""
    tab = open_shared(fake.url)
    walk.pick(tab)
    walk.look_inside(tab, fake.patience)
    return tab


@pytest.fixture
def tab(page):
    """The page with its sliders and its theme as they were at first."""
    page.evaluate("document.body.classList.remove('dark')")
    move(page, "Neurons to switch off", 0.02)
    move(page, "Free weights", 1.0)
    return page


def move(tab, slider: str, value: float) -> None:
    """Set a slider by its number field and wait until the instrument has been drawn anew."""
    box = tab.get_by_label(f"number input for {slider}").first
    if float(box.input_value()) == value:
        return
    tab.evaluate("document.querySelector('.lab-instrument').dataset.ms = ''")
    box.fill(str(value))
    box.press("Tab")
    tab.wait_for_function("document.querySelector('.lab-instrument').dataset.ms !== ''")


def numbers(words: str) -> list[float]:
    return [float(n.replace(",", "")) for n in re.findall(r"\d(?:[\d,]*\d)?(?:\.\d+)?", words)]


def counted(event: Saliency, threshold: float) -> tuple[float, int]:
    """The share of weights at or above a threshold's edge, by the histogram, and of how many."""
    kept = event.edges[:-1] >= np.log10(threshold) - 1e-6
    return event.counts[..., kept].sum() / event.counts.sum(), int(event.counts.sum())


def more_views(tab) -> None:
    """Open what is folded away below the strips' head."""
    if not tab.locator("#instrument .more[open]").count():
        tab.locator("#instrument .more > summary").click()


def strip(tab, layer: int):
    return tab.locator("#instrument canvas[role=slider]").nth(layer)


def test_moved_sliders_are_recounted_in_the_browser_as_the_lab_counts(tab):
    sent = []
    tab.on("request", lambda r: sent.append(r.post_data or "") if r.method == "POST" else None)
    event, weights = importance(0.02), saliency(1.0)
    for share, threshold in ((0.0, 1.0), (0.1, 0.1), (0.035, 2.5), (0.005, 10.0), (0.02, 1.0)):
        move(tab, "Neurons to switch off", share)
        move(tab, "Free weights", threshold)
        pruned, total, percent, all_weights = numbers(tab.locator("#recount").inner_text())
        marks = top_share(event.score, share)
        assert pruned == sum(int(m.sum()) for m in marks) and total == 6720
        expected, count = counted(weights, threshold)
        assert percent == pytest.approx(100 * expected, abs=0.051) and all_weights == count
        titles = [b.get_attribute("title") for b in tab.locator("#instrument button.side").all()]
        assert [numbers(words)[0] for words in titles] == [int(m.sum()) for m in marks]
    # the header asks for the status now and then; no request carries a setting
    assert not [body for body in sent if "0.035" in body or "2.5" in body or "0.005" in body]


def colours_of(tab) -> set[tuple[int, ...]]:
    """The opaque colours of the first strip, of which there are few."""
    found = tab.evaluate(
        """() => { const c = document.querySelector('#instrument canvas[role=slider]');
        const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, out = new Set();
        for (let i = 0; i < p.length; i += 4)
          if (p[i + 3] === 255) out.add([p[i], p[i + 1], p[i + 2]].join());
        return [...out]; }"""
    )
    return {tuple(map(int, one.split(","))) for one in found}


def test_what_is_pruned_has_a_colour_of_its_own_in_both_themes(tab):
    assert colours_of(tab) == {(100, 116, 139), (194, 65, 12), (226, 232, 240)}
    tab.evaluate("document.body.classList.add('dark')")
    walk.until(tab, lambda: (251, 146, 60) in colours_of(tab))
    assert colours_of(tab) == {(148, 163, 184), (251, 146, 60), (51, 65, 85)}


def test_what_was_measured_agrees_with_what_is_counted():
    event, weights = importance(0.02), saliency(1.0)
    assert (np.concatenate(ranked(event.score)) < 134).tolist() == np.concatenate(
        event.pruned
    ).tolist()
    assert counted(weights, 1.0)[0] == pytest.approx(weights.mask_density)


def test_pointing_at_a_neuron_reads_its_figures(tab):
    assert "Click a neuron" in tab.locator(READ).inner_text()
    strip(tab, 1).hover(position={"x": 300, "y": 20})
    tab.wait_for_function(f"document.querySelector('{READ}')?.innerText.startsWith('vision.9')")
    neuron = int(numbers(tab.locator(READ).inner_text())[1])
    ratio = importance(0.02).score[1][neuron]
    assert f"fires {ratio:.2f} times as strongly for" in tab.locator(READ).inner_text()
    assert strip(tab, 1).get_attribute("aria-valuenow") == str(neuron)
    # the same place in the picture of the weights is the same neuron
    tab.get_by_role("button", name="vision.9").click()
    tab.locator("#instrument .opened canvas").hover(position={"x": 300, "y": 20})
    tab.wait_for_function(
        f"n => document.querySelector('{READ}')?.innerText.includes('neuron ' + n)",
        arg=f"{neuron:,}",
    )


def test_keys_reach_the_pruned_neurons_and_what_they_fire_for(tab, fake):
    event = importance(0.02)
    first = int(np.flatnonzero(event.pruned[0][1:])[0]) + 1
    strip(tab, 0).press("Home")
    strip(tab, 0).press("ArrowUp")
    tab.wait_for_function(
        "n => document.querySelector('#instrument canvas[role=slider]').ariaValueNow === n",
        arg=str(first),
    )
    assert "would be pruned" in strip(tab, 0).get_attribute("aria-valuetext")
    strip(tab, 0).press("Enter")
    tab.locator("#neuron figure").first.wait_for()
    assert fake.engine.inside.picked[-1] == ("p02", LAYERS[0], first)
    assert tab.locator("#neuron figure").count() == 5
    words = tab.locator("#neuron").inner_text()
    assert f"Neuron {first:,} of vision.8" in words and "Ada Almeida, ×6.0" in words
    assert "a picture of nobody, ×2.0" in words


def test_all_strips_zoom_together(tab):
    axis = tab.locator("#instrument .axis")
    assert "All neurons" in axis.inner_text()
    strip(tab, 2).scroll_into_view_if_needed()
    box = strip(tab, 2).bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10, steps=4)
    tab.mouse.up()
    tab.wait_for_function(
        "document.querySelector('#instrument .axis')?.innerText.includes('Neurons from')"
    )
    first, last = numbers(axis.inner_text())
    assert first == pytest.approx(25, abs=0.2) and last == pytest.approx(50, abs=0.2)
    strip(tab, 0).hover(position={"x": 1, "y": 10})
    tab.wait_for_function(f"document.querySelector('{READ}')?.innerText.startsWith('vision.8')")
    assert numbers(tab.locator(READ).inner_text())[1] == pytest.approx(0.25 * 1536, abs=6)
    tab.get_by_label("Show all neurons").click()
    tab.wait_for_function("document.querySelector('#instrument .axis')?.innerText.includes('All')")


def choose_other(tab, name: str) -> None:
    if not tab.locator("#other-person").is_visible():
        tab.get_by_role("button", name="Two people, and the mask").click()
    tab.get_by_label("Which neurons do two people share?").click()
    tab.get_by_role("option", name=name).click()


def test_two_peoples_shared_neurons_are_counted_beside_chance(tab):
    choose_other(tab, "Ada Almeida")
    tab.wait_for_function("document.querySelector('#shared')?.hidden === false")
    mine, theirs = importance(0.02), importance(0.02, 2)
    pairs = zip(mine.pruned, theirs.pruned, strict=True)
    both = sum(int((a & b).sum()) for a, b in pairs)
    words = tab.locator("#shared").inner_text()
    assert numbers(words) == [134, both, 134, 6720, 2.7] and "Ada Almeida" in words
    move(tab, "Neurons to switch off", 0.1)
    a, b = (top_share(event.score, 0.1) for event in (mine, theirs))
    both = sum(int((x & y).sum()) for x, y in zip(a, b, strict=True))
    assert numbers(tab.locator("#shared").inner_text()) == [672, both, 672, 6720, 67.2]
    choose_other(tab, "nobody else")
    tab.wait_for_function("document.querySelector('#shared')?.hidden === true")


def test_the_unlearned_model_is_measured_when_somebody_wants_to_see_it(tab, fake):
    more_views(tab)
    tab.get_by_label("after unlearning").click()
    tab.get_by_text("there is nothing to compare yet").wait_for()
    assert tab.get_by_label("before", exact=True).is_checked()
    walk.go_unlearn(tab)
    walk.unlearn(tab, fake.patience)
    walk.step(tab, 2)
    tab.get_by_label("what changed").click()
    tab.wait_for_function(
        "document.querySelector('#instrument input[value=change]').checked", timeout=fake.patience
    )
    tab.wait_for_function(
        "document.querySelector('#instrument figcaption')?.innerText.startsWith('After unlearning')"
    )
    # all was drawn anew, and whoever has pressed is where they were
    assert tab.get_by_label("what changed").evaluate("e => document.activeElement === e")
    event = importance(0.02)
    quiet = int(np.flatnonzero(event.pruned[0][1:])[0]) + 1
    strip(tab, 0).press("Home")
    strip(tab, 0).press("ArrowUp")
    tab.wait_for_function(
        f"n => document.querySelector('{READ}')?.innerText.includes('neuron ' + n)",
        arg=f"{quiet:,}",
    )
    assert "after unlearning it fires 0.00 times" in tab.locator(READ).inner_text()


def test_the_numbers_stand_in_tables_too(tab, fake):
    more_views(tab)
    tab.get_by_text("Numbers as tables").locator("visible=true").click()
    tab.locator("#instrument table").nth(1).wait_for()
    event = importance(0.02)
    rows = tab.locator("#instrument table").nth(1).locator("tbody tr")
    best = max(float(s.max()) for s in event.score)
    assert f"{best:.2f}" in rows.first.inner_text() and "pruned" in rows.first.inner_text()
    layer = tab.locator("#instrument table").first.locator("tbody tr").first.inner_text()
    assert layer.split()[:2] == ["vision.8", str(int(event.pruned[0].sum()))]
    move(tab, "Neurons to switch off", 0.0)
    assert "kept" in rows.first.inner_text()
    picked = len(fake.engine.inside.picked)
    rows.nth(2).get_by_role("button", name="Show what neuron").click()
    walk.until(tab, lambda: len(fake.engine.inside.picked) == picked + 1)
    _, name, neuron = fake.engine.inside.picked[-1]
    tab.get_by_text(f"Neuron {neuron:,} of {name}").wait_for()


def test_a_recorded_example_is_drawn_and_compared_without_a_model(shown, open_tab):
    tab = open_tab(shown.url)
    walk.step(tab, 2)
    tab.wait_for_function("document.querySelector('#instrument .lab-instrument')?.dataset.ms > 0")
    assert numbers(tab.locator("#recount").inner_text())[:2] == [134, 6720]
    more_views(tab)
    tab.get_by_label("after unlearning").click()
    tab.wait_for_function("document.querySelector('#instrument input[value=after]').checked")
    tab.locator("#instrument .more details > summary").click()
    button = tab.locator("#instrument td button[aria-label]").first
    button.evaluate("e => e.focus()")
    foot, box = tab.locator("#foot").bounding_box(), button.bounding_box()
    assert box["y"] + box["height"] <= foot["y"]  # what has the focus is not covered
    held = button.element_handle()
    strip(tab, 0).hover()
    tab.wait_for_function(f"document.querySelector('{READ}')?.innerText.startsWith('vision.8')")
    assert held.evaluate("e => e.isConnected")  # the pointer's moves leave the tables as they are
    button.click()
    tab.locator("#neuron figure").first.wait_for()
    assert shown.engine.inside.picked[-1][0] == "p03"

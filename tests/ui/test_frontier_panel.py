"""The frontier of step 6: its points and its verdict by hand, and the panel in a browser."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assets.build.tables.frontier import frontier as documented
from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe
from lab.report import frontier, frontier_chart
from lab.report.text import catalogue
from lab.serve.visit import Visit
from lab.ui.context import remember
from lab.ui.steps import frontier as step
from tests.ui import walk
from tests.ui.fake_engine import FakeEngine

text = catalogue()


def row(who: str, recovered: tuple[float, float], retain: float, **changes: object) -> dict:
    """A run of one person, attacked at the usual rate and at three times it."""
    changes = {"method": "vkd", **changes}
    before = {"forget_vqa": 1.0, "retain_vqa": 1.0, "still_sees": 0.9, "names_other": 0.0}
    after = {
        "forget_vqa": 0.3,
        "forget_qa": 1.0,
        "retain_vqa": retain,
        "still_sees": 0.7,
        "names_other": 0.5,
    }
    return {
        "id": f"{changes} {who}",
        "date": "2026-01-01",
        "device": "a card",
        "changes": changes,
        "entity": who,
        "method": changes["method"],
        "before": before,
        "after": after,
        "seconds": {"total": 20.0},
        "attacks": {
            rate: {"recovery": {"never_knew": 0.9, "text_only": over}}
            for rate, over in zip(("1", "3"), recovered, strict=True)
        },
    }


ROWS = (
    row("a", (0.1, 0.3), 0.99),
    row("b", (0.3, 0.2), 1.0),
    row("a", (-0.02, 0.06), 0.9, method="silence", silence_share=0.3),
    {"id": "x", "changes": {"method": "icu"}, "method": "icu", "failed": "no longer a number"},
)


def kept(folder: Path, rows: tuple = ROWS) -> Path:
    path = folder / "frontier.json"
    path.write_text(json.dumps({"fits": {"models": "others"}, "rows": list(rows)}))
    return path


def test_a_variant_is_the_mean_over_its_people() -> None:
    silence, vkd = frontier.variants(ROWS)
    assert (vkd.name, vkd.people, vkd.device) == ("vkd", 2, "a card")
    assert vkd.lost == pytest.approx(0.005) and vkd.recovery == pytest.approx(0.2)
    assert (vkd.worst, vkd.rate) == (pytest.approx(0.25), 3)  # (0.3 + 0.2) / 2
    assert vkd.sees_lost == pytest.approx(0.2) and vkd.names_other == 0.5
    assert math.isnan(vkd.half)  # of two people there is no interval
    assert (silence.name, silence.recovery) == ("silence (silence_share 0.3)", -0.02)


def test_of_three_people_there_is_an_interval() -> None:
    (point,) = frontier.variants([*ROWS[:2], row("c", (0.2, 0.2), 1.0)])
    # t(2 degrees of freedom) = 4.303, spread 0.1
    assert point.half == pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-4)
    assert "20.0\u00a0±\u00a024.8" in frontier.cells(point, text)
    figure = frontier_chart.plot([point], [], text)
    assert figure.data[0].error_y.array[0] == pytest.approx(24.843, abs=0.01)
    low, high = figure.layout.yaxis.range
    assert low < 20 - 24.8 and high > 20 + 24.8  # the bar is not cut


def test_the_verdict_names_who_keeps_retain_and_is_learned_slowest() -> None:
    silence, vkd = frontier.variants(ROWS)
    said = frontier.verdict([silence, vkd], text)
    assert said.startswith("Of the variants that lose at most 1.5 points of Retain VQA, vkd has")
    assert "20.0 points over “text only” at 0.5 points lost (mean of 2 people)" in said
    assert said.endswith("this does not reach the aim of at most 3 points.")
    alone = frontier.verdict([silence], text)
    assert alone.startswith("Every variant loses more than 1.5 points") and "-2.0 points" in alone
    assert "reaches the aim of at most 3 points at the usual rate" in alone
    assert "×3, it is 6.0 points" in alone
    german = frontier.verdict([silence, vkd], catalogue("de"))
    assert "20,0 Punkte" in german and german.endswith("3 Punkten nicht erreicht.")


def test_the_document_says_who_reaches_the_aim_and_what_that_costs(tmp_path: Path) -> None:
    kept(tmp_path, ROWS[:2])
    said = " ".join(documented(tmp_path).split())
    assert "Nothing stays within 3 points over text only at every rate. Of those that lose" in said
    assert said.endswith("vkd has the lowest mean at its worst rate, 25.0 points.")
    kept(tmp_path, (*ROWS[:2], row("a", (0.02, -0.4), 0.9, method="npo")))
    said = " ".join(documented(tmp_path).split())
    assert "at every rate, by the mean over 1 people: npo. The least that one" in said
    several = [row(who, (-0.2 + k / 10, -0.4), 0.9, method="npo") for k, who in enumerate("abc")]
    kept(tmp_path, (*ROWS[:2], *several))
    said = " ".join(documented(tmp_path).split())
    # -20, -10 and 0 points: standard deviation 10, t(2) = 4.303, over the root of three
    assert (
        "by the mean over 3 people: npo. Their intervals at the usual rate are up to ± 24.8" in said
    )
    assert "and end within the 3 points for none of them." in said
    assert "The least that one of them loses of Retain VQA is 10.0 points." in said


def attacked(over: float | None, lr: float) -> tuple[AttackRecipe, dict[str, Any]]:
    recovery = {} if over is None else {"text_only": over}
    return AttackRecipe(lr=lr), {"recovery": recovery}


def test_a_run_of_the_visitor_stands_at_the_attack_that_brought_most_back() -> None:
    base, recipe = Recipe(entity="p"), Recipe(entity="p", method="undo", undo_alpha=0.7)
    result, usual = ROWS[0], AttackRecipe().lr
    attacks = [attacked(0.1, usual), attacked(0.4, 3 * usual), attacked(None, usual)]
    point = frontier.own_point(recipe, base, result, attacks, "Ada, seed 0, abc")
    assert point is not None and point.name == "undo (undo_alpha 0.7)"
    assert (point.recovery, point.rate) == (0.4, pytest.approx(3))
    assert point.lost == pytest.approx(0.01) and point.worst is None
    words = frontier_chart.hover("R1", point, text)
    assert "your run: undo (undo_alpha 0.7), Ada, seed 0, abc, attacked at ×3" in words
    assert frontier.own_point(recipe, base, result, [attacked(None, usual)], "") is None


def test_every_point_is_drawn_with_a_mark_of_its_own_and_hovers_all_its_figures() -> None:
    points = frontier.variants(ROWS)
    own = [frontier.own_point(Recipe(), Recipe(), ROWS[0], [attacked(0.5, 1e-4)], "<b>Ada</b>")]
    figure = frontier_chart.plot(points, own, text)
    assert [t.text for t in figure.data] == [("1",), ("2",), ("R1",)]
    assert [t.name for t in figure.data][1:] == ["2 vkd", "your runs, vkd"]
    assert figure.data[1].x[0] == pytest.approx(0.5) and figure.data[1].y[0] == pytest.approx(20)
    assert figure.data[2].marker.symbol == f"{figure.data[1].marker.symbol}-open"
    said = figure.data[1].hovertext[0]
    for words in ("2 · vkd", "forget VQA: 30.0%", "lost (points): 20.0", "25.0 (×3)", "20 s"):
        assert words in said
    assert "people: 2" in said and "a card" in said and "50.0%" in said
    assert "<b>Ada" not in figure.data[2].hovertext[0]
    lines = {(shape.x0, shape.y0) for shape in figure.layout.shapes}
    assert lines == {(0, 3.0), (1.5, 0)}
    low, high = figure.layout.yaxis.range
    assert low < -2 and high > 50  # all points and the aim are on the chart
    head, rows = frontier_chart.table_rows(points, own, text)
    assert [r[0].split(" ")[0] for r in rows] == ["1", "2", "R1"]
    assert all(len(r) == len(head) for r in rows)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert frontier.read(tmp_path / "frontier.json") is None
    words, chart, table = step.laid_out(None, [], 0, text)
    assert "assets/results/frontier.json" in words and step.MAKE in words
    assert not chart["visible"] and table == ""
    found = frontier.read(kept(tmp_path))
    assert found is not None and found.other and found.without == 1
    words, chart, table = step.laid_out(found, [], 2, text)
    assert chart["visible"] and "silence (silence_share 0.3)" in table
    for said in (
        text.FRONTIER_OTHER,
        text.FRONTIER_NO_RUNS,
        text.FRONTIER_WITHOUT.format(count=1),
        text.FRONTIER_UNCONTROLLED.format(count=2).rstrip("."),
        "not measured yet: mmunlearner",
    ):
        assert said in words


def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    damaged = ({**ROWS[0], "after": {}},)
    with pytest.raises(LabError, match="frontier.json is no frontier"):
        frontier.read(kept(tmp_path, damaged))


def test_the_kept_frontier_can_be_shown() -> None:
    found = frontier.read(step.KEPT)
    assert found is not None and len(found.points) > 1
    for language in ("en", "de"):
        words, chart, table = step.laid_out(found, [], 0, catalogue(language))
        assert "lab-verdict" in words and "{" not in words + table
        assert len(chart["value"].data) == len(found.points)


def test_only_runs_of_this_browser_that_were_attacked_by_training_have_a_point(
    tmp_path: Path,
) -> None:
    engine = FakeEngine(tmp_path, pace=0.0)
    visit = Visit(engine, lambda: "me")
    frame: Any = SimpleNamespace(engine=visit, people=SimpleNamespace(card=lambda _: None))
    frame.text = text
    mine, plain, others = (visit.submit(Recipe(entity="p01", seed=seed)) for seed in range(3))
    ended(visit, mine, plain, others)
    started = [
        visit.submit_attack(mine, AttackRecipe()),
        visit.submit_attack(others, AttackRecipe()),
    ]
    started.append(visit.submit_attack(plain, AttackRecipe(kind="images")))
    ended(visit, *started)
    history = remember(remember({}, "p01", "unlearn", mine), "p01", "unlearn", plain)
    (point,), without = step.own_points(frame, history)
    assert without == 0 and point.run == f"p01, seed 0, {mine[:6]}"
    # The curves are lines from 0.1 to 0.9 and from 0.25 to 0.75: both have their mean at 0.5.
    assert point.recovery == pytest.approx(0.0) and point.rate == 1
    after = visit.run(mine).events[-1].result
    assert point.lost == pytest.approx(after["before"]["retain_vqa"] - after["after"]["retain_vqa"])
    assert step.own_points(frame, None) == ([], 0)


def ended(visit: Visit, *run_ids: str) -> None:
    """Wait until the runs have ended."""
    for _ in range(1000):
        if all(visit.run(run_id).state == "finished" for run_id in run_ids):
            return
        time.sleep(0.02)
    raise AssertionError("the runs did not end")


@pytest.mark.ui
def test_the_panel_shows_the_kept_points_and_the_visitors_attacked_run(fake, open_tab) -> None:
    shown = frontier.read(step.KEPT)
    assert shown is not None
    tab = open_tab(f"{fake.url}/?steps=3&seed=52")
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 6)
    tab.get_by_role("button", name=text.FRONTIER).click()
    tab.wait_for_selector("#frontier-plot .main-svg")
    traces = tab.locator("#frontier-plot .scatterlayer .trace")
    assert traces.count() == len(shown.points)
    about = tab.locator("#frontier-about")
    assert frontier.verdict(shown.points, text) in about.inner_text()
    assert text.FRONTIER_NO_RUNS in about.inner_text()
    assert not tab.locator("#frontier-table table").is_visible()
    walk.open_fold(tab, "frontier-table")
    walk.step(tab, 5)
    walk.attack_by(tab, "Relearn on the person", fake.patience)
    walk.step(tab, 6)  # panel and table are still unfolded, and are true again
    tab.locator("#frontier-table td", has_text="R1 · your run: vkd").wait_for()
    assert traces.count() == len(shown.points) + 1
    assert text.FRONTIER_YOUR_RUNS.format(count=1) in about.inner_text()

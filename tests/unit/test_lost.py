"""Where answers are lost: sentences by figures made by hand, what a report holds, and what is checked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.events import Done
from lab.events.lines import plain
from lab.events.where import Distance, Patched, Patching, Where, where_of, with_where
from lab.recipe import Recipe
from lab.report import lost
from lab.report.lost_charts import line_chart, patching_chart
from lab.report.page import page
from lab.report.schema import run_misfit
from lab.report.text import catalogue
from tests.ui import fake_engine
from tests.unit.test_export import RESULT

TEXT = catalogue()
FOUND = fake_engine.lost("p0")
NAMES = ("block 10", "block 11", "tower", "projector")


def way(start: float, *shares: float) -> Patching:
    def one(name: str, share: float) -> Patched:
        return Patched(name, share, share, 0.95, 0.9)

    depths = tuple(one(n, s) for n, s in zip(NAMES, shares, strict=True))
    return Patching("a", "b", one("", start), depths)


def made(lost_: Patching, back: Patching) -> Where:
    return replace(FOUND, lost=lost_, back=back)


def said(lost_: Patching, back: Patching) -> str:
    return " ".join(lost.said(made(lost_, back), "Helena", TEXT))


def test_the_depth_at_which_answers_are_lost_and_are_back() -> None:
    words = said(way(1.0, 1.0, 0.2, 0.1, 0.1), way(0.1, 0.1, 0.9, 1.0, 1.0))
    assert "lost at “block 11”" in words and "up to “block 10” the original still" in words
    assert "get" in words and "activations up to “block 11” (10.0% → 90.0%)" in words
    assert "other people, to compare: 95.0% in the original, 95.0%" in words
    first = said(way(1.0, 0.2, 0.2, 0.1, 0.1), way(0.1, 0.1, 0.1, 0.1, 1.0))
    assert "lost in block 10, the first one" in first and "whole visual output" in first
    assert "back only with" in first


def test_a_drop_that_a_deeper_layer_makes_good_is_no_loss() -> None:
    """Answers are lost where they stay away; a single depth at which the hybrid fails is none."""
    place = lost.came_down(way(1.0, 0.2, 1.0, 0.1, 0.1), 45)
    assert place == 2
    assert lost.came_down(way(1.0, 0.2, 0.2, 0.2, 1.0), 45) is None
    # with few questions a small drop is not certain
    assert lost.came_down(way(1.0, 0.8, 0.8, 0.8, 0.8), 45) == 0
    assert lost.came_down(way(1.0, 0.8, 0.8, 0.8, 0.8), 5) is None
    assert lost.came_down(way(0.99, 0.97, 0.97, 0.97, 0.97), 100_000) is None  # certain, and tiny


def test_a_run_of_the_language_model_alone_loses_nothing_here() -> None:
    words = said(way(1.0, 1.0, 1.0, 1.0, 1.0), way(0.1, 0.1, 0.1, 0.1, 0.1))
    assert "Nothing is lost in the visual module" in words and "other way round" not in words
    never = said(way(1.0, 0.1, 0.1, 0.1, 0.1), way(0.1, 0.1, 0.1, 0.1, 0.1))
    assert "do not come back" in never


def test_nothing_is_said_of_answers_that_the_original_never_had() -> None:
    words = lost.said(made(way(0.3, 0.1, 0.1, 0.1, 0.1), way(0.1, 0.3, 0.3, 0.3, 0.3)), "Eve", TEXT)
    assert len(words) == 1 and words[0].startswith("The original does not know Eve either (30.0%")


def test_distance_and_barrier_in_words() -> None:
    far, barrier, formula = lost.measured(FOUND, "Helena", TEXT)
    assert "4.10% of their length" in far and "in block 11 (6.00%)" in far
    assert "at most 0.50 nats" in barrier and "and 0.00 for those about others" in barrier
    assert "at 6 points" in formula
    same = replace(FOUND, distance=Distance(0.0, ()))
    assert lost.measured(same, "Helena", TEXT) == [TEXT.LINE_SAME]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_table_has_every_depth_both_ways(language: str) -> None:
    head, rows = lost.rows(FOUND, catalogue(language))
    assert len(head) == 9 == len(set(head)) and all(len(row) == 9 for row in rows)
    assert [row[0] for row in rows][1:] == [d.name for d in FOUND.lost.depths]
    assert len(rows) == 7


def test_the_plots_begin_with_nothing_patched_and_end_with_the_projector() -> None:
    figure = patching_chart(FOUND, TEXT)
    names = [trace.name for trace in figure.data]
    assert len(names) == 6 == len(set(names))
    first = figure.data[0]
    assert first.x[0] == "nothing" and first.x[-1] == "projector"
    assert list(first.y) == [0.98, 0.98, 0.95, 0.2, 0.15, 0.13, 0.13]
    drawn = line_chart(FOUND.line, TEXT)
    assert [len(t.x) for t in drawn.data] == [6, 2, 6, 2]
    assert list(drawn.data[1].y) == [0.1, 4.1]  # the chord ends where the losses do


def test_it_goes_into_a_result_and_comes_back() -> None:
    done = with_where(Done("x", dict(RESULT)), FOUND)
    assert where_of(done.result) == FOUND and where_of(RESULT) is None
    stored = json.loads(json.dumps(plain(done.result)))
    assert where_of(stored) == FOUND and run_misfit(stored) == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda w: w.pop("line"),
        lambda w: w.update(extra=1),
        lambda w: w.update(n_forget=-1),
        lambda w: w["lost"]["depths"].pop(),
        lambda w: w["lost"]["depths"][0].update(forget="x"),
        lambda w: w["lost"].update(depths=[]),
        lambda w: w["line"]["at"].pop(),
        lambda w: w["line"].update(at=[0.0], forget=[1.0], others=[1.0]),
        lambda w: w["distance"].update(layers=[["block 1"]]),
        lambda w: w.update(back=None),
    ],
)
def test_what_has_not_its_form_is_refused(damage) -> None:
    stored = json.loads(json.dumps(plain(with_where(Done("x", dict(RESULT)), FOUND).result)))
    assert run_misfit(stored) == ""
    damage(stored["where"])
    assert run_misfit(stored) == "where has a value of the wrong kind"


def test_the_report_has_a_section_once_it_was_asked(four) -> None:
    done = Done("steps done", {**RESULT, "entity": "p0"})
    bare = page(Recipe(entity="p0"), [done], [], four, "demo", TEXT)
    whole = page(Recipe(entity="p0"), [with_where(done, FOUND)], [], four, "demo", TEXT)
    assert TEXT.LOST not in bare
    assert whole.count(f"<h2>{TEXT.LOST}</h2>") == 2  # the words, and the plot
    assert "lost at “block 10”" in whole and "tower" in whole

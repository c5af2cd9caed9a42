"""The class board: which runs stand on it, in which words, and that an answer holds what changed."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from lab.catalogue import METHODS
from lab.events import Done
from lab.recipe import AttackRecipe, Recipe
from lab.report.board import challenges_html, items
from lab.report.challenges import Entry
from lab.report.maps import method_sign
from lab.report.text import catalogue
from lab.serve import board
from lab.serve.board import Board, gathered
from lab.serve.views import RunView
from lab.serve.visit import Visit
from lab.ui.board import HERE
from tests.ui.fake_engine import FakeEngine
from tests.unit.test_challenges import attempt, entry

TEXT = catalogue()
ADA, BO = "ada", "bo"


def ended(engine: FakeEngine, run: Entry, owner: str, shared: bool, **changes: Any) -> None:
    """Put a run that has ended into the engine."""
    recipe = dataclasses.replace(run.recipe, entity=changes.pop("entity", "p01"))
    events = (Done("steps done", dict(run.result)),)
    view = RunView(run.id, "unlearn", recipe.entity, "finished", recipe, None, None, events)
    engine._runs[run.id] = dataclasses.replace(view, ended=run.ended, **changes)
    engine.rights.give(run.id, owner)
    if shared:
        engine.rights.share(run.id, True)


def attacked(engine: FakeEngine, parent: str) -> None:
    tried = attempt([[0, 0.2], [20, 0.6]])
    events = (Done("steps done", dict(tried.result)),)
    view = engine._runs[parent]
    engine._runs["attack"] = dataclasses.replace(
        view, id="attack", kind="attack", attack=AttackRecipe(), parent=parent, events=events
    )
    engine.rights.give("attack", ADA)


@pytest.fixture
def room(tmp_path: Path) -> FakeEngine:
    engine = FakeEngine(tmp_path)
    engine.rights.alone = False
    return engine


def test_shared_runs_that_were_scored_stand_on_the_board_with_their_attacks(room) -> None:
    ended(room, entry("yes", 0.2, 3.0), ADA, shared=True)
    ended(room, entry("mine", 0.2), ADA, shared=False)
    ended(room, entry("other", 0.2), ADA, shared=True, foreign="another · one")
    ended(room, entry("cut", 0.2), ADA, shared=True, events=(Done("stopped", {"after": {}}),))
    ended(room, entry("secret", 0.2), ADA, shared=True, entity="own-1")
    ended(room, entry("now", 0.2), ADA, shared=True, state="running")
    attacked(room, "yes")
    for visitor in (ADA, BO):
        found = gathered(Visit(room, lambda visitor=visitor: visitor))
        assert [(e.id, e.ended, len(e.attempts)) for e in found.entries] == [("yes", 3.0, 1)]
        assert found.left_out == {"foreign": 1, "unscored": 1, "private": 1}
    room.people.append(dataclasses.replace(room.people[0], id="own-1", name="Eva", owner=ADA))
    room.rights.give("own-1", ADA)
    assert gathered(Visit(room, lambda: ADA)).left_out["private"] == 1
    room.own.share("own-1", True, ADA)
    found = gathered(Visit(room, lambda: BO))
    assert found.names["own-1"] == "Eva" and "secret" in [e.id for e in found.entries]


def test_where_nobody_else_is_all_runs_of_a_browser_stand_on_the_board(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    ended(engine, entry("mine", 0.2), ADA, shared=False)
    ended(engine, entry("theirs", 0.2), BO, shared=False)
    assert [e.id for e in gathered(Visit(engine, lambda: ADA)).entries] == ["mine"]


def test_an_answer_holds_what_has_changed_since_the_last_one(room, monkeypatch) -> None:
    monkeypatch.setattr(board, "FRESH_SECONDS", -1.0)
    tafel = Board(room)
    ended(room, entry("a", 0.2), ADA, shared=True)
    first = tafel.answer(BO, "", TEXT)
    assert (
        first
        and first["whole"]
        and first["set"].keys()
        == {
            "run a",
            "levels",
            "notes",
            "challenges",
        }
    )
    assert tafel.answer(BO, first["token"], TEXT) is None
    ended(room, entry("b", 0.3), ADA, shared=True)
    second = tafel.answer(BO, first["token"], TEXT)
    assert second and not second["whole"] and second["gone"] == []
    assert second["set"].keys() == {"run b", "challenges"}  # not a, the levels or the notes
    room.rights.share("a", False)
    third = tafel.answer(BO, second["token"], TEXT)
    assert third and third["gone"] == ["run a"] and "run b" not in third["set"]
    assert tafel.answer(BO, "no token of ours", TEXT) == {**third, "whole": True, "gone": []} | {
        "set": json.loads(json.dumps(tafel.answer(BO, "", TEXT)["set"]))
    }


def test_the_runs_are_looked_through_once_a_second_for_all(room, monkeypatch) -> None:
    tafel, asked = Board(room), []
    monkeypatch.setattr(room, "runs", lambda visitor: asked.append(visitor) or [])
    for visitor in (ADA, BO, ADA):
        tafel.answer(visitor, "", TEXT)
    assert asked == [ADA]
    monkeypatch.setattr(room.rights, "alone", True)  # no sharing: each has a board of their own
    for visitor in (ADA, BO, ADA):
        tafel.answer(visitor, "", TEXT)
    assert asked == [ADA, ADA, BO]


def test_every_method_has_a_sign_of_its_own_in_the_charts_and_on_the_board() -> None:
    symbols = [method_sign(method)["symbol"] for method in METHODS]
    assert len(set(symbols)) == len(METHODS)
    go.Scatter(marker={"symbol": symbols})  # Plotly refuses one that it does not know
    script = (HERE / "board.js").read_text("utf-8")
    drawn = re.search(r"const SIGNS = \{\n(.*?)\n\};", script, re.DOTALL)
    assert drawn and set(re.findall(r"^  '?([a-z-]+)'?: \(r\)", drawn[1], re.M)) == set(symbols)


def test_a_point_says_its_recipe_its_scores_its_control_and_its_attack() -> None:
    never = {"never_knew": {"scores": {"forget_vqa": 0.25}, "n": {"forget_vqa": 96}}}
    run = entry("0123456789", 0.125, controls=never, tries=[attempt([[0, 0.2], [20, 0.6]])])
    run = dataclasses.replace(run, recipe=Recipe(entity="p1", lr=2e-4, steps=30))
    found = items([run], {"p1": "Ada <b>"}, {}, Recipe(), TEXT)
    point = found["run 0123456789"]
    assert (point["forgot"], point["kept"], point["back"]) == (0.125, 0.98, 0.6)
    assert (point["symbol"], point["method"], point["title"]) == (
        "circle",
        "vkd",
        "vkd · Ada <b> · 012345",
    )
    assert point["words"] == [
        "Seed 0, 30 steps at most, lr 0.0002.",
        "forget VQA: 99.0% → 12.5% (n 96).",
        "retain VQA: 98.0% → 98.0% (n 48).",
        "A model that never knew this person: 25.0% (n 96).",
        "After the standard attack: 60.0% (n 96). A model that never knew reaches 50.0%.",
    ]
    assert found["levels"] == {
        "across": [{"words": "chance", "at": 0.25}, {"words": "never knew", "at": 0.25}],
        "kept": [{"words": "chance", "at": 0.25}],
        "back": [{"words": "chance", "at": 0.25}, {"words": "never knew", "at": 0.5}],
        "originals": [[0.99, 0.98]],
    }


def test_a_run_without_a_control_or_an_attack_has_no_such_level() -> None:
    found = items([entry("a", 0.2)], {}, {"foreign": 2, "private": 0}, Recipe(), TEXT)
    assert found["levels"]["back"] == [] and len(found["levels"]["across"]) == 1
    assert found["run a"]["back"] is None
    assert found["notes"] == ["Not shown, because they belong to another model: 2."]


def test_the_rankings_say_n_the_control_and_what_was_left_out_and_escape_names() -> None:
    tried = attempt([[0, 0.2], [20, 0.95]])
    runs = [entry("a", 0.2, tries=[tried]), entry("b", 0.0, retain_vqa=0.5)]
    shown = challenges_html(runs, {"p1": "<script>"}, TEXT)
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert shown.count("./?run=a&amp;step=4") == 3 and "run=b" not in shown
    lines = re.findall("<li>.*?</li>", shown)
    plain = [re.sub(r"<[^>]*>|&lt;script&gt;", "", line) for line in lines]
    assert plain == [
        "at chance (20.0%) vkd ·  n 96, never knew: not asked yet, "
        "lost most: 0.0 points (retain VQA, n 48)",
        "20 steps vkd ·  n 96, the model that never knew did not get there, reached 95.0%",
        "95.0% vkd ·  n 96, never knew: 50.0%, lost most: 0.0 points (retain VQA, n 48)",
    ]
    assert "Runs left out: 1 lost a point or more." in shown
    assert "Runs left out: 1 not attacked." in shown
    assert challenges_html([], {}, TEXT) == ""

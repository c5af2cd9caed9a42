"""The attack suite: every attacker at every rate with both controls, its worst case, and a cut."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.attack import Attacker
from lab.catalogue import CONTROLS
from lab.cli import attacking
from lab.errors import LabError
from lab.events.relearning import LEVEL_NAMES
from lab.experiments.attack_suite import (
    LOOKS,
    RATES,
    Plan,
    book_of,
    means,
    plans,
    suite,
    told,
    worst,
)
from lab.model.cache import Cache
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe, Preset
from tests.unit import tiny as make

BUDGET = AttackRecipe(share=0.5, steps=2, lr=1e-4, batch=2, probe_every=1)
PRESET = Preset("demo", "tiny", "tiny")
TRAINED = ("relearn", "benign", "facts", "projector")


@pytest.fixture(scope="module")
def scene(tiny, four, tmp_path_factory):
    delta = make.run(tiny, four, make.recipe(steps=1))[0].delta
    cache = Cache(tmp_path_factory.mktemp("measured"), tiny, "controls")
    return make.scene(tiny, four, delta, control="p0", cache=cache)


@pytest.fixture(scope="module")
def rows(scene, tiny):
    before = weights_hash(tiny.model)
    made = suite(scene, BUDGET)
    assert weights_hash(tiny.model) == before
    return made


def test_every_attacker_at_every_rate_and_one_row_each(rows) -> None:
    trained = [(name, rate) for name in TRAINED for rate in RATES]
    assert [(r["attacker"], r["rate"]) for r in rows] == [*trained, *((k, 1) for k in LOOKS)]
    assert [r["lr"] for r in rows[:3]] == [1e-4, pytest.approx(3e-4), pytest.approx(1e-3)]
    assert {r["scope"] for r in rows if r["attacker"] == "projector"} == {"projector"}
    json.dumps(told(rows, "p0", 1.0), allow_nan=False)


def test_each_row_has_every_measure_against_both_controls(rows) -> None:
    for row in rows:
        assert [*row["controls"]] == [*row["recovery"]] == [*CONTROLS] and "vanilla_gap" in row
        assert [c["entity"] for c in row["controls"].values()] == ["p0", "p0"]
        if row["attacker"] in LOOKS:
            assert row["delay"] is None and row["gain_untrained"] is None
            continue
        assert {who: tuple(d) for who, d in row["delay"].items()} == dict.fromkeys(
            CONTROLS, LEVEL_NAMES
        )
        assert [*row["robustness"]] == [*CONTROLS] and len(row["probability"]) == 3
        gains = row["gain_untrained"]
        assert (gains is not None) == (row["attacker"] == "facts")
        assert gains is None or [*gains] == ["unlearned", *CONTROLS]


def test_the_two_controls_have_one_attacker(rows) -> None:
    """The same weights stand for both here: the same rows, order, rate and steps give one curve."""
    for row in rows[: len(TRAINED) * len(RATES)]:
        never, text = row["controls"].values()
        assert never["curve"] == text["curve"] and never["probability"] == text["probability"]


def row(attacker: str, rate: int, recovery, ratio, gains=None) -> dict:
    never, text = recovery
    return {
        "attacker": attacker,
        "rate": rate,
        "controls": {"never_knew": {}, "text_only": {}},
        "recovery": {"never_knew": never, "text_only": text},
        "delay": {
            who: {"50": {"ratio": ratio, "bound": ""}, "80": {"ratio": None, "bound": ""}}
            for who in CONTROLS
        },
        "gain_untrained": gains,
    }


def test_the_worst_case_by_hand() -> None:
    gains = {"unlearned": 0.5, "never_knew": 0.1, "text_only": 0.45}
    looks = row("images", 1, (0.9, 0.9), 0.01) | {"delay": None}
    found = worst(
        [
            row("relearn", 1, (0.10, 0.02), 0.9),
            row("relearn", 10, (0.30, -0.01), 1.2),
            row("facts", 3, (0.00, 0.05), 0.4, gains),
            {"attacker": "benign", "rate": 10, "failed": "no number"},
            looks,
        ]
    )
    assert found["recovery"] == {
        "never_knew": {"value": 0.30, "attacker": "relearn", "rate": 10},
        "text_only": {"value": 0.05, "attacker": "facts", "rate": 3},
    }
    least = {"value": 0.4, "bound": "", "attacker": "facts", "rate": 3}
    assert found["delay"] == dict.fromkeys(CONTROLS, {"50": least, "80": None})
    over = {who: case["value"] for who, case in found["gain_untrained"].items()}
    assert over == {"never_knew": pytest.approx(0.4), "text_only": pytest.approx(0.05)}


def test_the_mean_of_worst_cases_by_hand() -> None:
    each = [
        {"worst": worst([row("relearn", 1, (0.1, 0.2), 0.5)])},
        {"worst": worst([row("relearn", 3, (0.3, 0.0), 1.5)])},
    ]
    made = means(each)
    assert made["recovery"]["never_knew"] == {"value": pytest.approx(0.2), "n": 2}
    exact = {"at_least": 0, "at_most": 0}
    assert made["delay"]["text_only"]["50"] == {"value": 1.0, "n": 2, **exact}
    assert made["delay"]["text_only"]["80"] == {"value": None, "n": 0, **exact}
    each[0]["worst"]["delay"]["text_only"]["50"]["bound"] = "at least"
    assert means(each)["delay"]["text_only"]["50"] == {"value": 1.0, "n": 2, **exact, "at_least": 1}


def test_a_row_that_is_kept_is_not_made_again(scene, rows, tmp_path: Path, monkeypatch) -> None:
    begun: list[Plan] = []

    def stopped() -> bool:
        return len(begun) == 3

    book = book_of(PRESET, make.recipe(), "delta", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        suite(scene, BUDGET, stopped, begin=lambda plan, *_: begun.append(plan), book=book)
    assert len(book.records.rows) == 2
    begun.clear()
    again = book_of(PRESET, make.recipe(), "delta", tmp_path)
    made = suite(scene, BUDGET, begin=lambda plan, *_: begun.append(plan), book=again)
    assert [p.name for p in begun[:2]] == ["relearn, rate x10", "benign, rate x1"]
    assert len(begun) == len(rows) - 2
    assert [r["recovery"] for r in made] == [r["recovery"] for r in rows]
    begun.clear()
    taught_again = book_of(PRESET, make.recipe(), "delta", tmp_path, "other weights")
    assert taught_again.records.find(taught_again.place(plans(BUDGET)[0])) is None
    other = book_of(PRESET, make.recipe(seed=1), "delta", tmp_path)
    monkeypatch.setattr(Attacker, "update", refused)
    made = suite(scene, BUDGET, begin=lambda plan, *_: begun.append(plan), book=other)
    assert len(begun) == len(rows)  # another run has its own rows
    assert [r["failed"] for r in made[:12]] == ["no number"] * 12  # and a failed one is counted
    assert told(made, "p0", 1.0)["failed"] == 12


def refused(self) -> float:
    raise LabError("no number")


def test_a_rate_out_of_range_is_refused() -> None:
    with pytest.raises(LabError, match="lr"):
        plans(AttackRecipe(lr=5e-3))


def test_the_command_prints_one_row_a_run(scene, monkeypatch, capsys) -> None:
    recipe = make.recipe()
    bench: Any = SimpleNamespace(preset=PRESET, base_hash="")
    made = attacking.suites(bench, [(recipe, scene)], BUDGET, None)
    assert made["kind"] == "suite" and len(made["rows"]) == 15 and made["failed"] == 0
    assert {*made["worst"]} == {"recovery", "delay", "gain_untrained"} <= {*made["formulas"]}
    said = capsys.readouterr().err
    assert "row 1 of 15: relearn, rate x1" in said and "text_only: its curve was kept" in said
    both = attacking.suites(bench, [(recipe, scene)] * 2, BUDGET, None)
    assert both["runs"] == 2 and both["mean"]["recovery"]["text_only"]["n"] == 2

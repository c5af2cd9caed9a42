"""The frontier's rows: every run is attacked at every rate beside the controls, and done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.catalogue import METHODS
from lab.errors import LabError
from lab.experiments import frontier
from lab.experiments.result_file import ResultFile
from lab.recipe import AttackRecipe, revise
from tests.unit import tiny as make
from tests.unit.test_controls import bench_of, cache_of, models  # noqa: F401

CHANGES = {"method": "vkd", "beta": 10.0}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "ATTACK", AttackRecipe(steps=2, probe_every=1, batch=1))
    monkeypatch.setattr(frontier, "RATES", (1, 3))


def test_every_method_has_a_variant_and_no_variant_stands_twice() -> None:
    assert {v["method"] for v in frontier.VARIANTS} == set(METHODS)
    plans = frontier.planned(make.recipe(), ["p0", "p1"], 2)
    assert len({plan.id for plan in plans}) == len(plans) == 4 * len(frontier.VARIANTS)
    assert {(p.recipe.entity, p.recipe.seed) for p in plans} == {
        (who, seed) for who in ("p0", "p1") for seed in (0, 1)
    }


def test_a_run_is_attacked_at_every_rate_with_both_controls_and_only_once(
    tiny,
    four,
    models,  # noqa: F811
    cache_of,  # noqa: F811
    tmp_path: Path,
) -> None:
    bench, file = bench_of(tiny, four, cache_of), ResultFile(tmp_path / "frontier.json", {})
    plan = frontier.Plan(CHANGES, revise(make.recipe(steps=1), CHANGES))
    frontier.measure(lambda: bench, [plan], file, lambda _: None)
    (row,) = file.rows
    assert row["id"] == "method=vkd beta=10.0 p0 0" and row["changes"] == CHANGES
    assert set(row["attacks"]) == {"1", "3"} and row["text_logits_identical"] is True
    one, three = row["attacks"]["1"], row["attacks"]["3"]
    assert three["lr"] == pytest.approx(3 * one["lr"])
    assert one["before"] == three["before"] == row["after"]["forget_vqa"]
    for told in (one, three):
        assert [step for step, _ in told["curve"]] == [0, 1, 2]
        assert set(told["controls"]) == set(told["recovery"]) == {"never_knew", "text_only"}
        for who, control in told["controls"].items():
            ours, theirs = ([y for _, y in c["curve"]] for c in (told, control))
            by_hand = sum((a + b) / 2 for a, b in zip(ours, ours[1:], strict=False)) / 2 - (
                sum((a + b) / 2 for a, b in zip(theirs, theirs[1:], strict=False)) / 2
            )
            assert told["recovery"][who] == pytest.approx(by_hand)
    again = ResultFile(file.path, {})
    frontier.measure(lambda: pytest.fail("opened"), [plan], again, lambda _: None)


def test_a_failed_run_is_a_row_that_says_why(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_run(*_):
        raise LabError("no longer a number")

    monkeypatch.setattr(frontier, "one_run", one_run)
    bench, file = bench_of(tiny, four, None), ResultFile(tmp_path / "frontier.json", {})
    plan = frontier.Plan(CHANGES, revise(make.recipe(), CHANGES))
    frontier.measure(lambda: bench, [plan], file, lambda _: None)
    assert file.rows[0]["failed"] == "no longer a number" and file.rows[0]["entity"] == "p0"

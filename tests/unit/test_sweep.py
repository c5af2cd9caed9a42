"""Sweeps: one line a run, resumed where they were cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import sweep
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from tests.unit import tiny as make


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tiny, four) -> list[str]:
    """Sweep over the tiny model; the list grows by one entry a run really done."""
    done: list[str] = []
    own, bench = (
        sweep.run_recipe,
        Workbench(
            Preset("demo", "tiny", "tiny"), four, tiny, Baseline(tiny), weights_hash(tiny.model)
        ),
    )

    def run_recipe(opened, recipe, outcome, events, say, measures):
        done.append(f"{recipe.entity}/{recipe.seed}")
        own(opened, recipe, outcome, events, say, measures)

    monkeypatch.setattr(sweep, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(sweep, "run_recipe", run_recipe)
    return done


def go(out: Path, entities: int = 2, seeds: int = 1, **changes: object) -> dict:
    plan = make.recipe(entity="", steps=1, fisher_samples=4, **changes)
    return sweep.sweep(
        Preset("demo", "tiny", "tiny"), [plan], entities, seeds, out, 0, lambda _: None
    )


def test_a_sweep_and_its_means(ran: list[str], tmp_path: Path) -> None:
    made = go(tmp_path / "out")["vkd"]
    assert ran == ["p0/0", "p1/0"] and made["runs"] == 2
    table = pd.read_csv(tmp_path / "out" / "runs.csv", dtype={"entity": str})
    assert made["after_forget_vqa"] == pytest.approx(table["after_forget_vqa"].mean(), abs=1e-4)
    assert made["worst_forget_vqa"] == table["after_forget_vqa"].max()
    assert made["text_logits_identical"] is True and made["base_unchanged"] is True
    assert {"n_forget_vqa", "seconds_total", "before_retain_vqa"} <= set(table.columns)


def test_a_sweep_is_resumed(ran: list[str], tmp_path: Path) -> None:
    first = go(tmp_path)
    assert go(tmp_path) == first and len(ran) == 2
    go(tmp_path, entities=3)
    assert ran == ["p0/0", "p1/0", "p2/0"]
    go(tmp_path, beta=1.0)  # another recipe is another run
    assert len(ran) == 5


def test_a_line_cut_short_costs_only_its_own_run(ran: list[str], tmp_path: Path) -> None:
    go(tmp_path)
    log = tmp_path / "runs.jsonl"
    log.write_text(
        log.read_text(encoding="utf-8")[:-40], encoding="utf-8"
    )  # as a killed process leaves it
    go(tmp_path)
    assert ran == ["p0/0", "p1/0", "p1/0"]
    go(tmp_path)
    assert len(ran) == 3  # the run made after the cut is found again
    assert sum(1 for x in log.read_text(encoding="utf-8").splitlines() if x.endswith("}}")) == 2
    json.loads(log.read_text(encoding="utf-8").splitlines()[-1])


def test_ctrl_c_ends_the_sweep_and_the_run_is_done_again(
    ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.events import Done

    own = sweep.run_recipe
    monkeypatch.setattr(sweep, "run_recipe", lambda *given: given[3].append(Done("stopped")))
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path)
    monkeypatch.setattr(sweep, "run_recipe", own)
    go(tmp_path)
    assert ran == ["p0/0", "p1/0"]


def test_a_failed_run_is_counted_and_the_sweep_goes_on(
    ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.errors import LabError

    own = sweep.run_recipe

    def breaks_once(bench, recipe, outcome, events, say, measures):
        if recipe.entity == "p0":
            raise LabError("no longer a number")
        own(bench, recipe, outcome, events, say, measures)

    monkeypatch.setattr(sweep, "run_recipe", breaks_once)
    made = go(tmp_path)
    assert made["failed"] == 1 and made["vkd"]["runs"] == 1


def test_a_later_option_does_not_spoil_what_was_measured() -> None:
    from lab.experiments.records import key_of, same
    from lab.recipe import Preset, Recipe

    wanted = key_of(Preset("demo", "m", "b"), Recipe(entity="p0"))
    stored = {name: value for name, value in wanted.items() if name != "recipe.beta"}
    assert same(stored, wanted)  # beta is at its default
    assert not same(stored, wanted | {"recipe.beta": 1.0})
    assert not same(wanted | {"recipe.gone": 1}, wanted)  # it may have mattered
    assert not same(wanted | {"recipe.lr": 0.5}, wanted)
    assert not same(wanted, wanted | {"what": "grid"})

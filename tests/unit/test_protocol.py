"""The fair comparison: who is tuned on and who is not, what a trial is worth, the table's figures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from lab.benchmarks.people import load_people
from lab.catalogue import METHODS
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import comparison
from lab.experiments.comparison_table import row, summarised, write_tables
from lab.experiments.statistics import quantile
from lab.model.overlay import weights_hash
from lab.recipe import Preset, Recipe, revise
from lab.report import methods_chart
from lab.unlearn import loop
from lab.unlearn import unknown as unknown_aim
from tests.unit import tiny as make


def result(forget: float, kept: float) -> dict:
    measures = dict.fromkeys(comparison.JUDGED, 0.25)
    return {
        "chance": measures,
        "before": dict.fromkeys(measures, 1.0),
        "after": {**dict.fromkeys(measures, kept), "forget_vqa": forget},
    }


def test_nobody_is_both_tuned_on_and_reported() -> None:
    who = comparison.people(load_people(), ("002", "023"))
    assert len(who.tuning) == 4 and len(who.test) == len(set(who.test)) == 12
    assert not set(who.tuning) & set(who.test) and {"002", "023"} <= set(who.test)
    assert comparison.people(load_people(), ("002", "023")) == who


def test_nobody_on_whom_our_weights_were_chosen_is_reported() -> None:
    """They are named where the weights are; who is tuned on stays the same."""
    unknown = ("002", "005", "014", "023", "026", "039")
    who = comparison.people(load_people(), unknown)
    chosen_on = comparison.CHOSEN_ON[load_people().name]
    assert who.tuning == ("007", "016", "027", "035") and len(set(who.test)) == 12
    assert not set(who.test) & set(chosen_on) and set(unknown) <= set(who.test)
    assert all(person in (unknown_aim.__doc__ or "") for person in chosen_on)


def test_a_small_benchmark_is_refused(four) -> None:
    with pytest.raises(LabError, match="needs 4 people to tune on and 12 others and .* has 4"):
        comparison.people(four, ())
    sixteen = dataclasses.replace(load_people(), entities=load_people().entities[:16])
    with pytest.raises(LabError, match="has 16 in all"):  # of 001 and 011 it may report on neither
        comparison.people(sixteen, ())
    # nor where a model of one's own has never seen them
    who = comparison.people(load_people(), ("001", "002", "011"))
    assert "002" in who.test and not {"001", "011"} & set(who.test)


def tuned(method: str, chosen: dict, widened: int = 0, at_edge: str = "") -> dict:
    return {method: {"chosen": chosen, "trials": [], "widened": widened, "at_edge": at_edge}}


def test_every_method_has_six_different_trials_that_are_valid() -> None:
    """But ICU, which has two forms and nothing else to choose, and MMUnlearner: six in each scope."""
    assert set(comparison.TRIALS) == set(METHODS)
    others = {"icu": 2, "mmunlearner": 12}
    for method, trials in comparison.TRIALS.items():
        assert len({json.dumps(t) for t in trials}) == len(trials) == others.get(method, 6)
        for changes in trials:
            assert revise(Recipe(), {**changes, "method": method})


def test_what_a_trial_is_worth() -> None:
    assert comparison.objective(result(0.25, 1.0)) == 1.0
    assert comparison.objective(result(0.0, 1.0)) == 1.0  # below chance is not better
    assert comparison.objective(result(1.0, 1.0)) == 0.0  # nothing forgotten
    assert comparison.objective(result(0.25, 0.1)) == 0.0  # nothing kept
    # forgotten (1 - 0.625) / 0.75 = 0.5, kept 1: 2 * 0.5 / 1.5
    assert comparison.objective(result(0.625, 1.0)) == pytest.approx(2 / 3)
    assert comparison.objective({"failed": "no longer a number"}) == 0.0


@pytest.mark.parametrize(
    ("freedom", "t"),
    [
        (1, 12.7062),
        (2, 4.30265),
        (3, 3.18245),
        (4, 2.77645),
        (9, 2.26216),
        (30, 2.04227),
        (100, 1.98397),
    ],
)
def test_quantiles_of_students_t(freedom: int, t: float) -> None:
    assert quantile(freedom) == pytest.approx(t, rel=1e-5)


def test_the_table_averages_a_persons_seeds_first_and_counts_failures(tmp_path: Path) -> None:
    rows = [
        {
            "method": "vkd",
            "entity": "a",
            "seed": s,
            "failed": "",
            "after_forget_vqa": v,
            "before_forget_vqa": 1.0,
            "n_forget_vqa": 36,
        }
        for s, v in enumerate((0.0, 0.2))
    ]
    rows += [{**rows[0], "entity": e, "after_forget_vqa": 0.5} for e in "bc"]
    rows += [{"method": "vkd", "entity": "b", "seed": 1, "failed": "no longer a number"}]
    how = tuned("vkd", {"scope": "both", "lr": 1e-4}, 3, "lr at its lowest")
    vkd, vanilla = summarised(rows, how)
    assert (vkd["people"], vkd["runs"], vkd["failed"]) == (3, 4, 1)
    assert vkd["forget_vqa"] == pytest.approx(
        1.1 / 3
    )  # of 0.1, 0.5, 0.5, not of 0, 0.2 and twice 0.5
    assert vkd["forget_vqa_ci"] == pytest.approx(4.3027 * 0.23094 / 3**0.5, rel=1e-3)
    two, *_ = summarised(rows[:3], tuned("vkd", {}))
    assert two["people"] == 2 and two["forget_vqa_ci"] is None
    assert vkd["settings"] == "scope=both, lr=0.0001" and vkd["n_forget_vqa"] == 36
    assert (vkd["widened"], vkd["at_edge"]) == (3, "lr at its lowest")
    assert (vanilla["widened"], vanilla["at_edge"]) == (None, "")
    assert vanilla["method"] == "vanilla" and vanilla["forget_vqa"] == 1.0


def test_the_whole_way_and_going_on_after_a_cut(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "TUNING_PEOPLE": 1,
        "TEST_PEOPLE": 2,
        "SEEDS": 1,
        "TRIALS": {"vkd": ({"lr": 1e-3}, {"lr": 1e-2})},
    }.items():
        monkeypatch.setattr(comparison, name, value)
    monkeypatch.setattr(
        comparison, "ATTACK", dataclasses.replace(comparison.ATTACK, steps=1, batch=1)
    )
    bench = Workbench(
        Preset("demo", "tiny", "tiny"), four, tiny, Baseline(tiny), weights_hash(tiny.model)
    )
    preset = Preset("demo", "tiny", "tiny", recipe=make.recipe(steps=1, fisher_samples=4))
    said: list[str] = []
    *_, made = comparison.protocol(bench, preset, ["vkd"], tmp_path, said.append)
    table = write_tables(made, tmp_path)
    assert list(table["method"]) == ["vkd", "vanilla"] and table["runs"][0] == 2
    how = made["tuned"]["vkd"]
    trials = pd.read_csv(tmp_path / "trials.csv")
    assert len(trials) == len(how["trials"]) >= 2
    assert trials["widening"].max() == how["widened"] == table["widened"][0]
    shown = methods_chart.read(tmp_path / "methods.csv")  # what the page needs is all there
    assert shown is not None and shown["chance_forget_vqa"][0] == 0.25 and shown["seeds"][0] == 1
    assert methods_chart.was_widened(shown) and shown["at_edge"][0] == how["at_edge"]
    assert table["gain"].notna()[0] and set(pd.read_csv(tmp_path / "runs.csv")["method"]) == {"vkd"}
    done = sum(s.startswith(("tune", "compare")) for s in said)
    assert done == len(how["trials"]) + 2
    again: list[str] = []
    assert [*comparison.protocol(bench, preset, ["vkd"], tmp_path, again.append)][-1] == made
    assert again[0].startswith("2 trials or more, as grids may be widened, then 2 runs")
    assert not [s for s in again if s.startswith(("tune", "compare"))]  # nothing is done twice
    assert weights_hash(tiny.model) == bench.base_hash


def test_a_run_that_the_first_stop_rule_did_not_end_is_not_made_twice(
    four, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(comparison.TRIALS, "vkd", ({"stop_forget": 0.2}, {"stop_forget": 0.0}))
    made: list[tuple[str, float]] = []

    def run(bench, recipe, outcome, say, measures) -> dict:
        made.append((recipe.entity, recipe.stop_forget))
        return result(0.25, 1.0) | {
            "stopped_because": loop.FORGOTTEN if recipe.entity == "p0" else "steps done"
        }

    monkeypatch.setattr(comparison, "one_run", run)
    bench = SimpleNamespace(base_hash="")
    preset = Preset("demo", "tiny", "tiny")
    found = comparison.tune(bench, preset, "vkd", ("p0", "p1"), tmp_path, str)
    assert made == [("p0", 0.2), ("p1", 0.2), ("p0", 0.0)]
    assert [t["n"] for t in found.trials] == [2, 2]
    assert found.trials[0]["score"] == found.trials[1]["score"]


def test_a_control_that_failed_is_counted() -> None:
    made = comparison._labelled(
        "retain_only", [Recipe(entity="a", seed=0)], [{"failed": "no number"}]
    )
    made += comparison._labelled("vkd", [Recipe(entity="a")], [{"failed": "no number"}])
    table = summarised([row(m) for m in made], tuned("vkd", {}))
    assert {t["method"]: t["failed"] for t in table} == {"vkd": 1, "retain_only": 1, "vanilla": 1}


def test_the_gain_at_half_of_the_attack() -> None:
    attack = {
        "before": 0.2,
        "after": 0.9,
        "gain": 0.7,
        "vanilla_gap": 0.1,
        "steps": 20,
        "curve": [[0, 0.2], [10, 0.5], [20, 0.9]],
    }
    made = row({"method": "vkd", "entity": "a", "seed": 0, "attack": attack})
    assert made["gain_half"] == pytest.approx(0.3) and made["gain"] == 0.7
    assert row({"method": "vkd", "entity": "a", "seed": 1})["gain_half"] is None

"""Studies: the variants, the runs, the means and the tables, on the tiny model."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events.lines import plain
from lab.experiments import redrawn, run_study, summary, sweep
from lab.experiments.records import key_of, same
from lab.experiments.statistics import interval
from lab.experiments.studies import STUDIES, Study, Variant, study_of
from lab.model.overlay import weights_hash
from lab.recipe import Preset, Recipe, revise
from tests.unit import tiny as make

# One step: what is checked does not depend on how much is forgotten.
PRESET = Preset("demo", "tiny", "tiny", recipe=make.recipe(entity="", steps=1, fisher_samples=4))
SMALL = Study("small", (Variant("full VKD", {}), Variant("no beta", {"beta": 0.0})))


@pytest.fixture
def bench(tiny, four) -> Workbench:
    return Workbench(PRESET, four, tiny, Baseline(tiny), weights_hash(tiny.model))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry a run really done."""
    done: list[str] = []
    own = sweep.run_recipe

    def run_recipe(opened, recipe, *rest):
        done.append(f"{recipe.entity}/{recipe.beta:g}")
        own(opened, recipe, *rest)

    monkeypatch.setattr(sweep, "run_recipe", run_recipe)
    return done


# The table.
def test_every_variant_is_a_recipe_and_no_two_are_the_same() -> None:
    for study in STUDIES.values():
        recipes = [revise(Recipe(), dict(v.changes)) for v in study.variants]
        assert len(set(recipes)) == len(recipes) == len({v.name for v in study.variants})


@pytest.mark.parametrize(
    ("name", "variant", "differs"),
    [
        ("ablation", "full VKD", {}),
        ("ablation", "without pruning", {"prune_share": 0.0}),
        ("ablation", "without mask", {"mask_mode": "off"}),
        ("ablation", "mask on the forget term only", {"mask_mode": "forget_only"}),
        ("ablation", "without distillation", {"beta": 0.0}),
        ("ablation", "retain cross-entropy instead", {"beta": 0.0, "retain_weight": 1.0}),
        ("representation", "encoder", {"distil": "encoder"}),
        ("representation", "projector", {}),
        ("thresholds", "d_I 8%, d_F 0.5", {"prune_share": 0.08, "mask_threshold": 0.5}),
        ("thresholds", "d_I 2%, d_F 1", {}),
        ("depth", "4", {}),
        ("depth", "12", {"blocks": 12}),
    ],
)
def test_a_variant_differs_from_the_full_recipe_in_what_it_says(name, variant, differs) -> None:
    found = next(v for v in STUDIES[name].variants if v.name == variant)
    made = asdict(revise(Recipe(), dict(found.changes)))
    assert {k: v for k, v in made.items() if v != asdict(Recipe())[k]} == differs


def test_an_unknown_study_names_the_known_ones(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(
        LabError,
        match="ablation, neurons, alignment, frozen, representation, distance, destination, style, "
        "depth, thresholds",
    ):
        study_of("colour")
    with pytest.raises(SystemExit) as ended:
        main.main(["study", "colour", "--out", "unused"])
    assert ended.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_a_run_of_before_the_new_options_is_found_again() -> None:
    old = {k: v for k, v in key_of(PRESET, Recipe()).items() if k != "recipe.distil"}
    assert same(old, key_of(PRESET, Recipe()))
    assert not same(old, key_of(PRESET, revise(Recipe(), {"distil": "both"})))


def test_a_run_by_the_earlier_form_of_a_method_is_not_taken_for_the_new_one() -> None:
    for method, good in (("vkd", True), ("manu", False)):
        wanted = key_of(PRESET, revise(Recipe(), {"method": method}))
        assert same({k: v for k, v in wanted.items() if k != "revision"}, wanted) is good
        assert same(plain(wanted), wanted)


# Who and what.
def test_people_are_chosen_by_the_rule(four) -> None:
    from lab.benchmarks.schema import Benchmark

    forty = Benchmark("forty", tuple(make.person(k % 4) for k in range(40)), {}, (), (), ())
    places = [
        next(k for k, e in enumerate(forty.entities) if e is p) for p in run_study.chosen(forty, 6)
    ]
    assert places == [4, 14, 24, 34, 5, 15]
    assert [e.id for e in run_study.chosen(four, 4)] == ["p0", "p1", "p2", "p3"]
    for count in (0, 5):
        with pytest.raises(LabError, match="give a number from 1 to 4, because tiny has 4 people"):
            run_study.chosen(four, count)


def test_a_plan_goes_no_deeper_than_the_model(four) -> None:
    plan = run_study.planned(STUDIES["depth"], PRESET, four.entities[:2], 2, live=6)
    assert [p.recipe.blocks for p in plan] == [1, 2, 4, 6] * 4
    assert [(p.recipe.entity, p.recipe.seed) for p in plan[::4]] == [
        ("p0", 0),
        ("p1", 0),
        ("p0", 1),
        ("p1", 1),
    ]


# Means and intervals.
def test_mean_and_interval_by_hand() -> None:
    # values 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 3, t(3) = 3.18245
    mean, half = interval([1.0, 2.0, 3.0, 6.0])
    assert mean == 3.0 and half == pytest.approx(3.18245 * math.sqrt(14 / 3) / 2, rel=1e-5)
    assert interval([0.5])[0] == 0.5 and math.isnan(interval([0.5])[1])
    assert interval([0.2, 0.4])[0] == pytest.approx(0.3) and math.isnan(interval([0.2, 0.4])[1])
    assert interval([0.5, 0.5, 0.5]) == (0.5, 0.0)


def test_an_answer_counts_failures_and_leaves_them_out() -> None:
    runs = pd.DataFrame(
        [
            {"variant": "a", "failed": "", "after_x": 0.2, "n_x": 10, "chance_x": 0.25, "steps": 4},
            {"variant": "a", "failed": "", "after_x": 0.4, "n_x": 10, "chance_x": 0.25, "steps": 6},
            {"variant": "a", "failed": "", "after_x": 0.6, "n_x": 10, "chance_x": 0.25, "steps": 5},
            {"variant": "a", "failed": "no number"},
            {"variant": "b", "failed": "no number"},
        ]
    )
    a, b = summary.answer(runs, ["a", "b"]).to_dict("records")
    assert (a["runs"], a["failed"], a["n_x"], a["chance_x"], a["steps"]) == (3, 1, 30, 0.25, 5.0)
    assert a["after_x"] == pytest.approx(0.4)
    assert a["after_x_ci"] == pytest.approx(4.30265 * 0.2 / 3**0.5, rel=1e-4)  # s = 0.2, n = 3
    assert (b["runs"], b["failed"]) == (0, 1) and math.isnan(b["after_x"])


# The runs.
def go(study: Study, bench: Workbench, out: Path, count: int = 2) -> dict:
    return run_study.carry_out(study, bench, count, 1, out, "python -m lab study", lambda _: None)


def test_a_study_is_written_and_resumed(bench, ran, tmp_path: Path) -> None:
    made = go(SMALL, bench, tmp_path)
    assert ran == ["p0/60", "p0/0", "p1/60", "p1/0"] and (made["runs"], made["failed"]) == (4, 0)
    table = pd.read_csv(tmp_path / "small.csv")
    runs = pd.read_csv(tmp_path / "small-runs.csv")
    assert list(table["variant"]) == ["full VKD", "no beta"] and list(table["runs"]) == [2, 2]
    for row in table.to_dict("records"):
        own = runs[runs["variant"] == row["variant"]]["after_forget_vqa"]
        assert row["after_forget_vqa"] == pytest.approx(own.mean())
        assert math.isnan(row["after_forget_vqa_ci"])  # two runs have no interval
    assert (
        table["n_forget_vqa"][0] == runs["n_forget_vqa"][:2].sum()
        and table["chance_forget_vqa"][0] == 0.25
    )
    assert table["changes"].fillna("").tolist() == ["", "beta=0.0"]
    assert table["people"][0] == "p0 p1" and "then 6, 16" in table["choice"][0]
    go(SMALL, bench, tmp_path)
    other = Study("other", (SMALL.variants[0], Variant("b", {"beta": 9.0})))
    go(other, bench, tmp_path)  # what two studies have in common is run once
    assert ran[4:] == ["p0/9", "p1/9"]


def test_redrawn_pictures_are_asked_about(bench, ran, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Workbench, "reference", lambda *_: (bench.loaded, ("p3",)))
    study = Study("drawn", (SMALL.variants[0],), "redrawn")
    go(study, bench, tmp_path)
    table = pd.read_csv(tmp_path / "drawn.csv")
    assert list(table["variant"]) == [redrawn.PLAIN, *redrawn.CHANGES]
    runs = pd.read_csv(tmp_path / "drawn-runs.csv")
    plain = table.iloc[0]
    kept = [
        json.loads(x) for x in (tmp_path / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    results = [
        k["result"]
        for k in kept
        if k["key"]["what"].startswith("redrawn ") and "after" in k["result"]
    ]
    # unchanged views are the very questions of the run's own Forget VQA
    assert plain["after_forget_vqa"] == pytest.approx(
        sum(r["after"]["forget_vqa"] for r in results) / 2
    )
    assert plain["control_n"] == 12 and 0 <= plain["control_forget_vqa"] <= 1
    assert len(runs) == 2 * len(table) and "control_forget_vqa_ci" not in table
    go(study, bench, tmp_path)
    assert ran == ["p0/60", "p1/60"]


def test_the_command_prints_one_object(bench, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(session, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: bench.benchmark)
    monkeypatch.setitem(STUDIES, "small", SMALL)
    main.main(["study", "small", "--entities", "1", "--out", str(tmp_path), "--json"])
    made = json.loads(capsys.readouterr().out)
    assert made["study"] == "small" and made["runs"] == 2 and len(made["variants"]) == 2
    assert (
        made["command"]
        == "python -m lab study small --preset demo --entities 1 --seeds 1 --out DIR --json"
    )
    assert made["variants"][0]["after_forget_vqa_ci"] is None  # one run has no interval
    for wrong in (["--entities", "9"], ["--seeds", "0"]):
        with pytest.raises(SystemExit) as ended:
            main.main(["study", "small", *wrong, "--out", str(tmp_path)])
        assert ended.value.code == 2

"""The paper's first experiments: what each measures on the tiny model, and what its rows say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import alignment, neurons, run_study
from lab.experiments.full_step import check_plain
from lab.experiments.studies import (
    CHOICES,
    FIRST_EXPERIMENTS,
    LEAST,
    MOST,
    NEXT_CHECKS,
    RANDOM,
    STUDIES,
    TRAINED,
    Study,
    Variant,
)
from lab.model.overlay import weights_hash
from lab.model.version import Version
from lab.recipe import Preset, load_preset
from lab.report import study_chart
from lab.report.study_verdict import TOGETHER, USUAL, VERDICTS, verdict
from lab.report.text import catalogue
from lab.saliency.importance import importance
from lab.unlearn.outcome import Outcome
from lab.unlearn.task import task_of
from tests.unit import tiny as make

TEXT = catalogue()
PRESET = Preset("demo", "tiny", "tiny", recipe=make.recipe(entity="", steps=1, fisher_samples=4))


@pytest.fixture
def bench(tiny, four) -> Workbench:
    return Workbench(PRESET, four, tiny, Baseline(tiny), weights_hash(tiny.model))


def go(study: Study, bench: Workbench, out: Path, count: int = 3) -> pd.DataFrame:
    run_study.carry_out(study, bench, count, 1, out, "python -m lab study", lambda _: None)
    found = study_chart.read(out / f"{study.name}.csv", study.kind)
    assert found is not None
    return found


def test_every_first_experiment_and_next_check_is_a_study_with_a_verdict() -> None:
    named = (*FIRST_EXPERIMENTS, *NEXT_CHECKS)
    assert len(named) == 6 and {*named, "destination"} == VERDICTS.keys() <= STUDIES.keys()


# ---- what they measure


def test_neurons_are_switched_off_as_vkd_chooses_them_and_as_many_others(bench, tiny) -> None:
    recipe = make.recipe()
    made = neurons.run_pruned(bench, recipe, Outcome(), lambda _: None)
    assert list(made["pruned"]) == [neurons.named(s, w) for s in neurons.SHARES for w in CHOICES]
    images = task_of(bench.benchmark, recipe).rows.importance_images()
    layers = tiny.vision.layers(recipe.blocks)
    scored = importance(tiny, layers, *images, 0.05)
    score = torch.cat([torch.from_numpy(s) for s in scored.score])
    assert made["pruned"]["5% most the target's"]["fires"] > 0
    # the lowest ranks are the others' end of the very same order
    least, most = (made["pruned"][neurons.named(0.05, w)]["fires"] for w in (LEAST, MOST))
    assert least < most and len(score) == sum(y.neurons for y in layers)
    for told in made["pruned"].values():
        assert told["forget_vqa"]["n"] == 12 and told["retain_vqa"]["n"] == 9
        assert told["forget_vqa"]["chance"] == 0.25
    befores = {t["forget_vqa"]["before"] for t in made["pruned"].values()}
    assert len(befores) == 1 and weights_hash(tiny.model) == bench.base_hash


def test_the_distance_is_that_of_the_features_by_hand(tiny, four) -> None:
    images = [e.test_images[0] for e in four.entities]
    assert alignment.distance(Version("same", tiny), images) == 0.0
    layer = tiny.vision.projector
    last = {f"{layer.second_name}.weight": layer.second.weight.detach() * 3}
    last[f"{layer.second_name}.bias"] = layer.second.bias.detach() * 3
    # three times as long, so twice its length away: 4 of its squared length
    assert alignment.distance(Version("longer", tiny, last), images) == pytest.approx(4.0, rel=1e-4)


def test_the_features_are_measured_after_the_run(bench, tmp_path: Path) -> None:
    two = tuple(Variant(f"beta {b:g}", {"beta": b}) for b in (0.0, 60.0))
    table = go(Study("alignment", two, "aligned"), bench, tmp_path)
    assert (table["after_distance_others"] > 0).all() and "after_distance_target_ci" in table
    assert list(table["variant"]) == ["beta 0", "beta 60"] and "after_retain_vqa" in table
    assert verdict(STUDIES["alignment"], table, TEXT)


def test_a_study_of_choices_has_a_row_for_each_also_where_a_run_failed(bench, tmp_path) -> None:
    table = go(STUDIES["neurons"], bench, tmp_path)
    assert len(table) == len(neurons.SHARES) * 3 and set(table["runs"]) == {3}
    assert {"fires", "after_forget_vqa_ci", "before_retain_vqa", "chance_retain_vqa"} <= set(table)
    assert (table["n_forget_vqa"] == 36).all()
    plan = run_study.Plan(STUDIES["neurons"].variants[0], make.recipe())
    failed = list(run_study._pruned_rows(plan, {"failed": "no memory"}))
    assert len(failed) == len(table) and {r["failed"] for r in failed} == {"no memory"}


def test_steps_are_timed_of_what_is_trained(bench, tmp_path: Path) -> None:
    table = go(STUDIES["frozen"], bench, tmp_path, 1)
    assert list(table["variant"]) == list(TRAINED) and (table["step_seconds"] > 0).all()
    assert table["times"][0] == 1.0 and table["times"][2] > 0
    assert table["times"][1] == pytest.approx(table["step_seconds"][1] / table["step_seconds"][0])
    assert weights_hash(bench.loaded.model) == bench.base_hash
    assert verdict(STUDIES["frozen"], table, TEXT) == TEXT.VERDICT_FEW  # one run has no interval


def test_quantised_weights_are_refused_in_one_line(tiny) -> None:
    with pytest.raises(LabError, match="the study compares with full fine-tuning"):
        check_plain(replace(tiny, quantization="nf4"), "the study")
    check_plain(tiny, "the study")


# ---- what their rows say


def rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def chosen(most: float, other: float, retain: float = 0.97, half: float = 0.05) -> pd.DataFrame:
    names = [neurons.named(0.02, which) for which in (MOST, RANDOM, LEAST)]
    return rows(
        variant=names,
        before_forget_vqa=[1.0] * 3,
        after_forget_vqa=[most, other, 1.0],
        after_forget_vqa_ci=[half] * 3,
        before_retain_vqa=[0.98] * 3,
        after_retain_vqa=[retain, 0.97, 0.98],
        fires=[2.5, 1.0, 0.6],
    )


def test_neurons_are_found_where_random_ones_cost_less() -> None:
    study = STUDIES["neurons"]
    found = verdict(study, chosen(0.4, 0.9), TEXT)
    assert found.startswith("Pruning finds the neurons: without the 2% that")
    assert "to 40.0%, and without as many at random to 90.0%" in found and "2.5 times" in found
    assert "others need them too" in verdict(study, chosen(0.4, 0.9, retain=0.5), TEXT)
    assert "does not show" in verdict(study, chosen(0.85, 0.9), TEXT)  # the intervals overlap
    assert verdict(study, chosen(0.4, 0.9, half=math.nan), TEXT) == TEXT.VERDICT_FEW


def aligned(others: list[float], half: float = 0.01) -> pd.DataFrame:
    return rows(
        variant=["beta 0", "beta 10", "beta 60"],
        after_distance_others=others,
        after_distance_others_ci=[half] * 3,
        after_distance_target=[0.5, 0.4, 0.3],
        after_retain_vqa=[0.8, 0.9, 0.97],
    )


def test_features_are_aligned_where_they_are_surely_nearer() -> None:
    study = STUDIES["alignment"]
    found = verdict(study, aligned([0.2, 0.195, 0.05]), TEXT)
    assert "5.0% away from the original's with beta 60, and 20.0% without" in found
    assert found.startswith("The VKD loss aligns the features") and "30.0% away" in found
    assert "with beta 10" in verdict(study, aligned([0.2, 0.1, 0.05]), TEXT)  # the smallest
    assert "is not shown" in verdict(study, aligned([0.2, 0.2, 0.19]), TEXT)
    assert verdict(study, aligned([0.2, 0.1, 0.05], math.nan), TEXT) == TEXT.VERDICT_FEW


@pytest.mark.parametrize(
    ("times", "half", "words"),
    [
        (4.2, 0.3, "agrees with the about 4 times"),
        (2.0, 0.3, "less than the 4 times"),
        (9.0, 0.3, "more than the 4 times"),
    ],
)
def test_the_frozen_language_model_saves_what_its_interval_says(times, half, words) -> None:
    table = rows(variant=list(TRAINED), times=[1.0, 3.0, times], times_ci=[0.0, 0.1, half])
    said = verdict(STUDIES["frozen"], table, TEXT)
    assert words in said and f"{times:.1f} ± 0.3 times as long" in said


def test_the_next_checks_say_what_is_sure() -> None:
    table = rows(
        variant=["projector", "encoder", "both"],
        after_forget_vqa=[0.1, 0.5, 0.1],
        after_forget_vqa_ci=[0.05] * 3,
        after_retain_vqa=[0.97, 0.96, 0.97],
        after_retain_vqa_ci=[0.02] * 3,
    )
    study = STUDIES["representation"]
    assert verdict(study, table, TEXT) == (
        "With “encoder” Forget VQA is 50.0%, with “projector” 10.0%."
    )
    alike = table.assign(after_forget_vqa=0.1)
    assert verdict(study, alike, TEXT) == TEXT.VERDICT_ALIKE
    assert verdict(study, alike.drop(columns=[c for c in alike if "_ci" in c]), TEXT) == (
        TEXT.VERDICT_FEW
    )
    drawn = rows(
        variant=["grey", "blur", "sketch"],
        before_forget_vqa=[1.0, 0.9, 0.2],
        after_forget_vqa=[0.1, 0.8, 0.2],
        after_forget_vqa_ci=[0.1] * 3,
        chance_forget_vqa=[0.25] * 3,
    )
    left = verdict(STUDIES["style"], drawn, TEXT)
    assert "still recognised when drawn as: blur." in left and "the 2 ways" in left
    gone = verdict(STUDIES["style"], drawn[drawn["variant"] != "blur"], TEXT)
    assert gone.startswith("In none of the 1 ways")


def test_a_destination_is_shown_with_what_it_gives_up() -> None:
    assert load_preset("demo").recipe.destination == USUAL
    figures = {
        "away": (0.1, 0.97, 0.9, 0.5),
        USUAL: (0.4, 0.96, 0.8, 0.0),
        "stranger_alike": (0.3, 0.96, 0.8, 0.0),
        "stranger_mean": (0.2, 0.95, 0.7, 0.0),
    }
    columns = {f"after_{m}": [row[k] for row in figures.values()] for k, m in enumerate(TOGETHER)}
    table = rows(variant=list(figures), **columns, **{f"{c}_ci": [0.1] * 4 for c in columns})
    said = verdict(STUDIES["destination"], table, TEXT)
    assert said.startswith(
        "The demo has “unknown”: Forget VQA 40.0%, Retain VQA 96.0%, still sees 80.0%, names "
        "somebody else 0.0%. “away” has 10.0%, 97.0%, 90.0% and 50.0%. Of the strangers “stranger_mean” "
        "has the lowest Forget VQA, 20.0%, and “stranger_alike” still sees most, 80.0%."
    )
    assert "not kept" in said
    assert "aufbewahrt" in verdict(STUDIES["destination"], table, catalogue("de"))
    assert verdict(
        STUDIES["destination"], table.drop(columns=[f"{c}_ci" for c in columns]), TEXT
    ) == (TEXT.VERDICT_FEW)


def test_thresholds_that_are_sensible_are_counted() -> None:
    table = rows(
        variant=["a", "b", "c"],
        after_forget_vqa=[0.2, 0.1, 0.5],
        chance_forget_vqa=[0.25] * 3,
        before_retain_vqa=[0.97] * 3,
        after_retain_vqa=[0.96, 0.97, 0.97],
    )
    said = verdict(STUDIES["thresholds"], table, TEXT)
    assert said.startswith("2 of 3 pairs") and "Of these b keeps most" in said
    none = verdict(STUDIES["thresholds"], table.assign(after_forget_vqa=0.9), TEXT)
    assert none.startswith("None of the 3 pairs") and verdict(STUDIES["depth"], table, TEXT) == ""


# ---- on the page


@pytest.mark.parametrize("name", FIRST_EXPERIMENTS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_first_experiment_is_shown(bench, tmp_path: Path, name: str, language: str) -> None:
    from lab.ui.steps import studies

    text, study = catalogue(language), STUDIES[name]
    few = replace(study, variants=study.variants[:2])
    table = go(few, bench, tmp_path, 1)
    assert study_chart.plot(few, table, text).data
    head, lines = study_chart.table_rows(few, table, text)
    assert {len(line) for line in lines} == {len(head)} and len(lines) == len(table)
    said = studies.about(few, table, text)
    assert text.STUDY_FIRST in said and text.VERDICT_FEW in said and "{" not in said

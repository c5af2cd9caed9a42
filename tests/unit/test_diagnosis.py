"""Failure signatures: each by figures made by hand, none for a good run, and the settings to try."""

from __future__ import annotations

import dataclasses

import pytest

from lab.catalogue import METHODS
from lab.events import Done
from lab.recipe import Recipe, revise
from lab.report import diagnosis
from lab.report.diagnosis import RULES, Diagnosis, diagnosed
from lab.report.page import page
from lab.report.text import catalogue

TEXT = catalogue()
GOOD = {
    "forget_vqa": (1.0, 0.1, 36),
    "still_sees": (0.9, 0.88, 60),
    "forget_qa": (0.98, 0.98, 48),
    "retain_vqa": (0.97, 0.96, 180),
    "retain_qa": (1.0, 1.0, 78),
    "pictures_vqa": (0.9, 0.89, 100),
}


def run(**changed) -> dict:
    """A run that forgot well, but for what is given: a measure's before, after and n, or a value."""
    values = {k: changed.pop(k, v) for k, v in GOOD.items()}
    return {
        "before": {k: v[0] for k, v in values.items()},
        "after": {k: v[1] for k, v in values.items()},
        "n": {k: v[2] for k, v in values.items()},
        "chance": dict.fromkeys(values, 0.25),
        "stopped_because": "steps done",
        "mask_density": 0.5,
        **changed,
    }


def line(start: float, end: float, steps: int = 20) -> list[list[float]]:
    """A curve that is at its end after half of the steps."""
    return [[0, start], [steps // 2, end], [steps, end]]


def attack(after: float, control: float | None, kind: str = "relearn", n: int = 36) -> dict:
    """An attack that ends at ``after``, and a control of the same person that ends at ``control``."""
    other = {"entity": "p0", "before": 0.1, "after": control, "curve": line(0.1, control or 0.0)}
    return {
        "kind": kind,
        "entity": "p0",
        "before": 0.1,
        "after": after,
        "n": n,
        "chance": 0.25,
        "curve": line(0.1, after),
        "controls": {} if control is None else {"text_only": other},
    }


HIGH = {"forget_vqa": (1.0, 0.6, 36)}
LOST = {"retain_vqa": (0.97, 0.7, 180)}
SHOWS = {
    "text_changed": run(forget_qa=(0.98, 0.5, 48)),
    "sees_worse": run(**LOST, pictures_vqa=(0.9, 0.6, 100)),
    "tangled": run(**HIGH, **LOST),
    "retain_fell": run(**LOST),
    "forget_high": run(**HIGH),
    "sees_less": run(still_sees=(0.9, 0.4, 60)),
}


@pytest.mark.parametrize("signature", SHOWS)
def test_every_signature_is_seen_by_its_figures(signature: str) -> None:
    found = diagnosed(SHOWS[signature], Recipe())
    assert found.signature == signature
    # vkd has no other way than fewer steps to spare a language model that it never trains
    assert len(found.changes) == (1 if signature == "text_changed" else 2)
    words = diagnosis.in_words(found, TEXT)
    assert words.startswith("Failure signature: ") and "{" not in words


def test_relearning_is_a_signature_where_it_beats_the_control() -> None:
    def of(*attacks: dict) -> str:
        return diagnosed(run(), Recipe(), attacks).signature

    assert of(attack(0.95, 0.4)) == "came_back"
    assert of(attack(0.95, 0.93)) == ""  # anybody is learned as fast
    assert of(attack(0.95, None)) == ""  # and without a control nobody can tell
    assert of(attack(0.95, 0.4, "benign")) == "" and of(attack(0.2, 0.05)) == ""
    assert of(attack(0.1, 0.1), attack(0.95, 0.4)) == "came_back"
    assert diagnosed(run(**HIGH), Recipe(), [attack(0.95, 0.4)]).signature == "forget_high"
    assert {r.signature for r in RULES} == {*SHOWS, "came_back"} == TEXT.DIAGNOSIS.keys()


def test_a_run_that_forgot_one_person_alone_shows_none() -> None:
    found = diagnosed(run(), Recipe())
    assert found == Diagnosis("") and diagnosis.in_words(found, TEXT) == TEXT.DIAGNOSIS_NONE
    # too few questions to be sure, and a loss that is sure but small
    assert diagnosed(run(retain_vqa=(1.0, 0.8, 5)), Recipe()).signature == ""
    assert diagnosed(run(retain_vqa=(0.97, 0.95, 10**6)), Recipe()).signature == ""
    assert diagnosed(run(forget_vqa=(1.0, 0.4, 6)), Recipe()).signature == ""


def test_a_run_without_scores_has_no_diagnosis() -> None:
    assert diagnosed({"after": {}, "stopped_because": "stopped"}, Recipe()) is None
    assert diagnosis.as_json(None, TEXT) is None


def test_beta_down_or_more_pruned_where_forget_vqa_stays_high() -> None:
    found = diagnosed(SHOWS["forget_high"], Recipe(beta=60.0, prune_share=0.02))
    assert found.changes == (("beta", 30.0), ("prune_share", 0.04))
    assert "(100.0% → 60.0%, n 36, chance 25.0%)" in diagnosis.in_words(found, TEXT)
    up = diagnosed(SHOWS["retain_fell"], Recipe(beta=60.0, prune_share=0.02))
    assert up.changes == (("beta", 120.0), ("prune_share", 0.01))


def test_what_the_run_itself_says_comes_first() -> None:
    early = run(**HIGH, stopped_because="forget accuracy reached")
    assert diagnosed(early, Recipe()).changes == (("stop_forget", 0.1), ("beta", 30.0))
    narrow = run(**HIGH, mask_density=0.01)
    assert diagnosed(narrow, Recipe()).changes == (("mask_threshold", 0.5), ("beta", 30.0))
    off = diagnosed(narrow, Recipe(mask_mode="off"))
    assert off.changes == (("beta", 30.0), ("prune_share", 0.04))


def test_what_changes_nothing_in_a_recipe_is_not_proposed() -> None:
    """Towards a stranger, beta weighs what is forgotten as it weighs what is kept."""
    moving = Recipe(destination="stranger_alike")
    assert diagnosed(SHOWS["forget_high"], moving).changes == (
        ("prune_share", 0.04),
        ("forget_weight", 2.0),
    )
    assert diagnosed(SHOWS["sees_less"], moving).changes == (
        ("destination", "unknown"),
        ("forget_weight", 0.5),
    )
    away = diagnosed(SHOWS["sees_less"], Recipe()).changes
    assert away == (("destination", "unknown"), ("ascent_cap", 2.0))


def test_where_the_answers_become_a_strangers_beta_and_the_cap_still_count() -> None:
    unknown = Recipe(destination="unknown")
    assert diagnosed(SHOWS["forget_high"], unknown).changes[0][0] == "beta"
    changes = dict(diagnosed(SHOWS["sees_less"], unknown).changes)
    assert list(changes) == ["ascent_cap", "forget_weight"]


def test_more_is_never_less_than_what_the_run_had() -> None:
    spec = next(f for f in dataclasses.fields(Recipe) if f.name == "prune_share")
    assert diagnosis._new(0.2, "more", spec) == 0.2 and diagnosis._new(0.02, "more", spec) == 0.04


def test_a_setting_at_its_end_makes_way_for_the_next() -> None:
    no_kd = diagnosed(run(**HIGH), Recipe(beta=0.0, prune_share=0.1))
    assert no_kd.changes == (("forget_weight", 2.0), ("lr", 2e-4))
    from_nothing = diagnosed(run(**HIGH), Recipe(prune_share=0.0))
    assert from_nothing.changes[1] == ("prune_share", 0.02)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("signature", SHOWS)
def test_what_is_proposed_is_a_valid_recipe_of_the_method(signature: str, method: str) -> None:
    from lab.catalogue import METHOD_ROWS

    recipe = Recipe(method=method)
    found = diagnosed(SHOWS[signature], recipe)
    for key, value in found.changes:
        assert key == "method" or key in METHOD_ROWS[method].settings
        assert getattr(revise(recipe, {key: value}), key) == value != getattr(recipe, key)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_words_of_a_change(language: str) -> None:
    text, found = catalogue(language), diagnosed(SHOWS["forget_high"], Recipe())
    words = diagnosis.change_in_words(*found.changes[1], Recipe(), text)
    numbers = "0.02 → 0.04" if language == "en" else "0,02 → 0,04"
    assert words.endswith(numbers) and text.FIELDS["Recipe"]["prune_share"][0] in words
    both = diagnosis.changes_in_words(found, Recipe(), text)
    assert "60 → 30" in both and numbers in both


def test_the_command_line_says_it_in_words_and_values() -> None:
    found = diagnosed(SHOWS["forget_high"], Recipe())
    made = diagnosis.as_json(found, TEXT)
    assert made["signature"] == "forget_high" and made["words"].startswith("Failure signature")
    assert made["changes"] == {"beta": 30.0, "prune_share": 0.04}
    assert diagnosis.as_json(diagnosed(run(), Recipe()), TEXT)["signature"] == ""


def test_the_report_says_it_and_what_is_our_choice(four) -> None:
    def report(result: dict) -> str:
        return page(Recipe(entity="p0"), [Done("x", result)], [], four, "demo", TEXT)

    shown = report(SHOWS["forget_high"])
    assert "did not fall enough (100.0% → 60.0%" in shown and "Two settings to try: " in shown
    assert TEXT.DIAGNOSIS_ABOUT in shown
    good = report(run())
    assert TEXT.DIAGNOSIS_NONE in good and "Two settings" not in good
    assert TEXT.DIAGNOSIS_NONE not in report({"after": {}})

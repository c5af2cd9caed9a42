"""Recipes and presets: what is refused, and that the text names what would be right."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lab import recipe as recipes
from lab.errors import LabError
from lab.recipe import STRENGTHS, AttackRecipe, Recipe, TeachRecipe, load_preset, revise


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("stepps", "4", "unknown recipe key 'stepps': valid keys are entity, method, seed"),
        ("steps", "many", "'many' is not a int"),
        ("steps", "4.5", "is not a int"),
        ("steps", 0, "outside 1 to 1000"),
        ("steps", "inf", "is not a int"),
        ("lr", "nan", "outside"),
        ("lr", None, "is not a float"),
        ("prune_share", 1.5, "outside 0.0 to 1.0"),
        ("mask_mode", "none", "is not one of all, forget_only"),
        ("method", "magic", "is not one of vkd, mmunlearner"),
        ("seed", [1], "is not a int"),
    ],
)
def test_revise_refuses(key: str, value: object, words: str) -> None:
    with pytest.raises(LabError) as refused:
        revise(Recipe(), {key: value})
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_revise_reads_typed_words_and_leaves_the_base_alone() -> None:
    base = Recipe()
    made = revise(
        base, {"steps": "12", "lr": "3e-4", "prune_share": "0", "mask_mode": "forget_only"}
    )
    assert (made.steps, made.lr, made.prune_share, made.mask_mode) == (12, 3e-4, 0.0, "forget_only")
    assert base == Recipe() and isinstance(made.steps, int)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.steps = 3


@pytest.mark.parametrize("kind", [Recipe, AttackRecipe, TeachRecipe])
def test_every_default_is_in_its_range(kind: type) -> None:
    for spec in dataclasses.fields(kind):
        if spec.name != "entity":
            revise(kind(), {spec.name: spec.default})


def test_strengths_are_valid_recipes() -> None:
    assert {"Gentle", "Standard", "Strong"} <= set(STRENGTHS)
    for changes in STRENGTHS.values():
        revise(Recipe(), changes)


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(LabError, match="unknown preset '../x': valid presets are .*demo"):
        load_preset("../x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model: "', "not valid YAML"),
        ("model: x\nbenchmark: people\ncolour: red", "unknown key 'colour'"),
        ("benchmark: people", "'model' is missing"),
        ("", "no KEY: VALUE lines"),
        ("recipe:", "'model' is missing"),
        ("model: x\nbenchmark: people\nrecipe: {steps: 0}", "outside 1 to 1000"),
        ("model: x\nbenchmark: people\nteach: {warm_up: 2}", "outside 0.0 to 0.5"),
        (
            "model: x\nbenchmark: people\nattack: {scope: all}",
            "not one of vision, projector, language, both",
        ),
    ],
)
def test_a_broken_preset_is_named(text: str, words: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(recipes, "PRESETS", tmp_path)
    with pytest.raises(LabError) as refused:
        load_preset("mine")
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_presets_recipe_is_laid_over_the_defaults(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.yaml").write_text(
        "model: x\nbenchmark: people\nrecipe: {steps: 7}\n", encoding="utf-8"
    )
    monkeypatch.setattr(recipes, "PRESETS", tmp_path)
    preset = load_preset("mine")
    assert preset.recipe == dataclasses.replace(Recipe(), steps=7)
    assert preset.attack == AttackRecipe()

"""Recipes and presets: what is refused, and that the text names what would be right."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pytest

from lab import recipe as recipes
from lab.cli import attack
from lab.errors import LabError
from lab.files import ROOT
from lab.recipe import (
    STRENGTHS,
    AttackRecipe,
    Recipe,
    TeachRecipe,
    at_strength,
    load_preset,
    revise,
)


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
    for name in sorted(path.stem for path in (ROOT / "presets").glob("*.yaml")):
        standard = load_preset(name).recipe
        gentle, same, strong = (
            revise(standard, at_strength(standard, strength)) for strength in STRENGTHS
        )
        assert same == standard
        assert gentle.lr < standard.lr < strong.lr and standard.steps < strong.steps, name
    far = revise(Recipe(), {"lr": 1e-6, "steps": 1000})  # what is allowed is not left
    for strength in STRENGTHS:
        revise(far, at_strength(far, strength))
    assert at_strength(Recipe(), "Gentle") == {"stop_forget": 0.3, "lr": 6e-5}
    assert at_strength(Recipe(), "Strong") == {
        "prune_share": 0.04,
        "stop_forget": 0.0,
        "lr": 2e-4,
        "steps": 40,
    }


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


def test_an_attack_on_the_command_line_begins_with_the_presets() -> None:
    parser = argparse.ArgumentParser()
    attack.arguments(parser)
    preset = load_preset("llava-1.5-7b-clear")
    plan = attack.plan_of(parser.parse_args(["--run", "x"]), preset)
    assert plan == preset.attack and plan.lr == 1e-5
    typed = ["--run", "x", "--kind", "suite", "--lr", "2e-5"]
    plan = attack.plan_of(parser.parse_args(typed), preset)
    assert (plan.kind, plan.lr, plan.batch) == ("relearn", 2e-5, 2)
    with pytest.raises(LabError, match="unknown attack"):
        attack.plan_of(parser.parse_args(["--run", "x", "--kind", "none"]), preset)

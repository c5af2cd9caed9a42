"""The settings of a run and of an attack by one set of names: an attack's are ``attack.KEY``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lab.recipe import AttackRecipe, Recipe, revise

OF_ATTACK = "attack."


def flat(recipe: Recipe, attack: AttackRecipe) -> dict[str, Any]:
    """The values of all settings by name, the recipe's first."""
    return asdict(recipe) | {OF_ATTACK + key: value for key, value in asdict(attack).items()}


NAMES = tuple(flat(Recipe(), AttackRecipe()))


def apart(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of a run and those of an attack, by the names that each has in its recipe."""
    of_attack = {
        k.removeprefix(OF_ATTACK): v for k, v in settings.items() if k.startswith(OF_ATTACK)
    }
    return {k: v for k, v in settings.items() if not k.startswith(OF_ATTACK)}, of_attack


def typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with their values checked; raises ``LabError`` as ``revise`` does."""
    of_run, of_attack = apart(settings)
    checked = flat(revise(Recipe(), of_run), revise(AttackRecipe(), of_attack))
    return {key: checked[key] for key in settings}

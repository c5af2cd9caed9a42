"""The recipe of a run, read from its file."""

from __future__ import annotations

from pathlib import Path

from lab.recipe import Recipe, revise
from lab.recipe.flat_yaml import read_flat


def read_recipe(path: Path) -> Recipe:
    """Read the ``recipe.yaml`` of a run; raises ``LabError`` if it is not a recipe.

    The key ``preset`` says what the run was made with and is not part of the recipe.
    """
    data = read_flat(path)
    data.pop("preset", None)
    return revise(Recipe(), data)

"""What cannot be changed in a tab now: because of the room's teacher, of a link, or of a lesson."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe import STRENGTH_KEYS, AttackRecipe, Recipe
from lab.recipe.lesson import ATTACK, load_lesson
from lab.recipe.settings import OF_ATTACK
from lab.ui.context import Frame

OF_RUN = frozenset(spec.name for spec in fields(Recipe))
EVERY_ATTACK = frozenset(OF_ATTACK + spec.name for spec in fields(AttackRecipe))


def inputs(frame: Frame) -> list[gr.components.Component]:
    """What a handler needs for ``of_tab``, last among its inputs."""
    return [frame.linked, frame.lesson]


def of_tab(linked: Mapping[str, Any] | None, lesson: str | None) -> frozenset[str]:
    """The settings that a link and a lesson have locked in a tab; an attack's as ``attack.KEY``."""
    try:
        locked = load_lesson(lesson).locked if lesson else ()
    except LabError:  # it is no longer there
        locked = ()
    return together(linked, locked)


def together(linked: Mapping[str, Any] | None, lesson: Collection[str]) -> frozenset[str]:
    """The same of what a ``lesson`` locks, by its own keys."""
    more = EVERY_ATTACK if ATTACK in lesson else frozenset()
    return more | {*lesson, *(linked or {}).get("keys", ())}


def held(frame: Frame, tab: Collection[str], key: str) -> bool:
    """Whether a setting may not be changed: by the ``tab``'s locks, or by the room's."""
    return key in tab or frame.engine.locked(key)


def strength_held(frame: Frame, tab: Collection[str]) -> bool:
    """Whether a strength, which fills several settings, may not be chosen."""
    return not OF_RUN.isdisjoint(tab) or any(map(frame.engine.locked, STRENGTH_KEYS))


def free(
    frame: Frame, values: Mapping[str, Any], tab: Collection[str], wanted: Iterable[str]
) -> list[Any]:
    """The ``wanted`` settings' new values; what the room or the tab has locked stays."""
    return [gr.skip() if held(frame, tab, name) else values[name] for name in wanted]

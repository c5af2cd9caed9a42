"""The endpoints for the whole way by script: look inside, follow a run, ask, attack."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from lab.errors import LabError
from lab.events import Event
from lab.events.lines import to_line
from lab.recipe import revise
from lab.report.text import Text
from lab.serve.views import ORIGINAL, Turn
from lab.serve.visit import Visit
from lab.ui import given
from lab.ui.talk import check

# The names and their arguments, for the door.
ENDPOINTS = {
    "inspect": ("entity", "settings"),
    "events": ("run_id", "start"),
    "chat": ("run_id", "question", "entity"),
    "attack": ("run_id", "settings"),
}


class Remote:
    """The endpoints' functions, named as the endpoints are; each raises ``LabError`` on misuse."""

    def __init__(self, engine: Visit, text: Text) -> None:
        self._engine, self._text = engine, text

    def inspect(self, entity: str, settings: dict[str, Any]) -> str:
        """Queue a look inside the model for a person: importance and Fisher; returns the run's id.

        The settings are the recipe's keys that differ from the preset.
        """
        changes = given.settings(settings, self._text)
        who = given.word("entity", entity, self._text)
        if "entity" in changes:
            raise LabError(self._text.API_ENTITY)
        recipe = revise(self._engine.preset.recipe, {**changes, "entity": who})
        return self._engine.submit(recipe, "inspect")

    def attack(self, run_id: str, settings: dict[str, Any]) -> str:
        """Queue an attack on a run that has ended; returns the attack's id.

        The settings are the attack's keys that differ from the preset, such as kind and steps. The
        endpoints status, stop, events and result take the id of an attack as that of a run.
        """
        plan = revise(self._engine.preset.attack, given.settings(settings, self._text))
        run = given.word("run_id", run_id, self._text)
        return self._engine.submit_attack(run, plan)

    def events(self, run_id: str, start: int) -> dict[str, Any]:
        """Return what a run or an attack has said since event number ``start``, which is 0 at first.

        Ask again from ``next`` for more; ``state`` says whether it goes on. Arrays, such as maps of
        neurons, are left out: the files of the run hold them.
        """
        if not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise LabError(self._text.API_START)
        view = self._engine.run(given.word("run_id", run_id, self._text))
        return {
            "events": [light(event) for event in view.events[start:]],
            "next": max(start, len(view.events)),
            "state": view.state,
        }

    def chat(self, run_id: str, question: str, entity: str) -> dict[str, str]:
        """Ask the original and the model that a run or an attack left the same question.

        ``entity``: the person whose portrait both are shown; "" for a question without a picture.
        ``run_id``: "original" asks the original alone. Returns the answers by "original" and "run".
        """
        run = given.word("run_id", run_id, self._text)
        words = given.word("question", question, self._text).strip()
        check(words, self._text)
        picture = self._portrait(given.word("entity", entity, self._text)) if entity else None
        names = ("original",) if run == ORIGINAL else ("original", "run")
        sides, answers = [ORIGINAL, run][: len(names)], ("",) * len(names)
        for answers in self._engine.chat(sides, [Turn(words)], picture):
            pass
        return dict(zip(names, answers, strict=True))

    def _portrait(self, entity: str) -> bytes:
        for card in self._engine.entities():
            if card.id == entity:
                return card.portrait
        raise LabError(self._text.API_NOBODY.format(entity=entity))


def light(event: Event) -> dict[str, Any]:
    """An event as plain values, without the fields that hold arrays."""
    heavy = [f.name for f in dataclasses.fields(event) if _holds_arrays(getattr(event, f.name))]
    bare: Any = {n: () if isinstance(getattr(event, n), tuple) else np.zeros(0) for n in heavy}
    said: dict[str, Any] = json.loads(to_line(dataclasses.replace(event, **bare)))
    return {name: value for name, value in said.items() if name not in heavy}


def _holds_arrays(value: Any) -> bool:
    first = value[0] if isinstance(value, tuple) and value else value
    return isinstance(first, np.ndarray)

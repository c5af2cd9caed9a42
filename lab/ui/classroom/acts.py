"""What the buttons and forms of the teacher's page do, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lab.errors import LabError
from lab.recipe import STRENGTH_KEYS, at_strength, revise
from lab.recipe.settings import typed
from lab.serve.classroom.classroom import Classroom
from lab.serve.engine import Engine
from lab.serve.rules import CLOSABLE, Limits

Given = Mapping[str, Any]


class Acts:
    """Does what the teacher's page sends; the room and the engine ask whether it is the teacher."""

    def __init__(self, room: Classroom, engine: Engine) -> None:
        self._room, self._engine = room, engine
        self._by_name: dict[str, Callable[[str, Given], None]] = {
            "pause": lambda who, given: room.pause(who, _word(given, "on") == "yes"),
            "first": lambda who, given: engine.steer.put(_word(given, "run"), True, who),
            "last": lambda who, given: engine.steer.put(_word(given, "run"), False, who),
            "cancel": lambda who, given: engine.stop(_word(given, "run"), who),
            "say": lambda who, given: room.say(who, _word(given, "words")),
            "time": lambda who, given: room.time(who, _number(given, "minutes")),
            "bring": lambda who, given: room.bring(
                who, int(_number(given, "step")), _word(given, "run")
            ),
            "let_go": lambda who, given: room.let_go(who),
            "set": self._set_one,
            "strength": self._set_strength,
            "unset": self._unset,
            "steps": self._steps,
            "people": self._people,
        }

    def do(self, visitor: str, given: Given) -> None:
        """Do one thing; raises ``LabError``."""
        self._engine.rights.check_teacher(visitor)
        act = self._by_name.get(_word(given, "act"))
        if act is None:
            raise LabError("the page is of another version of this lab: load it again")
        act(visitor, given)

    def _set_one(self, visitor: str, given: Given) -> None:
        self._set(visitor, {_word(given, "key"): _word(given, "value")}, _word(given, "how"))

    def _set_strength(self, visitor: str, given: Given) -> None:
        """Set what the strengths differ in to what a strength has on the loaded preset."""
        strength = _word(given, "strength")
        standard = self._engine.preset.recipe
        recipe = revise(standard, at_strength(standard, strength))
        values = {key: getattr(recipe, key) for key in STRENGTH_KEYS}
        self._set(visitor, values, _word(given, "how"))

    def _set(self, visitor: str, values: Mapping[str, Any], how: str) -> None:
        if "entity" in values:
            raise LabError("whom a run is about is chosen under People: choose them there")
        checked = typed(values)
        limits = _without(self._room.state.limits, set(checked))
        if how == "lock":
            limits = replace(limits, locked={**limits.locked, **checked})
        else:
            limits = replace(limits, preset={**limits.preset, **checked})
        self._room.limit(visitor, limits)

    def _unset(self, visitor: str, given: Given) -> None:
        self._room.limit(visitor, _without(self._room.state.limits, {_word(given, "key")}))

    def _steps(self, visitor: str, given: Given) -> None:
        opened = {str(one) for one in _many(given, "open")}
        closed = tuple(step for step in CLOSABLE if str(step) not in opened)
        self._room.limit(visitor, replace(self._room.state.limits, closed=closed))

    def _people(self, visitor: str, given: Given) -> None:
        chosen, known = _many(given, "people"), {c.id for c in self._engine.entities(visitor)}
        if unknown := [one for one in chosen if one not in known]:
            raise LabError(f"this lab does not have the person {unknown[0]}: load the page again")
        self._room.limit(visitor, replace(self._room.state.limits, people=tuple(chosen)))


def _without(limits: Limits, keys: set[str]) -> Limits:
    return replace(
        limits,
        locked={k: v for k, v in limits.locked.items() if k not in keys},
        preset={k: v for k, v in limits.preset.items() if k not in keys},
    )


def _word(given: Given, name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _number(given: Given, name: str) -> float:
    try:
        value = float(_word(given, name))
    except ValueError:
        value = -1.0
    return value if value == value else -1.0


def _many(given: Given, name: str) -> list[str]:
    value = given.get(name, [])
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

"""What a room keeps: its people, what the teacher has set and said; as JSON and back."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.errors import LabError
from lab.recipe.settings import typed
from lab.serve.rules import CLOSABLE, Limits

MOST_NICKNAME, MOST_WORDS, MOST_MESSAGES = 24, 300, 20
AWAY_SECONDS = 30.0  # a page asks every two seconds; a laptop that sleeps does not
ALLOWED = ("L", "M", "N", "So")  # kinds of characters in a nickname: letters, digits, emoji
ALSO = " .-_'’"


@dataclass(frozen=True)
class Person:
    """Somebody in the room; ``entered`` and ``seen`` in seconds since 1970.

    ``admitted``: not any more, once the room has another code or password.
    """

    visitor: str
    nickname: str
    entered: float
    seen: float
    admitted: bool = True


@dataclass(frozen=True)
class Message:
    """What the teacher said to everybody; ``at`` in seconds since 1970."""

    number: int
    words: str
    at: float


@dataclass(frozen=True)
class Look:
    """Where the teacher brought everybody: a step and, unless "", a run."""

    number: int
    step: int
    run: str
    at: float


@dataclass(frozen=True)
class State:
    """A room as it is now. ``began``: when it was made; ``ends``: of the timer, 0 for none.

    ``key``: of the teacher's link. ``secret``: a fingerprint of the code or password that let people
    in. ``revision`` grows whenever something changes that the pages show, and ``limited`` whenever
    the limits do.
    """

    code: str
    key: str
    began: float
    secret: str
    people: tuple[Person, ...] = ()
    teachers: tuple[Person, ...] = ()
    limits: Limits = Limits()
    messages: tuple[Message, ...] = ()
    look: Look | None = None
    ends: float = 0.0
    paused: bool = False
    revision: int = 1
    limited: int = 0


@dataclass(frozen=True)
class Presence:
    """Where somebody is now, in this process alone; times in seconds since 1970.

    ``mark``: what stands on their page; ``changed``: when that was last something else. ``answers``:
    what they predict, by step: the number of the answer, from 0.
    """

    step: int
    mark: str
    seen: float
    changed: float
    answers: Mapping[int, int] = field(default_factory=dict)


def away(here: Presence | None, now: float) -> bool:
    """Whether somebody's page has not asked for ``AWAY_SECONDS``, or not at all."""
    return here is None or now - here.seen > AWAY_SECONDS


def to_json(state: State) -> dict[str, Any]:
    """The state as JSON has it."""
    return dataclasses.asdict(state)


def from_json(row: Mapping[str, Any]) -> State:
    """The state in a JSON object; raises ``KeyError``, ``TypeError``, ``ValueError`` or ``LabError``."""
    look = row["look"]
    return State(
        code=str(row["code"]),
        key=str(row["key"]),
        began=float(row["began"]),
        secret=str(row["secret"]),
        people=tuple(Person(**one) for one in row["people"]),
        teachers=tuple(Person(**one) for one in row["teachers"]),
        limits=limits_from(row["limits"]),
        messages=tuple(Message(**one) for one in row["messages"]),
        look=Look(**look) if look else None,
        ends=float(row["ends"]),
        paused=bool(row["paused"]),
        revision=int(row["revision"]),
        limited=int(row["limited"]),
    )


def limits_from(row: Mapping[str, Any]) -> Limits:
    """Limits with their settings checked; raises ``LabError`` for a setting that is none."""
    closed = {int(step) for step in row["closed"]}
    return Limits(
        typed(row["locked"]),
        typed(row["preset"]),
        tuple(str(one) for one in row["people"]),
        tuple(sorted(closed & set(CLOSABLE))),
    )


def nickname(given: str) -> str:
    """A nickname as it is shown; raises ``LabError`` for one that cannot be used."""
    words = " ".join(unicodedata.normalize("NFC", given).split())
    if not words:
        raise LabError("the nickname is empty: write a name that your teacher knows")
    if len(words) > MOST_NICKNAME:
        raise LabError(f"the nickname is longer than {MOST_NICKNAME} characters: shorten it")
    if not all(c in ALSO or unicodedata.category(c).startswith(ALLOWED) for c in words):
        raise LabError("the nickname may have letters, digits and emoji: leave other signs out")
    return words

"""The class board's data: the shared runs, gathered, and answers that hold only what has changed."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from lab.events import Done
from lab.report.board import items
from lab.report.challenges import FACE, Attempt, Entry
from lab.report.text import Text
from lab.serve.engine import Engine
from lab.serve.views import ENDED, EntityCard, RunView
from lab.serve.visit import Visit

FRESH_SECONDS = 1.0  # so often at most are the runs looked through, however many boards are open
MOST_KEPT = 64  # answers, by which a board says what it has, and visitors of a lab without sharing
K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class Gathered:
    """The runs on the board, oldest first, the names of their people, and why others are not there.

    ``left_out``: how many runs by reason: "foreign" (of another model), "private" (about a person
    whom only their owner sees) or "unscored".
    """

    entries: tuple[Entry, ...] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)
    left_out: Mapping[str, int]


def _open(card: EntityCard) -> bool:
    """Whether everybody in the room may see a person."""
    return card.shared or not card.owner


def gathered(engine: Visit) -> Gathered:
    """The ended runs that are shared with the room; all that one may see where nobody else is."""
    everything, alone = engine.runs(), engine.alone
    names = {card.id: card.name for card in engine.entities() if alone or _open(card)}
    attempts: dict[str, list[Attempt]] = {}
    for view in everything:
        if view.attack and view.parent and (result := _result(view)):
            attempts.setdefault(view.parent, []).append(Attempt(view.attack, result, view.ended))
    entries: list[Entry] = []
    left_out: Counter[str] = Counter()
    for view in everything:
        if view.kind != "unlearn" or view.state not in ENDED or not (view.shared or alone):
            continue
        result = _result(view)
        if reason := _unshown(view, result, names):
            left_out[reason] += 1
            continue
        tried = tuple(attempts.get(view.id, ()))
        entries.append(Entry(view.id, view.recipe, result, tried, view.ended))
    return Gathered(tuple(entries), names, dict(left_out))


@dataclass(frozen=True)
class _State:
    """All that was on a board at a time (of ``time.monotonic``), a mark of each item, and of all."""

    at: float
    items: Mapping[str, Any] = field(repr=False)
    marks: Mapping[str, str] = field(repr=False)
    token: str


class Board:
    """Answers boards, each with what has changed since its last question."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._fresh: OrderedDict[tuple[str, str], _State] = OrderedDict()
        self._sent: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    def answer(self, visitor: str, since: str, text: Text) -> dict[str, Any] | None:
        """What is new to a board that has the answer with the token ``since``; None for nothing.

        The answer: its ``token``; ``whole``, whether it has everything; what to ``set``, by key, and
        the keys that are ``gone``. A board whose token is not (or no longer) kept gets everything.
        """
        with self._lock:
            now = self._now(visitor, text)
            if now.token == since:
                return None
            had = self._sent.get(since)
            _keep(self._sent, now.token, now.marks)
        before = had or {}
        changed = {k: now.items[k] for k, mark in now.marks.items() if before.get(k) != mark}
        gone = sorted(before.keys() - now.marks.keys())
        return {"token": now.token, "whole": had is None, "set": changed, "gone": gone}

    def _now(self, visitor: str, text: Text) -> _State:
        """The board at most ``FRESH_SECONDS`` ago: the same for all where runs are shared."""
        who = (visitor if self._engine.alone else "", text.language)
        state = self._fresh.get(who)
        if state is None or time.monotonic() - state.at > FRESH_SECONDS:
            found = gathered(Visit(self._engine, lambda: visitor))
            base = self._engine.preset.recipe
            shown = items(found.entries, found.names, found.left_out, base, text)
            marks = {key: _digest(value) for key, value in shown.items()}
            state = _State(time.monotonic(), shown, marks, _digest(marks))
            _keep(self._fresh, who, state)
        return state


def _unshown(view: RunView, result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Why a run is not on the board; "" where it is."""
    if view.foreign:
        return "foreign"
    if view.entity not in names:
        return "private"
    return "" if FACE in result.get("after", {}) else "unscored"


def _result(view: RunView) -> dict[str, Any]:
    last = view.events[-1] if view.events and view.state in ENDED else None
    return last.result if isinstance(last, Done) else {}


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _keep(kept: OrderedDict[K, T], key: K, value: T) -> None:
    """Keep a value as the newest, and let the oldest go beyond ``MOST_KEPT``."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)

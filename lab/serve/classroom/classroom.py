"""The room: who may enter, who is where, and what the teacher sets; kept across restarts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.files import put
from lab.serve.classroom import codes
from lab.serve.classroom.state import (
    MOST_MESSAGES,
    MOST_WORDS,
    Look,
    Message,
    Person,
    Presence,
    State,
    away,
    from_json,
    nickname,
    to_json,
)
from lab.serve.engine import Engine
from lab.serve.rights import LAB
from lab.serve.rules import Limits

FILE = "room.json"
MOST_PEOPLE, MOST_TEACHERS = 200, 16
SEEN_SECONDS = 60.0  # how exactly it is kept when somebody was here last
MOST_MINUTES = 240


class Classroom:
    """Holds the ``state``, a frozen snapshot that every change replaces; any thread may call.

    ``file``: where it is kept, readable by its owner alone. ``password``: takes the place of the
    code; "" for none. Whoever entered must enter again once the code or the password is another one.
    Every change says who makes it, and only a teacher may. One that cannot be written is not made.
    Raises ``LabError``.
    """

    def __init__(
        self,
        file: Path,
        engine: Engine,
        password: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file, self._engine, self._password, self._clock = file, engine, password, clock
        self._lock = threading.Lock()
        self._slow = codes.Slowdown()
        self._here: dict[str, Presence] = {}
        self._kept_at = 0.0
        self.state = self._read() or State(codes.new_code(), codes.new_key(), clock(), "")
        self._open()

    # -- at the door ---------------------------------------------------------------------------

    @property
    def has_password(self) -> bool:
        """Whether people enter with a password, and not with the code."""
        return bool(self._password)

    def admits(self, visitor: str) -> bool:
        """Whether a visitor has entered, or is the teacher."""
        return self.teaches(visitor) or any(
            one.visitor == visitor and one.admitted for one in self.state.people
        )

    def teaches(self, visitor: str) -> bool:
        """Whether a visitor has opened the teacher's link."""
        return any(one.visitor == visitor for one in self.state.teachers)

    def enter(self, visitor: str, address: str, secret: str, name: str) -> None:
        """Let a visitor in under a nickname; ``address``: from where they try."""
        name = nickname(name)
        right = self._password or codes.tidy(self.state.code)
        given = secret if self._password else codes.tidy(secret)
        self._try(address, given, right)
        with self._lock:
            now, others = self._clock(), [p for p in self.state.people if p.visitor != visitor]
            if len(others) >= MOST_PEOPLE:
                others = self._without_one(others)
            if len(others) >= MOST_PEOPLE:
                raise LabError(
                    f"the room is full, {MOST_PEOPLE} people are in it: ask your teacher"
                )
            person = Person(visitor, _free(name, others), now, now)
            self._change(people=(*others, person))

    def _without_one(self, people: list[Person]) -> list[Person]:
        """Everybody but one who makes way in a full room: nobody who is here, or has anything.

        Somebody who must enter again goes first, then whoever was away longest.
        """
        busy = self._engine.rights.things([p.visitor for p in people]).values()
        now, here = self._clock(), self._here.get
        idle = [p for p in people if p.visitor not in busy and away(here(p.visitor), now)]
        gone = min(idle, key=lambda p: (p.admitted, p.seen), default=None)
        return [p for p in people if p is not gone]

    def teach(self, visitor: str, address: str, key: str) -> None:
        """Make a visitor the teacher, who has the key of the teacher's link."""
        self._try(address, key, self.state.key)
        with self._lock:
            now, others = self._clock(), [p for p in self.state.teachers if p.visitor != visitor]
            person = Person(visitor, "", now, now)
            self._change(teachers=(*others[1 - MOST_TEACHERS :], person))

    def _try(self, address: str, given: str, right: str) -> None:
        wait = self._slow.begin(address)
        if wait > 0:
            raise LabError(f"too many wrong tries: wait {wait:.0f} s, then try again")
        if not codes.same(given, right):
            raise LabError("this is not right: look at it again, letter by letter")
        self._slow.right(address)

    # -- who is where --------------------------------------------------------------------------

    def saw(self, visitor: str, step: int, mark: str, answers: Mapping[int, int]) -> None:
        """Note where a visitor is; what they predict is kept in memory alone."""
        with self._lock:
            now, before = self._clock(), self._here.get(visitor)
            same = before is not None and before.mark == mark
            changed = before.changed if same and before else now
            self._here[visitor] = Presence(step, mark, now, changed, dict(answers))
            if now - self._kept_at > SEEN_SECONDS:
                self._keep(self._seen())

    def presence(self, visitor: str) -> Presence | None:
        """Where a visitor is; None if they were not here since the start."""
        return self._here.get(visitor)

    def predicted(self) -> dict[int, Counter[int]]:
        """How often each answer was predicted, by step; of whom, nobody can see."""
        counts: dict[int, Counter[int]] = {}
        for person in self.state.people:
            here = self._here.get(person.visitor)
            for step, answer in here.answers.items() if here else ():
                counts.setdefault(step, Counter())[answer] += 1
        return counts

    # -- what the teacher does ----------------------------------------------------------------

    def limit(self, visitor: str, limits: Limits) -> None:
        """Set what is allowed in the room."""
        self._set(visitor, limits=limits, limited=self.state.limited + 1)

    def say(self, visitor: str, words: str) -> None:
        """Say something to everybody; "" takes the messages back."""
        words = " ".join(words.split())
        if len(words) > MOST_WORDS:
            raise LabError(f"the message is longer than {MOST_WORDS} characters: shorten it")
        new = Message(self.state.revision + 1, words, self._clock())
        kept = self.state.messages[1 - MOST_MESSAGES :]
        self._set(visitor, messages=(*kept, new) if words else ())

    def bring(self, visitor: str, step: int, run: str) -> None:
        """Bring everybody to a step and, unless "", to a run, which is shared by that."""
        self._engine.rights.check_teacher(visitor)
        if not 1 <= step <= 6:
            raise LabError("there are the steps 1 to 6: choose one of them")
        if run:
            self._engine.share(run, True, visitor)
        self._set(visitor, look=Look(self.state.revision + 1, step, run, self._clock()))

    def let_go(self, visitor: str) -> None:
        """Bring nobody anywhere any more."""
        self._set(visitor, look=None)

    def time(self, visitor: str, minutes: float) -> None:
        """Start the timer; 0 minutes take it away."""
        if not 0 <= minutes <= MOST_MINUTES:
            raise LabError(f"the timer takes 0 to {MOST_MINUTES} minutes: give another number")
        self._set(visitor, ends=self._clock() + 60 * minutes if minutes else 0.0)

    def pause(self, visitor: str, paused: bool) -> None:
        """Let no run begin in the whole room, or go on."""
        self._set(visitor, paused=paused)
        self._engine.steer.pause(paused, visitor)

    # -- keeping ------------------------------------------------------------------------------

    def forget(self, before: float, gone: frozenset[str]) -> None:
        """Forget the people who are ``gone``, and what was said and shown ``before`` a time."""
        with self._lock:
            state = self._seen()
            look = state.look if state.look and state.look.at >= before else None
            self._here = {v: here for v, here in self._here.items() if v not in gone}
            self._change(
                people=tuple(p for p in state.people if p.visitor not in gone),
                teachers=tuple(p for p in state.teachers if p.visitor not in gone),
                messages=tuple(m for m in state.messages if m.at >= before),
                look=look,
                ends=state.ends if state.ends >= before else 0.0,
            )

    def _set(self, visitor: str, **changes: Any) -> None:
        self._engine.rights.check_teacher(visitor)
        with self._lock:
            self._change(**changes)

    def _change(self, **changes: Any) -> None:
        self._keep(replace(self._seen(), **changes, revision=self.state.revision + 1))
        self._apply()

    def _seen(self) -> State:
        """The state with when everybody was here last."""
        return replace(
            self.state,
            people=tuple(map(self._last, self.state.people)),
            teachers=tuple(map(self._last, self.state.teachers)),
        )

    def _last(self, person: Person) -> Person:
        here = self._here.get(person.visitor)
        return replace(person, seen=max(person.seen, here.seen)) if here else person

    def _apply(self) -> None:
        """Let the engine go by what the teacher has set."""
        self._engine.rights.teachers = frozenset(one.visitor for one in self.state.teachers)
        self._engine.rules.now = self.state.limits

    def _open(self) -> None:
        """Go on with the state of before; everybody enters again where the secret is another one."""
        secret = codes.fingerprint(self._password or self.state.code, self.state.key)
        people = self.state.people
        if secret != self.state.secret:
            people = tuple(replace(person, admitted=False) for person in people)
        with self._lock:
            self._change(people=people, secret=secret)
        self._engine.steer.pause(self.state.paused, LAB)

    def _read(self) -> State | None:
        try:
            return from_json(json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, LabError) as error:
            raise LabError(
                f"cannot use {self._file} ({error}): delete it, and the room is made anew"
            ) from None

    def _keep(self, state: State) -> None:
        """Write a state; from then on it is the state of now."""
        self._kept_at = self._clock()
        try:
            put(self._file, json.dumps(to_json(state), indent=1), private=True)
        except OSError as error:
            raise LabError(
                f"cannot write {self._file} ({error.strerror}): free some space"
            ) from None
        self.state = state


def _free(name: str, others: list[Person]) -> str:
    """The nickname, with a number behind it where somebody has it already."""
    taken, number, free = {one.nickname.casefold() for one in others}, 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} {number}"
    return free

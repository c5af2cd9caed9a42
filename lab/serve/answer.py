"""What a replica answers, part by part, and once more by another one if it is lost."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from lab.errors import LabError
from lab.serve.cluster import Far, Lost
from lab.serve.fleet import TWICE, Fleet
from lab.serve.routes import PATIENCE, Hand
from lab.serve.runs import Run


class Answer:
    """A stream of what a replica answers, part by part.

    If the replica is lost, it is asked once more of another one, from the beginning: only a stream
    of ``whole`` parts can go on then, and any other ends with a ``LabError`` once it has begun.
    """

    def __init__(
        self,
        fleet: Fleet,
        what: str,
        given: Sequence[object],
        runs: Sequence[Run],
        visitor: str,
        whole: bool,
    ) -> None:
        fleet.ready()
        fleet.jobs.check(visitor)
        self._fleet, self._what, self._given, self._runs = fleet, what, tuple(given), tuple(runs)
        self._visitor, self._whole = visitor, whole
        self._begun, self._tries, self._over = False, 0, False
        self._hand: Hand | None = None
        self._far: Far | None = None
        self._key = ""
        fleet.jobs.add(visitor, self)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Answer:
        return self

    def __next__(self) -> Any:
        while not self._over:
            assert self._hand is not None and self._far is not None
            try:
                part = self._far.ask("more", self._key)
            except Lost:
                self._lost()
                continue
            except BaseException:
                self.close()
                raise
            if part:
                self._begun = True
                return part[0]
            self.close()
        raise StopIteration

    def close(self) -> None:
        """Nobody listens any more."""
        if self._over:
            return
        self._over = True
        self._fleet.jobs.remove(self)
        if self._hand is not None and self._far is not None:
            self._fleet.routes.leave(self._hand)
            try:
                self._far.ask("leave", self._key)
            except Lost:
                self._fleet.routes.lose(self._hand, self._far)

    def __del__(self) -> None:
        if hasattr(self, "_key"):
            self.close()

    def _open(self) -> None:
        """Have the answer begun on a replica; on the second try it waits for one."""
        while True:
            self._tries += 1
            patience = PATIENCE if self._tries > 1 else 0.0
            self._hand, self._far = self._fleet.routes.enter(self._runs, patience)
            self._key = secrets.token_hex(8)
            try:
                self._far.ask("open", self._key, self._what, self._given, self._visitor)
                return
            except Lost:
                self._let_go()

    def _lost(self) -> None:
        self._let_go()
        if self._begun and not self._whole:
            self.close()
            raise LabError(TWICE)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _let_go(self) -> None:
        """Note that the replica is lost; raises ``LabError`` at the second one."""
        if self._hand is not None and self._far is not None:
            self._fleet.routes.leave(self._hand)
            self._fleet.routes.lose(self._hand, self._far)
        self._hand = self._far = None
        if self._tries > 1:
            self.close()
            raise LabError(TWICE)

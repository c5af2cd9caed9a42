"""The queue in a teacher's hands: held for all, and any run put first or last."""

from __future__ import annotations

from collections.abc import Callable

from lab.serve.doors import Doors
from lab.serve.rights import Rights
from lab.serve.waiting import Waiting


class Steering:
    """A ``Steer`` over the runs that wait. ``wake``: tells the worker that there may be a run."""

    def __init__(
        self, waiting: Waiting, doors: Doors, rights: Rights, wake: Callable[[], None]
    ) -> None:
        self._waiting, self._doors, self._rights, self._wake = waiting, doors, rights, wake

    @property
    def paused(self) -> bool:
        """Whether no run begins now."""
        return self._waiting.turns.paused

    def pause(self, paused: bool, visitor: str = "") -> None:
        """Let no run begin, or go on; what runs now runs on. Raises ``LabError``."""
        self._rights.check_teacher(visitor)
        self._waiting.turns.paused = paused
        self._wake()

    def put(self, run_id: str, first: bool, visitor: str = "") -> None:
        """Put a waiting run before all others, or behind them; raises ``LabError``."""
        self._rights.check_teacher(visitor)
        self._waiting.put(self._doors.owned(run_id, visitor, "move"), first)

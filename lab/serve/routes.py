"""Which replica a question goes to: where the weights of its runs are, else the least busy one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.errors import LabError
from lab.serve.cluster import Far
from lab.serve.hands import UNCHANGED
from lab.serve.runs import Run
from lab.serve.views import ENDED

PATIENCE = 120.0  # seconds that a question waits for a new replica after its own was lost
ELSEWHERE = (
    "these runs are on different replicas until they have ended: wait, or ask about one of them"
)
GONE = "the weights of this run were in the memory of a replica that has ended: start it again"


@dataclass(eq=False)
class Hand:
    """One replica as the page's process sees it; ``run``: what it does now; ``talks``: open answers.

    ``inbox``: runs that have to be done here, because another one on the same run is.
    """

    number: int
    far: Far | None = None
    ready: bool = False
    phase: str = "starting"
    error: str = ""
    used_mb: float = 0.0
    total_mb: float = 0.0
    run: Run | None = None
    talks: int = 0
    inbox: deque[Run] = field(default_factory=deque)
    news: threading.Event = field(default_factory=threading.Event)


class Routes:
    """The replicas, and where the weights of runs are. Any thread may call."""

    def __init__(self, replicas: int, report: Callable[[str], None]) -> None:
        self.hands = [Hand(k) for k in range(replicas)]
        self._homes: dict[str, Far] = {}  # where the weights of a run were last
        self._report = report
        self._lock = threading.Lock()

    def enter(self, runs: Sequence[Run], patience: float = 0.0) -> tuple[Hand, Far]:
        """The replica for a question about these runs: where they are, else the least busy one.

        Counts as one of its talks from now on. Raises ``LabError`` where there is none, after
        ``patience`` seconds.
        """
        end = time.monotonic() + patience
        while True:
            with self._lock:
                only = self._only(runs)
                near = [self._homes.get(run.id) for run in runs]
                fits = [h for h in self.hands if h.ready and h.far and only in (None, h.far)]
                if fits:
                    hand = min(
                        fits, key=lambda h: (h.talks + (h.run is not None), h.far not in near)
                    )
                    assert hand.far is not None
                    hand.talks += 1
                    return hand, hand.far
            if time.monotonic() >= end:
                raise LabError("no replica of the model is ready now: wait a moment")
            time.sleep(0.05)

    def leave(self, hand: Hand) -> None:
        """One talk fewer, whether or not its replica is still there."""
        with self._lock:
            hand.talks -= 1

    def open(self, hand: Hand, far: Far) -> None:
        """Note that a replica is ready, unless it was lost meanwhile."""
        with self._lock:
            hand.ready = hand.far is far

    def lose(self, hand: Hand, far: Far) -> None:
        """Note that a replica is lost; its thread starts another one."""
        with self._lock:
            if hand.far is far:
                hand.far, hand.ready, hand.phase, hand.error = None, False, "starting", ""
                self._homes = {i: f for i, f in self._homes.items() if f is not far}
                self._report(f"lab: replica {hand.number} had ended and is started again")
        hand.news.set()

    def home(self, run: Run) -> Far | None:
        """The replica that has the weights of a run in its memory, if one has."""
        with self._lock:
            return self._homes.get(run.id)

    def settle(self, run: Run, far: Far, there: Callable[[str], bool]) -> None:
        """Note that a run is done by a replica; runs that are not ``there`` any more are forgotten."""
        with self._lock:
            self._homes = {i: f for i, f in self._homes.items() if there(i)}
            self._homes[run.id] = far

    def _only(self, runs: Sequence[Run]) -> Far | None:
        """The one replica that has these runs in its memory alone; None where any may answer."""
        only: set[Far] = set()
        for run in runs:
            if run.state == "waiting" or (run.state in ENDED and not run.weights):
                raise LabError(UNCHANGED)
            if run.folder is None:
                if (home := self._homes.get(run.id)) is None:
                    raise LabError(run.unkept if run.packed.values else GONE)
                only.add(home)
        if len(only) > 1:
            raise LabError(ELSEWHERE)
        return next(iter(only), None)

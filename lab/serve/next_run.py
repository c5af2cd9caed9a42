"""Which run a replica does next: one that lost its replica first, then in the order of turns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from lab.serve.routes import Hand
from lab.serve.runs import Run
from lab.serve.turns import Turns


class NextRun:
    """Hands out the runs that wait to the replicas. Any thread may call."""

    def __init__(self, turns: Turns[Run], hands: Sequence[Hand]) -> None:
        self._turns, self._hands = turns, hands
        self._returned: deque[Run] = deque()
        self._lock = threading.Lock()

    def take(self, hand: Hand) -> Run | None:
        """The next run for a replica, which from now on is what it does; None for none."""
        with self._lock:
            while True:
                if hand.inbox:
                    hand.run = hand.inbox.popleft()
                    return hand.run
                again = self._returned and not self._turns.paused
                run = self._returned.popleft() if again else self._turns.next(self._busy())
                other = self._beside(run, hand) if run else None
                if run is None or other is None:
                    hand.run = run
                    return run
                other.inbox.append(run)
                other.news.set()

    def give_back(self, run: Run) -> None:
        """Let a run begin anew, before everything that waits."""
        with self._lock:
            run.events, run.stamps, run.state = [], [], "waiting"
            self._returned.append(run)

    def _busy(self) -> frozenset[str]:
        """The visitors who have a run under way, or one that waits for a certain replica."""
        return frozenset(r.visitor for h in self._hands for r in (h.run, *h.inbox) if r)

    def _beside(self, run: Run, hand: Hand) -> Hand | None:
        """The other replica that attacks the same run: two of them would write one folder."""
        for other in self._hands:
            near = [*other.inbox, *([other.run] if other.run else [])]
            if other is not hand and any(run.parent and r.parent == run.parent for r in near):
                return other
        return None

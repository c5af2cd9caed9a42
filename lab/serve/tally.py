"""What a served lab has done since it started: counts and times, for whoever watches over it."""

from __future__ import annotations

import bisect
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.events import last_result
from lab.serve.views import ENDED, RunView

# Upper edges in seconds: from the first word of an answer to a run with its scores. Our choice.
EDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)


@dataclass
class Histogram:
    """How many measurements fell below each of ``EDGES`` and above the last, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one measurement; one that lies on an edge falls below it."""
        self.counts[bisect.bisect_left(EDGES, seconds)] += 1
        self.total += seconds

    def copy(self) -> Histogram:
        """The same counts, which stay as they are."""
        return Histogram(list(self.counts), self.total)


@dataclass(frozen=True)
class Counts:
    """What was counted until now.

    ``runs``: ended runs by kind and state. ``stages``: the seconds of each stage of an unlearning
    run that had it. ``whole``: the seconds of a run by kind, from its first step to its end.
    ``chats``: by how they ended. ``first_word``, ``answer``: seconds of the chats that were
    answered. ``refused``: runs for which there was no room.
    """

    runs: Mapping[tuple[str, str], int]
    stages: Mapping[str, Histogram]
    whole: Mapping[str, Histogram]
    chats: Mapping[str, int]
    chatting: int
    first_word: Histogram
    answer: Histogram
    refused: int


class Tally:
    """Counts since the start; any thread may call.

    A run is counted at the first ``see`` after its end, once. Runs that ended before the tally
    began, such as those kept from an earlier start, are not counted.
    """

    def __init__(self) -> None:
        self.started = time.time()
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._runs: Counter[tuple[str, str]] = Counter()
        self._stages: dict[str, Histogram] = {}
        self._whole: dict[str, Histogram] = {}
        self._chats: Counter[str] = Counter()
        self._chatting = self._refused = 0
        self._first_word, self._answer = Histogram(), Histogram()

    def see(self, views: Iterable[RunView]) -> None:
        """Count what has ended among all runs that the engine keeps."""
        ended = [v for v in views if v.state in ENDED and v.ended >= self.started]
        with self._lock:
            for view in ended:
                if view.id not in self._seen:
                    self._count(view)
            self._seen = {view.id for view in ended}  # what the engine forgot does not come again

    def _count(self, view: RunView) -> None:
        self._runs[view.kind, view.state] += 1
        if not view.started:  # stopped while it waited
            return
        self._whole.setdefault(view.kind, Histogram()).add(max(0.0, view.ended - view.started))
        stages = last_result(view.events).get("seconds") if view.kind == "unlearn" else None
        for stage, seconds in (stages or {}).items():
            if stage != "total":
                self._stages.setdefault(stage, Histogram()).add(float(seconds))

    def chat_begins(self) -> None:
        """A chat waits for its answer."""
        with self._lock:
            self._chatting += 1

    def chat_ends(self, outcome: str, words: Sequence[float]) -> None:
        """A chat has ended; ``words``: seconds to its first word and to its last, () without any."""
        with self._lock:
            self._chatting -= 1
            self._chats[outcome] += 1
            if outcome == "answered" and words:
                self._first_word.add(words[0])
                self._answer.add(words[-1])

    def refuse(self) -> None:
        """A run was refused because there was no room for it."""
        with self._lock:
            self._refused += 1

    def usual_seconds(self) -> float:
        """Mean seconds of the runs that were counted; 0 before there is one."""
        with self._lock:
            count = sum(sum(h.counts) for h in self._whole.values())
            return sum(h.total for h in self._whole.values()) / count if count else 0.0

    def counts(self) -> Counts:
        """All counts at one moment."""
        with self._lock:
            return Counts(
                dict(self._runs),
                {name: h.copy() for name, h in self._stages.items()},
                {name: h.copy() for name, h in self._whole.items()},
                dict(self._chats),
                self._chatting,
                self._first_word.copy(),
                self._answer.copy(),
                self._refused,
            )

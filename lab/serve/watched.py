"""An engine that is watched over: its chats are counted, and it takes no run that has no room."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from lab.errors import LabError
from lab.model.free_memory import memory_mb
from lab.serve.engine import Engine
from lab.serve.rights import LAB
from lab.serve.tally import Tally
from lab.serve.views import Turn

LOG = logging.getLogger("lab.chat")
LEAST_FREE_MB = 256  # below it no run is taken: those under way need what is left (our choice)
SOONEST, LATEST, UNKNOWN = 5, 600, 60  # seconds after which a refused run may come again


class NoRoom(LabError):
    """The lab is full; ``again``: after how many seconds it is worth another try."""

    def __init__(self, line: str, again: int) -> None:
        super().__init__(line)
        self.again = again


def check_space(engine: Engine, tally: Tally) -> None:
    """Raise ``NoRoom`` while the queue is full or this machine is short of memory, and count it.

    A place in the queue gets free when the run in front ends: it is worth another try after the
    mean time of a run here, from 5 s to 10 min, and after 1 min where no run has ended yet.
    """
    status, free = engine.status(), memory_mb()
    line = ""
    if status.most_waiting and status.waiting >= status.most_waiting:
        line = f"{status.most_waiting} runs are waiting already: try again later"
    elif free < LEAST_FREE_MB:
        line = (
            f"this machine has {max(free, 0):.0f} MB of memory left, and a run is taken only "
            f"from {LEAST_FREE_MB} MB on: try again later"
        )
    if line:
        tally.refuse()
        tally.see(engine.runs(LAB))
        raise NoRoom(line, round(min(max(tally.usual_seconds() or UNKNOWN, SOONEST), LATEST)))


def watched(engine: Engine, tally: Tally) -> Engine:
    """The engine, with its chats counted in ``tally`` and its runs refused where there is no room."""
    return cast(Engine, _Watched(engine, tally))


class _Watched:
    """Everything that is not named here is the engine's."""

    def __init__(self, engine: Engine, tally: Tally) -> None:
        self._engine, self._tally = engine, tally

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @property
    def submit(self) -> Callable[..., str]:
        """How the engine takes a run; raises ``NoRoom``."""
        check_space(self._engine, self._tally)
        return self._engine.submit

    @property
    def submit_attack(self) -> Callable[..., str]:
        """How the engine takes an attack; raises ``NoRoom``."""
        check_space(self._engine, self._tally)
        return self._engine.submit_attack

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str = ""
    ) -> Iterator[tuple[str, ...]]:
        """Stream the answers, and count how the chat ended and how long it took."""
        self._tally.chat_begins()
        begun, words, outcome = time.perf_counter(), list[float](), "left"
        try:
            for answers in self._engine.chat(sides, turns, image, visitor):
                words.append(time.perf_counter() - begun)
                yield answers
            outcome = "answered"
        except LabError:
            outcome = "refused"
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._tally.chat_ends(outcome, words)
            seconds = round(time.perf_counter() - begun, 3)
            LOG.info("chat", extra={"outcome": outcome, "sides": len(sides), "seconds": seconds})

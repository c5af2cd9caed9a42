"""The local engine: all visitors use it at once, and one worker thread does the work."""

from __future__ import annotations

from lab.device import memory_mb
from lab.evaluation.session import Workbench
from lab.serve.carrier import Carrier
from lab.serve.common import CommonEngine
from lab.serve.controls import Beside
from lab.serve.hands import Hands
from lab.serve.inside import Inside
from lab.serve.room import Room
from lab.serve.runs import Run
from lab.serve.same_run import KeptRuns
from lab.serve.sides import Sides
from lab.serve.turns import Turns
from lab.serve.worker import Worker


class LocalEngine(CommonEngine):
    """An ``Engine`` on this machine. Chats are answered between the steps of a run.

    Only the worker may use the loaded model.
    """

    def _devices(self) -> tuple[str, float, float]:
        """The device, and its memory in MB: used and total."""
        facts = self._worker.facts
        device = facts.device if facts else "cpu"
        return device, *memory_mb(device)

    def _at_once(self) -> int:
        """How many runs may be done at the same time."""
        return 1

    def _hands(self, turns: Turns[Run], kept: KeptRuns) -> Hands:
        """The parts that need the model, on the worker's thread of this process."""
        self._room = Room()
        worker = Worker(
            self._open,
            lambda bench: carrier.next(bench),
            lambda: self.menu.carry_out(),
            lambda: sides.rest(),
            self._report,
        )
        carrier = Carrier(
            self.store,
            turns,
            self._shelf,
            worker,
            lambda: self.benchmark,
            self._usual,
            kept,
            self._report,
        )
        sides = Sides(
            worker, self._shelf, self._doors, self._room, lambda: self.benchmark, self._say
        )
        self._looks = Inside(
            worker,
            self._shelf,
            self._doors,
            lambda: self.benchmark,
            lambda visitor: self.own.shown_to(visitor),
            lambda: self.examples(),
            self.rules,
        )

        def forget(entity: str) -> None:
            worker.order(self._room.clear)
            if worker.facts is not None:
                worker.call(lambda bench: bench.baseline.forget(entity))

        return Hands(worker, sides, Beside(self._shelf, worker, self._say), self._looks, forget)

    def _open(self) -> Workbench:
        return self._load(self.preset, self._say)

    def _forget(self) -> None:
        """Forget what is remembered of the loaded model, which would hold it in memory."""
        self._room.clear()
        self._looks.forget()

    def _say(self, phase: str) -> None:
        self._worker.phase = phase
        if self._worker.facts is None:
            self._report(phase)

"""Asks the sides, the original and what runs left: chats, fixed questions and depths."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from lab.attack import control_victim
from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation import probing
from lab.evaluation.session import Workbench
from lab.events import Identity
from lab.model.version import Version
from lab.serve.archive import Shelf
from lab.serve.chat import LONGEST_ANSWER, check_chat, in_turn, probe_rows, spoken
from lab.serve.doors import Doors
from lab.serve.hands import UNCHANGED
from lab.serve.room import Room
from lab.serve.runs import Run
from lab.serve.views import ORIGINAL, ProbeRow, Turn
from lab.serve.worker import Worker


class Sides:
    """What an engine does of its protocol where sides are asked; each is a job between two steps.

    ``benchmark``: the benchmark of now. ``say``: hears what is loaded on the way.
    """

    def __init__(
        self,
        worker: Worker,
        shelf: Shelf,
        doors: Doors,
        room: Room,
        benchmark: Callable[[], Benchmark],
        say: Callable[[str], None],
    ) -> None:
        self._worker, self._shelf, self._room = worker, shelf, room
        self._doors = doors
        self._benchmark, self._say = benchmark, say

    def rest(self) -> None:
        """Give back what only makes the next answers begin sooner; on the worker's thread."""
        self._room.rest()
        self._shelf.rest(quiet=True)

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""
        check_chat(turns, image)
        runs = self._read(sides, visitor)

        def talk(bench: Workbench) -> Generator[tuple[str, ...]]:
            sides = self._versions(bench, runs)
            yield from in_turn(sides, turns, image, LONGEST_ANSWER, self._room)

        return spoken(self._worker.stream(talk, visitor))

    def probes(self, sides: Sequence[str], entity: str, visitor: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""
        who, runs = self._benchmark().entity(entity), self._read(sides, visitor)

        def rows(bench: Workbench) -> Generator[ProbeRow]:
            yield from probe_rows(self._versions(bench, runs), self._benchmark(), who)

        return list(self._worker.stream(rows, visitor))

    def identity(self, sides: Sequence[str], entity: str, visitor: str) -> list[Identity]:
        """At which depth the entity is still recognised: one curve a side, the control's last."""
        who, runs = self._benchmark().entity(entity), self._read(sides, visitor)

        def depths(bench: Workbench) -> Generator[Identity]:
            benchmark = self._benchmark()
            control = control_victim(*bench.reference(self._say), benchmark, entity)
            for side in self._versions(bench, runs):
                yield probing.identity(side, benchmark, who)
            if control:
                yield probing.identity(control.version, benchmark, control.entity)

        return list(self._worker.stream(depths, visitor))

    def _read(self, sides: Sequence[str], visitor: str) -> list[Run | None]:
        """The runs of the sides, None for the original; weights are read from disk if needed."""
        base = self._worker.ready().base
        runs = [None if s == ORIGINAL else self._doors.read(s, visitor) for s in sides]
        for run in filter(None, runs):
            if not self._shelf.whole(run, base).changed:
                raise LabError(UNCHANGED)
        return runs

    def _versions(self, bench: Workbench, runs: Sequence[Run | None]) -> list[Version]:
        """The version of each side; on the worker, so that a run is taken between its steps."""
        for run in filter(None, runs):
            self._shelf.whole(run, bench.loaded.base)  # another model may have been loaded since
        return [
            Version(ORIGINAL, bench.loaded) if run is None else run.version(bench.loaded)
            for run in runs
        ]

"""Runs as a visitor sees them: their place and when they begin, whose they are, whether shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lab.serve.archive import Shelf
from lab.serve.doors import Doors
from lab.serve.restored import traces
from lab.serve.runs import Run, RunStore
from lab.serve.views import ENDED, RunView, Trace
from lab.serve.waiting import Waiting


class Viewing:
    """Shows a visitor the runs that they may look at."""

    def __init__(self, store: RunStore, shelf: Shelf, doors: Doors, waiting: Waiting) -> None:
        self._store, self._shelf, self._doors, self._waiting = store, shelf, doors, waiting

    def of(self, run: Run, visitor: str) -> RunView:
        """A snapshot of a run for somebody who may look at it."""
        return replace(
            run.view(self._waiting.place(run), self._shelf.foreign(run)),
            begins=self._waiting.begins(run),
            mine=self._doors.owns(run, visitor),
            shared=self._doors.shared(run),
            owner=self._doors.owner(run.id),
        )

    def all(self, visitor: str) -> Sequence[RunView]:
        """All runs that a visitor may look at, oldest first, without changes of the model."""
        runs = (run for run in self._store.all() if run.kind != "change")
        return [self.of(run, visitor) for run in self._doors.readable(runs, visitor)]

    def traces(self) -> Sequence[Trace]:
        """Every run, in memory or on disk alone, with whose it is."""
        here = [
            Trace(r.id, r.parent, r.recipe.entity, r.state, r.kept_from) for r in self._store.all()
        ]
        known = {trace.id for trace in here}
        there = [trace for trace in traces(self._shelf.folder) if trace.id not in known]
        return [replace(trace, owner=self._doors.owner(trace.id)) for trace in (*here, *there)]

    def under_way(self, visitor: str) -> Sequence[RunView]:
        """The runs of a visitor that wait or run now, oldest first."""
        return [
            self.of(run, visitor)
            for run in self._store.all()
            if visitor and run.visitor == visitor and run.state not in ENDED
        ]

"""Takes the runs in their turn and does each to its end, on the worker's thread alone."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.events import Phase
from lab.serve.archive import Shelf
from lab.serve.execute import events_of
from lab.serve.runs import Run, RunStore
from lab.serve.same_run import KeptRuns, conditions
from lab.serve.turns import Turns
from lab.serve.views import RunState, Usual
from lab.serve.worker import DIED, Worker

AGAIN = "again"  # the phase of a run that begins anew, because what did it has ended
PHASES = {"inspect": "looking inside", "unlearn": "unlearning", "attack": "attacking"}


class Carrier:
    """Does the runs that wait in ``turns``; what they leave goes to the store and to the shelf.

    ``benchmark``: the benchmark of now. ``usual``: what a run of a method takes here. ``kept``: what
    may answer a run that came early; None where that is looked for elsewhere.
    """

    def __init__(
        self,
        store: RunStore,
        turns: Turns[Run],
        shelf: Shelf,
        worker: Worker,
        benchmark: Callable[[], Benchmark],
        usual: Callable[[str], Usual | None],
        kept: KeptRuns | None,
        report: Callable[[str], None],
    ) -> None:
        self._kept = kept
        self._store, self._turns, self._shelf, self._worker = store, turns, shelf, worker
        self._benchmark, self._usual, self._report = benchmark, usual, report

    def next(self, bench: Workbench) -> Generator[None] | None:
        """The next run, one step for each event; None where none waits."""
        run = self._turns.next()
        return None if run is None else self._carried(bench, run)

    def _carried(self, bench: Workbench, run: Run) -> Generator[None]:
        """Do a run to its end; if it fails, it ends and says why."""
        benchmark = self._benchmark()
        run.usual = self._usual(run.recipe.method)
        run.model, run.benchmark = bench.loaded.name, benchmark.name
        self._store.begin(run)
        if run.lost:
            run.say(Phase(AGAIN))
        self._worker.phase = PHASES[run.kind]
        state: RunState = "failed"
        error = DIED
        try:
            bench.benchmark = benchmark  # who was added since it was opened can be forgotten
            run.conditions = conditions(bench.cache, benchmark, run.recipe)
            if not self._answered(bench, run):
                yield from self._events(bench, run)
                self._finish(bench, run)
            state, error = "stopped" if run.stop.is_set() else "finished", ""
        except Exception as failure:
            error = self._why(failure)
            with contextlib.suppress(Exception):  # its last good weights can still be looked at
                run.pack(bench.loaded.base)
        finally:
            self._store.finish(run, state, error)

    def _answered(self, bench: Workbench, run: Run) -> bool:
        """Whether a kept run stands in for one that came too early to look for it."""
        if self._kept is None or not run.early:
            return False
        kept = self._kept.answer(bench.loaded.base, run.conditions, run.visitor)
        if kept:
            self._store.stand_in(run, kept)
        return bool(kept)

    def _events(self, bench: Workbench, run: Run) -> Generator[None]:
        base = bench.loaded.base
        parent = self._shelf.whole(self._shelf.find(run.parent), base) if run.parent else None
        for event in events_of(bench, run, parent, self._say):
            run.say(event)
            yield

    def _say(self, phase: str) -> None:
        self._worker.phase = phase

    def _finish(self, bench: Workbench, run: Run) -> None:
        """Store what a run left, in little memory and on disk, so that a restart loses nothing."""
        run.pack(bench.loaded.base)
        if run.weights or run.kind == "attack":
            self._shelf.keep(run, bench.loaded.base)
            self._shelf.rest()

    def _why(self, failure: Exception) -> str:
        if isinstance(failure, LabError):
            return str(failure)
        self._report("".join(traceback.format_exception(failure)))
        return f"{type(failure).__name__}: {failure}".splitlines()[0]

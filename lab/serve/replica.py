"""A replica: one loaded model with its worker, in a process of its own, asked by the page's process.

It knows nothing of rights or of who waits for a turn: the page's process has looked before it asks.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch

from lab.benchmarks.own_files import joined
from lab.benchmarks.schema import Benchmark
from lab.device import memory_mb
from lab.errors import LabError
from lab.evaluation.session import Workbench, own_folder
from lab.events import last_result
from lab.events.controls import Control, controls_of
from lab.model.base import Base
from lab.report.text import catalogue
from lab.serve.archive import Shelf
from lab.serve.carrier import Carrier
from lab.serve.controls import Beside
from lab.serve.doors import Doors
from lab.serve.hands import Facts
from lab.serve.inside import Inside
from lab.serve.orders import Health, Heard, Left, Order, Plan
from lab.serve.rights import Rights
from lab.serve.room import Room
from lab.serve.rules import Rules
from lab.serve.runs import Run, RunStore
from lab.serve.sides import Sides
from lab.serve.turns import Turns
from lab.serve.views import ENDED
from lab.serve.worker import Worker

T = TypeVar("T")
LISTEN_SECONDS, LOOK_SECONDS = 0.25, 0.005  # how long a question for events waits, and how closely


class _Open(Doors):
    """Every run can be read: who asks was checked in the page's process."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def reads(self, run: Run, visitor: str) -> bool:
        """Whether a visitor may look at a run: the page's process has said so."""
        return True


class Replica:
    """One model, one worker. Any thread may call; questions wait for their turn on the worker.

    ``visitor`` is whose turn a question takes here. Raises ``LabError`` as the local engine does.
    """

    def __init__(self, plan: Plan) -> None:
        os.environ.update(plan.environment)
        self._plan, self._said = plan, deque[str](maxlen=100)
        self._benchmark: Benchmark | None = None
        self._people, self._weights = -1, ""
        self._shown: dict[str, frozenset[str]] = {}
        self._streams: dict[str, Iterator[Any]] = {}
        self._lock = threading.Lock()
        self._room = Room()
        self._store, self._turns = RunStore(), Turns[Run](1, 1, "runs")
        rights = Rights(plan.owners, alone=True)
        self._shelf = Shelf(
            plan.runs,
            self._store,
            self._now,
            plan.preset.name,
            catalogue(plan.language),
            lambda: facts.model if (facts := self._worker.facts) else "",
            lambda run_id: rights.whose(run_id).visitor,
        )
        self._worker = Worker(
            self._open,
            lambda bench: self._carrier.next(bench),
            lambda: False,
            lambda: self._sides.rest(),
            self._said.append,
        )
        self._carrier = Carrier(
            self._store,
            self._turns,
            self._shelf,
            self._worker,
            self._now,
            lambda method: None,
            None,
            self._said.append,
        )
        doors = _Open(self._shelf)
        self._sides = Sides(self._worker, self._shelf, doors, self._room, self._now, self._say)
        self._beside = Beside(self._shelf, self._worker, self._say)
        self._inside = Inside(
            self._worker,
            self._shelf,
            doors,
            self._now,
            self._shown_to,
            lambda: (),
            Rules(rights),  # no step is closed here
        )
        self._worker.ensure()

    # -- how it is ----------------------------------------------------------------------------

    def health(self) -> Health:
        """How it is now."""
        worker, said = self._worker, []
        worker.ensure()
        while self._said:
            said.append(self._said.popleft())
        used, total = memory_mb(worker.facts.device if worker.facts else "cpu")
        return Health(
            worker.facts is not None,
            self._weights,
            worker.phase,
            worker.error,
            used,
            total,
            tuple(said),
        )

    def facts(self) -> Facts:
        """The facts of the loaded model, with its original weights in host memory."""
        facts = self._worker.ready()
        visual = {n: t.cpu() for n, t in facts.base.visual.items()}
        # on the worker's thread: the number of threads is each thread's
        cache = self._worker.call(lambda bench: bench.cache and bench.cache.elsewhere())
        return replace(facts, base=Base(visual, facts.base.language), cache=cache)

    # -- runs ---------------------------------------------------------------------------------

    def begin(self, order: Order) -> None:
        """Do a run; its events are told to who asks for them."""
        self._look()
        run = Run(order.id, order.kind, order.recipe, order.attack, order.parent, lost=order.lost)
        self._store.add(run)
        self._turns.add("", run)
        self._worker.wake()

    def heard(self, run_id: str, seen: int, stop: bool) -> Heard:
        """What a run has said after its first ``seen`` events; waits a moment for news.

        ``stop``: end the run after its current step.
        """
        run, end = self._store.get(run_id), time.monotonic() + LISTEN_SECONDS
        if stop:
            run.stop.set()
        while len(run.events) <= seen and run.state not in ENDED and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        left = _left(run) if run.state in ENDED else None  # first: then no event comes any more
        return Heard(tuple(run.events[seen:]), left)

    def keep(self, run_id: str) -> Left:
        """Write what a run left to the shared folder, where that failed before."""
        run = self._store.get(run_id)
        self._shelf.write(run, self._worker.ready().base)
        return _left(run)

    # -- questions ----------------------------------------------------------------------------

    def open(self, key: str, what: str, given: tuple[Any, ...], visitor: str) -> None:
        """Begin to answer: "chat", "neuron", "left" or "where", with what the engine's method is given.

        A closer look at a neuron is also given the ids of the own people who may be shown.
        """
        self._look()
        if what == "neuron":
            *given_here, self._shown[visitor] = given
            given = tuple(given_here)
        ways: dict[str, Callable[..., Iterator[Any]]] = {
            "chat": self._sides.chat,
            "neuron": self._inside.neuron,
            "left": self._inside.left,
            "where": self._inside.where,
        }
        stream = ways[what](*given, visitor)
        with self._lock:
            self._streams[key] = stream

    def more(self, key: str) -> tuple[Any, ...]:
        """The next part of an answer in a tuple; () at its end."""
        for part in self._streams[key]:
            return (part,)
        self.leave(key)
        return ()

    def leave(self, key: str) -> None:
        """Nobody listens to this answer any more."""
        with self._lock:
            stream = self._streams.pop(key, None)
        if stream is not None and hasattr(stream, "close"):
            stream.close()

    def probes(self, sides: Sequence[str], entity: str, visitor: str) -> list[Any]:
        """Answer the fixed probe questions."""
        self._look()
        return self._sides.probes(sides, entity, visitor)

    def identity(self, sides: Sequence[str], entity: str, visitor: str) -> list[Any]:
        """One curve over depth a side, and the control's."""
        self._look()
        return self._sides.identity(sides, entity, visitor)

    def controls(self, run_id: str, visitor: str) -> list[Control]:
        """The controls' figures beside a scored run."""
        self._look()
        run = self._shelf.whole(self._shelf.find(run_id))
        self._beside.put(run, visitor)
        return controls_of(last_result(run.events))

    def call(self, job: Callable[[Workbench], T], visitor: str) -> T:
        """What a job returns; it must not know anything of the process that it comes from."""
        self._look()
        return self._worker.call(job, visitor)

    def forget(self, entity: str) -> None:
        """Drop what is remembered of an own person."""
        self._look()
        self._store.drop(entity)
        self._worker.order(self._room.clear)
        if self._worker.facts is not None:
            self._worker.call(lambda bench: bench.baseline.forget(entity))

    def remove(self, run_ids: frozenset[str]) -> None:
        """Delete runs and the attacks on them."""
        self._shelf.remove(run_ids)
        self._worker.order(self._room.clear)

    # -- what the worker does -----------------------------------------------------------------

    def _open(self) -> Workbench:
        if self._plan.threads:
            torch.set_num_threads(self._plan.threads)
        bench = self._plan.open_bench(self._plan.preset, self._say, self._plan.threads)
        self._benchmark, self._weights = bench.benchmark, bench.base_hash
        return bench

    def _say(self, phase: str) -> None:
        self._worker.phase = phase

    def _now(self) -> Benchmark:
        if self._benchmark is None:
            raise LabError(f"the model is still loading ({self._worker.phase}): wait a moment")
        return self._benchmark

    def _look(self) -> None:
        """Take in who was added or removed since: their folder is shared."""
        folder = own_folder()
        changed = folder.stat().st_mtime_ns if folder.is_dir() else 0
        with self._lock:
            if self._benchmark is not None and changed != self._people:
                self._benchmark, self._people = joined(self._benchmark, folder), changed

    def _shown_to(self, visitor: str) -> Benchmark:
        shown = self._shown.get(visitor, frozenset())
        benchmark = self._now()
        return replace(benchmark, own=tuple(e for e in benchmark.own if e.id in shown))


def _left(run: Run) -> Left:
    kept = run.folder is not None and run.folder.is_dir()
    return Left(run.state, run.error, run.conditions, run.weights, run.delta_hash, kept, run.unkept)

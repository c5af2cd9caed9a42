"""The local engine: one worker thread owns the model; everyone else submits and reads."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.attack import control_victim
from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.identity import curves
from lab.model.fetch import cache_folder
from lab.recipe import QUANTIZATIONS, AttackRecipe, Preset, Recipe, revise
from lab.serve.device import memory_mb
from lab.serve.engine import (ORIGINAL, EntityCard, ProbeRow, RunKind, RunState, RunView,
                              Status, Turn)
from lab.serve.own import OwnPeople
from lab.serve.runs import Run, RunStore
from lab.serve.shelf import Shelf, nothing_yet
from lab.serve.carry import events_of
from lab.serve.sides import ChatMemory, Side, answers, check_chat, probe_rows, suggested
from lab.unlearn.events import Identity
from lab.workbench import Workbench, open_workbench, read_benchmark

MAX_WAITING = 64
_END = object()
Opener = Callable[[Preset, Callable[[str], None], int], Workbench]


class LocalEngine:
    """An ``Engine`` on this machine. Chats are served between the steps of a run."""

    def __init__(self, preset: Preset, threads: int = 0, report: Callable[[str], None] = print,
                 runs: Path | None = None, open_bench: Opener = open_workbench) -> None:
        self.preset = preset
        self.bench: Workbench | None = None
        self.store = RunStore()
        self._waiting: deque[Run] = deque()
        self._tasks: queue.Queue[Callable[[], None]] = queue.Queue()
        self._memory = ChatMemory()
        self._wake = threading.Event()
        self._phase, self._error = "starting", ""
        self._threads, self._report, self._open_bench = threads, report, open_bench
        runs = runs or cache_folder() / "runs"
        self.own = OwnPeople(read_benchmark(preset), self.store, runs, self._ready, self._call)
        self._shelf = Shelf(runs, self.store, lambda: self.benchmark)
        self._thread = threading.Thread(target=self._work, name="lab-worker", daemon=True)
        self._thread.start()

    # -- what the page asks -------------------------------------------------------------------

    @property
    def benchmark(self) -> Benchmark:
        """Whom there is now, the users' own people included."""
        return self.own.benchmark

    def status(self) -> Status:
        """The header's figures; cheap enough to be asked every second."""
        device = str(self.bench.loaded.device) if self.bench else "cpu"
        used, total = memory_mb(device)
        busy = self._phase not in ("idle", "starting", "failed")
        worker = "busy" if busy else self._phase
        return Status(self.bench is not None, Path(self.preset.model).name, self.preset.quantization,
                      device, used, total, worker, self._phase, len(self._waiting), self._error)

    def entities(self) -> Sequence[EntityCard]:
        """Every entity there is; ready before the model is."""
        return self.own.cards()

    def submit(self, recipe: Recipe, kind: RunKind = "unlearn") -> str:
        """Queue an inspection or an unlearning run; returns its id."""
        self.benchmark.entity(recipe.entity)
        clean = revise(Recipe(), {k: getattr(recipe, k) for k in recipe.__dataclass_fields__})
        return self._queue(self.store.add(kind, clean))

    def submit_attack(self, run_id: str, attack: AttackRecipe) -> str:
        """Queue a relearning attack on a run that has ended with a delta."""
        run = self._known(run_id)
        if run.kind != "unlearn" or run.state not in ("finished", "stopped"):
            raise LabError("there is nothing to attack yet: unlearn first")
        clean = revise(AttackRecipe(), {k: getattr(attack, k) for k in attack.__dataclass_fields__})
        return self._queue(self.store.add("attack", run.recipe, clean, run_id))

    def run(self, run_id: str) -> RunView:
        """A snapshot of a run, with its place in the queue (0: not waiting)."""
        run = self._known(run_id)
        waiting = list(self._waiting)
        return run.view(waiting.index(run) + 1 if run in waiting else 0)

    def runs(self) -> Sequence[RunView]:
        """Every run there is, oldest first."""
        return [run.view() for run in self.store.all()]

    def stop(self, run_id: str) -> None:
        """End a run after its current step, or take it out of the queue."""
        run = self.store.get(run_id)
        run.stop.set()
        with contextlib.suppress(ValueError):
            self._waiting.remove(run)
            self.store.finish(run, "stopped")

    def chat(self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None
             ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""
        check_chat(turns, image)
        bench, own = self._ready(), [self._side(s) for s in sides]
        out: queue.Queue[Any] = queue.Queue()
        left = threading.Event()

        def task() -> None:
            try:
                for texts in answers(bench.loaded, own, turns, image, memory=self._memory):
                    out.put(texts)
                    if left.is_set():
                        break
            except Exception as error:  # handed to the caller, who waits on the other thread
                out.put(error)
            out.put(_END)

        self._do(task)
        try:
            while (item := out.get()) is not _END:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            left.set()

    def probes(self, sides: Sequence[str], entity: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""
        bench, own = self._ready(), [self._side(s) for s in sides]
        who = self.benchmark.entity(entity)
        return self._call(lambda: probe_rows(bench.loaded, own, self.benchmark, who, lambda: None))

    def identity(self, sides: Sequence[str], entity: str) -> list[Identity]:
        """Where in the visual module the entity is still told apart, a curve a side."""
        bench, own = self._ready(), [self._side(s) for s in sides]
        who = self.benchmark.entity(entity)

        versions = [(name, side.delta) for name, side in zip(sides, own, strict=True)]
        return self._call(lambda: curves(
            bench.loaded, self.benchmark, who, versions,
            control_victim(*bench.reference(self._say), self.benchmark, entity)))

    def export(self, run_id: str) -> Path:
        """Write the run folder and return it."""
        run = self._known(run_id)
        nothing_yet(run)
        return self._shelf.write(run, self.preset.name, self._ready().loaded.model)

    def load(self, folder: Path) -> str:
        """Read a run folder back; returns the id under which it can be chatted with."""
        return self._shelf.read(folder, self._ready().loaded.model).id

    def reload(self, quantization: str) -> None:
        """Load the model again with another quantisation; the status tells when it is ready."""
        if quantization not in QUANTIZATIONS:
            raise LabError(f"unknown quantization {quantization!r}: valid are "
                           f"{', '.join(QUANTIZATIONS)}")
        if any(r.state in ("waiting", "running") for r in self.store.all()):
            raise LabError("a run is under way: stop it or wait, then change the quantisation")
        old = self.preset
        self.bench, self._phase, self._memory = None, "starting", ChatMemory()
        self.preset = replace(old, quantization=quantization)
        self._do(lambda: self._open() or self._back_to(old))

    def suggestions(self, entity: str, image: bool) -> list[str]:
        """Questions worth asking, in held-out phrasings."""
        return suggested(self.benchmark.entity(entity), image)

    # -- what the worker does -----------------------------------------------------------------

    def _ready(self) -> Workbench:
        if self.bench is None:
            raise LabError(self._error or f"the model is still loading ({self._phase}): wait a moment")
        return self.bench

    def _known(self, run_id: str) -> Run:
        """A run from memory or, after a restart, from its folder on disk."""
        folder = self._shelf.find(run_id)
        if folder:
            return self._shelf.read(folder, self._ready().loaded.model, run_id)
        return self.store.get(run_id)

    def _queue(self, run: Run) -> str:
        if len(self._waiting) >= MAX_WAITING:
            raise LabError(f"{MAX_WAITING} runs are waiting already: try again later")
        self._waiting.append(run)
        self._wake.set()
        return run.id

    def _side(self, side: str) -> Side:
        if side == ORIGINAL:
            return Side()
        run = self._known(side)
        if not (run.relearned.delta if run.kind == "attack" else run.changed):
            raise LabError("this run has not changed the model yet: wait until it has begun to tune")
        name = f"{run.id} after {len(run.events)} events"  # a run under way is not one version
        if run.kind == "attack":
            return Side(dict(run.relearned.delta), dict(run.relearned.adapter), name)
        return Side(run.delta(self._ready().loaded.model), name=name)

    def _do(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)
        self._wake.set()

    def _call(self, function: Callable[[], Any]) -> Any:
        done: queue.Queue[tuple[Any, Exception | None]] = queue.Queue()

        def task() -> None:
            try:
                done.put((function(), None))
            except Exception as error:  # raised again on the caller's thread
                done.put((None, error))

        self._do(task)
        value, error = done.get()
        if error:
            raise error
        return value

    def _work(self) -> None:
        self._open()
        while True:
            self._wake.wait()
            self._wake.clear()
            self._serve_tasks()
            while self._waiting and self.bench:
                self._advance(self._waiting.popleft())
                self._serve_tasks()
            if self.bench:
                self._phase = "idle"

    def _open(self) -> bool:
        """Load what the preset names; the page must be able to say why it could not be."""
        try:
            self.bench = self._open_bench(self.preset, self._say, self._threads)
        except LabError as error:
            self._error = str(error)
        except Exception as error:
            self._report(traceback.format_exc())
            self._error = f"the model could not be loaded: {error}"
        else:
            self._phase, self._error = "idle", ""
            self._report("The model is ready.")
            return True
        self._phase = "failed"
        self._report(f"lab: {self._error}")
        return False

    def _back_to(self, preset: Preset) -> None:
        """Load the preset that worked before, keeping the reason why the change failed."""
        reason, self.preset = self._error, preset
        if self._open():
            self._error = reason

    def _say(self, phase: str) -> None:
        self._phase = phase
        if self.bench is None:
            self._report(phase)

    def _serve_tasks(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            task()

    def _advance(self, run: Run) -> None:
        """Carry a run to its end, one event at a time; chats are answered between events."""
        run.state, run.started = "running", time.time()
        self._phase = {"inspect": "looking inside", "unlearn": "unlearning",
                       "attack": "attacking"}[run.kind]
        state: RunState = "failed"
        error = ""
        try:
            parent = self.store.get(run.parent) if run.parent else None
            bench = self._ready()
            bench.benchmark = self.benchmark  # who was added since it was opened can be forgotten
            for event in events_of(bench, run, parent, self._say):
                run.events.append(event)
                self._serve_tasks()
        except LabError as known:
            error = str(known)
        except Exception as unknown:  # one broken run must not end the worker
            self._report(traceback.format_exc())
            error = f"{type(unknown).__name__}: {unknown}"
        else:
            self._keep(run)
            state = "stopped" if run.stop.is_set() else "finished"
        run.pack(self._ready().loaded.model)
        self.store.finish(run, state, error)

    def _keep(self, run: Run) -> None:
        """Put an unlearning run on disk, so that a restart or a crash later loses nothing."""
        if run.kind == "unlearn" and run.changed:
            try:
                self._shelf.write(run, self.preset.name, self._ready().loaded.model)
            except LabError as error:
                self._report(f"lab: this run is only in memory: {error}")

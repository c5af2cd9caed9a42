"""The one thread that owns the model: it carries out runs and, between their events, small jobs."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lab.device import release, trim
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.serve.hands import Facts
from lab.serve.turns import Turns

T = TypeVar("T")
MOST_JOBS, MOST_JOBS_EACH = 128, 6
SLICE = 0.2  # seconds of small jobs at least between two events, and between two looks at the runs
JOBS_SHARE = (
    1.0  # small jobs may take as long as the run took since the last of them: half the time
)
CHECKED_SECONDS = 1.0
QUIET_SECONDS = 10.0  # without work, after which memory goes back that only speeds up what goes on
_END = object()
DIED = "the worker ended unexpectedly and was started again: try again"


class Owned(Generic[T]):
    """A value that only one thread may use: every other thread gets a ``RuntimeError``."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._owner: threading.Thread | None = None

    def own(self) -> None:
        """Make this thread the owner; refused while the previous owner is alive."""
        if self._owner is not None and self._owner.is_alive():
            raise RuntimeError("the loaded model has an owner already")
        self._owner = threading.current_thread()

    def put(self, value: T | None) -> None:
        """Keep a value, or nothing."""
        self._check()
        self._value = value

    def get(self) -> T | None:
        """The value."""
        self._check()
        return self._value

    def _check(self) -> None:
        if self._owner is not threading.current_thread():
            raise RuntimeError("only the worker's thread may touch the loaded model")


@dataclass(eq=False)
class Job:
    """Work that a visitor waits for; only the worker runs its ``steps``, one at a time."""

    begin: Callable[[Workbench], Generator[Any]]
    visitor: str
    out: queue.Queue[Any] = field(default_factory=queue.Queue)
    left: threading.Event = field(default_factory=threading.Event)
    bench: Workbench | None = None
    steps: Generator[Any] | None = None


class Worker:
    """Loads the model and does the runs; between their events it does small jobs.

    ``open_bench`` loads the model, or raises. ``next_run`` gives the next run as an iterator with
    one step for each event, or None. ``quiet`` is called when there was nothing to do for
    ``QUIET_SECONDS``, to give memory back. Only this thread can reach the model, because the
    weights of any run may be applied to it. Other threads have ``facts``, which hold the original
    weights.
    """

    def __init__(
        self,
        open_bench: Callable[[], Workbench],
        next_run: Callable[[Workbench], Generator[None] | None],
        between: Callable[[], bool],
        quiet: Callable[[], None],
        report: Callable[[str], None],
    ) -> None:
        self.facts: Facts | None = None
        self.phase, self.error = "starting", ""
        self._open_bench, self._next_run, self._report = open_bench, next_run, report
        self._between, self._quiet = between, quiet
        self._bench: Owned[Workbench] = Owned()
        self._orders: queue.Queue[Callable[[], object]] = queue.Queue()
        self._jobs: Turns[Job] = Turns(MOST_JOBS_EACH, MOST_JOBS, "questions")
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self.order(self.open)

    # -- what other threads ask ---------------------------------------------------------------

    def order(self, what: Callable[[], object]) -> None:
        """Have something done on the worker's thread before it goes on with runs and jobs."""
        self._orders.put(what)
        self._wake.set()

    def wake(self) -> None:
        """Tell the worker that there may be a run, and make sure that it is alive."""
        self._wake.set()
        self.ensure()

    def ready(self) -> Facts:
        """The facts of the loaded model; raises ``LabError`` while there is none."""
        if self.facts is None:
            raise LabError(
                self.error or f"the model is still loading ({self.phase}): wait a moment"
            )
        return self.facts

    def call(self, job: Callable[[Workbench], T], visitor: str = "") -> T:
        """Return what ``job`` returns, or raise what it raises; ``LabError`` if the worker died."""

        def once(bench: Workbench) -> Generator[T]:
            yield job(bench)

        return next(iter(self.stream(once, visitor)))

    def stream(self, begin: Callable[[Workbench], Generator[T]], visitor: str = "") -> Generator[T]:
        """Yield what ``begin`` yields; the worker does each step in turn with all other jobs.

        The job ends when nobody listens any more. Raises ``LabError`` if too many jobs are waiting.
        """
        self.ready()
        self._jobs.check(visitor)
        job = Job(begin, visitor)
        self._jobs.add(visitor, job)
        self.wake()
        return self._heard(job)

    def _heard(self, job: Job) -> Generator[Any]:
        try:
            while (item := self._next_of(job)) is not _END:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            job.left.set()

    def _next_of(self, job: Job) -> Any:
        while True:
            try:
                return job.out.get(timeout=CHECKED_SECONDS)
            except queue.Empty:
                self.ensure()

    def ensure(self) -> None:
        """Start the thread, also again if it died; everything that was waiting goes on."""
        with self._starting:
            if self._thread is not None and not self._thread.is_alive():
                self._report("lab: the worker had ended and was started again")
                self._thread = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="lab-worker", daemon=True)
                self._thread.start()

    # -- what the worker does -----------------------------------------------------------------

    def _work(self) -> None:
        self._bench.own()
        self._wake.set()  # something may be waiting since the thread before this one ended
        while True:
            if not self._wake.wait(QUIET_SECONDS):
                self._quiet()
                release()
                self._wake.wait()
            self._wake.clear()
            while self._anything():
                pass
            if self.facts is not None:
                self.phase = "idle"
                trim()  # what the last runs and answers needed is the system's again

    def _anything(self) -> bool:
        """Do one piece of work; False if there was none."""
        if not self._orders.empty():
            self._orders.get()()
            return True
        if (run := self._begun()) is not None:
            self._carry_out(run)
        elif self._between():
            return True
        return self._serve(SLICE) or run is not None

    def _begun(self) -> Generator[None] | None:
        """The next run, if one waits and there is a model for it."""
        bench = self._bench.get()
        return self._next_run(bench) if bench else None

    def _carry_out(self, run: Generator[None]) -> None:
        """Do a run to its end; after each event, small jobs get as much time as the run had."""
        with contextlib.closing(run):  # so that it ends as failed where this thread ends
            before = time.perf_counter()
            for _ in run:
                self._serve(max(SLICE, JOBS_SHARE * (time.perf_counter() - before)))
                before = time.perf_counter()

    def _serve(self, seconds: float) -> bool:
        """Do steps of the jobs in turn until none is left or the time is over; False for none."""
        end, done = time.perf_counter() + seconds, False
        while time.perf_counter() < end and (job := self._jobs.next()) is not None:
            done = True
            if self._step(job):
                self._jobs.add(job.visitor, job)
        return done

    def _step(self, job: Job) -> bool:
        """Do one step of a job; False if it has ended, was left by its visitor, or failed."""
        try:
            item = self._item(job)
        except Exception as error:  # handed to the caller, who waits on another thread
            item = error
        except BaseException:
            job.out.put(LabError(DIED))
            raise  # this thread ends here; the next one goes on with what waits
        job.out.put(item)
        if item is _END or isinstance(item, Exception):
            if job.steps is not None:
                job.steps.close()
            job.steps = job.bench = None  # its visitor may hold the job for long, but not a model
            return False
        return True

    def _item(self, job: Job) -> Any:
        bench = self._bench.get()
        if job.steps is None and bench is not None:
            job.bench, job.steps = bench, job.begin(bench)
        if job.steps is None or job.bench is not bench:
            why = "" if bench else self.error
            raise LabError(why or "another model was loaded in the meantime: ask again")
        return _END if job.left.is_set() else next(job.steps, _END)

    def open(self) -> None:
        """Load the model; if that fails, the page shows why."""
        self.error = self._opened(self._open_bench)
        if self.error:
            self.phase = "failed"
            self._report(f"lab: {self.error}")
        else:
            self._report("The model is ready.")

    def swap(self, new: Callable[[], Workbench], old: Callable[[], Workbench], beside: bool) -> str:
        """Put another model in the place of this one; returns why that failed, or "".

        On the worker's thread, between two runs. Unless both fit ``beside`` each other, the old one
        is released first, and loaded again if the new one fails.
        """
        had = self.facts is not None
        if not beside:
            self._let_go()
        why = self.error = self._opened(new)
        if why:
            self._report(f"lab: {why}")
        if why and had and self.facts is None:
            self.error = self._opened(old) or why
        self.phase = "idle" if self.facts else "failed"
        release()  # what is left of the other one
        return why

    def _opened(self, open_bench: Callable[[], Workbench]) -> str:
        """Load a model and keep it; returns why that failed, or ""."""
        try:
            bench = open_bench()
        except LabError as error:
            return str(error)
        except Exception as error:
            self._report(traceback.format_exc())
            return f"the model could not be loaded: {error}"
        self._bench.put(bench)
        loaded = bench.loaded
        self.facts = Facts(loaded.base, str(loaded.device), loaded.name, bench.cache)
        self.phase = "idle"
        return ""

    def _let_go(self) -> None:
        """Release the loaded model: whoever waits for an answer is told to ask again."""
        self.facts = None
        self._bench.put(None)
        while self._serve(SLICE):
            pass
        release()

"""The replicas of an engine: one thread of the page's process for each, and one queue for all."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.report.run_folder import ATTACKS
from lab.serve.archive import Shelf
from lab.serve.carrier import PHASES
from lab.serve.cluster import Cluster, Far, Lost
from lab.serve.hands import Facts
from lab.serve.next_run import NextRun
from lab.serve.orders import Left, Order
from lab.serve.routes import GONE, PATIENCE, Hand, Routes
from lab.serve.runs import MOST_LOST, Run, RunStore
from lab.serve.same_run import KeptRuns, conditions
from lab.serve.turns import Turns
from lab.serve.views import RunState, Usual
from lab.serve.worker import DIED, MOST_JOBS, MOST_JOBS_EACH

T = TypeVar("T")
LOOK_SECONDS = 1.0  # between two looks at a replica that has nothing to do
START_SECONDS = 0.1  # and at one that loads its model
CLOSE_SECONDS = 5.0  # that each thread has to notice the end
MOST_PAUSE = 30.0  # seconds between two tries to start a replica
TWICE = "the replica that answered ended unexpectedly, and so did the next one: ask again later"
LOST_AGAIN = "the replicas that did this run ended unexpectedly {count} times: try lighter settings"
OTHER_WEIGHTS = (
    "replica {number} has other weights than the first one and is not used: give every machine the "
    "same model folder"
)
MODEL_STAYS = "a cluster keeps its model: start the lab again with another --preset or --model"


class Fleet:
    """The ``Device`` of an engine with replicas: each one takes the next run when it is free.

    A run whose replica is lost begins anew on the next free one, before everything that waits: with
    its seed it comes to the same result. Any thread may call.
    """

    def __init__(
        self,
        cluster: Cluster,
        replicas: int,
        store: RunStore,
        turns: Turns[Run],
        shelf: Shelf,
        kept: KeptRuns,
        benchmark: Callable[[], Benchmark],
        usual: Callable[[str], Usual | None],
        report: Callable[[str], None],
    ) -> None:
        self.facts: Facts | None = None
        self.phase, self.error = "starting", ""
        self._weights = ""  # the hash of the model that the first replica has
        self.routes = Routes(replicas, report)
        self._next = NextRun(turns, self.routes.hands)
        self.jobs: Turns[object] = Turns(MOST_JOBS_EACH, MOST_JOBS, "questions")
        self._cluster, self._store, self._shelf = cluster, store, shelf
        self._kept, self._benchmark, self._usual, self._report = kept, benchmark, usual, report
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._threads: list[threading.Thread] = []

    # -- what the page's process asks ---------------------------------------------------------

    def ready(self) -> Facts:
        """The facts of the loaded model; raises ``LabError`` while there is none."""
        if self.facts is None:
            raise LabError(
                self.error or f"the model is still loading ({self.phase}): wait a moment"
            )
        return self.facts

    def wake(self) -> None:
        """Tell every replica that there may be a run."""
        for hand in self.routes.hands:
            hand.news.set()

    def ensure(self) -> None:
        """Start the threads, once."""
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(
                        target=self._work, args=(h,), name=f"lab-replica-{h.number}", daemon=True
                    )
                    for h in self.routes.hands
                ]
                for thread in self._threads:
                    thread.start()

    def swap(self, new: Callable[[], Workbench], old: Callable[[], Workbench], beside: bool) -> str:
        """Why the model is not changed."""
        return MODEL_STAYS

    def call(self, job: Callable[[Workbench], T], visitor: str = "") -> T:
        """Return what a job returns on some replica; it is sent there, so it must not hold locks."""
        found: T = self.ask("call", (job,), (), visitor)
        return found

    def ask(self, name: str, given: Sequence[object], runs: Sequence[Run], visitor: str) -> Any:
        """Ask one replica, where these runs are; once more on another one if it is lost."""
        self.ready()
        self.jobs.check(visitor)
        mark = object()
        self.jobs.add(visitor, mark)
        try:
            for patience in (0.0, PATIENCE):
                hand, far = self.routes.enter(runs, patience)
                try:
                    return far.ask(name, *given, visitor)
                except Lost:
                    self.routes.lose(hand, far)
                finally:
                    self.routes.leave(hand)
            raise LabError(TWICE)
        finally:
            self.jobs.remove(mark)

    def ask_all(self, name: str, *given: object) -> None:
        """Ask every replica that is there; a lost one has nothing to be asked for any more."""
        for hand in self.routes.hands:
            if (far := hand.far) is not None and hand.ready:
                try:
                    far.ask(name, *given)
                except Lost:
                    self.routes.lose(hand, far)

    def bring(self, run: Run) -> None:
        """Have a run's files written where they are in a replica's memory alone; raises ``LabError``."""
        if run.folder is not None or not run.weights:
            return
        home = self.routes.home(run)
        if home is not None:
            try:
                self._take(run, home.ask("keep", run.id))
            except Lost:
                raise LabError(GONE) from None

    def close(self) -> None:
        """End every thread and every replica."""
        self._closed.set()
        self.wake()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)
        self._cluster.close()

    # -- what the thread of a replica does ----------------------------------------------------

    def _work(self, hand: Hand) -> None:
        pause = 1.0
        while not self._closed.is_set():
            far = hand.far
            try:
                if far is None:
                    hand.far = far = self._cluster.hire()
                self._look(hand, far)
                if hand.ready and (run := self._next.take(hand)) is not None:
                    self._carry(hand, far, run)
                else:
                    hand.news.wait(LOOK_SECONDS if hand.ready or hand.error else START_SECONDS)
                    hand.news.clear()
                pause = 1.0 if hand.ready else pause
            except Lost as lost:
                if self._closed.is_set():
                    return
                ready = hand.ready
                if far is not None:
                    self.routes.lose(hand, far)
                if not ready:  # it could not even start
                    self._report(f"replica {hand.number} did not start: {lost}")
                    self._closed.wait(pause)
                    pause = min(2 * pause, MOST_PAUSE)
            except Exception:  # the cluster itself is gone, or the page is closing
                if self._closed.is_set():
                    return
                self._report(traceback.format_exc())
                self._closed.wait(pause)
                pause = min(2 * pause, MOST_PAUSE)

    def _look(self, hand: Hand, far: Far) -> None:
        """Ask a replica how it is."""
        health = far.ask("health")
        hand.phase, hand.error = health.phase, health.error or hand.error
        hand.used_mb, hand.total_mb = health.used_mb, health.total_mb
        for line in health.said:
            self._report(f"replica {hand.number}: {line}")
        with self._lock:
            self._weights = self._weights or health.weights
        if health.ready and health.weights != self._weights:
            if hand.error != (why := OTHER_WEIGHTS.format(number=hand.number)):
                self._report(f"lab: {why}")
            hand.error = why
        elif health.ready and not hand.ready:
            facts = self.facts or far.ask("facts")
            self.routes.open(hand, far)
            self.facts = facts
        self._note()

    def _note(self) -> None:
        """Note what is done now, "idle" if nothing is; at the start, what is loaded, or why it is not."""
        hands = self.routes.hands
        if self.facts is None:
            self.phase = hands[0].phase
            self.error = next((h.error for h in hands if h.error), "")
        else:
            phases = [PHASES[run.kind] for h in hands if (run := h.run)]
            self.phase, self.error = ", ".join(dict.fromkeys(phases)) or "idle", ""

    def _carry(self, hand: Hand, far: Far, run: Run) -> None:
        """Have a run done; if its replica is lost, it goes back to be done by another one."""
        facts, benchmark = self.ready(), self._benchmark()
        run.usual = self._usual(run.recipe.method)
        run.model, run.benchmark = facts.model, benchmark.name
        state: RunState | None = "failed"
        error = DIED
        hand.run = run
        self._note()
        try:
            state, error = self._ended(far, run, facts, benchmark)
        except Lost:
            state, error = self._without_replica(run)
            raise
        except LabError as failure:
            state, error = "failed", str(failure)
        finally:
            hand.run = None
            self._note()
            if state is not None:
                self._store.finish(run, state, error)

    def _ended(
        self, far: Far, run: Run, facts: Facts, benchmark: Benchmark
    ) -> tuple[RunState, str]:
        """Have a run done; returns how it ended, and why where it failed."""
        if run.stop.is_set():
            return "stopped", ""
        if self._answered(run, facts, benchmark):
            return "finished", ""
        left = self._done(far, run)
        return left.state, left.error

    def _without_replica(self, run: Run) -> tuple[RunState | None, str]:
        """How a run ends whose replica is lost; None where it begins anew instead."""
        run.lost += 1
        if run.stop.is_set():
            return "stopped", ""
        if run.lost >= MOST_LOST:
            return "failed", LOST_AGAIN.format(count=run.lost)
        self._next.give_back(run)
        self.wake()
        return None, ""

    def _answered(self, run: Run, facts: Facts, benchmark: Benchmark) -> bool:
        """Whether a kept run stands in for one that came too early to look for it."""
        wanted = conditions(facts.cache, benchmark, run.recipe) if run.early else ""
        kept = self._kept.answer(facts.base, wanted, run.visitor) if wanted else ""
        self._shelf.rest(quiet=True)  # the weights that were read to look for one
        if kept:
            self._store.stand_in(run, kept)
        return bool(kept)

    def _done(self, far: Far, run: Run) -> Left:
        """Hear a run to its end."""
        if run.parent:
            self.bring(self._shelf.find(run.parent))
        far.ask("begin", Order(run.id, run.kind, run.recipe, run.attack, run.parent, run.lost))
        self.routes.settle(run, far, self._store.has)
        self._store.begin(run)
        while not self._closed.is_set():
            heard = far.ask("heard", run.id, len(run.events), run.stop.is_set())
            for event in heard.events:
                run.say(event)
            if heard.left is not None:
                self._take(run, heard.left)
                return heard.left
        raise Lost

    def _take(self, run: Run, left: Left) -> None:
        """Note what a run left, and where: its weights are read from there when they are needed."""
        run.conditions, run.weights = left.conditions, left.weights
        run.delta_hash, run.unkept = left.delta_hash, left.unkept
        if left.kept:
            inside = self._shelf.folder / (run.parent or run.id)
            run.folder = inside / ATTACKS / run.id if run.parent else inside
            run.unread.add("weights")

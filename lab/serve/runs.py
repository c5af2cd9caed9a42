"""The run store: every run's state and events, kept in memory with a cap."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from lab.attack import Relearned
from lab.errors import LabError
from lab.events import Done, Event, Ready
from lab.model.base import Base
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE, tensors_hash
from lab.model.sparse import Sparse, to_delta, to_sparse
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe
from lab.serve.views import ENDED, RunKind, RunState, RunView, Usual
from lab.unlearn.outcome import Outcome

NOTHING = Sparse({}, {})
_ENDS = threading.Lock()  # held while something is added to the end of a run
MOST_LOST = 2  # times that what does a run may end before the run counts as the cause (our choice)


@dataclass(eq=False)
class Run:
    """One run: its request, its events and what it left. Only the worker changes it until it ends.

    ``outcome`` and ``relearned`` hold the weights while the run is under way and are for the worker
    alone. ``packed``, ``adapter`` and ``delta_hash`` are what an ended run left, for any thread.
    ``folder``: where it is on disk, or None; ``unread``: which parts must still be read from there.
    ``conditions``: a hash over all that decides its bits, "" where that is not known.
    ``weights``: whether it left any. ``earlier``: results of attacks of which nothing else is kept.
    ``note``: what a reader should know about its files. ``unkept``: why it is not on disk.
    ``usual``: what such a run takes, known once it has begun.
    ``model``, ``benchmark``: the names of what it belongs to; "" where that is not known.
    ``early``: whether a kept run may stand in for it, because nobody could look for one when it came.
    ``lost``: how often the process that did it has ended in the middle of it.
    """

    id: str
    kind: RunKind
    recipe: Recipe
    attack: AttackRecipe | None = None
    parent: str | None = None
    visitor: str = ""
    early: bool = False
    lost: int = 0
    state: RunState = "waiting"
    error: str = ""
    note: str = ""
    unkept: str = ""
    model: str = ""
    benchmark: str = ""
    events: list[Event] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    relearned: Relearned = field(default_factory=Relearned)
    packed: Sparse = NOTHING
    adapter: Mapping[str, Tensor] = field(default_factory=dict)
    delta_hash: str = ""
    conditions: str = ""
    weights: bool = False
    folder: Path | None = None
    unread: set[str] = field(default_factory=set)
    earlier: tuple[dict[str, Any], ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    started: float = 0.0
    ended: float = 0.0
    read_back: float = 0.0
    copied: float = 0.0
    usual: Usual | None = None

    def say(self, event: Event) -> None:
        """Add an event, with the time at which it came."""
        self.events.append(event)
        self.stamps.append(time.monotonic())

    def add_to_end(self, change: Callable[[Done], Done]) -> None:
        """Put something more into the result of an ended run; one that failed has none and stays.

        ``change`` gets the end as it is now: others may have added to it meanwhile.
        """
        with _ENDS:
            if self.events and isinstance(done := self.events[-1], Done):
                self.events[-1] = change(done)

    def pack(self, base: Base) -> None:
        """Keep only what is still needed of an ended run, in little memory; on the worker alone.

        Of a delta, only the values that differ from the base are kept.
        """
        left = self.relearned.delta if self.kind == "attack" else self.outcome.delta
        if left and self.kind != "inspect":
            self.keep(left, self.relearned.adapter, base)
        self.outcome.delta, self.outcome.mask, self.outcome.pruned = {}, {}, {}
        self.relearned.delta, self.relearned.adapter = {}, {}

    def keep(self, delta: Mapping[str, Tensor], adapter: Mapping[str, Tensor], base: Base) -> None:
        """Store these weights as those the run left: their hash, and what differs from the base."""
        self.delta_hash, self.weights = left_hash(delta, adapter), True
        self.adapter, self.packed = dict(adapter), to_sparse(delta, base.visual)

    @property
    def changed(self) -> bool:
        """Whether the run has changed weights, in memory or still on disk."""
        if self.weights or self.state in ENDED:  # packed already where it is just ending
            return self.weights
        return bool(self.relearned.delta if self.kind == "attack" else self.outcome.delta)

    @property
    def kept_from(self) -> float:
        """From when on it is kept, in seconds since 1970: a copy from when it was made, not its run."""
        return self.copied or self.ended

    @property
    def ready(self) -> bool:
        """Whether the weights of a run under way are its last ones."""
        return any(isinstance(event, Ready) for event in self.events)

    def put_away(self) -> None:
        """Drop the weights of a run that is on disk, from where they are read again when needed."""
        if self.weights and self.folder is not None:
            self.packed, self.adapter = NOTHING, {}
            self.unread.add("weights")

    def foreign(self, model: str, benchmark: str) -> str:
        """The model and benchmark it belongs to, if they are not these; "" also if not known."""
        same = model in ("", self.model) or not self.model
        if same and self.benchmark in ("", benchmark):
            return ""
        return " · ".join(filter(None, (self.model, self.benchmark)))

    def left(self, base: Base) -> dict[str, Tensor]:
        """The visual weights that an ended run left, as a delta over the original."""
        return to_delta(self.packed, base.visual)

    def version(self, loaded: Loaded) -> Version:
        """The version of the model that the run left.

        A run under way gives its weights of now, which are another version after every event, until
        they are ready: from then on they are those that it leaves.
        """
        if self.state in ENDED:
            return Version(self.id, loaded, self.left(loaded.base), dict(self.adapter))
        now = self.relearned.delta if self.kind == "attack" else self.outcome.delta
        adapter, identity = (
            dict(self.relearned.adapter),
            self.id if self.ready else f"{self.id} after {len(self.events)} events",
        )
        return Version(self.id, loaded, dict(now), adapter, identity)

    def view(self, place: int = 0, foreign: str = "") -> RunView:
        """A snapshot for readers on other threads (``events`` is only ever appended to)."""
        stamps = tuple(self.stamps)
        return RunView(
            self.id,
            self.kind,
            self.recipe.entity,
            self.state,
            self.recipe,
            self.attack,
            self.parent,
            tuple(self.events),
            self.error,
            place,
            self.started,
            self.ended,
            stamps,
            "; ".join(filter(None, (self.note, self.unkept))),
            self.usual,
            foreign,
        )


def left_hash(delta: Mapping[str, Tensor], adapter: Mapping[str, Tensor]) -> str:
    """sha256 over what a run left: its delta and, for an attack, its language adapter."""
    return tensors_hash({**delta, **{f"over.{LANGUAGE}{n}": t for n, t in adapter.items()}})


class RunStore:
    """Runs by id; of more than ``cap`` ended ones those go that ended first.

    One that is read again from disk counts as if it ended then: somebody asks for it now.
    ``changed``: called whenever what waits or runs is another.
    """

    def __init__(self, cap: int = 200) -> None:
        self.cap = cap
        self.changed: Callable[[], None] = lambda: None
        self._runs: dict[str, Run] = {}
        self._stand_ins: dict[str, str] = {}  # at most as many as can wait while a model loads
        self._lock = threading.Lock()

    def add(self, run: Run) -> Run:
        """Take in a run under its id."""
        with self._lock:
            self._runs[run.id] = run
            if run.state in ENDED:
                run.read_back = time.time()
            ended = [r for r in self._runs.values() if r.state in ENDED]
            ended.sort(key=lambda r: max(r.ended, r.read_back))
            for old in ended[: max(0, len(ended) - self.cap)]:
                del self._runs[old.id]
        return run

    def stand_in(self, run: Run, kept: str) -> None:
        """Take a run out: whoever asks for it gets the kept one."""
        with self._lock:
            self._stand_ins[run.id] = kept
            self._runs.pop(run.id, None)
        self.changed()

    def meant(self, run_id: str) -> str:
        """The id of the run that a kept one stands in for becomes that one's; any other stays."""
        return self._stand_ins.get(run_id, run_id)

    def has(self, run_id: str) -> bool:
        """Whether a run is in memory."""
        with self._lock:
            return self.meant(run_id) in self._runs

    def get(self, run_id: str) -> Run:
        """Return a run; raises ``LabError`` when it is not (or no longer) there."""
        with self._lock:
            run = self._runs.get(self.meant(run_id))
        if run is None:
            raise LabError(
                "this run is no longer here (the app was restarted): start a new one, or "
                "load its downloaded folder"
            )
        return run

    def all(self) -> list[Run]:
        """Every run, oldest first."""
        with self._lock:
            return list(self._runs.values())

    def attacks(self, run_id: str) -> list[Run]:
        """The attacks on a run that have ended with a result, oldest first."""
        return [r for r in self.all() if r.parent == run_id and r.state in ("finished", "stopped")]

    def drop(self, entity: str) -> None:
        """Forget every run about an entity."""
        with self._lock:
            self._runs = {i: r for i, r in self._runs.items() if r.recipe.entity != entity}

    def remove(self, run_ids: Collection[str]) -> None:
        """Forget these runs."""
        with self._lock:
            self._runs = {i: r for i, r in self._runs.items() if i not in run_ids}
            gone = [early for early, kept in self._stand_ins.items() if kept in run_ids]
            for early in gone:
                del self._stand_ins[early]

    def begin(self, run: Run) -> None:
        """Note that a run is under way from now on."""
        run.state, run.started = "running", time.time()
        self.changed()

    def finish(self, run: Run, state: RunState, error: str = "") -> None:
        """Give a run its end state."""
        run.error, run.ended, run.state = error, time.time(), state
        self.changed()


def new_id() -> str:
    """An id that cannot be guessed."""
    return secrets.token_hex(16)

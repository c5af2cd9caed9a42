"""The run store: every run's state and events, kept in memory with a cap."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from torch import Tensor
from torch.nn import Module

from lab.attack import Relearned
from lab.errors import LabError
from lab.model.sparse import Sparse, to_delta, to_sparse
from lab.recipe import AttackRecipe, Recipe
from lab.serve.engine import RunKind, RunState, RunView
from lab.unlearn.events import Event
from lab.unlearn.loop import Outcome

NOTHING = Sparse({}, {})
ENDED = ("finished", "stopped", "failed")


@dataclass
class Run:
    """One run: what was asked, what it said, what it left. Only the worker changes it."""

    id: str
    kind: RunKind
    recipe: Recipe
    attack: AttackRecipe | None = None
    parent: str | None = None
    state: RunState = "waiting"
    error: str = ""
    events: list[Event] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    packed: Sparse = NOTHING
    relearned: Relearned = field(default_factory=Relearned)
    stop: threading.Event = field(default_factory=threading.Event)
    started: float = 0.0
    ended: float = 0.0

    def pack(self, model: Module) -> None:
        """Keep of an ended run only what can be asked again, in little memory.

        Of a delta that is what differs from the base; readers on other threads find either form.
        """
        if self.kind != "inspect":
            self.packed = to_sparse(self.outcome.delta, model)
        self.outcome.delta, self.outcome.mask, self.outcome.pruned = {}, {}, {}

    @property
    def changed(self) -> bool:
        """Whether there is a delta to lay on."""
        return bool(self.outcome.delta or self.packed)

    def delta(self, model: Module) -> dict[str, Tensor]:
        """The visual weights as the run left them, or has them now."""
        return dict(self.outcome.delta) or to_delta(self.packed, model)

    def view(self, place: int = 0) -> RunView:
        """A snapshot for readers on other threads (``events`` is only ever appended to)."""
        return RunView(self.id, self.kind, self.recipe.entity, self.state, self.recipe, self.attack,
                       self.parent, tuple(self.events), self.error, place, self.started, self.ended)


class RunStore:
    """Runs by id; the oldest ended ones go when there are more than ``cap``."""

    def __init__(self, cap: int = 200) -> None:
        self.cap = cap
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    def add(self, kind: RunKind, recipe: Recipe, attack: AttackRecipe | None = None,
            parent: str | None = None, run_id: str | None = None) -> Run:
        """Make a run under a random id, or one it had before a restart."""
        run = Run(run_id or secrets.token_hex(8), kind, recipe, attack, parent)
        with self._lock:
            self._runs[run.id] = run
            ended = [r for r in self._runs.values() if r.state in ENDED]
            for old in sorted(ended, key=lambda r: r.ended)[: max(0, len(self._runs) - self.cap)]:
                del self._runs[old.id]
        return run

    def has(self, run_id: str) -> bool:
        """Whether a run is in memory."""
        with self._lock:
            return run_id in self._runs

    def get(self, run_id: str) -> Run:
        """Return a run; raises ``LabError`` when it is not (or no longer) there."""
        with self._lock:
            run = self._runs.get(run_id)
        if run is None:
            raise LabError("this run is no longer here (the app was restarted): start a new one, or "
                           "load its downloaded folder")
        return run

    def all(self) -> list[Run]:
        """Every run, oldest first."""
        with self._lock:
            return list(self._runs.values())

    def drop(self, entity: str) -> None:
        """Forget every run about an entity."""
        with self._lock:
            self._runs = {i: r for i, r in self._runs.items() if r.recipe.entity != entity}

    def finish(self, run: Run, state: RunState, error: str = "") -> None:
        """Give a run its end state."""
        run.error, run.ended, run.state = error, time.time(), state

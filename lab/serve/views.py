"""What the page is told: people, runs, answers, and how the engine stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lab.benchmarks.left_out import LeftOut
from lab.events import Event, Identity
from lab.recipe import AttackRecipe, Recipe
from lab.serve.menu import Choice

RunState = Literal["waiting", "running", "finished", "stopped", "failed"]
RunKind = Literal["inspect", "unlearn", "attack", "change"]  # "change": of the loaded model
ENDED: tuple[RunState, ...] = ("finished", "stopped", "failed")
ORIGINAL = "original"
CONTROL = "control"  # the model that never knew
LONGEST_QUESTION = 600  # characters of a question in a chat


@dataclass(frozen=True)
class EntityCard:
    """What the page shows of an entity; ``portrait`` and ``views`` are encoded pictures.

    ``questions``: the questions of a person whom a user added, each with its answer and wrong
    options; () for all others. ``owner``: the visitor who added them, "" for everybody's; ``shared``:
    whether that visitor shares them with the room. ``faces``: of people who are one target together,
    the portraits of the first four; () for one person.
    """

    id: str
    name: str
    profile: dict[str, str]
    biography: str
    portrait: bytes = field(repr=False)
    views: tuple[bytes, ...] = field(repr=False)
    questions: tuple[tuple[str, ...], ...] = ()
    owner: str = field(default="", repr=False)
    shared: bool = False
    faces: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Recognition:
    """How well the loaded model recognises somebody: Forget VQA as a share, n, and its chance."""

    share: float
    n: int
    chance: float

    @property
    def above_chance(self) -> bool:
        """Whether it lies two standard errors of blind picking above chance (our choice)."""
        return self.share > self.chance + 2 * (self.chance * (1 - self.chance) / self.n) ** 0.5


@dataclass(frozen=True)
class Status:
    """The state of the worker, for the header line, and what was left out of the benchmark.

    ``changing``: what the room is being changed to, if it is. ``most_waiting``: how many runs may wait in all;
    0 where there is no limit.
    """

    ready: bool
    model: str
    quantization: str
    device: str
    memory_used_mb: float
    memory_total_mb: float
    worker: str
    phase: str
    waiting: int
    error: str = ""
    left_out: LeftOut = LeftOut()
    changing: Choice | None = None
    most_waiting: int = 0


@dataclass(frozen=True)
class Usual:
    """What a run like this takes: seconds by stage, for so many steps, measured ``here`` or not.

    The stages are importance, fisher, train and evaluate.
    """

    seconds: Mapping[str, float]
    steps: int
    here: bool


@dataclass(frozen=True)
class RunView:
    """A snapshot of one run; its ``events`` only ever grow, but for figures put beside its result.

    ``stamps``: when each event came, in seconds of one clock, so that the pace includes all other
    work of the worker; () where that is not known. ``note``: what a reader should know about how
    the run is kept, such as "kept in memory only …", or "". ``usual``: what such runs took before,
    None where nothing is known. ``foreign``: the model and benchmark that the run belongs to where
    those are not the loaded ones, or "". ``begins``: seconds until a waiting run begins, None where
    that cannot be told. ``mine``: whether who asked may change it; ``shared``: whether everybody in
    the room may look at it. ``owner``: the visitor whose it is, "" for nobody's.
    """

    id: str
    kind: RunKind
    entity: str
    state: RunState
    recipe: Recipe
    attack: AttackRecipe | None
    parent: str | None
    events: tuple[Event, ...] = field(repr=False)
    error: str = ""
    place: int = 0
    started: float = 0.0
    ended: float = 0.0
    stamps: tuple[float, ...] = field(default=(), repr=False)
    note: str = ""
    usual: Usual | None = None
    foreign: str = ""
    begins: float | None = None
    mine: bool = True
    shared: bool = False
    owner: str = field(default="", repr=False)


@dataclass(frozen=True)
class Trace:
    """A run or an attack, whether it is in memory or on disk alone; one on disk has ended.

    ``parent``: the run that it attacks. ``owner``: the visitor whose it is, "" for nobody's.
    """

    id: str
    parent: str | None
    entity: str
    state: RunState
    ended: float
    owner: str = field(default="", repr=False)


@dataclass(frozen=True)
class ProbeRow:
    """One line of the fixed probe table; a verdict is True, False, or None where not judged."""

    group: str
    question: str
    reference: str
    answers: tuple[str, ...]
    verdicts: tuple[bool | None, ...]
    image: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Turn:
    """One question of a conversation, with the earlier answer of every side."""

    question: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A recorded question, put with or without the picture, and the answer of every side."""

    question: str
    pictured: bool
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A recorded run with its inspection and an attack on it, to look at before any run.

    ``run`` knows its three views by their ids, but nothing can be asked of them: their weights are
    not kept. ``view``: which of the person's views the recorded questions are about. The sides of
    ``talk``, ``probes`` and ``identity`` are the original, the unlearned and, if the attack left
    weights, the relearned model; the last curve of ``identity`` may be the control's. ``left``: what
    an inspection of the unlearned model says; () where that was not recorded.
    """

    name: str
    date: str
    machine: str
    inspect: RunView
    unlearn: RunView
    attack: RunView
    view: int
    talk: tuple[Asked, ...] = field(repr=False)
    probes: tuple[ProbeRow, ...] = field(repr=False)
    identity: tuple[Identity, ...] = field(repr=False)
    left: tuple[Event, ...] = field(default=(), repr=False)

    @property
    def views(self) -> tuple[RunView, RunView, RunView]:
        """The inspection, the run and the attack."""
        return self.inspect, self.unlearn, self.attack

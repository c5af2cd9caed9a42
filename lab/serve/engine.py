"""The engine protocol: everything that the page may ask of the engine behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from lab.benchmarks.left_out import LeftOut
from lab.benchmarks.own import Pair
from lab.events import Event, Identity
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.report.text import Text
from lab.serve.closer import Inside
from lab.serve.menu import Choice, Menu
from lab.serve.rights import Rights
from lab.serve.rules import Rules

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
    whether that visitor shares them with the room.
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


class Own(Protocol):
    """What the page may do with people whom its users add. Raises ``LabError`` on misuse."""

    def add(self, name: str, images: Sequence[bytes], pairs: Sequence[Pair], visitor: str) -> str:
        """Create a person from pictures and questions, kept across restarts; returns the id.

        They are the visitor's: nobody else sees them unless they are shared.
        """

    def remove(self, entity_id: str, visitor: str) -> None:
        """Delete a person and the runs about them; refused while such a run is under way."""

    def share(self, entity_id: str, shared: bool, visitor: str) -> None:
        """Let everybody in the room see a person, ask about them and forget them, or no longer."""

    def recognition(self, entity_id: str, visitor: str) -> Recognition:
        """How well the loaded model recognises a person on their held-out pictures."""

    def since(self, entity_id: str) -> float:
        """When a person was added, in seconds since 1970."""


class Steer(Protocol):
    """What a teacher may do with the queue of all. Raises ``LabError`` for everybody else."""

    @property
    def paused(self) -> bool:
        """Whether no run begins now."""

    def pause(self, paused: bool, visitor: str) -> None:
        """Let no run begin, or go on; what runs now runs on."""

    def put(self, run_id: str, first: bool, visitor: str) -> None:
        """Put a waiting run before all others, or behind them."""


class Engine(Protocol):
    """What the page may ask; sides are run ids or ``ORIGINAL``. Raises ``LabError`` on misuse.

    ``visitor``: who asks, or "" for the program that holds the engine, which may do everything.
    Limits and turns are by visitor, so that one visitor cannot take the lab from the others. A run
    and a person of one's own belong to the visitor who made them: nobody else but a teacher stops,
    changes, attacks, downloads or removes them, and others look at them only if they are shared.
    """

    @property
    def preset(self) -> Preset:
        """The preset of what is loaded, or is being loaded at the start."""

    @property
    def own(self) -> Own:
        """The people whom users add."""

    @property
    def inside(self) -> Inside:
        """Closer looks into the model."""

    @property
    def menu(self) -> Menu:
        """What is loaded, and what else could be."""

    @property
    def rights(self) -> Rights:
        """Whose things are, and who is a teacher."""

    @property
    def rules(self) -> Rules:
        """What a teacher has set for the room."""

    @property
    def steer(self) -> Steer:
        """The queue in a teacher's hands."""

    @property
    def alone(self) -> bool:
        """Whether no other machine can reach the lab: then what is nobody's is everybody's."""

    def status(self) -> Status:
        """The state of the worker now."""

    def entities(self, visitor: str) -> Sequence[EntityCard]:
        """All entities that a visitor may see; they are there before the model is loaded."""

    def submit(self, recipe: Recipe, kind: RunKind, visitor: str, anew: bool = False) -> str:
        """Queue an inspection or an unlearning run; returns its id.

        Before the model is loaded, ``same_run`` cannot tell. A run that came so early is answered by
        a kept one, unless ``anew``: from then on its id leads to that run, whose view has another id.
        """

    def same_run(self, recipe: Recipe, visitor: str) -> str:
        """The id of a kept run that a new one of this recipe would only repeat; "" for none.

        Such a run ended by itself, under the same recipe, person, weights, machine and program. Where
        another visitor made it, the id is that of a copy, which belongs to who asks.
        """

    def submit_attack(self, run_id: str, attack: AttackRecipe, visitor: str) -> str:
        """Queue a relearning attack on a finished or stopped run; returns the attack's id."""

    def run(self, run_id: str, visitor: str) -> RunView:
        """A snapshot of a run, with its place in the queue (0: not waiting)."""

    def move(self, run_id: str, earlier: bool, visitor: str) -> None:
        """Let a waiting run and its visitor's run before or after it change places."""

    def edit(self, run_id: str, settings: Recipe | AttackRecipe, visitor: str) -> None:
        """Give a waiting run other settings, about the same person; its place stays."""

    def share(self, run_id: str, shared: bool, visitor: str) -> None:
        """Let everybody in the room look at a run and at the attacks on it, or no longer."""

    def beside_controls(self, run_id: str, visitor: str) -> RunView:
        """The run with the controls' figures in its result, once they are asked; this waits.

        Unchanged where it has them, has not ended or was not scored.
        """

    def examples(self) -> Sequence[Example]:
        """The recorded runs about people of this lab; () if there are none."""

    def runs(self, visitor: str) -> Sequence[RunView]:
        """All runs that a visitor may look at, oldest first; a run of an earlier start has its result only.

        Changes of the model are not among them.
        """

    def stop(self, run_id: str, visitor: str) -> None:
        """Ask a run to end after its current step, keeping its delta so far."""

    def under_way(self, visitor: str) -> Sequence[RunView]:
        """The runs of a visitor that wait or run now, oldest first."""

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""

    def probes(self, sides: Sequence[str], entity: str, visitor: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""

    def identity(self, sides: Sequence[str], entity: str, visitor: str) -> list[Identity]:
        """At which depth the entity is still recognised: one curve for each side.

        The last curve, named ``CONTROL``, is of the model that never knew, if there is one.
        """

    def export(self, run_id: str, visitor: str, text: Text | None = None) -> Path:
        """Write the run folder (recipe, metrics, events, curves, delta, report) and return it.

        ``text``: the language of the report, by default the engine's.

        A folder that is complete already is not written again, except for a report in another
        language.
        """

    def load(self, folder: Path, visitor: str) -> str:
        """Read a run folder back and return the id under which it can be chatted with."""

    def suggestions(self, entity: str, image: bool, visitor: str) -> list[str]:
        """Questions worth asking about this entity, with or without its picture."""

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete ended runs, from memory and from disk, and the attacks on them with them."""

"""The engine protocol: everything that the page may ask of the engine behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from lab.benchmarks.own import Pair
from lab.events import Identity
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.report.text import Text
from lab.serve.closer import Inside
from lab.serve.menu import Menu
from lab.serve.rights import Rights
from lab.serve.rules import Rules
from lab.serve.views import (
    EntityCard,
    Example,
    ProbeRow,
    Recognition,
    RunKind,
    RunView,
    Status,
    Trace,
    Turn,
)


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

    def traces(self) -> Sequence[Trace]:
        """Every run of every visitor, in memory or on disk alone; for the lab itself."""

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

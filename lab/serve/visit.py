"""The engine as one visitor has it: who asks is filled in, so that no part of the page can forget it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.benchmarks.own import Pair
from lab.events import Event, Identity, Phase
from lab.events.where import Where
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.report.text import Text
from lab.serve.closer import Firing
from lab.serve.engine import Engine
from lab.serve.looks import Looks
from lab.serve.menu import Choice, Menu, Need, Offer, Source
from lab.serve.views import (
    EntityCard,
    Example,
    ProbeRow,
    Recognition,
    RunKind,
    RunView,
    Status,
    Turn,
)

Who = Callable[[], str]


class VisitOwn:
    """``Own`` for who asks."""

    def __init__(self, engine: Engine, who: Who) -> None:
        self._engine, self._who = engine, who

    def add(self, name: str, images: Sequence[bytes], pairs: Sequence[Pair]) -> str:
        """Create a person, who is the visitor's; returns the id."""
        return self._engine.own.add(name, images, pairs, self._who())

    def remove(self, entity_id: str) -> None:
        """Delete a person and the runs about them."""
        self._engine.own.remove(entity_id, self._who())

    def share(self, entity_id: str, shared: bool) -> None:
        """Let everybody in the room see a person, ask about them and forget them, or no longer."""
        self._engine.own.share(entity_id, shared, self._who())

    def mine(self, entity_id: str) -> bool:
        """Whether the visitor may share and remove a person."""
        return self._engine.rights.owns(self._who(), entity_id)

    def recognition(self, entity_id: str) -> Recognition:
        """How well the loaded model recognises a person on their held-out pictures."""
        return self._engine.own.recognition(entity_id, self._who())


class VisitInside:
    """``Inside`` for who asks."""

    def __init__(self, engine: Engine, who: Who, looks: Looks) -> None:
        self._engine, self._who, self._looks = engine, who, looks

    def neuron(self, entity: str, layer: str, neuron: int) -> Iterator[Phase | Firing]:
        """Yield how many pictures have been looked at, and at last what the neuron fires for."""
        visitor = self._who()
        with self._looks.during(visitor, "neuron"):
            yield from self._engine.inside.neuron(entity, layer, neuron, visitor)

    def left(self, run_id: str) -> Iterator[Event]:
        """Yield what an inspection of the model that a run left says."""
        visitor = self._who()
        with self._looks.during(visitor, "left"):
            yield from self._engine.inside.left(run_id, visitor)

    def where(self, run_id: str) -> Iterator[Phase | Where]:
        """Yield how many answers there are, and at last where a run lost those about its person."""
        visitor = self._who()
        with self._looks.during(visitor, "where"):
            yield from self._engine.inside.where(run_id, visitor)


class VisitMenu:
    """``Menu`` for who asks."""

    def __init__(self, engine: Engine, who: Who) -> None:
        self._engine, self._who = engine, who

    @property
    def _menu(self) -> Menu:
        return self._engine.menu

    @property
    def open(self) -> bool:
        """Whether the page may change what is loaded."""
        return self._menu.open

    @property
    def edition(self) -> int:
        """How often what is loaded was changed."""
        return self._menu.edition

    @property
    def loaded(self) -> Choice:
        """What is loaded now."""
        return self._menu.loaded

    def models(self) -> Sequence[Offer]:
        """The presets and the models found on this machine."""
        return self._menu.models()

    def benchmarks(self) -> Sequence[Source]:
        """The benchmarks."""
        return self._menu.benchmarks()

    def need(self, choice: Choice) -> Need:
        """What a choice needs."""
        return self._menu.need(choice)

    def change(self, choice: Choice, download_gb: float = 0.0) -> str:
        """Queue a change of what is loaded; returns the id under which it is followed."""
        return self._menu.change(choice, download_gb, self._who())


class Visit:
    """An ``Engine`` without its visitors: ``who`` says, at each question, who asks it."""

    def __init__(self, engine: Engine, who: Who) -> None:
        self._engine, self._who, self._looks = engine, who, Looks()
        self.own, self.inside = VisitOwn(engine, who), VisitInside(engine, who, self._looks)
        self.menu = VisitMenu(engine, who)

    @property
    def preset(self) -> Preset:
        """The preset of what is loaded."""
        return self._engine.preset

    @property
    def alone(self) -> bool:
        """Whether no other machine can reach the lab."""
        return self._engine.alone

    def who(self) -> str:
        """Who asks now."""
        return self._who()

    def locked(self, key: str) -> bool:
        """Whether a teacher has locked a setting for the room."""
        return key in self._engine.rules.now.locked

    def status(self) -> Status:
        """The state of the worker now."""
        return self._engine.status()

    def everybody(self) -> Sequence[EntityCard]:
        """All entities, those too that other visitors have not shared: the page keeps them apart."""
        return self._engine.entities("")

    def entities(self) -> Sequence[EntityCard]:
        """All entities that the visitor may see."""
        return self._engine.entities(self._who())

    def submit(self, recipe: Recipe, kind: RunKind = "unlearn", anew: bool = False) -> str:
        """Queue an inspection or an unlearning run; returns its id."""
        return self._engine.submit(recipe, kind, self._who(), anew)

    def same_run(self, recipe: Recipe) -> str:
        """The id of a kept run that a new one would only repeat; "" for none."""
        return self._engine.same_run(recipe, self._who())

    def submit_attack(self, run_id: str, attack: AttackRecipe) -> str:
        """Queue an attack on a run that has ended; returns the attack's id."""
        return self._engine.submit_attack(run_id, attack, self._who())

    def run(self, run_id: str) -> RunView:
        """A snapshot of a run."""
        return self._engine.run(run_id, self._who())

    def move(self, run_id: str, earlier: bool) -> None:
        """Let a waiting run and the visitor's run before or after it change places."""
        self._engine.move(run_id, earlier, self._who())

    def edit(self, run_id: str, settings: Recipe | AttackRecipe) -> None:
        """Give a waiting run other settings."""
        self._engine.edit(run_id, settings, self._who())

    def share(self, run_id: str, shared: bool) -> None:
        """Let everybody in the room look at a run, or no longer."""
        self._engine.share(run_id, shared, self._who())

    def beside_controls(self, run_id: str) -> RunView:
        """The run with the controls' figures in its result, once they are asked."""
        return self._engine.beside_controls(run_id, self._who())

    def examples(self) -> Sequence[Example]:
        """The recorded runs, which are everybody's."""
        return self._engine.examples()

    def runs(self) -> Sequence[RunView]:
        """All runs that the visitor may look at, oldest first."""
        return self._engine.runs(self._who())

    def stop(self, run_id: str) -> None:
        """Ask a run to end after its current step."""
        self._engine.stop(run_id, self._who())

    def under_way(self) -> Sequence[RunView]:
        """The visitor's runs that wait or run now, oldest first."""
        return self._engine.under_way(self._who())

    def looks(self) -> Sequence[str]:
        """What else the visitor has asked that is under way: probes, identity, neuron, left, where."""
        return self._looks.now(self._who())

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""
        return self._engine.chat(sides, turns, image, self._who())

    def probes(self, sides: Sequence[str], entity: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""
        visitor = self._who()
        with self._looks.during(visitor, "probes"):
            return self._engine.probes(sides, entity, visitor)

    def identity(self, sides: Sequence[str], entity: str) -> list[Identity]:
        """At which depth the entity is still recognised."""
        visitor = self._who()
        with self._looks.during(visitor, "identity"):
            return self._engine.identity(sides, entity, visitor)

    def export(self, run_id: str, text: Text | None = None) -> Path:
        """Write the run folder and return it; ``text``: the language of the report."""
        return self._engine.export(run_id, self._who(), text)

    def load(self, folder: Path) -> str:
        """Read a run folder back; returns the id under which it can be chatted with."""
        return self._engine.load(folder, self._who())

    def suggestions(self, entity: str, image: bool) -> list[str]:
        """Questions worth asking about this entity."""
        return self._engine.suggestions(entity, image, self._who())

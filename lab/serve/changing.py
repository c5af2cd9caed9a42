"""Changes what is loaded: one change at a time, in its turn, and back again where it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.events import Done, Phase
from lab.recipe import Preset, Recipe
from lab.serve.archive import Shelf
from lab.serve.hands import Device
from lab.serve.menu import Choice, Need, Offer, Source
from lab.serve.offers import Offers
from lab.serve.own_people import OwnPeople
from lab.serve.rights import Rights
from lab.serve.runs import Run, RunStore, new_id
from lab.serve.turns import Turns
from lab.serve.views import Example
from lab.serve.worker import DIED

CLOSED = (
    "the model of this lab cannot be changed in the page: ask whoever started it, who can allow "
    "that with --allow-change"
)
SAME_GB = 0.01  # two figures of a download are the same when they look the same


Say = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """The parts of the engine that a change touches.

    ``load``: opens a preset, telling its phases; ``forget``: drops what is remembered of the model.
    """

    store: RunStore
    turns: Turns[Run]
    rights: Rights
    shelf: Shelf
    worker: Device
    own: OwnPeople
    load: Callable[[Preset, Say], Workbench]
    forget: Callable[[], None]


@dataclass(frozen=True)
class _Wanted:
    """The change that waits or is under way, as it was chosen and as a preset."""

    run: Run
    choice: Choice
    preset: Preset
    download_gb: float


class Changing:
    """The ``Menu`` of a local engine, with what belongs to the model that is loaded.

    A change waits behind every run that was there before it, and until it has ended no new run is
    taken: a run is about a person and a model, and must not meet another one. ``lock``: held while
    a run is taken. ``recorded``: reads the examples of a preset's name and a benchmark. ``open``:
    whether the page may change anything. ``edition``: how often that was done.
    """

    def __init__(
        self,
        preset: Preset,
        parts: Parts,
        recorded: Callable[[str, Benchmark], tuple[Example, ...]],
        open: bool,
    ) -> None:
        self.open, self.edition = open, 0
        self.lock = threading.RLock()
        self.examples = recorded(preset.name, parts.own.benchmark)
        self._parts, self._recorded = parts, recorded
        self._offers = Offers(preset, lambda: parts.worker.facts is not None)
        self._wanted: _Wanted | None = None

    @property
    def preset(self) -> Preset:
        """The preset of what is loaded, or is being loaded at the start."""
        return self._offers.current

    @property
    def loaded(self) -> Choice:
        """What is loaded now, or is being loaded at the start."""
        return self._offers.chosen

    @property
    def coming(self) -> Choice | None:
        """What the room is being changed to, if it is."""
        wanted = self._wanted
        return wanted.choice if wanted else None

    def models(self) -> Sequence[Offer]:
        """The presets and the models found on this machine, what is loaded among them."""
        return self._offers.models()

    def benchmarks(self) -> Sequence[Source]:
        """The benchmarks, what is loaded among them."""
        return self._offers.benchmarks()

    def need(self, choice: Choice) -> Need:
        """What a choice needs, benchmark included."""
        return self._offers.need(choice)

    def change(self, choice: Choice, download_gb: float = 0.0, visitor: str = "") -> str:
        """Queue a change behind every run that waits; returns the id under which it is followed."""
        if not self.open:
            raise LabError(CLOSED)
        preset = self._offers.preset(choice)
        if choice == self.loaded and self._parts.worker.facts is not None:
            raise LabError(f"{choice.model} is loaded already: choose something else")
        check(self._offers.need(choice), choice, download_gb)
        run = Run(new_id(), "change", Recipe(), visitor=visitor)
        with self.lock:
            self.refuse()
            self._parts.rights.give(run.id, visitor, lasting=False)
            self._parts.store.add(run)
            self._wanted = _Wanted(run, choice, preset, download_gb)
        self._parts.worker.wake()
        return run.id

    def refuse(self) -> None:
        """Raise ``LabError`` while a change waits or is under way."""
        if coming := self.coming:
            raise LabError(
                f"the room's model is being changed to {coming.model} with {coming.benchmark}: "
                "wait until it is loaded"
            )

    def withdraw(self, run: Run) -> bool:
        """Take back a change that waits; False for any other run. Raises ``LabError`` if it loads."""
        with self.lock:
            if self._wanted is None or self._wanted.run is not run:
                return False
            if run.state == "running":
                raise LabError(
                    "the model is being loaded and that cannot be stopped: choose again afterwards"
                )
            self._wanted = None
        return True

    def carry_out(self) -> bool:
        """Do the change that waits, on the worker's thread; False if there is none.

        While the runs before it are paused, it waits with them, unless no model is there for them.
        """
        with self.lock:
            wanted = self._wanted
            if wanted is None or (self._parts.worker.facts is not None and len(self._parts.turns)):
                return False
            run = wanted.run
            self._parts.store.begin(run)
        why = DIED
        try:
            why = self._swap(wanted, lambda phase: run.say(Phase(phase)))
            run.say(Done("failed" if why else "done"))
        finally:
            with self.lock:
                self._parts.store.finish(run, "failed" if why else "finished", why)
                self._wanted = None
        return True

    def _swap(self, wanted: _Wanted, say: Say) -> str:
        """Load another preset in place of this one; returns why that failed, or ""."""
        old, parts, worker = self.preset, self._parts, self._parts.worker
        preset = wanted.preset
        benchmarks: list[Benchmark] = []

        def hear(phase: str) -> None:
            worker.phase = phase
            say(phase)

        def load(one: Preset) -> Workbench:
            bench = parts.load(one, hear)
            benchmarks.append(bench.benchmark)
            return bench

        try:
            if worker.facts is not None and preset.model != old.model:
                parts.shelf.put_away(worker.facts.base)
        except LabError as error:
            return str(error)
        if wanted.download_gb:
            hear(f"Downloading {wanted.download_gb:.2g} GB …")
        parts.forget()
        beside = 0 < self._offers.memory_gb(preset) <= self._offers.free_gb()
        why = worker.swap(lambda: load(preset), lambda: load(old), beside)
        if not why:
            self._settle(preset, benchmarks[0])
        return why

    def _settle(self, preset: Preset, benchmark: Benchmark) -> None:
        """Go on with another preset, now that it is loaded."""
        self._offers.current = preset
        self._parts.shelf.preset = preset.name
        self._parts.own.renew(benchmark)
        for run in self._parts.turns.clear():  # only where no model was loaded: else it came first
            self._parts.store.finish(run, "failed", "another model was loaded before it began")
        own = self.loaded.model == preset.name  # not another model with the preset's settings
        self.examples = self._recorded(preset.name if own else "", benchmark)
        self.edition += 1  # last, for the page reads everything anew once it has changed


def check(need: Need, choice: Choice, download_gb: float) -> None:
    """Raise ``LabError`` with the one reason why a choice is not loaded."""
    if need.problem:
        raise LabError(f"{choice.model} with {choice.benchmark} cannot be loaded: {need.problem}")
    if not need.fits:
        raise LabError(
            f"{choice.model} does not fit: it needs {need.memory_gb:.1f} GB at "
            f"{choice.quantization}, and {need.free_gb:.1f} GB can be free on {need.device}: choose "
            "another quantisation or a smaller model"
        )
    if abs(need.download_gb - download_gb) > SAME_GB:
        raise LabError(
            f"{need.download_gb:.2g} GB have to be downloaded first: agree to that and load again"
        )

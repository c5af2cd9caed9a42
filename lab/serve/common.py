"""What every engine does in the page's process: runs, their queue, rights and people are kept here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from lab.benchmarks.left_out import left_out
from lab.benchmarks.schema import Benchmark
from lab.evaluation.session import Workbench, open_workbench, read_benchmark
from lab.events import Identity
from lab.model.fetch import cache_folder
from lab.recipe import AttackRecipe, Preset, Recipe, revise
from lab.report.text import Text, catalogue
from lab.serve.archive import Shelf, nothing_yet
from lab.serve.changing import Changing, Parts
from lab.serve.chat import suggested
from lab.serve.doors import Doors
from lab.serve.hands import Hands
from lab.serve.intake import Intake
from lab.serve.own_people import OwnPeople
from lab.serve.pace import usual
from lab.serve.recorded import EXAMPLES, read_examples
from lab.serve.remembered import Remembered
from lab.serve.rights import Rights, owners_file
from lab.serve.rules import ASK, ATTACK, Rules
from lab.serve.runs import Run, RunStore, new_id
from lab.serve.same_run import KeptRuns
from lab.serve.steering import Steering
from lab.serve.turns import Turns
from lab.serve.viewing import Viewing
from lab.serve.views import (
    EntityCard,
    Example,
    ProbeRow,
    RunKind,
    RunView,
    Status,
    Trace,
    Turn,
    Usual,
)
from lab.serve.waiting import Waiting

MOST_WAITING, MOST_WAITING_EACH = 256, 8
# In the cache folder, or beside runs that are kept elsewhere.
WAITING = "waiting.jsonl"
Opener = Callable[[Preset, Callable[[str], None], int], Workbench]


class CommonEngine(ABC):
    """An ``Engine`` without the hands that do its runs and answer its questions.

    Only they may use the loaded model. Other threads read stored weights against ``Facts.base``,
    the tensors that were loaded. ``text``: the language of the reports, English by default.
    ``examples``: the folder of recorded runs. ``fixed``: whether the page may not change what is
    loaded. ``alone``: whether no other machine can reach the lab. ``remember``: whether the runs
    that wait are kept in a file, and those that an earlier process left there are taken up.
    """

    def __init__(
        self,
        preset: Preset,
        threads: int = 0,
        report: Callable[[str], None] = print,
        runs: Path | None = None,
        open_bench: Opener = open_workbench,
        text: Text | None = None,
        examples: Path = EXAMPLES,
        fixed: bool = False,
        alone: bool = True,
        remember: bool = False,
    ) -> None:
        self.store = RunStore()
        turns: Turns[Run] = Turns(MOST_WAITING_EACH, MOST_WAITING, "runs")
        self._waiting = Waiting(self.store, turns, lambda: self._here(), lambda: self._at_once())
        self.rights = Rights(owners_file(runs), alone)
        self.rules = Rules(self.rights)
        self._threads, self._report, self._open_bench = threads, report, open_bench
        benchmark = read_benchmark(preset)
        folder, text = runs or cache_folder() / "runs", text or catalogue()
        self._shelf = Shelf(
            folder,
            self.store,
            lambda: self.benchmark,
            preset.name,
            text,
            self._model,
            lambda run_id: self.rights.whose(run_id).visitor,
        )
        self._shelf.restore()
        self._doors = Doors(self._shelf, self.rights)
        self._viewing = Viewing(self.store, self._shelf, self._doors, self._waiting)
        kept = KeptRuns(self._shelf, self.rights)
        hands = self._hands(turns, kept)
        self._worker, self._beside, self._sides = hands.worker, hands.beside, hands.sides
        self.inside = hands.inside
        self.own = OwnPeople(
            benchmark, self.store, self._shelf, self._worker, hands.forget, self.rights
        )
        parts = Parts(
            self.store,
            turns,
            self.rights,
            self._shelf,
            self._worker,
            self.own,
            self._load,
            self._forget,
        )
        self.menu = Changing(
            preset,
            parts,
            lambda p, b: read_examples(examples, p, b, catalogue(), report),
            not fixed,
        )
        self._intake = Intake(
            self._worker,
            self._shelf,
            self._doors,
            self.rights,
            self._waiting,
            kept,
            self.own,
            self.menu,
            self.rules,
        )
        self.steer = Steering(self._waiting, self._doors, self.rights, self._worker.wake)
        if remember:
            file = (runs or cache_folder()) / WAITING
            remembered = Remembered(file, self.store, turns, lambda: self.menu.loaded)
            remembered.take_up(self._intake.take_up, report)
        self._worker.ensure()

    # -- what the page asks -------------------------------------------------------------------

    @property
    def preset(self) -> Preset:
        """What is loaded, or is being loaded at the start."""
        return self.menu.preset

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark with the people whom users have added so far."""
        return self.own.benchmark

    @property
    def alone(self) -> bool:
        """Whether no other machine can reach the lab."""
        return self.rights.alone

    def status(self) -> Status:
        """The figures of the header; cheap enough to be read every second."""
        worker = self._worker
        worker.ensure()
        facts = worker.facts
        device, used, total = self._devices()
        busy = worker.phase not in ("idle", "starting", "failed")
        return Status(
            facts is not None,
            Path(self.preset.model).name,
            self.preset.quantization,
            device,
            used,
            total,
            "busy" if busy else worker.phase,
            worker.phase,
            len(self._waiting),
            worker.error,
            left_out(self.benchmark),
            self.menu.coming,
            most_waiting=MOST_WAITING,
        )

    def entities(self, visitor: str = "") -> Sequence[EntityCard]:
        """All entities that a visitor may see; they are there before the model is loaded."""
        return self.own.cards(visitor)

    def submit(
        self, recipe: Recipe, kind: RunKind = "unlearn", visitor: str = "", anew: bool = False
    ) -> str:
        """Queue an inspection or an unlearning run; returns its id.

        A run that comes before the model is there may be answered by a kept one, unless ``anew``.
        """
        return self._intake.submit(recipe, kind, visitor, anew)

    def same_run(self, recipe: Recipe, visitor: str = "") -> str:
        """The id of a kept run that a new one would only repeat; "" until the model is loaded."""
        return self._intake.same_run(recipe, visitor)

    def submit_attack(self, run_id: str, attack: AttackRecipe, visitor: str = "") -> str:
        """Queue a relearning attack on a run that has ended with a delta."""
        return self._intake.submit_attack(run_id, attack, visitor)

    def run(self, run_id: str, visitor: str = "") -> RunView:
        """A snapshot of a run, with its place in the queue (0: not waiting)."""
        self._worker.ensure()
        for view in (v for e in self.menu.examples for v in e.views if v.id == run_id):
            return view
        return self._viewing.of(self._shelf.whole(self._doors.read(run_id, visitor)), visitor)

    def move(self, run_id: str, earlier: bool, visitor: str = "") -> None:
        """Let a waiting run and its visitor's run before or after it change places."""
        self._waiting.move(self._doors.owned(run_id, visitor, "move"), earlier)

    def edit(self, run_id: str, settings: Recipe | AttackRecipe, visitor: str = "") -> None:
        """Give a waiting run other settings, about the same person; its place stays."""
        run = self._doors.owned(run_id, visitor, "change")
        clean = revise(type(settings)(), asdict(settings))
        attack = clean if isinstance(clean, AttackRecipe) else None
        self.rules.check_run(visitor, run.kind, run.recipe if attack else clean, attack)
        self._waiting.edit(run, clean)

    def share(self, run_id: str, shared: bool, visitor: str = "") -> None:
        """Let everybody in the room look at a run and at the attacks on it, or no longer."""
        self._doors.share(run_id, visitor, shared)

    def beside_controls(self, run_id: str, visitor: str = "") -> RunView:
        """The run with the controls' figures in its result; waits until they are asked."""
        run = self._shelf.whole(self._doors.read(run_id, visitor))
        if not self._shelf.foreign(run):
            self._beside.put(run, visitor)
        return self._viewing.of(run, visitor)

    def examples(self) -> Sequence[Example]:
        """The recorded runs about people of this lab; () if there are none."""
        return self.menu.examples

    def runs(self, visitor: str = "") -> Sequence[RunView]:
        """All runs that a visitor may look at; a run of an earlier start has its result only."""
        return self._viewing.all(visitor)

    def traces(self) -> Sequence[Trace]:
        """Every run of every visitor, in memory or on disk alone; for the lab itself."""
        return self._viewing.traces()

    def under_way(self, visitor: str) -> Sequence[RunView]:
        """The runs of a visitor that wait or run now, oldest first."""
        return self._viewing.under_way(visitor)

    def stop(self, run_id: str, visitor: str = "") -> None:
        """End a run after its current step, or take it out of the queue."""
        run = self._doors.owned(run_id, visitor, "stop")
        waited = self.menu.withdraw(run)
        run.stop.set()
        if self._waiting.turns.remove(run) or waited:
            self.store.finish(run, "stopped")
            self._worker.wake()  # a change of the model may have waited for it

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str = ""
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""
        self.rules.check_step(visitor, ASK)
        return self._sides.chat(sides, turns, image, visitor)

    def probes(self, sides: Sequence[str], entity: str, visitor: str = "") -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""
        self.rules.check_step(visitor, ASK)
        self.own.check(entity, visitor)
        return self._sides.probes(sides, entity, visitor)

    def identity(self, sides: Sequence[str], entity: str, visitor: str = "") -> list[Identity]:
        """At which depth the entity is still recognised: one curve for each side."""
        self.rules.check_step(visitor, ATTACK)
        self.own.check(entity, visitor)
        return self._sides.identity(sides, entity, visitor)

    def export(self, run_id: str, visitor: str = "", text: Text | None = None) -> Path:
        """Write the run folder where it is not there yet, and return it."""
        run = self._doors.owned(run_id, visitor, "download")
        nothing_yet(run)
        if run.folder is not None and run.folder.is_dir() and self._shelf.foreign(run):
            return run.folder
        return self._shelf.write(run, self._worker.ready().base, text=text)

    def load(self, folder: Path, visitor: str = "") -> str:
        """Read a run folder back; returns the id under which it can be chatted with."""
        facts, run_id = self._worker.ready(), new_id()
        self.rights.give(run_id, visitor)
        return self._shelf.take_in(folder, facts.base, facts.model, run_id).id

    def suggestions(self, entity: str, image: bool, visitor: str = "") -> list[str]:
        """Questions worth asking, in held-out phrasings."""
        self.own.check(entity, visitor)
        return suggested(self.benchmark.entity(entity), image)

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete ended runs, from memory and from disk, and the attacks on them with them."""
        self._shelf.remove(set(run_ids))

    def _model(self) -> str:
        """The name of the loaded model; "" while there is none."""
        facts = self._worker.facts
        return facts.model if facts else ""

    def _usual(self, method: str) -> Usual | None:
        return usual(method, self._here(), (e.unlearn for e in self.examples()))

    def _here(self) -> list[RunView]:
        """This machine's runs of the loaded model, which tell its pace."""
        return [r.view() for r in self.store.all() if not self._shelf.foreign(r)]

    def _load(self, preset: Preset, heard: Callable[[str], None]) -> Workbench:
        return self._open_bench(preset, heard, self._threads)

    # -- what differs between engines ---------------------------------------------------------

    @abstractmethod
    def _hands(self, turns: Turns[Run], kept: KeptRuns) -> Hands:
        """The parts that need the model."""

    @abstractmethod
    def _devices(self) -> tuple[str, float, float]:
        """The device, and its memory in MB: used and total."""

    @abstractmethod
    def _at_once(self) -> int:
        """How many runs may be done at the same time."""

    @abstractmethod
    def _forget(self) -> None:
        """Forget what is remembered of the loaded model, which would hold it in memory."""

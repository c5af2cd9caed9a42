"""The engine with replicas: the page's process keeps runs, rights and turns, replicas do the work."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from lab.benchmarks.schema import Benchmark
from lab.evaluation.session import open_workbench
from lab.events import Event, Identity, Phase
from lab.events.controls import with_controls
from lab.events.where import Where
from lab.model.fetch import cache_folder
from lab.recipe import Preset, Recipe
from lab.report.text import Text
from lab.serve.answer import Answer
from lab.serve.chat import check_chat
from lab.serve.closer import Firing
from lab.serve.cluster import Cluster
from lab.serve.common import CommonEngine
from lab.serve.controls import lacking
from lab.serve.doors import Doors
from lab.serve.fleet import Fleet
from lab.serve.hands import Hands
from lab.serve.inside import note_where, where_recorded
from lab.serve.orders import Opener, Plan
from lab.serve.recorded import EXAMPLES
from lab.serve.rights import owners_file
from lab.serve.rules import ATTACK, LOOK, Rules
from lab.serve.runs import Run
from lab.serve.same_run import KeptRuns
from lab.serve.turns import Turns
from lab.serve.views import ORIGINAL, Example, ProbeRow, Turn

PASSED_ON = ("LAB_", "HF_")  # variables that replicas get as the page's process has them


class RayEngine(CommonEngine):
    """An ``Engine`` whose runs and questions are done by replicas, each with a device of its own.

    Runs, their queue, rights and people are in this process, as in the local engine. What a run
    leaves goes through the folder ``runs``, which every replica must reach under the same path, as
    the cache folder. The model cannot be changed in the page. ``cluster``: starts the cluster of a
    plan; ``fleet``: its replicas. The rest: see ``CommonEngine``.
    """

    def __init__(
        self,
        preset: Preset,
        cluster: Callable[[Plan], Cluster],
        replicas: int,
        threads: int = 0,
        report: Callable[[str], None] = print,
        runs: Path | None = None,
        open_bench: Opener = open_workbench,
        text: Text | None = None,
        examples: Path = EXAMPLES,
        alone: bool = True,
        remember: bool = False,
    ) -> None:
        passed = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}
        self._plan = Plan(
            preset,
            (runs or cache_folder() / "runs").resolve(),
            owners_file(runs).resolve(),
            threads,
            text.language if text else "en",
            open_bench,
            {**passed, "LAB_CACHE": str(cache_folder())},
        )
        self._cluster, self._replicas = cluster, replicas
        super().__init__(
            preset,
            threads,
            report,
            runs,
            open_bench,
            text,
            examples,
            fixed=True,
            alone=alone,
            remember=remember,
        )

    def export(self, run_id: str, visitor: str = "", text: Text | None = None) -> Path:
        """Write the run folder where it is not there yet, and return it."""
        self.fleet.bring(self._doors.owned(run_id, visitor, "download"))
        return super().export(run_id, visitor, text)

    def same_run(self, recipe: Recipe, visitor: str = "") -> str:
        """The id of a kept run that a new one would only repeat; "" until the model is loaded."""
        found = super().same_run(recipe, visitor)
        self._shelf.rest(quiet=True)  # no worker of this process ever puts weights away
        return found

    def load(self, folder: Path, visitor: str = "") -> str:
        """Read a run folder back; returns the id under which it can be chatted with."""
        run_id = super().load(folder, visitor)
        self._shelf.rest(quiet=True)
        return run_id

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete ended runs, from memory and from disk, and the attacks on them with them."""
        super().forget(run_ids)
        self.fleet.ask_all("remove", frozenset(run_ids))

    def close(self) -> None:
        """End every replica."""
        self.fleet.close()

    def _devices(self) -> tuple[str, float, float]:
        """How many replicas are ready and on what, and their memory in MB: used and total."""
        ready = [hand for hand in self.fleet.routes.hands if hand.ready]
        facts = self.fleet.facts
        device = facts.device if facts else "cpu"
        # a GPU belongs to one replica, and processors share the memory of their machine
        totals = [0.0, *(h.total_mb for h in ready)]
        total = sum(totals) if device.startswith("cuda") else max(totals)
        return f"{len(ready)} × {device}", sum(h.used_mb for h in ready), total

    def _at_once(self) -> int:
        """How many runs may be done at the same time: one by each replica that is ready."""
        return max(1, sum(hand.ready for hand in self.fleet.routes.hands))

    def _forget(self) -> None:
        """Nothing is remembered here of a model, and a cluster keeps its own."""

    def _hands(self, turns: Turns[Run], kept: KeptRuns) -> Hands:
        """The parts that need the model, on the replicas."""
        fleet = self.fleet = Fleet(
            self._cluster(self._plan),
            self._replicas,
            self.store,
            turns,
            self._shelf,
            kept,
            lambda: self.benchmark,
            self._usual,
            self._report,
        )
        inside = FarInside(
            fleet,
            self._doors,
            lambda visitor: self.own.shown_to(visitor),
            lambda: self.examples(),
            self.rules,
        )
        return Hands(
            fleet,
            FarSides(fleet, self._doors),
            FarControls(fleet),
            inside,
            lambda entity: fleet.ask_all("forget", entity),
        )


class FarSides:
    """Asks the sides on a replica that has their weights or can read them."""

    def __init__(self, fleet: Fleet, doors: Doors) -> None:
        self._fleet, self._doors = fleet, doors

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""
        check_chat(turns, image)
        ids, runs = self._read(sides, visitor)
        return Answer(self._fleet, "chat", (ids, tuple(turns), image), runs, visitor, whole=True)

    def probes(self, sides: Sequence[str], entity: str, visitor: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""
        ids, runs = self._read(sides, visitor)
        found: list[ProbeRow] = self._fleet.ask("probes", (ids, entity), runs, visitor)
        return found

    def identity(self, sides: Sequence[str], entity: str, visitor: str) -> list[Identity]:
        """At which depth the entity is still recognised: one curve a side, the control's last."""
        ids, runs = self._read(sides, visitor)
        found: list[Identity] = self._fleet.ask("identity", (ids, entity), runs, visitor)
        return found

    def _read(self, sides: Sequence[str], visitor: str) -> tuple[list[str], list[Run]]:
        """The ids of the sides as the replicas know them, and the runs among them."""
        found = [None if s == ORIGINAL else self._doors.read(s, visitor) for s in sides]
        return [run.id if run else ORIGINAL for run in found], [run for run in found if run]


class FarControls:
    """Has the controls asked on a replica, for one person at a time."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        # Who comes second about a person finds what was measured for the first.
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def put(self, run: Run, visitor: str) -> None:
        """Wait until the controls are asked, unless the run has their figures or was not scored."""
        with self._locks[run.recipe.entity]:
            if lacking(run) is not None:
                found = self._fleet.ask("controls", (run.id,), (run,), visitor)
                run.add_to_end(partial(with_controls, found=found))


class FarInside:
    """Closer looks on a replica."""

    def __init__(
        self,
        fleet: Fleet,
        doors: Doors,
        shown_to: Callable[[str], Benchmark],
        examples: Callable[[], Sequence[Example]],
        rules: Rules,
    ) -> None:
        self._fleet, self._doors = fleet, doors
        self._shown_to, self._examples, self._rules = shown_to, examples, rules

    def neuron(
        self, entity: str, layer: str, neuron: int, visitor: str = ""
    ) -> Iterator[Phase | Firing]:
        """Yield how many pictures have been looked at, and at last what the neuron fires for."""
        self._rules.check_step(visitor, LOOK)
        benchmark = self._shown_to(visitor)
        benchmark.entity(entity)
        given = (entity, layer, neuron, frozenset(e.id for e in benchmark.own))
        return Answer(self._fleet, "neuron", given, (), visitor, whole=True)

    def left(self, run_id: str, visitor: str = "") -> Iterator[Event]:
        """Yield what an inspection of the model that a run left says; measured once and kept."""
        self._rules.check_step(visitor, LOOK)
        for recorded in (e.left for e in self._examples() if e.unlearn.id == run_id and e.left):
            return iter(recorded)
        run = self._doors.read(run_id, visitor)
        return Answer(self._fleet, "left", (run.id,), (run,), visitor, whole=False)

    def where(self, run_id: str, visitor: str = "") -> Iterator[Phase | Where]:
        """Yield how many answers there are, and at last where the run lost those about its person."""
        self._rules.check_step(visitor, ATTACK)
        for view in (e.unlearn for e in self._examples() if e.unlearn.id == run_id):
            return iter([where_recorded(view.events)])
        run = self._doors.read(run_id, visitor)
        return _noting(run, Answer(self._fleet, "where", (run.id,), (run,), visitor, whole=True))


def _noting(run: Run, parts: Iterator[Phase | Where]) -> Iterator[Phase | Where]:
    """The parts of an answer; what it says at last is kept in the result of the run."""
    for part in parts:
        if isinstance(part, Where):
            note_where(run, part)
        yield part

"""Takes in what visitors want to run: allowed, checked, and answered by a kept run where there is one."""

from __future__ import annotations

from dataclasses import asdict

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe, revise
from lab.serve.archive import Shelf
from lab.serve.changing import Changing
from lab.serve.doors import Doors
from lab.serve.hands import Device
from lab.serve.own_people import OwnPeople
from lab.serve.rights import Rights
from lab.serve.rules import Rules
from lab.serve.runs import Run, new_id
from lab.serve.same_run import KeptRuns, conditions
from lab.serve.views import ENDED, RunKind
from lab.serve.waiting import Waiting


class Intake:
    """The way of a run into the queue. Nothing comes in while the model is being changed."""

    def __init__(
        self,
        worker: Device,
        shelf: Shelf,
        doors: Doors,
        rights: Rights,
        waiting: Waiting,
        kept: KeptRuns,
        own: OwnPeople,
        menu: Changing,
        rules: Rules,
    ) -> None:
        self._worker, self._shelf, self._doors, self._rights = worker, shelf, doors, rights
        self._waiting, self._kept, self._own, self._menu = waiting, kept, own, menu
        self._rules = rules

    def submit(self, recipe: Recipe, kind: RunKind, visitor: str, anew: bool) -> str:
        """Queue an inspection or an unlearning run; returns its id."""
        with self._menu.lock:
            self._menu.refuse()
            clean = self._checked(recipe, visitor, kind)
            early = kind == "unlearn" and not anew and self._worker.facts is None
            return self._queue(Run(new_id(), kind, clean, visitor=visitor, early=early))

    def same_run(self, recipe: Recipe, visitor: str) -> str:
        """The id of a kept run that a new one would only repeat; "" until the model is loaded."""
        clean = self._checked(recipe, visitor, "unlearn")
        if not (facts := self._worker.facts):
            return ""
        wanted = conditions(facts.cache, self._own.benchmark, clean)
        return self._kept.answer(facts.base, wanted, visitor)

    def submit_attack(self, run_id: str, attack: AttackRecipe, visitor: str) -> str:
        """Queue an attack on a run that has ended with a delta; returns the attack's id."""
        run = self._doors.owned(run_id, visitor, "attack")
        clean = revise(AttackRecipe(), asdict(attack))
        self._rules.check_run(visitor, "attack", run.recipe, clean)
        if run.kind == "unlearn" and run.state not in ENDED:
            raise LabError("this run has not ended yet: attack it when it has")
        if run.kind != "unlearn" or run.state not in ("finished", "stopped") or not run.changed:
            raise LabError("there is nothing to attack yet: unlearn first")
        with self._menu.lock:
            self._menu.refuse()
            self._shelf.refuse_foreign(run)
            return self._queue(Run(new_id(), "attack", run.recipe, clean, run.id, visitor))

    def take_up(self, run: Run) -> None:
        """Queue a run of an earlier start under its id; raises ``LabError`` where it cannot be done."""
        self._own.benchmark.target(run.recipe.entity)
        if run.parent:
            self._shelf.find(run.parent)
        if run.kind == "inspect":  # whose the others are is on disk
            self._rights.give(run.id, run.visitor, lasting=False)
        self._waiting.add(run)

    def _queue(self, run: Run) -> str:
        """Put a run into the queue and return its id; a refused run is not stored."""
        self._waiting.turns.check(run.visitor)
        self._rights.give(run.id, run.visitor, lasting=run.kind != "inspect")
        self._waiting.add(run)
        self._worker.wake()
        return run.id

    def _checked(self, recipe: Recipe, visitor: str, kind: RunKind) -> Recipe:
        """The recipe with all its values checked; it is about somebody whom this visitor may see.

        A room's teacher may have set limits.
        """
        self._own.check(recipe.entity, visitor)
        self._own.benchmark.target(recipe.entity)
        clean = revise(Recipe(), asdict(recipe))
        self._rules.check_run(visitor, kind, clean)
        return clean

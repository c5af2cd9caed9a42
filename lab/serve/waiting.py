"""The runs that wait: their order, what their visitor may still change, and when each begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe
from lab.serve.pace import begins, planned, takes
from lab.serve.rights import LAB
from lab.serve.runs import Run, RunStore
from lab.serve.turns import Turns
from lab.serve.views import ENDED, RunView

BEGUN = "this run does not wait any more: stop it, and start another one"
SHORT = ("inspect",)  # looking inside takes seconds, and somebody looks at the screen meanwhile


class Waiting:
    """The queue of an engine; the worker takes the runs from ``turns``.

    ``here``: the views of this machine's runs of the loaded model, whose pace they tell. ``hands``:
    how many runs may be done at the same time.
    """

    def __init__(
        self,
        store: RunStore,
        turns: Turns[Run],
        here: Callable[[], Iterable[RunView]],
        hands: Callable[[], int],
    ) -> None:
        self._store, self.turns, self._here, self._hands = store, turns, here, hands
        self._paces: tuple[int, dict[tuple[str, ...], float | None]] = (-1, {})

    def __len__(self) -> int:
        return len(self.turns)

    def add(self, run: Run) -> None:
        """Take in a run and put it behind those of its visitor."""
        self._store.add(run)
        self.turns.add(run.visitor, run, run.kind in SHORT)
        self._store.changed()

    def place(self, run: Run) -> int:
        """The place of a run, from 1; 0 if it does not wait. A change comes after everything else."""
        if run.state != "waiting":
            return 0
        return len(self.turns) + 1 if run.kind == "change" else self.turns.place(run)

    def begins(self, run: Run) -> float | None:
        """Seconds until a waiting run begins, by what this machine took before; None if unknown."""
        if run.state != "waiting" or self.turns.paused:
            return None
        order = self.turns.order()
        if run not in order and run.kind != "change":
            return 0.0  # it was taken this very moment
        ahead = order[: order.index(run)] if run in order else order
        under_way = [r for r in self._store.all() if r.state == "running"]
        free = self._free(under_way, ahead, self._hands())
        if free is None or run.visitor == LAB:
            return free
        # One visitor's runs follow each other, however many could be done at the same time.
        mine = [r for r in under_way if r.visitor == run.visitor]
        before = self._free(mine, [r for r in ahead if r.visitor == run.visitor], 1)
        return None if before is None else max(free, before)

    def _free(self, under_way: Iterable[Run], ahead: Iterable[Run], hands: int) -> float | None:
        doing, waiting = [r.view() for r in under_way], [r.view() for r in ahead]
        return begins(doing, waiting, self._takes, time.time(), hands)

    def move(self, run: Run, earlier: bool) -> None:
        """Let a waiting run and its visitor's run before or after it change places."""
        if self.turns.move(run, earlier):
            self._store.changed()
            return
        if not self.turns.place(run):
            raise LabError(BEGUN)
        end = "first" if earlier else "last"
        raise LabError(f"this run is the {end} of yours that wait: move another one")

    def put(self, run: Run, first: bool) -> None:
        """Put a waiting run before all others, or behind them."""
        if not self.turns.put(run, first):
            raise LabError(BEGUN)
        self._store.changed()

    def edit(self, run: Run, settings: Recipe | AttackRecipe) -> None:
        """Give a waiting run other settings; its place stays. It is about the same person."""

        def change() -> None:
            if isinstance(settings, AttackRecipe):
                run.attack = settings
            else:
                run.recipe = settings

        if (run.kind == "attack") != isinstance(settings, AttackRecipe):
            raise LabError("an attack has an attack's settings, every other run a recipe")
        if isinstance(settings, Recipe) and settings.entity != run.recipe.entity:
            raise LabError("a waiting run is about the same person: start another one for another")
        if not self.turns.while_waiting(run, change):
            raise LabError(BEGUN)
        self._store.changed()

    def _takes(self, view: RunView) -> float | None:
        """What a run takes here; looked up anew whenever another run has ended."""
        ended = sum(r.state in ENDED for r in self._store.all())
        if self._paces[0] != ended:
            self._paces = (ended, {})
        kind = view.attack.kind if view.attack else view.recipe.method
        steps = view.attack.steps if view.attack else planned(view.recipe)
        key = (view.kind, kind, str(steps))
        paces = self._paces[1]
        if key not in paces:
            paces[key] = takes(view, list(self._here()))
        return paces[key]

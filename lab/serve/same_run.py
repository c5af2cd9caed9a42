"""Finds the kept run that a new one would only repeat, bit for bit, and copies another visitor's."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, replace

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.events import last_result
from lab.model.base import Base
from lab.model.cache import Cache
from lab.recipe import Recipe
from lab.report.run_folder import UNCHECKED
from lab.serve.archive import Shelf
from lab.serve.rights import Rights
from lab.serve.runs import Run, new_id


def conditions(cache: Cache | None, benchmark: Benchmark, recipe: Recipe) -> str:
    """A hash over all that decides a run's bits; "" without a cache, which knows the model's part.

    Beside what every key of the cache holds (weights, machine, program): the whole recipe, and
    everything that is shown and asked.
    """
    return cache.key("run", asdict(recipe), benchmark.content(recipe.entity)) if cache else ""


class KeptRuns:
    """Answers a run with a kept one that it would only repeat, whoever made that one.

    Of another visitor's run the answer is a copy, which belongs to whoever gets it: they may attack,
    share and download it, and nothing says whose the first one is.
    """

    def __init__(self, shelf: Shelf, rights: Rights) -> None:
        self._shelf, self._rights = shelf, rights
        self._lock = threading.Lock()  # who asks twice at once gets one copy

    def answer(self, base: Base, wanted: str, visitor: str) -> str:
        """The id of the newest whole run under the ``wanted`` conditions, or of its copy; "" for none.

        Whole: it ended by itself and was scored, and its files are those that it left. A folder that
        a visitor brings has no conditions here, whatever it says. A visitor's own come first.
        """
        with self._lock:
            newest = reversed(self._shelf.store.all())
            for run in sorted(newest, key=lambda r: not self._rights.owns(visitor, r.id)):
                if self._is_whole(run, base, wanted):
                    owned = self._rights.owns(visitor, run.id)
                    return run.id if owned else self._copied(run, base, visitor)
        return ""

    def _is_whole(self, run: Run, base: Base, wanted: str) -> bool:
        fits = wanted and run.conditions == wanted and run.kind == "unlearn"
        if not fits or run.state != "finished" or not run.weights or UNCHECKED in run.note:
            return False
        try:
            return bool(last_result(self._shelf.whole(run, base).events).get("after"))
        except LabError:  # damaged since: an older one may be whole
            return False

    def _copied(self, run: Run, base: Base, visitor: str) -> str:
        with self._shelf.hold(run.id):  # or its weights could be put away in between
            self._shelf.whole(run, base)
            copy = replace(
                run,
                id=new_id(),
                visitor=visitor,
                events=list(run.events),
                stamps=list(run.stamps),
                adapter=dict(run.adapter),
                folder=None,
                unread=set(),
                earlier=(),
                copied=time.time(),
                started=0.0,  # it took no time: no figure of how long runs take counts it twice
                stop=threading.Event(),
            )
        self._rights.give(copy.id, visitor)
        self._shelf.store.add(copy)
        self._shelf.keep(copy, base)
        return copy.id

"""Adds and removes the users' own people, and measures how well the model recognises one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from lab.benchmarks.own import Pair, make, shown
from lab.benchmarks.own_files import drop, joined, keep
from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluation.asks import forget_asks
from lab.evaluation.questions import chance
from lab.evaluation.scores import forget_answers
from lab.evaluation.session import measured_folder, own_folder
from lab.model.cache import forget_measured
from lab.model.fetch import cache_folder
from lab.serve.archive import Shelf
from lab.serve.hands import Device
from lab.serve.rights import NOT_SHARED, Rights
from lab.serve.runs import RunStore
from lab.serve.views import EntityCard, Recognition

MOST_FACES = 4  # of a split, on its card


class OwnPeople:
    """Holds the benchmark with the people whom users have added so far.

    A change replaces the benchmark. Runs under way go on with the one they started with.
    ``forgotten``: drops what the device remembers of somebody.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        store: RunStore,
        shelf: Shelf,
        worker: Device,
        forgotten: Callable[[str], None],
        rights: Rights,
    ) -> None:
        self.benchmark = benchmark
        self._store, self._shelf, self._worker = store, shelf, worker
        self._forgotten, self._rights = forgotten, rights
        self._lock = threading.Lock()

    def add(
        self, name: str, images: Sequence[bytes], pairs: Sequence[Pair], visitor: str = ""
    ) -> str:
        """Make and keep an own person, who belongs to the visitor; returns the id."""
        entity = make(name, images, pairs, self.benchmark, visitor)
        with self._lock:
            self._rights.give(entity.id, visitor)
            keep(own_folder(), entity)
            self._look()
        return entity.id

    def remove(self, entity_id: str, visitor: str = "") -> None:
        """Delete an own person and everything that was kept about them, in memory and on disk."""
        self._rights.check_owner(visitor, entity_id, "person", "remove")
        with self._lock:
            if any(r.recipe.entity == entity_id and not r.ended for r in self._store.all()):
                raise LabError("a run about this person is under way: stop it first")
            drop(own_folder(), entity_id)
            self._look()
        self._store.drop(entity_id)
        self._shelf.drop(entity_id)
        forget_answers(cache_folder(), entity_id)
        forget_measured(measured_folder(), entity_id)
        self._forgotten(entity_id)

    def share(self, entity_id: str, shared: bool, visitor: str = "") -> None:
        """Let everybody in the room see a person, ask about them and forget them, or no longer."""
        self._rights.check_owner(visitor, entity_id, "person", "share")
        self._rights.share(entity_id, shared)

    def since(self, entity_id: str) -> float:
        """When an own person was added, in seconds since 1970; 0 if they are not there."""
        folder = own_folder() / entity_id
        return folder.stat().st_mtime if folder.is_dir() else 0.0

    def check(self, entity_id: str, visitor: str) -> None:
        """Raise ``LabError`` if a person is another visitor's, who does not share them."""
        if not self._rights.reads(visitor, entity_id):
            raise LabError(NOT_SHARED["person"])

    def shown_to(self, visitor: str) -> Benchmark:
        """The benchmark with those own people alone that this visitor may see."""
        own = (e for e in self.benchmark.own if self._rights.reads(visitor, e.id))
        return replace(self.benchmark, own=tuple(own))

    def recognition(self, entity_id: str, visitor: str = "") -> Recognition:
        """Forget VQA of the loaded model about a person; measured once for each model."""
        self.check(entity_id, visitor)
        asks = forget_asks(self.benchmark.entity(entity_id))
        right = self._worker.call(lambda bench: bench.baseline.correct("forget_vqa", asks), visitor)
        return Recognition(sum(right) / len(right), len(right), chance(asks))

    def cards(self, visitor: str) -> list[EntityCard]:
        """The cards on the page: own people, the benchmark's people, and splits as one target."""
        bench = self.shown_to(visitor)
        whole = [self._together(name) for name in bench.targets]
        whose = {e.id: self._rights.whose(e.id) for e in bench.own}
        own = [
            replace(_card(e, shown(e)), owner=whose[e.id].visitor, shared=whose[e.id].shared)
            for e in bench.own
        ]
        people = [_card(e) for e in bench.entities if e.train_images]
        return own + people + [card for card in whole if card]

    def _together(self, split: str) -> EntityCard | None:
        """The card of a split as one target, which says first whom it lost; None without pictures."""
        whole = self.benchmark.entity(split)
        if not whole.train_images:
            return None
        lost = f"{self.benchmark.partial(split)}. " if self.benchmark.lost(split) else ""
        members = [self.benchmark.entity(i) for i in self.benchmark.splits[split]]
        faces = [m.train_images[0] for m in members if m.train_images][:MOST_FACES]
        return replace(_card(whole), biography=lost + whole.biography, faces=tuple(faces))

    def renew(self, benchmark: Benchmark) -> None:
        """Go on with another benchmark, which gets the own people of now."""
        with self._lock:
            self.benchmark = benchmark
            self._look()

    def _look(self) -> None:
        self.benchmark = joined(self.benchmark, own_folder())


def _card(e: Entity, questions: tuple[tuple[str, ...], ...] = ()) -> EntityCard:
    return EntityCard(
        e.id,
        e.name,
        dict(e.profile),
        e.biography,
        (e.train_images or e.test_images)[0],
        (*e.train_images, *e.test_images),
        questions,
    )

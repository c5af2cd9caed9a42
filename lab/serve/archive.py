"""The folders of runs on disk, which a restart, a crash or a download reads again."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from weakref import WeakValueDictionary

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.events import Done, Event
from lab.files import private_folder, sweep
from lab.model.base import Base
from lab.report.attack_folder import read_attack_head, read_relearned, write_attack
from lab.report.run_folder import (
    ATTACKS,
    DELTA,
    METRICS,
    RECIPE,
    UNCHECKED,
    read_delta,
    read_events,
    read_head,
    read_run,
    report_language,
    write_report,
    write_result,
    write_run,
)
from lab.report.text import Text
from lab.serve.held import Held
from lab.serve.restored import add_stored, drop_runs, folders_of, run_folders, state_of
from lab.serve.runs import Run, RunStore, left_hash
from lab.serve.views import ENDED

MAX_KEPT = 100  # about 20 MB each; the oldest go first
IN_MEMORY = "kept in memory only and lost at a restart: {why}, then prepare the run's files in the last step"
CHANGED = "the weights in memory are not those that this run left: start the lab again"


class Shelf:
    """Keeps ended runs in ``folder/RUN_ID``, and each attack inside its run's folder.

    Runs of an earlier start are read from disk when somebody asks for them. ``text``: the language
    of the reports. ``model``: the name of the loaded model, or "". ``owner``: whose a run is.
    """

    def __init__(
        self,
        folder: Path,
        store: RunStore,
        benchmark: Callable[[], Benchmark],
        preset: str,
        text: Text,
        model: Callable[[], str],
        owner: Callable[[str], str] = lambda run_id: "",
    ) -> None:
        self.folder, self.store, self.benchmark, self.preset = folder, store, benchmark, preset
        self.text, self.model, self._owner = text, model, owner
        # A run's lock goes when nobody holds it or waits for it.
        self._locks: WeakValueDictionary[str, threading.RLock] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._held = Held(store, self.hold)

    def restore(self) -> None:
        """Delete unfinished files of killed processes, and add the runs on disk to the store.

        A folder without a recipe or without weights cannot be read and is deleted.
        """
        sweep(self.folder)
        for path in sorted(run_folders(self.folder), key=lambda p: p.stat().st_mtime):
            if not (path / RECIPE).is_file() or not (path / DELTA).is_file():
                shutil.rmtree(path, ignore_errors=True)
            else:
                add_stored(path, self.store)

    def find(self, run_id: str) -> Run:
        """A run or an attack from the store, or from disk if the store no longer has it.

        Raises ``LabError`` if there is none (ids are hex digits, never paths).
        """
        run_id = self.store.meant(run_id)
        if not self.store.has(run_id):
            for path in folders_of(self.folder, run_id):
                run = path.parent.parent if path.parent.name == ATTACKS else path
                if (path / METRICS).is_file():
                    add_stored(run, self.store)
        return self.store.get(run_id)

    def whole(self, run: Run, base: Base | None = None) -> Run:
        """Load the run's events and, with ``base``, its weights into memory, and return the run.

        Raises ``LabError`` if its files cannot be read or are not those of the run, and if its
        weights are asked for and belong to another model.
        """
        if base is not None:
            self.refuse_foreign(run)
        if run.unread and run.folder is not None and not run.folder.is_dir():
            raise LabError(
                "the files of this run are no longer on disk: start a new one, or load "
                "its downloaded folder"
            )
        if base is None and "events" not in run.unread:
            return run  # without the lock, which is held as long as its files are written
        with self.hold(run.id):
            if run.folder is not None and "events" in run.unread:
                head = (
                    read_attack_head(run.folder, run.recipe).head
                    if run.kind == "attack"
                    else read_head(run.folder)
                )
                run.events = read_events(run.folder, head)
                run.unread.discard("events")
            if run.folder is not None and base is not None and "weights" in run.unread:
                self._read_weights(run, run.folder, base)
                run.unread.discard("weights")
            if base is not None:
                self._held.use(run.id)
            return run

    def foreign(self, run: Run) -> str:
        """The model and benchmark a run belongs to where those are not the loaded ones, or ""."""
        return run.foreign(self.model(), self.benchmark().name)

    def refuse_foreign(self, run: Run) -> None:
        """Raise ``LabError`` for a run of another model."""
        if other := self.foreign(run):
            raise LabError(f"this run belongs to another model ({other}): load that one first")

    def write(
        self, run: Run, base: Base, ending: Run | None = None, text: Text | None = None
    ) -> Path:
        """The folder of an ended run with all its attacks; written if it is not there yet.

        ``ending``: an attack on the run that ends now. ``text``: the language of the report, by
        default the shelf's. Raises ``LabError`` without disk space, and
        if the weights are not those that the run left. What is on disk then stays as it is.
        """
        with self.hold(run.id):
            if run.folder is not None and run.folder.is_dir():
                add_stored(run.folder, self.store)  # what is on disk alone is not lost
            attacks = [*self.store.attacks(run.id), *([ending] if ending else [])]
            missing = [a for a in attacks if a.folder is None or not a.folder.is_dir()]
            if run.folder is not None and (run.folder / DELTA).is_file() and not missing:
                self._translate(run, run.folder, attacks, text or self.text)
                return run.folder
            self.whole(run, base)
            delta = run.left(base)
            if left_hash(delta, {}) != run.delta_hash:
                raise LabError(CHANGED)
            with contextlib.suppress(OSError):  # who cannot write it is told by write_run
                private_folder(self.folder)
            folder = self.folder / run.id
            write_run(
                folder,
                run.recipe,
                run.events,
                delta,
                self.benchmark(),
                self.preset,
                text or self.text,
                self._attack_events(run, attacks),
                UNCHECKED not in run.note,
                run.conditions,
            )
            if run.kept_from:  # that it is written again, or late, does not keep it longer
                os.utime(folder / DELTA, (run.kept_from, run.kept_from))
            run.folder, run.unkept = folder, ""
            for attack in missing:
                self._write_attack(attack, folder, base)
            self._evict(folder)
            return folder

    def renew(self, run: Run) -> None:
        """Write the metrics and the report of a run on disk again: its result has further figures."""
        with (
            self.hold(run.id),
            contextlib.suppress(LabError),
        ):  # a full disk leaves them as they are
            if run.folder is not None and run.folder.is_dir():
                add_stored(run.folder, self.store)
                more = self._attack_events(run, self.store.attacks(run.id))
                write_result(run.folder, run.recipe, run.events, more, self.benchmark(), self.text)

    def keep(self, run: Run, base: Base) -> None:
        """Write a run that ends now to disk; if that fails, its note says why and what to do."""
        self._held.use(run.id)
        try:
            if run.kind == "attack":
                self.write(self.find(run.parent or ""), base, run)
            else:
                self.write(run, base)
        except LabError as error:
            run.unkept = IN_MEMORY.format(why=error)

    def put_away(self, base: Base) -> None:
        """Drop all weights from memory, where they are on disk; raises ``LabError`` if some are not.

        What is in memory only is written first.
        """
        for run in (r for r in self.store.all() if r.weights and "weights" not in r.unread):
            if run.folder is None or not run.folder.is_dir():
                self.keep(run, base)
            if run.unkept:
                raise LabError(
                    f"the weights of the run {run.id} would be lost, they are {run.unkept}"
                )
            run.put_away()

    def rest(self, quiet: bool = False) -> None:
        """Leave the weights that were used long ago to the disk, more of them where all is ``quiet``."""
        self._held.rest(quiet)

    def take_in(self, folder: Path, base: Base, model: str, run_id: str) -> Run:
        """Read a folder that a visitor brings, store it under a new id and return the new run."""
        stored = read_run(folder, base, self.benchmark())
        run = Run(
            run_id,
            "unlearn",
            stored.head.recipe,
            events=stored.events,
            note=stored.head.note,
            earlier=stored.head.attacks,
            model=model,
            benchmark=self.benchmark().name,
        )
        run.stamps = [0.0] * len(run.events)
        run.keep(stored.delta, {}, base)
        self.store.finish(run, state_of(stored.head))
        self.store.add(run)
        self.keep(run, base)
        return run

    def remove(self, run_ids: AbstractSet[str]) -> None:
        """Delete runs with the attacks on them, or attacks, from memory and from disk."""
        gone = run_ids | {run.id for run in self.store.all() if run.parent in run_ids}
        self.store.remove(gone)
        for run_id in gone:
            self._held.lose(run_id)
            with self.hold(run_id):
                for folder in folders_of(self.folder, run_id):
                    shutil.rmtree(folder, ignore_errors=True)
        self.store.remove(gone)  # somebody may have asked for one while its folder was there

    def drop(self, entity: str) -> None:
        """Delete the stored runs about an entity."""
        drop_runs(self.folder, entity)

    def _read_weights(self, run: Run, folder: Path, base: Base) -> None:
        kept = run.delta_hash
        if run.kind == "unlearn":
            run.keep(read_delta(folder, base, kept), {}, base)
        elif run.weights:
            run.keep(*read_relearned(folder, base), base)
            if kept and run.delta_hash != kept:
                raise LabError(
                    f"{DELTA} of this attack does not hold the weights that it left (their "
                    "hash differs): attack again"
                )

    def _translate(self, run: Run, folder: Path, attacks: list[Run], text: Text) -> None:
        """Write the report again if it is in another language; it stays if that fails."""
        if report_language(folder) == text.language:
            return
        with contextlib.suppress(LabError):
            events, more = self.whole(run).events, self._attack_events(run, attacks)
            write_report(folder, run.recipe, events, more, self.benchmark(), text)

    def _attack_events(self, run: Run, attacks: list[Run]) -> list[Event]:
        """The events of all attacks, for the report; attacks with only a result come first."""
        kept: list[Event] = [Done("", dict(result)) for result in run.earlier]
        return [*kept, *(e for a in attacks for e in self.whole(a).events)]

    def _write_attack(self, attack: Run, folder: Path, base: Base) -> None:
        assert attack.attack is not None
        target = folder / ATTACKS / attack.id
        target.parent.mkdir(exist_ok=True)
        write_attack(
            target,
            attack.attack,
            attack.events,
            attack.left(base) if attack.packed else {},
            attack.adapter,
            attack.delta_hash,
        )
        attack.folder, attack.unkept = target, ""

    def _evict(self, newest: Path) -> None:
        others = (p for p in run_folders(self.folder) if p != newest)
        kept = sorted(others, key=lambda p: p.stat().st_mtime)
        if len(kept) < MAX_KEPT:
            return
        owners = {path: self._owner(path.name) for path in kept}  # the oldest first
        while len(owners) >= MAX_KEPT:
            # of whoever has most: nobody pushes out what others have
            counts = Counter([*owners.values(), self._owner(newest.name)])
            old = max(owners, key=lambda path: counts[owners[path]])
            del owners[old]
            shutil.rmtree(old, ignore_errors=True)

    def hold(self, run_id: str) -> threading.RLock:
        """The lock of a run's files and weights; a thread may take it twice."""
        with self._lock:
            return self._locks.setdefault(run_id, threading.RLock())


def nothing_yet(run: Run) -> None:
    """Refuse to hand out a run that has no result; raises ``LabError``."""
    if run.state not in ENDED or not run.changed:
        raise LabError("this run has nothing to download yet: wait until it has ended")

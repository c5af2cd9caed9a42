"""Which runs have their weights in memory: those that were last made or asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lab.serve.runs import RunStore
from lab.serve.views import ENDED

IN_USE = 8  # runs whose weights stay in memory: of the embedded model 14 MB each
IN_USE_QUIET = 2  # of these, once nobody has asked for anything for a while


class Held:
    """Remembers whose weights were used, and leaves those of all other runs to the disk.

    ``hold``: the lock of a run's files and weights.
    """

    def __init__(self, store: RunStore, hold: Callable[[str], threading.RLock]) -> None:
        self._store, self._hold = store, hold
        self._used: dict[str, None] = {}  # the last one last

    def use(self, run_id: str) -> None:
        """Note that a run's weights are the last that were made or asked for."""
        self._used.pop(run_id, None)
        self._used[run_id] = None

    def lose(self, run_id: str) -> None:
        """Forget that a run's weights were used."""
        self._used.pop(run_id, None)

    def rest(self, quiet: bool) -> None:
        """Put all weights away but those of the last ``IN_USE`` runs, or ``IN_USE_QUIET``.

        Weights that are not on disk stay. Where a model is in this process, for its worker's thread,
        which alone lays weights on: no other may find them gone. Where none is, for any thread.
        """
        ended = (r for r in self._store.all() if r.state in ENDED and "weights" not in r.unread)
        held = [r for r in ended if r.folder is not None and r.folder.is_dir()]
        order = {run_id: place for place, run_id in enumerate(tuple(self._used))}
        held.sort(key=lambda run: order.get(run.id, -1))
        stay = min(IN_USE, IN_USE_QUIET) if quiet else IN_USE
        for run in held[:-stay]:
            with self._hold(run.id):
                run.put_away()
            self.lose(run.id)

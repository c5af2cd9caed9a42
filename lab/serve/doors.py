"""The doors of the runs: each is found for the visitor who asks, or refused with one line."""

from __future__ import annotations

from collections.abc import Iterable

from lab.errors import LabError
from lab.serve.archive import Shelf
from lab.serve.rights import NOT_SHARED, Rights
from lab.serve.runs import Run


class Doors:
    """Finds runs and attacks by id.

    An attack goes with the run under it: whoever may look at that one may look at the attack too.
    """

    def __init__(self, shelf: Shelf, rights: Rights) -> None:
        self._shelf, self._rights = shelf, rights

    def reads(self, run: Run, visitor: str) -> bool:
        """Whether a visitor may look at a run."""
        return self._rights.reads(visitor, run.parent or run.id)

    def read(self, run_id: str, visitor: str) -> Run:
        """The run, if this visitor may look at it; raises ``LabError``."""
        run = self._shelf.find(run_id)
        if not self.reads(run, visitor):
            raise LabError(NOT_SHARED["run"])
        return run

    def owned(self, run_id: str, visitor: str, do: str) -> Run:
        """The run, if this visitor may ``do`` something with it; raises ``LabError``."""
        run = self._shelf.find(run_id)
        self._rights.check_owner(visitor, run.id, "run", do)
        return run

    def owns(self, run: Run, visitor: str) -> bool:
        """Whether a visitor may stop, change, attack and download a run."""
        return self._rights.owns(visitor, run.id)

    def shared(self, run: Run) -> bool:
        """Whether its owner shares the run with the room."""
        return self._rights.whose(run.parent or run.id).shared

    def owner(self, run_id: str) -> str:
        """The visitor whose a run is; "" for nobody's."""
        return self._rights.whose(run_id).visitor

    def share(self, run_id: str, visitor: str, shared: bool) -> None:
        """Share a run and the attacks on it with the room, or no longer; raises ``LabError``."""
        run = self.owned(run_id, visitor, "share")
        self._rights.share(run.parent or run.id, shared)

    def readable(self, runs: Iterable[Run], visitor: str) -> list[Run]:
        """Those of the runs that a visitor may look at."""
        return [run for run in runs if self.reads(run, visitor)]

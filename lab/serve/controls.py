"""Puts the controls' figures beside a run that has ended, in memory and in its folder."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from functools import partial

from lab.evaluation.controls import measuring
from lab.evaluation.session import Workbench
from lab.events import Done
from lab.events.controls import CONTROLS, Control, with_controls
from lab.serve.archive import Shelf
from lab.serve.runs import Run
from lab.serve.views import ENDED
from lab.serve.worker import Worker


class Beside:
    """Asks the controls for whoever looks at a run, between the steps of all other work."""

    def __init__(self, shelf: Shelf, worker: Worker, say: Callable[[str], None]) -> None:
        self._shelf, self._worker, self._say = shelf, worker, say
        # Who comes second about a person finds what was measured for the first.
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def put(self, run: Run, visitor: str) -> None:
        """Wait until the controls are asked, unless the run has their figures or was not scored."""
        with self._locks[run.recipe.entity]:
            done = lacking(run)
            if done is None:
                return
            measures = tuple(done.result["after"])

            def ask(bench: Workbench) -> Generator[int | list[Control]]:
                yield (yield from measuring(bench, run.recipe.entity, measures, self._say))

            *_, found = self._worker.stream(ask, visitor)
            assert isinstance(found, list)
            run.add_to_end(partial(with_controls, found=found))
            self._shelf.renew(run)


def lacking(run: Run) -> Done | None:
    """The end of a scored run that has no controls' figures yet; None for any other run."""
    done = run.events[-1] if run.events and run.state in ENDED else None
    if not isinstance(done, Done) or not done.result.get("after"):
        return None
    return None if run.kind != "unlearn" or CONTROLS in done.result else done

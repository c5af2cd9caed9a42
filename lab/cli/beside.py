"""Asks the controls a run's questions for the command ``run``, after the run is safe on disk."""

from __future__ import annotations

from collections.abc import Sequence

from lab.cli.common import say
from lab.evaluation.controls import measuring
from lab.evaluation.session import Workbench
from lab.events import Done, Event
from lab.events.controls import CONTROLS, with_controls
from lab.unlearn.foreground import interruptible


def asked_beside(bench: Workbench, events: Sequence[Event]) -> Done | None:
    """The end of a run with the controls' figures in its result; None where nothing is to be asked.

    Ctrl-C ends it without their figures.
    """
    done = events[-1]
    if not isinstance(done, Done) or CONTROLS in done.result or not done.result.get("after"):
        return None
    say("the controls answer the same questions …")
    steps = measuring(bench, done.result["entity"], tuple(done.result["after"]), say)
    with interruptible() as stopped:
        while not stopped():
            try:
                next(steps)
            except StopIteration as end:
                return with_controls(done, end.value)
    return None

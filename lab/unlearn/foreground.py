"""Runs in the foreground: progress as lines, and Ctrl-C ends the run within a step."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lab.catalogue import MEASURES
from lab.evaluation.session import Workbench, check_blocks
from lab.events import Event, Phase, Probe
from lab.recipe import Recipe
from lab.unlearn.job import unlearn
from lab.unlearn.outcome import Outcome
from lab.unlearn.task import task_of


def run_recipe(
    bench: Workbench,
    recipe: Recipe,
    outcome: Outcome,
    events: list[Event],
    say: Callable[[str], None],
    measures: Sequence[str] = MEASURES,
    hear: Callable[[Event], None] | None = None,
) -> None:
    """Run one recipe to its end into ``outcome`` and ``events``; Ctrl-C stops it within a step.

    ``hear``: who is told each event as it comes, besides.
    """
    task = task_of(bench.benchmark, recipe)
    check_blocks(bench.loaded, recipe.blocks)
    with interruptible() as stopped:
        for event in unlearn(
            bench.loaded, task, bench.baseline, outcome, bench.base_hash, stopped, measures
        ):
            events.append(event)
            if hear:
                hear(event)
            if isinstance(event, Probe):
                say(f"step {event.step}: forget {event.forget:.2f} retain {event.retain:.2f}")
            elif isinstance(event, Phase) and event.done == 0:
                say(f"{event.name} …")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C was pressed; the key ends nothing by itself here."""
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, previous)

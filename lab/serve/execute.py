"""Runs an inspection, an unlearning or an attack on a loaded model and yields its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.attack import attack, scene_of
from lab.evaluation.controls import beside
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench, check_blocks
from lab.events import Done, Event
from lab.model.version import Version
from lab.serve.runs import Run
from lab.unlearn.job import unlearn
from lab.unlearn.loop import inspect
from lab.unlearn.task import task_of


def events_of(
    bench: Workbench, run: Run, parent: Run | None, say: Callable[[str], None]
) -> Iterator[Event]:
    """Run an inspection, an unlearning or an attack on ``parent``, and yield its events.

    What the run leaves is put into ``run``. Raises ``LabError``.
    """
    task, stopped = task_of(bench.benchmark, run.recipe), run.stop.is_set
    check_blocks(bench.loaded, run.recipe.blocks)
    run.outcome.cache = bench.cache
    if run.kind == "inspect":
        yield from inspect(bench.loaded, task, run.outcome, stopped)
        yield Done("stopped" if stopped() else "done")
    elif run.kind == "unlearn":
        for event in unlearn(
            bench.loaded, task, bench.baseline, run.outcome, bench.base_hash, stopped
        ):
            yield beside(bench, event) if isinstance(event, Done) else event
    else:
        assert parent is not None and run.attack is not None
        left = Version(UNLEARNED, bench.loaded, parent.left(bench.loaded.base))
        scene = scene_of(bench, run.recipe, left, say)
        yield from attack(scene, run.attack, run.relearned, stopped)

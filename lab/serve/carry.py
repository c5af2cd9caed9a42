"""Carries out one run of any kind on a loaded model: the events it says, to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.attack import Victim, attack, control_victim
from lab.scorecard import asks_for
from lab.serve.runs import Run
from lab.unlearn.events import Done, Event
from lab.unlearn.job import unlearn
from lab.unlearn.loop import inspect
from lab.workbench import Workbench, recipe_for


def events_of(bench: Workbench, run: Run, parent: Run | None, say: Callable[[str], None]
              ) -> Iterator[Event]:
    """Inspect, unlearn, or attack ``parent``, filling what the run leaves; raises ``LabError``."""
    recipe, stopped = recipe_for(bench, run.recipe), run.stop.is_set
    if run.kind == "inspect":
        yield from inspect(bench.loaded, bench.benchmark, recipe, run.outcome, stopped)
        yield Done("stopped" if stopped() else "done")
    elif run.kind == "unlearn":
        yield from unlearn(bench.loaded, bench.benchmark, bench.baseline, recipe, run.outcome,
                           bench.base_hash, stopped)
    else:
        assert parent is not None
        yield from _attacked(bench, run, parent, say)


def _attacked(bench: Workbench, run: Run, parent: Run, say: Callable[[str], None]) -> Iterator[Event]:
    assert run.attack is not None
    loaded, entity = bench.loaded, bench.benchmark.entity(run.recipe.entity)
    reference, unknown = bench.reference(say)
    vanilla = bench.baseline.correct("forget_vqa", asks_for(bench.benchmark, entity)["forget_vqa"])
    yield from attack(
        Victim("unlearned", loaded, parent.delta(loaded.model), entity),
        control_victim(reference, unknown, bench.benchmark, entity.id),
        sum(vanilla) / len(vanilla), run.attack, run.recipe.blocks, run.relearned, run.stop.is_set)

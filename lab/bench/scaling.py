"""How time and memory grow: steps, entities, stored runs, waiting users, size of the model."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench, read_benchmark
from lab.model import tiny_models
from lab.model.load import Loaded
from lab.model.overlay import weights_hash
from lab.recipe import Preset, Recipe
from lab.serve.local import LocalEngine
from lab.serve.runs import Run, new_id
from lab.serve.views import ENDED, ORIGINAL, RunView, Status, Turn
from lab.unlearn.loop import inspect
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of

TINY = Preset("tiny", "random", "people", "none")
NEVER: dict[str, Any] = {"stop_forget": -1.0, "stop_retain_drop": 1.0}
QUESTION = Turn("Who is this person?")
PATIENCE = 600


@dataclass(frozen=True)
class Point:
    """One size: seconds it took, megabytes it keeps, milliseconds the page needs to show it."""

    n: int
    seconds: float
    megabytes: float | None = None
    page_ms: float | None = None


def growth(
    work: Workbench, recipe: Recipe, say: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    """Every table by name; all but that of the model's size use a tiny random model."""
    with tempfile.TemporaryDirectory(prefix="lab-growth-") as folder:
        engine = LocalEngine(TINY, report=lambda _: None, runs=Path(folder), open_bench=tiny_bench)
        while not engine.status().ready:
            time.sleep(0.05)
        tables = {}
        for name, measure in (
            ("steps", steps),
            ("entities", entities),
            ("stored_runs", stored_runs),
            ("waiting_users", waiting_users),
        ):
            say(f"growth with {name.replace('_', ' ')} …")
            tables[name] = measure(engine)
    tables["model_parameters"] = [
        model_size(tiny_models.tiny(), work, recipe),
        model_size(work.loaded, work, recipe),
    ]
    return {name: [asdict(p) for p in points] for name, points in tables.items()}


def tiny_bench(preset: Preset, report: Callable[[str], None], threads: int) -> Workbench:
    """A workbench over a tiny random model with the real people."""
    loaded = tiny_models.tiny()
    return Workbench(
        preset, read_benchmark(preset), loaded, Baseline(loaded), weights_hash(loaded.model)
    )


def _plan(entity: str, count: int) -> Recipe:
    return replace(
        Recipe(),
        entity=entity,
        steps=count,
        probe_every=min(count, 100),
        blocks=2,
        fisher_samples=4,
        batch=2,
        retain_batch=6,
        **NEVER,
    )


def _finish(engine: LocalEngine, run_id: str) -> RunView:
    patience = time.monotonic() + PATIENCE
    while (view := engine.run(run_id)).state not in ENDED:
        if time.monotonic() > patience:
            raise LabError("a run of the growth tables did not end: close other heavy programs")
        time.sleep(0.01)
    if view.state == "failed":
        raise LabError(view.error)
    return view


def _milliseconds(task: Callable[[], object], rounds: int = 5) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        task()
    return round(1000 * (time.perf_counter() - started) / rounds, 3)


def kept_megabytes(run: Run) -> float:
    """The memory of a finished run: its compressed delta, and its events as they are written."""
    from lab.events.lines import plain

    return run.packed.megabytes() + len(json.dumps([plain(asdict(e)) for e in run.events])) / 2**20


def steps(engine: LocalEngine) -> list[Point]:
    """Training seconds, what the run keeps, and one redraw of its curves."""
    from lab.report.curves import unlearn_chart
    from lab.report.text import catalogue

    def redraw(view: RunView, count: int) -> str:
        return json.dumps(unlearn_chart(view.events, count, catalogue()))

    points = []
    for count in (10, 100, 1000):
        view = _finish(engine, engine.submit(_plan(engine.benchmark.entities[0].id, count)))
        kept = kept_megabytes(engine.store.get(view.id))
        drawn = _milliseconds(partial(redraw, view, count))
        points.append(
            Point(count, view.events[-1].result["seconds"]["train"], round(kept, 3), drawn)
        )
    return points


def entities(engine: LocalEngine) -> list[Point]:
    """One run an entity, queued together: seconds until all have ended, and what they keep.

    Always new people, because the original's answers about somebody are asked once and kept.
    """
    points, people = [], iter(engine.benchmark.entities[1:])
    for count in (1, 3, 10):
        started = time.perf_counter()
        ids = [engine.submit(_plan(next(people).id, 10)) for _ in range(count)]
        for run_id in ids:
            _finish(engine, run_id)
        seconds = round(time.perf_counter() - started, 2)
        kept = sum(kept_megabytes(engine.store.get(i)) for i in ids)
        points.append(Point(count, seconds, round(kept, 3)))
    return points


def stored_runs(engine: LocalEngine) -> list[Point]:
    """Seconds to write one more run to disk, the size of all, and the page's time to open one."""

    def look(run: Run) -> tuple[Status, RunView]:
        return engine.status(), engine.run(run.id)

    points = []
    last = engine.store.all()[-1]  # the weights of earlier ones may have left the memory
    for count in (1, 50, 200):
        while len(engine.store.all()) < count:
            twin = replace(last, id=new_id(), folder=None, unread=set())
            engine.store.finish(twin, "finished")
            engine.store.add(twin)
        last = engine.store.all()[-1]
        kept = sum(kept_megabytes(r) for r in engine.store.all())
        seconds = _milliseconds(partial(engine.export, last.id), 1) / 1000
        looked = _milliseconds(partial(look, last))
        points.append(Point(len(engine.store.all()), round(seconds, 3), round(kept, 2), looked))
    return points


def waiting_users(engine: LocalEngine) -> list[Point]:
    """Seconds until all users who ask at once, each about another person, have their answer."""
    points = []
    for count in (1, 10, 30):
        pictures = [e.test_images[0] for e in engine.benchmark.entities[:count]]
        threads = [
            threading.Thread(target=lambda i=i: list(engine.chat([ORIGINAL], [QUESTION], i)))
            for i in pictures
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        looked = _milliseconds(engine.status)
        for thread in threads:
            thread.join()
        points.append(Point(count, round(time.perf_counter() - started, 3), page_ms=looked))
    return points


def model_size(loaded: Loaded, work: Workbench, recipe: Recipe) -> Point:
    """Parameters of the model: seconds of one VKD step, and a finished run's delta at most."""
    plan = replace(recipe, blocks=min(recipe.blocks, len(loaded.vision.blocks)))
    outcome, task = Outcome(), task_of(work.benchmark, plan)
    for _ in inspect(loaded, task, outcome, lambda: False):
        pass
    student, taken = Student(loaded, task.method, plan, outcome), []
    for _ in student.prepare(task.rows):
        pass
    for _ in range(4):
        started = time.perf_counter()
        student.update(task.rows.draw(plan))
        taken.append(time.perf_counter() - started)
    size = sum(t.numel() * t.element_size() for t in outcome.delta.values()) / 2**20
    parameters = sum(p.numel() for p in loaded.model.parameters())
    return Point(parameters, round(sorted(taken[1:])[1], 4), round(size, 2))

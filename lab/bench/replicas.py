"""What replicas bring and cost: runs a minute, the time to an answer, and to go on after a loss."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from lab.bench.replica_table import Row
from lab.bench.scaling import PATIENCE, QUESTION, TINY, tiny_bench
from lab.errors import LabError
from lab.events import Step
from lab.files import ROOT
from lab.recipe import Recipe
from lab.serve.cluster import RayCluster
from lab.serve.common import CommonEngine
from lab.serve.local import LocalEngine
from lab.serve.ray_engine import RayEngine
from lab.serve.views import ORIGINAL

REPLICAS = ROOT / "assets" / "results" / "replicas.csv"
RUNS, CHATS = 8, 20
PLAN = replace(
    Recipe(),
    steps=20,
    probe_every=100,
    blocks=2,
    fisher_samples=4,
    batch=2,
    retain_batch=6,
    stop_forget=-1.0,
    stop_retain_drop=1.0,
)


def measure(counts: Sequence[int], say: Callable[[str], None]) -> list[Row]:
    """A row for the local engine and for each number of replicas, on a tiny model of one thread."""
    rows = []
    for count in (0, *counts):
        with tempfile.TemporaryDirectory(prefix="lab-replicas-") as folder:
            say(f"measuring {count} replicas …" if count else "measuring the local engine …")
            rows.append(_row(Path(folder), count))
    return rows


def _row(folder: Path, count: int) -> Row:
    engine = _engine(folder, count)
    try:
        _until(lambda: engine.status().ready)
        if isinstance(engine, RayEngine):
            _until(_whole(engine))
        first = [_first_word(engine) for _ in range(CHATS)]
        pace = _pace(engine)
        lost = _loss(engine) if isinstance(engine, RayEngine) else ("", "")
    finally:
        if isinstance(engine, RayEngine):
            engine.close()
    return Row(
        "ray" if count else "local",
        str(count or 1),
        str(RUNS),
        f"{pace:.1f}",
        str(CHATS),
        f"{1000 * median(first):.1f}",
        *lost,
        f"cpu, 1 thread each, {os.cpu_count()} cores",
    )


def _engine(folder: Path, count: int) -> CommonEngine:
    if not count:
        return LocalEngine(TINY, 1, lambda _: None, folder, tiny_bench)
    return RayEngine(
        TINY, lambda plan: RayCluster(plan, count, ""), count, 1, lambda _: None, folder, tiny_bench
    )


def _first_word(engine: CommonEngine) -> float:
    """Seconds from a question to the first word of its answer."""
    portrait = engine.benchmark.entities[0].test_images[0]
    started = time.perf_counter()
    answer = iter(engine.chat([ORIGINAL], [QUESTION], portrait))
    next(answer)
    took = time.perf_counter() - started
    for _ in answer:
        pass
    return took


def _pace(engine: CommonEngine) -> float:
    """Runs a minute, of as many as there are at once, each about another person."""
    people = engine.benchmark.entities[:RUNS]
    started = time.perf_counter()
    runs = [engine.submit(replace(PLAN, entity=e.id), anew=True) for e in people]
    _until(lambda: all(engine.run(run_id).ended for run_id in runs))
    if bad := [v.error for v in map(engine.run, runs) if v.state != "finished"]:
        raise LabError(f"a run failed while it was timed: {bad[0]}")
    return 60 * len(runs) / (time.perf_counter() - started)


def _loss(engine: RayEngine) -> tuple[str, str]:
    """Seconds from the end of a replica until its run goes on, and until all replicas are ready."""

    def stepped() -> bool:
        return any(isinstance(e, Step) for e in engine.run(run_id).events)

    recipe = replace(PLAN, entity=engine.benchmark.entities[0].id, steps=1000, seed=1)
    run_id = engine.submit(recipe, anew=True)
    _until(stepped)
    hand = next(h for h in engine.fleet.routes.hands if h.run and h.run.id == run_id)
    assert hand.far is not None
    hand.far.end()
    started = time.perf_counter()
    _until(lambda: not stepped())
    _until(stepped)
    on = time.perf_counter() - started
    engine.stop(run_id)
    _until(_whole(engine))
    return f"{on:.1f}", f"{time.perf_counter() - started:.1f}"


def _whole(engine: RayEngine) -> Callable[[], bool]:
    return lambda: all(hand.ready for hand in engine.fleet.routes.hands)


def _until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise LabError("the replicas did not get there: look at Ray's log files")
        time.sleep(0.01)

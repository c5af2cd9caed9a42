"""The growth tables: what they count is what was done; no time is asserted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.bench import scaling
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.serve import sides
from lab.serve.local import LocalEngine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    folder: Path = tmp_path_factory.mktemp("growth")
    made = LocalEngine(
        scaling.TINY, report=lambda _: None, runs=folder, open_bench=scaling.tiny_bench
    )
    while not made.status().ready:
        time.sleep(0.02)
    yield made


def test_runs_are_as_long_and_as_many_as_the_tables_say(engine: LocalEngine) -> None:
    view = scaling._finish(engine, engine.submit(scaling._plan(engine.benchmark.entities[0].id, 7)))
    assert view.events[-1].result["steps"] == 7 and view.state == "finished"
    kept = scaling.kept_megabytes(engine.store.get(view.id))
    assert engine.store.get(view.id).packed.megabytes() < kept < 1


def test_stored_runs_and_waiting_users(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "LONGEST_ANSWER", 3)  # it is the users that are counted
    # as after many runs: the first one's weights rest
    monkeypatch.setattr("lab.serve.held.IN_USE", 1)
    for steps in (1, 2):
        plan = scaling._plan(engine.benchmark.entities[0].id, steps)
        scaling._finish(engine, engine.submit(plan))
    stored = scaling.stored_runs(engine)
    assert [p.n for p in stored][1:] == [50, 200] and stored[2].megabytes > stored[1].megabytes
    users = scaling.waiting_users(engine)
    assert [p.n for p in users] == [1, 10, 30] and all(p.seconds > 0 for p in users)


def test_the_model_table_counts_parameters(engine: LocalEngine, tiny, four) -> None:
    from tests.unit import tiny as make

    work = Workbench(scaling.TINY, four, tiny, Baseline(tiny), "")
    point = scaling.model_size(tiny, work, make.recipe())
    assert point.n == sum(p.numel() for p in tiny.model.parameters()) and point.megabytes > 0

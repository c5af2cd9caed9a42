"""The folders of runs: who may read while they are written, and what other processes have added."""

from __future__ import annotations

import html
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.events import last_result
from lab.events.where import where_of
from lab.recipe import AttackRecipe
from lab.report.run_folder import ATTACKS, DELTA, METRICS, REPORT
from lab.report.text import catalogue
from lab.serve.archive import Shelf
from lab.serve.local import LocalEngine
from lab.serve.restored import light_runs
from lab.serve.runs import Run, RunStore, new_id
from tests.unit import tiny as make
from tests.unit.served import PATIENCE, opened, until, wait

ATTACK = AttackRecipe(steps=1, batch=1, probe_every=1)


@pytest.fixture
def shelf(four, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, RunStore(), lambda: four, "demo", catalogue(), lambda: "tiny")


def finished(tiny, four, tmp_path: Path) -> tuple[LocalEngine, str]:
    """An engine that keeps its runs in ``runs``, and the id of one that has ended."""
    engine = opened(tiny, four, tmp_path / "runs")
    run_id = engine.submit(make.recipe(steps=1))
    assert wait(engine, run_id).state == "finished"
    return engine, run_id


def test_who_has_most_runs_makes_way_for_new_ones(
    tmp_path: Path, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.archive.MAX_KEPT", 4)
    names = ["a" * 16, "b1" * 8, "b2" * 8, "b3" * 8]  # the oldest is somebody's only one
    whose = {name: name[0] for name in names}
    for age, name in enumerate(names):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    shelf = Shelf(
        tmp_path, RunStore(), lambda: four, "demo", catalogue(), lambda: "tiny", whose.__getitem__
    )
    whose["c" * 16] = "c"
    (tmp_path / ("c" * 16)).mkdir()
    shelf._evict(tmp_path / ("c" * 16))
    assert {p.name for p in tmp_path.iterdir()} == {"a" * 16, "b2" * 8, "b3" * 8, "c" * 16}


def test_the_new_run_counts_where_everybody_has_one(
    tmp_path: Path, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.archive.MAX_KEPT", 3)
    names = [letter * 16 for letter in "abc"]
    for age, name in enumerate(names):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    new = "c2" * 8
    (tmp_path / new).mkdir()
    shelf = Shelf(
        tmp_path,
        RunStore(),
        lambda: four,
        "demo",
        catalogue(),
        lambda: "tiny",
        lambda name: name[0],
    )
    shelf._evict(tmp_path / new)
    assert {p.name for p in tmp_path.iterdir()} == {"a" * 16, "b" * 16, new}


def test_a_run_that_is_attacked_is_not_kept_longer_for_it(
    tiny, four, tmp_path: Path, cache: Path
) -> None:
    engine, run_id = finished(tiny, four, tmp_path)
    weights, before = tmp_path / "runs" / run_id / DELTA, time.time() - 6 * 86_400
    engine.store.get(run_id).ended = before
    assert wait(engine, engine.submit_attack(run_id, ATTACK)).state == "finished"
    until(lambda: (weights.parent / ATTACKS).is_dir())
    assert weights.stat().st_mtime == pytest.approx(before, abs=1)
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700  # for no other account


def test_what_is_being_written_beside_the_attacks_is_left_alone(
    tiny, four, tmp_path: Path, cache: Path
) -> None:
    engine, run_id = finished(tiny, four, tmp_path)
    attacks = tmp_path / "runs" / run_id / ATTACKS
    attacks.mkdir(exist_ok=True)
    (attacks / "writing.tmp").symlink_to(tmp_path / "gone")  # as one that was just renamed
    assert [run.id for run in light_runs(attacks.parent)] == [run_id]


def test_of_many_runs_those_go_that_ended_first_however_long_one_waited() -> None:
    store = RunStore(cap=3)
    late = store.add(Run(new_id(), "inspect", make.recipe()))
    for _ in range(5):
        other = store.add(Run(new_id(), "inspect", make.recipe()))
        store.finish(other, "finished")
    store.finish(late, "failed", "why")
    store.add(Run(new_id(), "inspect", make.recipe()))
    assert late in store.all() and store.get(late.id).error == "why"


def test_what_another_process_added_to_a_run_stays_in_its_folder(
    tiny, four, tmp_path: Path, cache: Path
) -> None:
    one, run_id = finished(tiny, four, tmp_path)
    other = opened(tiny, four, tmp_path / "runs")
    assert other.run(run_id).state == "finished"  # both have it in memory now
    *_, found = other.inside.where(run_id)
    assert wait(one, one.submit_attack(run_id, ATTACK)).state == "finished"
    folder, text = tmp_path / "runs" / run_id, catalogue()

    def check() -> None:
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        report = (folder / REPORT).read_text(encoding="utf-8")
        assert where_of(metrics) is not None and len(metrics["attacks"]) == 1
        assert html.escape(text.LOST) in report and text.REPORT_ATTACKS in report

    check()
    assert where_of(last_result(one.run(run_id).events)).n_forget == found.n_forget
    other._shelf.renew(other.store.get(run_id))  # it has not heard of the attack
    check()


def test_what_the_store_has_dropped_is_found_again_with_its_attacks(
    tiny, four, tmp_path: Path, cache: Path
) -> None:
    engine, run_id = finished(tiny, four, tmp_path)
    first = engine.submit_attack(run_id, ATTACK)
    assert wait(engine, first).state == "finished"
    engine.store.cap = 3
    for k in range(1, 4):
        assert wait(engine, engine.submit(make.recipe(steps=1, seed=k))).state == "finished"
    engine.store.add(Run(new_id(), "unlearn", make.recipe()))  # whatever comes, the oldest leave
    assert not engine.store.has(run_id) and not engine.store.has(first)
    assert engine.run(run_id).id == run_id
    second = engine.submit_attack(run_id, ATTACK)
    assert wait(engine, second).state == "finished"
    metrics = json.loads((tmp_path / "runs" / run_id / METRICS).read_text(encoding="utf-8"))
    assert len(metrics["attacks"]) == 2


@pytest.mark.parametrize("unread", [set(), {"weights"}])
def test_a_run_is_looked_at_while_its_files_are_written(
    shelf: Shelf, tmp_path: Path, unread: set[str]
) -> None:
    run = Run(new_id(), "unlearn", make.recipe(), folder=tmp_path, unread=unread)
    written, held = threading.Event(), threading.Event()

    def write() -> None:
        with shelf.hold(run.id):
            held.set()
            written.wait(PATIENCE)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(write)
        assert held.wait(PATIENCE)
        try:
            assert threads.submit(shelf.whole, run).result(timeout=5) is run
        finally:
            written.set()

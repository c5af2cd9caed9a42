"""What an engine with replicas must survive: lost replicas, full disks, and a cluster that is not there."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import lab
from lab.cli.engines import check_engine
from lab.errors import LabError
from lab.events import Phase, Step
from lab.files import ROOT
from lab.model import tiny_models
from lab.recipe import AttackRecipe
from lab.serve import archive
from lab.serve.board import gathered
from lab.serve.carrier import AGAIN
from lab.serve.cluster import RayCluster
from lab.serve.held import IN_USE_QUIET
from lab.serve.orders import Plan
from lab.serve.pace import Left
from lab.serve.ray_engine import RayEngine
from lab.serve.routes import Hand
from lab.serve.views import ORIGINAL
from lab.serve.visit import Visit
from tests.unit import tiny as make
from tests.unit.replicas import replicated
from tests.unit.served import PRESET, until, wait
from tests.unit.test_engines import ASKED, ATTACK, LONG, RAY, WITH_RAY

SHORT = make.recipe(steps=60, probe_every=100)


@pytest.fixture(scope="module", params=["threads", RAY])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def engine(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayEngine]:
    """An engine with two replicas, ready."""
    folder = tmp_path_factory.mktemp(f"replicas-{kind}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_CACHE", str(folder / "cache"))
        made = replicated(kind, folder / "runs")
        yield made
        made.close()


def test_a_replica_knows_whose_the_runs_are_that_may_make_way(tmp_path: Path) -> None:
    engine = replicated("threads", tmp_path / "runs", ready=1)
    run_id = engine.submit(make.recipe(steps=1), visitor="ada")
    assert wait(engine, run_id).state == "finished"
    owners = {far.replica._shelf._owner(run_id) for far in engine.fleet._cluster.lent}
    engine.close()
    assert owners == {"ada"}


def at_work(engine: RayEngine, run_id: str) -> Hand:
    """The replica that does a run, once it has made a step."""

    def stepped() -> bool:
        return any(isinstance(e, Step) for e in engine.run(run_id).events)

    until(stepped)
    return next(h for h in engine.fleet.routes.hands if h.run and h.run.id == run_id)


def both_ready(engine: RayEngine) -> None:
    until(lambda: all(h.ready for h in engine.fleet.routes.hands))


def test_a_run_done_by_a_replica_and_shared_stands_on_the_board_of_everybody(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.rights, "alone", False)
    run_id = engine.submit(make.recipe(steps=2), visitor="ada")
    until(lambda: engine.run(run_id, "ada").ended)
    attack = engine.submit_attack(run_id, ATTACK, "ada")
    until(lambda: engine.run(attack, "ada").ended)
    bo = Visit(engine, lambda: "bo")
    assert gathered(bo).entries == ()
    engine.share(run_id, True, "ada")
    (entry,) = gathered(bo).entries
    assert (entry.id, len(entry.attempts)) == (run_id, 1)
    assert entry.result["after"] == engine.run(run_id, "ada").events[-1].result["after"]
    engine.share(run_id, False, "ada")
    assert gathered(bo).entries == ()


def test_a_run_whose_replica_is_lost_begins_again_and_comes_to_the_same(engine: RayEngine) -> None:
    whole = engine.submit(SHORT)
    assert wait(engine, whole).state == "finished"
    run_id = engine.submit(SHORT, anew=True)
    hand = at_work(engine, run_id)
    hand.far.end()
    view = wait(engine, run_id)
    assert view.state == "finished" and view.error == ""
    assert view.events[0] == Phase(AGAIN)
    assert [e.step for e in view.events if isinstance(e, Step)] == list(range(1, 61))
    kept = (engine.export(run_id) / "events.jsonl").read_text(encoding="utf-8")
    assert f'"name": "{AGAIN}"' in kept.splitlines()[0]
    assert engine.store.get(run_id).delta_hash == engine.store.get(whole).delta_hash
    both_ready(engine)


def test_a_chat_whose_replica_is_lost_is_answered_by_another(engine: RayEngine) -> None:
    run_id = engine.submit(make.recipe(steps=2))
    wait(engine, run_id)
    portrait = engine.entities()[0].portrait
    *_, undisturbed = engine.chat([ORIGINAL, run_id], ASKED, portrait)
    answer = engine.chat([ORIGINAL, run_id], ASKED, portrait)
    next(answer)
    answer._far.end()
    *_, last = answer
    assert last == undisturbed
    both_ready(engine)
    assert [h.talks for h in engine.fleet.routes.hands] == [0, 0]


def test_weights_that_the_pages_process_reads_are_put_away_again(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [make.recipe(steps=1, seed=k) for k in range(4)]
    runs = [engine.submit(plan) for plan in plans]
    for k, run_id in enumerate(runs):
        assert wait(engine, run_id).state == "finished"
        engine.store.get(run_id).conditions = f"seed {k}"
    monkeypatch.setattr("lab.serve.intake.conditions", lambda cache, people, r: f"seed {r.seed}")

    def in_memory() -> int:
        return sum(bool(run.packed.values) for run in engine.store.all())

    assert [engine.same_run(plan) for plan in plans] == runs
    assert in_memory() <= IN_USE_QUIET
    brought = [engine.load(engine.export(run_id)) for run_id in runs]
    assert in_memory() <= IN_USE_QUIET
    left = [engine.store.get(i).delta_hash for i in (runs[0], brought[0])]
    assert left[0] == left[1] and engine.export(brought[0]).is_dir()


def test_two_replicas_work_at_the_same_time(engine: RayEngine) -> None:
    runs = [engine.submit(LONG), engine.submit(LONG)]
    first, second = (at_work(engine, run_id) for run_id in runs)
    assert first is not second
    with pytest.raises(LabError, match="different replicas until they have ended"):
        list(engine.chat(runs, ASKED, None))
    for run_id in runs:
        engine.stop(run_id)
        assert wait(engine, run_id).state == "stopped"
    *_, said = engine.chat(runs, ASKED, None)  # now they are in the shared folder
    assert len(said) == 2


def test_a_visitor_has_one_run_under_way_though_replicas_are_free(engine: RayEngine) -> None:
    first, second = (engine.submit(replace(LONG, seed=k), visitor="a") for k in (0, 1))
    other = engine.submit(replace(LONG, seed=2), visitor="b")

    def running() -> set[str]:
        return {v.id for v in engine.runs() if v.state == "running"}

    until(lambda: len(running()) == 2)
    assert running() == {first, other} and engine.run(second).state == "waiting"
    engine.stop(first)
    until(lambda: running() == {second, other})  # its visitor has none under way any more
    for run_id in (second, other):
        engine.stop(run_id)
        assert wait(engine, run_id).state == "stopped"


def test_the_estimate_counts_the_replicas_that_are_ready(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.waiting.takes", lambda view, here: 1000.0)
    monkeypatch.setattr("lab.serve.pace.left", lambda view, now: Left(60.0, 0.5))
    both_ready(engine)
    under_way = [engine.submit(replace(LONG, seed=k), visitor=who) for k, who in enumerate("ab")]
    until(lambda: all(engine.run(run_id).state == "running" for run_id in under_way))
    waiting = [engine.submit(replace(LONG, seed=k), visitor=w) for k, w in enumerate("cde", 2)]
    assert [engine.run(run_id).begins for run_id in waiting] == [60.0, 60.0, 1060.0]
    for run_id in (*waiting, *under_way):
        engine.stop(run_id)
    until(lambda: all(engine.run(run_id).ended for run_id in under_way))


def test_the_estimate_knows_that_ones_own_runs_follow_each_other(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.waiting.takes", lambda view, here: 1000.0)
    monkeypatch.setattr("lab.serve.pace.left", lambda view, now: Left(60.0, 0.5))
    both_ready(engine)
    runs = [engine.submit(replace(LONG, seed=k), visitor="a") for k in range(3)]
    until(lambda: engine.run(runs[0]).state == "running")
    assert [engine.run(run_id).begins for run_id in runs[1:]] == [60.0, 1060.0]
    for run_id in reversed(runs):
        engine.stop(run_id)
    until(lambda: engine.run(runs[0]).ended)


def test_a_run_that_ends_two_replicas_fails_plainly(engine: RayEngine) -> None:
    run_id = engine.submit(LONG)
    at_work(engine, run_id).far.end()
    until(lambda: engine.run(run_id).events[:1] == (Phase(AGAIN),))
    at_work(engine, run_id).far.end()
    view = wait(engine, run_id)
    assert view.state == "failed" and "ended unexpectedly 2 times" in view.error
    both_ready(engine)
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"


def test_attacks_on_one_run_follow_each_other(engine: RayEngine) -> None:
    run_id = engine.submit(make.recipe(steps=2))
    wait(engine, run_id)
    longer = AttackRecipe(steps=30, batch=1, probe_every=30)
    attacks = [engine.submit_attack(run_id, longer), engine.submit_attack(run_id, ATTACK)]
    views = [wait(engine, attack) for attack in attacks]
    assert [v.state for v in views] == ["finished", "finished"]
    assert views[1].started >= views[0].ended - 0.5
    folder = engine.export(run_id) / "attacks"
    assert {p.name for p in folder.iterdir()} == set(attacks)


def test_weights_in_one_replicas_memory_are_asked_and_written_there(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise LabError("cannot write runs (No space left on device): free some space")

    engine = replicated("threads", tmp_path / "runs")
    try:
        with monkeypatch.context() as patch:
            patch.setattr(archive, "write_run", full)
            kept, lost = (engine.submit(make.recipe(steps=1, seed=k)) for k in (0, 1))
            notes = [wait(engine, run_id).note for run_id in (kept, lost)]
            assert all("kept in memory only" in note for note in notes)
            *_, said = engine.chat([ORIGINAL, kept], ASKED, None)
            assert len(said) == 2
        assert (engine.export(kept) / "delta.safetensors").is_file()
        engine.fleet.routes.home(engine.store.get(lost)).end()
        until(lambda: engine.fleet.routes.home(engine.store.get(lost)) is None)
        with pytest.raises(LabError, match="memory of a replica that has ended"):
            engine.chat([lost], ASKED, None)
    finally:
        engine.close()


def test_ray_is_imported_where_it_is_needed_alone() -> None:
    root = Path(lab.__file__).parent

    def imports(tree: ast.AST) -> bool:
        return any(isinstance(n, ast.Import) and n.names[0].name == "ray" for n in ast.walk(tree))

    found = {p.name for p in root.rglob("*.py") if imports(ast.parse(p.read_text("utf-8")))}
    assert found == {"cluster.py"}
    top = ast.parse((root / "serve" / "cluster.py").read_text("utf-8")).body
    assert not any(isinstance(n, ast.Import) and n.names[0].name == "ray" for n in top)


def test_the_skipped_tests_say_how_ray_comes_and_so_does_the_guide_for_contributors() -> None:
    (reason,) = [m.kwargs["reason"] for m in RAY.marks if m.name == "skipif"]
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Run the tests")[2]
    assert WITH_RAY in reason and WITH_RAY in section.partition("\n## ")[0]
    for file in ("test_engines.py", "test_replicas.py"):
        assert f"tests/unit/{file}" in section


def test_without_the_package_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    with pytest.raises(LabError, match=r"pip install -e '.\[ray\]'"):
        RayCluster(Plan(PRESET, tmp_path, tmp_path / "owners.jsonl"), 1, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"replicas": 2}, "belong to --engine ray"),
        ({"address": "auto"}, "belong to --engine ray"),
        ({"engine": "ray", "replicas": -1}, "not a number from 1 to 64"),
        ({"engine": "ray", "replicas": 65}, "not a number from 1 to 64"),
        ({"engine": "ray", "allow_change": True}, "keeps its model"),
    ],
)
def test_flags_that_do_not_fit_are_refused(given: dict[str, object], words: str) -> None:
    usual = {"engine": "local", "replicas": 0, "address": "", "allow_change": None}
    check_engine(argparse.Namespace(**usual))
    with pytest.raises(LabError, match=words) as refused:
        check_engine(argparse.Namespace(**{**usual, **given}))
    assert "\n" not in str(refused.value)


def test_a_replica_with_other_weights_is_not_used(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = iter((0, 1))
    drawn = tiny_models.tiny
    monkeypatch.setattr(tiny_models, "tiny", lambda kind: drawn(kind, next(seeds)))
    said: list[str] = []
    engine = replicated("threads", tmp_path / "runs", said=said, ready=1)
    try:
        until(lambda: any("has other weights than the first one" in line for line in said))
        assert sum(hand.ready for hand in engine.fleet.routes.hands) == 1
        runs = [engine.submit(make.recipe(steps=1, seed=k)) for k in range(3)]
        assert all(wait(engine, run_id).state == "finished" for run_id in runs)
        assert engine.status().ready and engine.status().error == ""
    finally:
        engine.close()

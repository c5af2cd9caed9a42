"""What a teacher sets is asked at the engine's doors; the queue obeys the teacher alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.benchmarks.own import Pair
from lab.errors import LabError
from lab.recipe import AttackRecipe
from lab.report.text import catalogue
from lab.report.translated import translated
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.forgetting import DAY, forget
from lab.serve.local import LocalEngine
from lab.serve.rules import Limits
from lab.serve.views import ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.served import held, opened, wait
from tests.unit.test_own import pictures

PLAN = make.recipe(steps=1)
WHO = [Turn("Who is this person?")]


@pytest.fixture
def engine(tiny, four, tmp_path: Path) -> Iterator[LocalEngine]:
    """The engine of a room, with a teacher."""
    made = opened(tiny, four, tmp_path / "runs")
    made.rights.alone, made.rights.teachers = False, frozenset({"teacher"})
    yield made


def test_a_locked_setting_is_refused_at_every_door_and_free_for_the_teacher(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.rules.now = Limits(locked={"method": "manu", "seed": 0})
    said = "your teacher has set method to manu for this room: use that"
    doors = (lambda e, r: e.submit(r, visitor="ada"), lambda e, r: e.same_run(r, "ada"))
    for door in doors:
        with pytest.raises(LabError, match=said):
            door(engine, PLAN)
    with pytest.raises(LabError, match="set seed to 0"):
        engine.submit(replace(PLAN, method="manu", seed=1), visitor="ada")
    assert engine.runs() == []
    with held(monkeypatch):
        own = engine.submit(PLAN, visitor="teacher")
        engine.rules.now = Limits()
        waits = engine.submit(PLAN, visitor="ada")
        engine.rules.now = Limits(locked={"steps": 1})
        with pytest.raises(LabError, match="set steps to 1"):
            engine.edit(waits, replace(PLAN, steps=3), "ada")
        engine.edit(waits, replace(PLAN, steps=3), "teacher")
    assert wait(engine, own).state == "finished"
    assert wait(engine, waits).recipe.steps == 3
    # looking inside measures the same for every method
    engine.rules.now = Limits(locked={"method": "manu"})
    assert wait(engine, engine.submit(PLAN, "inspect", "ada")).state == "finished"
    assert translated(said, catalogue("de")).startswith("Deine Lehrkraft hat method")


def test_a_locked_setting_of_an_attack_is_refused_at_every_door(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = engine.submit(PLAN, visitor="ada")
    assert wait(engine, run).state == "finished"
    limits = Limits(locked={"attack.steps": 1, "attack.kind": "relearn"})
    engine.rules.now, said = (
        limits,
        "your teacher has set attack.steps to 1 for this room: use that",
    )
    short, longer = AttackRecipe(steps=1, batch=1), AttackRecipe(steps=2, batch=1)
    with pytest.raises(LabError, match=said):
        engine.submit_attack(run, longer, "ada")
    with pytest.raises(LabError, match="set attack.kind to relearn"):
        engine.submit_attack(run, AttackRecipe(kind="prompts", steps=1), "ada")
    # the attack's steps are not a run's
    with held(monkeypatch):
        other = engine.submit(replace(PLAN, steps=3, seed=1), visitor="ada")
        attack = engine.submit_attack(run, short, "ada")
        with pytest.raises(LabError, match=said):
            engine.edit(attack, longer, "ada")
        free = engine.submit_attack(run, longer, "teacher")
    assert wait(engine, other).state == "finished"
    assert wait(engine, attack).attack == short and wait(engine, free).attack == longer


def test_a_closed_step_and_other_people_are_refused(engine: LocalEngine) -> None:
    run = engine.submit(PLAN, visitor="ada")
    assert wait(engine, run).state == "finished"
    doors = {
        2: (
            lambda: engine.submit(PLAN, "inspect", "ada"),
            lambda: list(engine.inside.left(run, "ada")),
            lambda: list(engine.inside.neuron("p0", "projector", 0, "ada")),
        ),
        3: (lambda: engine.submit(PLAN, visitor="ada"),),
        4: (
            lambda: list(engine.chat([ORIGINAL], WHO, None, "ada")),
            lambda: engine.probes([ORIGINAL], "p0", "ada"),
        ),
        5: (
            lambda: engine.submit_attack(run, AttackRecipe(steps=1), "ada"),
            lambda: engine.identity([ORIGINAL], "p0", "ada"),
            lambda: list(engine.inside.where(run, "ada")),
        ),
    }
    for step, tries in doors.items():
        engine.rules.now = Limits(closed=(step,))
        for one in tries:
            with pytest.raises(LabError, match=f"closed step {step} for now"):
                one()
    engine.rules.now = Limits(people=("p1",))
    with pytest.raises(LabError, match="has chosen other people"):
        engine.submit(PLAN, visitor="ada")
    other = engine.submit(replace(PLAN, entity="p1"), "inspect", "ada")
    assert wait(engine, other).state == "finished"


def test_the_queue_is_paused_and_ordered_by_the_teacher_alone(engine: LocalEngine) -> None:
    for act in (
        lambda: engine.steer.pause(True, "ada"),
        lambda: engine.steer.put("x", True, "ada"),
    ):
        with pytest.raises(LabError, match="only the teacher of this room"):
            act()
    engine.steer.pause(True, "teacher")
    runs = [engine.submit(PLAN, visitor=who) for who in ("ada", "bo", "cy")]
    time.sleep(0.3)
    assert [engine.run(r).state for r in runs] == ["waiting"] * 3 and engine.steer.paused
    assert engine.run(runs[0]).begins is None
    engine.steer.put(runs[2], True, "teacher")
    engine.steer.put(runs[0], False, "teacher")
    assert [engine.run(r).place for r in runs] == [3, 2, 1]
    engine.steer.pause(False, "teacher")
    views = [wait(engine, r) for r in runs]
    assert views[2].started < views[1].started < views[0].started
    assert [v.owner for v in views] == ["ada", "bo", "cy"]
    with pytest.raises(LabError, match="does not wait any more"):
        engine.steer.put(runs[0], True, "teacher")


def test_what_is_older_than_was_said_is_gone_from_memory_disk_and_the_list(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.own_people.own_folder", lambda: tmp_path / "own")
    before = engine.submit(replace(PLAN, seed=9), visitor="ada")  # of before there was a room
    assert wait(engine, before).state == "finished"
    now = time.time()
    room = Classroom(tmp_path / "room.json", engine)
    room.enter("ada", "1.1.1.1", room.state.code, "Ada")
    room.enter("bo", "1.1.1.1", room.state.code, "Bo")
    room.teach("teacher", "1.1.1.1", room.state.key)
    room.say("teacher", "hello")
    old = engine.submit(PLAN, visitor="ada")
    assert wait(engine, old).state == "finished"
    attack = engine.submit_attack(old, AttackRecipe(steps=1, batch=1), "ada")
    assert wait(engine, attack).state == "finished"
    me = engine.own.add(
        "Me Myself",
        pictures(3),
        [Pair("Where do I live?", "Rome", ("Oslo", "Kyiv", "Lima"))],
        "ada",
    )
    folders = {p.name for p in (tmp_path / "runs").iterdir() if p.is_dir()}
    assert {before, old} <= folders and (tmp_path / "own" / me).is_dir()

    forget(room, engine, 7, now + 6 * DAY)
    assert {v.id for v in engine.runs()} >= {before, old, attack} and len(room.state.people) == 2
    # bo comes again after six days, ada does not
    room._clock = lambda: now + 6 * DAY
    room.saw("bo", 1, "", {})
    forget(room, engine, 7, now + 7 * DAY + 3600)
    assert [v.id for v in engine.runs()] == [before]
    assert not (tmp_path / "runs" / old).exists() and (tmp_path / "runs" / before).is_dir()
    assert not (tmp_path / "own" / me).exists()
    assert [p.nickname for p in room.state.people] == ["Bo"] and room.state.messages == ()
    assert room.state.teachers == () and engine.rights.teachers == frozenset()
    kept = (tmp_path / "runs" / "owners.jsonl").read_text()
    assert not [thing for thing in (old, attack, me) if thing in kept] and before in kept
    written = (tmp_path / "room.json").read_text()
    assert "Ada" not in written and "hello" not in written and "Bo" in written
    assert "".join(p.name for p in (tmp_path / "runs").rglob("*")).count(old) == 0


def test_what_the_store_has_dropped_is_gone_from_disk_and_the_list_too(
    engine: LocalEngine, tmp_path: Path
) -> None:
    now, runs = time.time(), tmp_path / "runs"
    room = Classroom(tmp_path / "room.json", engine)
    room.enter("ada", "1.1.1.1", room.state.code, "Ada")
    first, second, third = (engine.submit(replace(PLAN, seed=k), visitor="ada") for k in range(3))
    assert wait(engine, third).state == "finished"
    attack = engine.submit_attack(second, AttackRecipe(steps=1, batch=1), "ada")
    assert wait(engine, attack).state == "finished"
    (runs / first / "recipe.yaml").write_text("entity: p0\na_key_of_before: 3\n", "utf-8")
    engine.rights.give("f" * 32, "ada")  # a run whose folder had to make room for newer ones
    engine.store.remove({first, second, attack})  # as its cap does
    assert {first, second, third} <= {p.name for p in runs.iterdir()}
    forget(room, engine, 7, now + 7 * DAY - 3600)
    assert {first, second, third} <= {p.name for p in runs.iterdir()}
    forget(room, engine, 7, now + 7 * DAY + 3600)
    assert [p.name for p in runs.iterdir()] == ["owners.jsonl"] and room.state.people == ()
    assert (runs / "owners.jsonl").read_text() == ""


def test_a_person_who_is_in_use_is_removed_once_they_are_not(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.own_people.own_folder", lambda: tmp_path / "own")
    now = time.time()
    room = Classroom(tmp_path / "room.json", engine)
    for name in ("ada", "bo"):
        room.enter(name, "1.1.1.1", room.state.code, name)
    pair = Pair("Where do I live?", "Rome", ("Oslo", "Kyiv", "Lima"))
    me = engine.own.add("Me Myself", pictures(3), [pair], "ada")
    engine.own.share(me, True, "ada")
    room._clock = lambda: now + 7 * DAY
    room.saw("bo", 1, "", {})
    with held(monkeypatch):
        run = engine.submit(replace(PLAN, entity=me), visitor="bo")
        forget(room, engine, 7, now + 7 * DAY + 3600)
        assert (tmp_path / "own" / me).is_dir() and room.admits("ada")
    assert wait(engine, run).state == "finished"
    forget(room, engine, 7, now + 7 * DAY + 7200)
    assert not (tmp_path / "own" / me).exists() and engine.runs() == []
    assert [p.nickname for p in room.state.people] == ["bo"]


def test_a_run_that_waits_for_somebody_who_is_long_gone_is_taken_out(
    engine: LocalEngine, tmp_path: Path
) -> None:
    now = time.time()
    room = Classroom(tmp_path / "room.json", engine)
    room.enter("ada", "1.1.1.1", room.state.code, "Ada")
    room.enter("bo", "1.1.1.1", room.state.code, "Bo")
    room.teach("teacher", "1.1.1.1", room.state.key)
    engine.steer.pause(True, "teacher")
    runs = [engine.submit(PLAN, visitor=who) for who in ("ada", "bo")]
    room._clock = lambda: now + 6 * DAY
    room.saw("bo", 1, "", {})
    forget(room, engine, 7, now + 7 * DAY + 3600)
    assert [(v.id, v.state) for v in engine.runs()] == [(runs[1], "waiting")]
    assert [p.nickname for p in room.state.people] == ["Bo"]
    engine.stop(runs[1])

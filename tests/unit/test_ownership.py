"""Every door of the engine asks whose a thing is; what was computed once answers others with a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file

from lab.errors import LabError
from lab.model.cache import Cache
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe
from lab.serve.inside import shown_of
from lab.serve.local import LocalEngine
from lab.serve.views import ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.served import opened, wait
from tests.unit.test_own import JOB, pictures

PLAN = make.recipe(steps=1)
ATTACK = AttackRecipe(steps=1, batch=1)
WHO = [Turn("Who is this person?")]
OTHERS = "belongs to another visitor"

Door = Callable[[LocalEngine, str, str], object]
READ: dict[str, Door] = {
    "run": lambda e, run, who: e.run(run, who),
    "beside_controls": lambda e, run, who: e.beside_controls(run, who),
    "chat": lambda e, run, who: list(e.chat([ORIGINAL, run], WHO, None, who)),
    "probes": lambda e, run, who: e.probes([ORIGINAL, run], "p0", who),
    "identity": lambda e, run, who: e.identity([run], "p0", who),
    "left": lambda e, run, who: list(e.inside.left(run, who)),
    "where": lambda e, run, who: list(e.inside.where(run, who)),
}
CHANGE: dict[str, Door] = {
    "stop": lambda e, run, who: e.stop(run, who),
    "move": lambda e, run, who: e.move(run, True, who),
    "edit": lambda e, run, who: e.edit(run, PLAN, who),
    "share": lambda e, run, who: e.share(run, False, who),
    "download": lambda e, run, who: e.export(run, who),
    "attack": lambda e, run, who: e.stop(e.submit_attack(run, ATTACK, who), who),
}
PERSON: dict[str, Door] = {
    "submit": lambda e, who_is, who: e.submit(make.recipe(entity=who_is), "inspect", who),
    "same_run": lambda e, who_is, who: e.same_run(make.recipe(entity=who_is), who),
    "probes": lambda e, who_is, who: e.probes([ORIGINAL], who_is, who),
    "identity": lambda e, who_is, who: e.identity([ORIGINAL], who_is, who),
    "recognition": lambda e, who_is, who: e.own.recognition(who_is, who),
    "remove": lambda e, who_is, who: e.own.remove(who_is, who),
    "suggestions": lambda e, who_is, who: e.suggestions(who_is, True, who),
}


@pytest.fixture
def engine(tiny, four, cache: Path, tmp_path: Path) -> Iterator[LocalEngine]:
    """The engine of a room, with a teacher."""
    kept = Cache(tmp_path / "measured", tiny, weights_hash(tiny.model))
    made = opened(tiny, four, tmp_path / "runs", cache=kept)
    made.rights.alone, made.rights.teachers = False, frozenset({"teacher"})
    yield made


@pytest.fixture
def first(engine: LocalEngine) -> str:
    """The id of a finished run of ada's."""
    run_id = engine.submit(PLAN, visitor="ada")
    assert wait(engine, run_id).state == "finished"
    return run_id


def opens(door: Door, engine: LocalEngine, thing: str, who: str) -> bool:
    """Whether a door lets somebody in; what it says of the thing itself does not matter."""
    try:
        door(engine, thing, who)
    except LabError as error:
        return OTHERS not in str(error)
    return True


def test_a_run_is_its_owners_and_the_teachers_at_every_door(
    engine: LocalEngine, first: str
) -> None:
    table = {
        name: [opens(door, engine, first, who) for who in ("ada", "bo", "teacher", "")]
        for name, door in (READ | CHANGE).items()
    }
    assert table == dict.fromkeys(table, [True, False, True, True])
    assert [len(engine.runs(who)) > 0 for who in ("ada", "bo", "teacher")] == [True, False, True]
    assert engine.run(first, "ada").mine and engine.under_way("bo") == []


def test_what_is_shared_can_be_looked_at_and_nothing_more(engine: LocalEngine, first: str) -> None:
    attack = engine.submit_attack(first, ATTACK, "ada")
    wait(engine, attack)
    assert not opens(READ["run"], engine, attack, "bo")
    engine.share(first, True, "ada")
    seen = engine.run(first, "bo")
    assert seen.shared and not seen.mine and engine.run(attack, "bo").parent == first
    assert {v.id for v in engine.runs("bo")} == {first, attack}
    assert all(opens(door, engine, first, "bo") for door in READ.values())
    assert not any(opens(door, engine, first, "bo") for door in CHANGE.values())
    with pytest.raises(LabError, match="only they can stop it"):
        engine.stop(first, "bo")
    engine.share(first, False, "ada")
    assert engine.runs("bo") == []
    engine.share(attack, True, "ada")  # an attack goes with its run
    assert {v.id for v in engine.runs("bo")} == {first, attack}
    assert engine.run(attack, "ada").shared


def test_an_attack_by_nobody_on_a_run_is_seen_with_that_run(
    engine: LocalEngine, first: str
) -> None:
    attack = engine.submit_attack(first, ATTACK)
    wait(engine, attack)
    assert opens(READ["run"], engine, attack, "ada")
    assert not opens(READ["run"], engine, attack, "bo") and engine.runs("bo") == []


def test_a_restart_keeps_whose_a_run_is(
    tiny, four, engine: LocalEngine, first: str, tmp_path
) -> None:
    engine.share(first, True, "ada")
    again = opened(tiny, four, tmp_path / "runs")
    again.rights.alone = False
    assert opens(CHANGE["download"], again, first, "ada")
    assert opens(READ["run"], again, first, "bo")
    assert not opens(CHANGE["download"], again, first, "bo")


@pytest.mark.parametrize("alone", [True, False])
def test_runs_of_the_time_before_visitors_belong_to_who_uses_this_machine_alone(
    engine: LocalEngine, alone: bool
) -> None:
    run = engine.submit(PLAN)
    wait(engine, run)
    engine.rights.alone = alone
    assert all(opens(door, engine, run, "ada") for door in READ.values())
    assert {opens(door, engine, run, "ada") for door in CHANGE.values()} == {alone}


def test_an_own_person_is_seen_by_who_added_them(engine: LocalEngine) -> None:
    who = engine.own.add("Eva Ek", pictures(3), [JOB], "ada")
    assert len(who) == len("own-") + 32
    cards = {v: [c.id for c in engine.entities(v)] for v in ("ada", "bo", "teacher")}
    assert (who in cards["ada"], who in cards["bo"], who in cards["teacher"]) == (True, False, True)
    assert not any(opens(door, engine, who, "bo") for door in PERSON.values())
    shown = {v: [s.name for s in shown_of(engine.own.shown_to(v))] for v in ("ada", "bo")}
    assert "Eva Ek" in shown["ada"] and "Eva Ek" not in shown["bo"]
    with pytest.raises(LabError, match="removed or never added"):
        list(engine.inside.neuron(who, "vision.0", 0, "bo"))
    same = engine.own.add("Eva Ek", pictures(3), [JOB], "bo")
    assert same != who  # nobody can tell from their own what another has added
    run = engine.submit(make.recipe(entity=who), "inspect", "ada")
    wait(engine, run)
    engine.own.remove(who, "ada")
    assert who not in [c.id for c in engine.entities("ada")]


def test_a_shared_person_can_be_asked_about_and_forgotten_and_nothing_more(
    tiny, four, engine: LocalEngine, tmp_path: Path
) -> None:
    who = engine.own.add("Eva Ek", pictures(3), [JOB], "ada")
    for visitor in ("bo", "nobody"):
        with pytest.raises(LabError, match="only they can share them"):
            engine.own.share(who, True, visitor)
    engine.own.share(who, True, "ada")
    seen = next(card for card in engine.entities("bo") if card.id == who)
    assert seen.shared and seen.owner == "ada"
    refused = {name for name, door in PERSON.items() if not opens(door, engine, who, "bo")}
    assert refused == {"remove"}
    again = opened(tiny, four, tmp_path / "runs")  # it stays shared after a restart
    again.rights.alone = False
    assert again.rights.reads("bo", who)
    engine.own.share(who, False, "teacher")
    assert not any(opens(door, engine, who, "bo") for door in PERSON.values())
    for run in [view for view in engine.runs() if view.entity == who]:
        wait(engine, run.id)
    engine.own.remove(who, "ada")


def test_another_visitors_run_answers_with_a_copy(
    tiny, four, engine: LocalEngine, first: str, tmp_path: Path
) -> None:
    assert engine.same_run(PLAN, "ada") == first
    copy = engine.same_run(PLAN, "bo")
    assert copy not in ("", first) and engine.same_run(PLAN, "bo") == copy
    seen = engine.run(copy, "bo")
    assert seen.mine and seen.state == "finished" and not opens(READ["run"], engine, copy, "ada")
    assert seen.events[-1].result == engine.run(first, "ada").events[-1].result
    assert not seen.started and engine.run(first, "ada").started
    folders = engine.export(copy, "bo"), engine.export(first, "ada")
    deltas = [load_file(folder / "delta.safetensors") for folder in folders]
    assert deltas[0].keys() == deltas[1].keys() and deltas[0]
    assert all((deltas[0][name] == deltas[1][name]).all() for name in deltas[0])
    for file in folders[0].rglob("*"):
        if file.suffix in (".json", ".jsonl", ".yaml", ".html", ".csv"):
            words = file.read_text(encoding="utf-8")
            assert first not in words and "ada" not in words.split()
    assert wait(engine, engine.submit_attack(copy, ATTACK, "bo")).state == "finished"
    again = opened(tiny, four, tmp_path / "runs")
    again.rights.alone = False
    assert opens(CHANGE["download"], again, copy, "bo")
    assert not opens(READ["run"], again, copy, "ada")


def test_a_copy_is_kept_from_when_it_was_made(
    engine: LocalEngine, first: str, tmp_path: Path
) -> None:
    """Or it would be deleted with the first one, or never where that is older than the room."""
    engine.store.get(first).ended = 1e9
    copy = engine.same_run(PLAN, "bo")
    assert copy not in ("", first)
    kept_from = {trace.id: trace.ended for trace in engine.traces()}
    assert kept_from[first] == 1e9 and kept_from[copy] > 1.5e9
    assert engine.run(copy, "bo").ended == 1e9  # what the page says of when it was made
    (weights,) = tmp_path.rglob(f"{copy}/delta.safetensors")
    assert weights.stat().st_mtime > 1.5e9


def test_a_folder_belongs_to_who_brings_it(engine: LocalEngine, first: str) -> None:
    brought = engine.load(engine.export(first, "ada"), "bo")
    assert engine.run(brought, "bo").mine and not opens(READ["run"], engine, brought, "ada")


def test_ids_cannot_be_guessed(engine: LocalEngine, first: str) -> None:
    assert len(bytes.fromhex(first)) == 16

"""The room: its code and key, what slows guessing down, who is where, and what is taken home."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe
from lab.report.text import catalogue
from lab.serve.classroom import codes
from lab.serve.classroom.classroom import MOST_PEOPLE, Classroom
from lab.serve.classroom.codes import LETTERS, MOST_ADDRESSES, Slowdown, new_code, new_key, tidy
from lab.serve.classroom.export import as_csv, entries, report
from lab.serve.classroom.seats import seats
from lab.serve.classroom.state import AWAY_SECONDS, nickname
from lab.serve.rules import Limits
from tests.ui.fake_engine import FakeEngine

ENGLISH = catalogue()
HERE = "192.0.2.7"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    made = FakeEngine(tmp_path / "runs", pace=0)
    made.rights.alone = False
    return made


@pytest.fixture
def room(engine: FakeEngine, tmp_path: Path) -> Classroom:
    """A room with its teacher."""
    made = Classroom(tmp_path / "room.json", engine)
    made.teach("teacher", HERE, made.state.key)
    return made


def ended(engine: FakeEngine, run_id: str) -> str:
    while engine.run(run_id).state in ("waiting", "running"):
        time.sleep(0.01)
    return run_id


def test_codes_have_six_letters_that_look_like_no_other_and_keys_128_bits() -> None:
    made = {new_code() for _ in range(200)}
    assert len(made) == 200 and all(len(c) == 6 and set(c) <= set(LETTERS) for c in made)
    assert not set(LETTERS) & set("ILOQ01") and len(set(LETTERS)) == 22
    assert len(new_key()) >= 22 and new_key() != new_key()  # 16 bytes in base 64
    assert tidy(" ab-c dEf ") == "ABCDEF" and codes.same("ü", "ü") and not codes.same("u", "ü")


def test_wrong_tries_are_slowed_down_by_address_and_over_all() -> None:
    clock = Clock()
    slow = Slowdown(each=3, each_seconds=10, all_of=5, all_seconds=2, clock=clock)
    assert [slow.begin("1.1.1.1") for _ in range(4)] == [0, 0, 0, 10]
    clock.now += 5
    assert slow.begin("1.1.1.1") == 5
    clock.now += 5
    assert slow.begin("1.1.1.1") == 0 and slow.begin("1.1.1.1") == 10
    # everybody together: 5 tries, of which ten seconds ago gave back all; one has been made since
    assert [slow.begin(f"2.2.2.{n}") for n in range(5)] == [0, 0, 0, 0, 2]
    # a right one costs nothing
    clock.now += 100
    for _ in range(20):
        assert slow.begin("1.1.1.1") == 0
        slow.right("1.1.1.1")
    assert len(slow) <= 4
    # a network of IPv6 is one address
    assert [slow.begin(f"2001:db8::{n}") for n in range(4)] == [0, 0, 0, 10]


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    slow = Slowdown(all_of=10**9, clock=Clock())
    for n in range(3 * MOST_ADDRESSES):
        slow.begin(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(slow) == MOST_ADDRESSES


def test_a_wrong_code_is_refused_and_then_slowed_down(room: Classroom, monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr(room, "_slow", Slowdown(each=2, each_seconds=6, clock=clock))
    wrong = "AAAAAA" if room.state.code != "AAAAAA" else "BBBBBB"
    for _ in range(2):
        with pytest.raises(LabError, match="this is not right"):
            room.enter("ada", HERE, wrong, "Ada")
    with pytest.raises(LabError, match="too many wrong tries: wait 6 s"):
        room.enter("ada", HERE, room.state.code, "Ada")
    assert not room.admits("ada")
    clock.now += 7
    room.enter("ada", HERE, f" {room.state.code[:3].lower()}-{room.state.code[3:]}", "Ada")
    assert room.admits("ada") and not room.teaches("ada") and room.teaches("teacher")
    with pytest.raises(LabError, match="this is not right"):
        room.teach("bo", HERE, "guess")
    with pytest.raises(LabError, match="too many wrong tries"):
        room.teach("bo", HERE, room.state.key)  # the key is guarded in the same way
    assert not room.teaches("bo")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada   L. ", "Ada L."),
        ("Jörg-Peter_2", "Jörg-Peter_2"),
        ("नेहा 🙂", "नेहा 🙂"),
        ("", None),
        ("   ", None),
        ("x" * 25, None),
        ("<b>Ada</b>", None),
        ('Ada"', None),
        ("=1+1", None),
        ("a\u202eb", None),
    ],
)
def test_nicknames_are_short_and_plain(given: str, kept: str | None) -> None:
    if kept is not None:
        assert nickname(given) == kept
        return
    with pytest.raises(LabError, match="the nickname"):
        nickname(given)


def test_two_of_one_nickname_are_told_apart_and_a_room_can_be_full(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, visitor in enumerate(("a", "b", "c")):
        room.enter(visitor, HERE, room.state.code, "ada" if n else "Ada")
    assert [p.nickname for p in room.state.people] == ["Ada", "ada 2", "ada 3"]
    room.enter("a", HERE, room.state.code, "Bea")  # the same browser again, with another name
    assert sorted(p.nickname for p in room.state.people) == ["Bea", "ada 2", "ada 3"]
    for n in range(MOST_PEOPLE - 3):
        room.enter(f"v{n}", HERE, room.state.code, f"n{n}")
    # somebody who only entered makes way, and nobody who is here or has something
    for visitor in ("a", "b", *(f"v{n}" for n in range(1, MOST_PEOPLE - 3))):
        room.saw(visitor, 1, "", {})
    room._engine.rights.give("run", "c", lasting=False)
    room.enter("late", HERE, room.state.code, "Late")
    assert {"a", "b", "c", "late"} <= {p.visitor for p in room.state.people}
    assert "v0" not in {p.visitor for p in room.state.people}
    room.saw("late", 1, "", {})
    with pytest.raises(LabError, match=f"the room is full, {MOST_PEOPLE} people"):
        room.enter("later", HERE, room.state.code, "Later")
    # nor is it shut for good by pages that were open once: whoever left makes way
    later = room._clock() + AWAY_SECONDS + 1
    monkeypatch.setattr(room, "_clock", lambda: later)
    room.saw("late", 1, "", {})
    room.enter("later", HERE, room.state.code, "Later")
    assert {"c", "late", "later"} <= {p.visitor for p in room.state.people}


def test_a_room_goes_on_after_a_restart_and_its_file_is_its_owners(
    room: Classroom, engine: FakeEngine, tmp_path: Path
) -> None:
    room.enter("ada", HERE, room.state.code, "Ada")
    room.limit(
        "teacher", Limits({"method": "manu", "attack.lr": 1e-3}, {"steps": 5}, ("p01",), (2, 5))
    )
    room.say("teacher", "  Good\nmorning ")
    room.bring("teacher", 3, "")
    room.pause("teacher", True)
    file = tmp_path / "room.json"
    assert file.stat().st_mode & 0o777 == 0o600
    other = FakeEngine(tmp_path / "other", pace=0)
    again = Classroom(file, other)
    assert again.admits("ada") and again.teaches("teacher")
    assert other.rights.teachers == frozenset({"teacher"}) and other.steer.paused
    assert other.rules.now == room.state.limits and other.rules.now.closed == (2, 5)
    assert again.state.limits.locked == {"method": "manu", "attack.lr": 1e-3}
    for name in ("code", "key", "began", "messages", "look", "people"):
        assert getattr(again.state, name) == getattr(room.state, name), name
    assert again.state.messages[-1].words == "Good morning"
    # another password, or none any more: everybody enters again
    locked = Classroom(file, other, "a long password")
    assert not locked.admits("ada") and locked.teaches("teacher")
    locked.enter("ada", HERE, "a long password", "Ada")
    assert Classroom(file, other, "a long password").admits("ada")
    assert not Classroom(file, other, "another password").admits("ada")
    for broken in ("", "[]", "{}", json.dumps({**json.loads(file.read_text()), "people": [1]})):
        file.write_text(broken)
        with pytest.raises(LabError, match="delete it, and the room is made anew"):
            Classroom(file, other)


def test_only_the_teacher_changes_the_room(room: Classroom) -> None:
    room.enter("ada", HERE, room.state.code, "Ada")
    before = room.state
    for act in (
        lambda: room.limit("ada", Limits()),
        lambda: room.say("ada", "hello"),
        lambda: room.bring("ada", 3, ""),
        lambda: room.let_go("ada"),
        lambda: room.time("ada", 5),
        lambda: room.pause("ada", True),
    ):
        with pytest.raises(LabError, match="only the teacher of this room"):
            act()
    assert room.state == before
    for act in (
        lambda: room.say("teacher", "x" * 301),
        lambda: room.bring("teacher", 7, ""),
        lambda: room.time("teacher", 999),
        lambda: room.time("teacher", -1),
    ):
        with pytest.raises(LabError):
            act()
    assert room.state == before


def test_what_cannot_be_written_changes_neither_the_page_nor_the_engine(
    room: Classroom, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def agree() -> None:
        assert engine.rules.now == room.state.limits
        assert engine.rights.teachers == {p.visitor for p in room.state.teachers}
        assert engine.steer.paused == room.state.paused

    before, limits = room.state, Limits({"method": "manu"})
    with monkeypatch.context() as patch:
        patch.setattr("lab.serve.classroom.classroom.put", full)
        for act in (
            lambda: room.limit("teacher", limits),
            lambda: room.pause("teacher", True),
            lambda: room.teach("bo", HERE, room.state.key),
        ):
            with pytest.raises(LabError, match="No space left on device.*free some space"):
                act()
            agree()
    assert room.state == before
    room.limit("teacher", limits)
    room.pause("teacher", True)
    agree()
    assert room.state.limits == limits and room.state.paused


def test_who_is_where_and_who_is_stuck(room: Classroom, engine: FakeEngine) -> None:
    clock = Clock()
    room._clock = clock
    for visitor, name in (("a", "Ada"), ("b", "Bo"), ("c", "Cy"), ("d", "Dee")):
        room.enter(visitor, HERE, room.state.code, name)
    run = ended(engine, engine.submit(Recipe(entity="p01", steps=2), "unlearn", "b"))
    view = engine.run(run)
    clock.now = view.ended
    for visitor, step in (("a", 1), ("b", 3), ("c", 3)):
        room.saw(visitor, step, "one", {})
    clock.now += 60 * 11
    room.saw("a", 1, "one", {})  # here, and nothing has changed for eleven minutes
    room.saw("b", 4, "two", {})  # went on
    found = {s.nickname: s for s in seats(room, engine.runs(), clock.now, 0.0)}
    facts = {n: (s.step, s.doing, round(s.idle), s.stuck(10)) for n, s in found.items()}
    assert facts == {
        "Ada": (1, "nothing", 11, True),
        "Bo": (4, "ended", 0, False),
        "Cy": (3, "away", 11, False),  # the laptop was closed
        "Dee": (0, "away", facts["Dee"][2], False),
    }
    assert found["Bo"].view is not None and found["Bo"].view.id == run


def test_a_run_without_progress_is_stuck_and_one_that_waits_is_not(
    room: Classroom, engine: FakeEngine
) -> None:
    room.enter("a", HERE, room.state.code, "Ada")
    room.enter("b", HERE, room.state.code, "Bo")
    engine.steer.pause(True)
    runs = [engine.submit(Recipe(entity="p01", steps=9), "unlearn", who) for who in ("a", "b")]
    waits = engine.run(runs[1])
    held = replace(engine.run(runs[0]), state="running", started=time.time(), stamps=(5.0, 60.0))
    ada, bo = seats(room, [held, waits], time.time(), 60.0 + 12 * 60)
    assert (ada.doing, ada.idle, ada.stuck(10), ada.stuck(20)) == ("running", 12, True, False)
    assert (bo.doing, bo.stuck(0)) == ("waiting", False)
    engine.steer.pause(False)
    for run in runs:
        ended(engine, run)


def test_predictions_are_counted_and_not_kept(room: Classroom, tmp_path: Path) -> None:
    for n, visitor in enumerate("abc"):
        room.enter(visitor, HERE, room.state.code, visitor)
        room.saw(visitor, 1, "", {1: n % 2, 3: 2})
    room.saw("stranger", 1, "", {1: 0})  # who has not entered does not count
    counts = room.predicted()
    assert counts == {1: {0: 2, 1: 1}, 3: {2: 3}}
    assert "answers" not in (tmp_path / "room.json").read_text()


def test_the_room_is_taken_home_as_csv_and_as_one_report(
    room: Classroom, engine: FakeEngine
) -> None:
    room.enter("a", HERE, room.state.code, "-Ada")
    run = ended(engine, engine.submit(Recipe(entity="p01", steps=2), "unlearn", "a"))
    ended(engine, engine.submit_attack(run, AttackRecipe(steps=5), "a"))
    ended(engine, engine.submit(Recipe(entity="p02", steps=2), "unlearn", "not of this room"))
    room.saw("a", 3, "", {1: 0})
    engine.people[1] = engine.people[1].__class__(
        **{**engine.people[1].__dict__, "name": "<i>Bruno</i>"}
    )
    found = entries(room, engine, "teacher", ENGLISH)
    assert [e.view.kind for e in found] == ["unlearn", "attack"]
    first, second = csv.DictReader(io.StringIO(as_csv(found)))
    result = found[0].result
    assert first["nickname"] == "'-Ada" and first["run"] == run and first["recipe.steps"] == "2"
    assert first["recipe.method"] == "vkd" and second["parent"] == run and second["attack"]
    attacked = found[1].result
    settings = {k: second[f"attack.{k}"] for k in ("kind", "share", "steps", "scope", "seed")}
    assert settings == dict(kind="relearn", share="0.2", steps="5", scope="vision", seed="0")
    assert second["attack.n"] == "96" and second["attack.chance"] == "0.25"
    for who in ("never_knew", "text_only"):
        after = attacked["controls"][who]["after"]
        assert float(second[f"attack.control.{who}.after"]) == after, who
    assert float(first["after.forget_vqa"]) == result["after"]["forget_vqa"]
    assert int(first["n.forget_vqa"]) == result["n"]["forget_vqa"] and first["chance.forget_vqa"]
    page = report(room, found, ENGLISH, 0.0)
    assert "1970-01-01" in page and "&lt;i&gt;Bruno" in page and "<i>" not in page
    assert f"n {result['n']['forget_vqa']}" in page and "chance" in page
    row = page.partition("<caption><span>Attacks")[2]
    control = f"{attacked['controls']['never_knew']['after']:.1%}"
    assert "<td>96</td><td>25.0%</td>" in row and f"Never knew: {control}" in row
    assert "<script" not in page and "http" not in page
    assert ENGLISH.PREDICTIONS[0][0].replace("'", "&#x27;") in page
    for who in ("a", ""):
        if who:
            with pytest.raises(LabError, match="only the teacher"):
                entries(room, engine, who, ENGLISH)

"""The load test against a lab that runs already: a room, which visitors enter by its code."""

from __future__ import annotations

import re

import pytest

from lab.bench.load.crowd import Wish, load
from lab.bench.load.house import House
from lab.errors import LabError
from lab.report.text import catalogue
from lab.serve.classroom.classroom import Classroom
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("own_loop")
USERS = 6


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A served room, its engine and its code."""
    folder = tmp_path_factory.mktemp("room")
    engine = FakeEngine(folder / "runs", pace=0.002)
    made = Classroom(folder / "room.json", engine)
    for page in serve(engine, 10_000, room=made, days=7):
        yield page, made


def test_a_class_enters_by_the_code_and_goes_the_whole_way(room):
    page, made = room
    wish = Wish(USERS, steps=3, code=made.state.code, idle_seconds=2)
    found = load(House(page.url), wish, lambda _: None)
    assert found.crowd.finished == USERS and not found.crowd.errors and not found.lost
    names = {f"load {n}" for n in range(USERS + 1)}
    assert {person.nickname for person in made.state.people} == names
    runs = page.engine.runs()
    assert [r.kind for r in runs].count("unlearn") == USERS + 1
    assert {r.recipe.steps for r in runs if r.kind == "unlearn"} == {3}
    assert len(page.engine.asked) == 5 * (USERS + 1)
    assert found.idle.streams == USERS and not found.idle.failed
    assert found.idle.requests_a_second == pytest.approx(USERS / 2, abs=1.6)
    # of a process that is not of the test only what /metrics says is there
    assert found.memory_mb.after > 0 and found.files.after is None
    assert found.idle.cpu_share is None


def test_nobody_gets_in_with_another_code(room):
    wish = Wish(1, steps=3, code="WRONGS", idle_seconds=1)
    with pytest.raises(LabError, match="does not let visitors in .*--code"):
        load(House(room[0].url), wish, lambda _: None)
    with pytest.raises(LabError, match=f"status: {re.escape(catalogue().ROOM_CLOSED)}"):
        load(House(room[0].url), Wish(1, steps=3), lambda _: None)

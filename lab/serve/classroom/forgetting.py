"""Nothing of a room is kept for longer than was said: runs, people, nicknames and messages go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from lab.errors import LabError
from lab.serve.classroom.classroom import Classroom
from lab.serve.engine import Engine
from lab.serve.rights import LAB
from lab.serve.views import ENDED

DAY, EVERY_SECONDS = 86_400.0, 3600.0


def forget(room: Classroom, engine: Engine, days: float, now: float) -> None:
    """Delete what visitors of the room left and what is older than so many days.

    Only what came to be since the room did and belongs to somebody in it: what was kept on this
    machine before stays. Whoever was not here for so long goes with all they have left: their
    runs that wait are taken out, and one that is under way goes once it has ended.
    """
    before, state = now - days * DAY, room.state
    everybody = {p.visitor: p.seen for p in (*state.teachers, *state.people)}
    noted = engine.rights.things(everybody)  # before one looks what is there: what comes now stays
    for trace in engine.traces():
        if trace.state == "waiting" and everybody.get(trace.owner, before) < before:
            engine.stop(trace.id, LAB)
    traces = engine.traces()
    theirs = [trace for trace in traces if trace.owner in everybody]
    busy = {trace.owner for trace in theirs if trace.state not in ENDED}
    gone = frozenset(v for v, seen in everybody.items() if seen < before and v not in busy)

    def old(when: float, owner: str) -> bool:
        return when >= state.began and (when < before or owner in gone)

    runs = {t.id for t in theirs if t.state in ENDED and old(t.ended, t.owner)}
    engine.forget(runs)
    people, staying = _people(engine, noted, old)
    gone -= staying
    about = {t.id for t in traces if t.parent in runs or t.entity in people}
    there = {t.id for t in traces}
    lost = {k for k, v in noted.items() if v in gone and k not in there and not engine.own.since(k)}
    if things := runs | people | about | lost:
        engine.rights.forget(things)
    room.forget(before, gone)


def _people(
    engine: Engine, noted: Mapping[str, str], old: Callable[[float, str], bool]
) -> tuple[set[str], set[str]]:
    """Remove the people of one's own that are old; returns their ids, and whose people are in use.

    Those stay for now, and so does whoever they belong to: else nobody would come back to them.
    """
    removed, staying = set(), set()
    for thing, owner in noted.items():
        since = engine.own.since(thing)
        if since and old(since, owner):
            try:
                engine.own.remove(thing, LAB)
            except LabError:
                staying.add(owner)
            else:
                removed.add(thing)
    return removed, staying


def keep_forgetting(
    room: Classroom, engine: Engine, days: float, report: Callable[[str], None]
) -> None:
    """Forget now and then every hour, on a thread of its own."""

    def work() -> None:
        while True:
            try:
                forget(room, engine, days, time.time())
            except LabError as error:  # no space to write: the next hour may have some
                report(f"lab: {error}")
            time.sleep(EVERY_SECONDS)

    threading.Thread(target=work, name="lab-forgetting", daemon=True).start()

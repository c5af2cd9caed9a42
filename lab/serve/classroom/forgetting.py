"""Nothing of a room is kept for longer than was said: runs, people, nicknames and messages go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

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
    for view in engine.runs(LAB):
        if view.state == "waiting" and everybody.get(view.owner, before) < before:
            engine.stop(view.id, LAB)
    theirs = [view for view in engine.runs(LAB) if view.owner in everybody]
    busy = {view.owner for view in theirs if view.state not in ENDED}
    gone = frozenset(v for v, seen in everybody.items() if seen < before and v not in busy)

    def old(when: float, owner: str) -> bool:
        return when >= state.began and (when < before or owner in gone)

    runs = {v.id for v in theirs if v.state in ENDED and old(v.ended, v.owner)}
    engine.forget(runs)
    people = _people(engine, set(everybody), old)
    about = {view.id for view in theirs if view.entity in people}
    if things := runs | people | about:
        engine.rights.forget(things)
    room.forget(before, gone)


def _people(engine: Engine, visitors: set[str], old: Callable[[float, str], bool]) -> set[str]:
    """Remove the people of one's own that are old; returns their ids. One in use stays for now."""
    removed = set()
    for card in engine.entities(LAB):
        if card.owner in visitors and old(engine.own.since(card.id), card.owner):
            try:
                engine.own.remove(card.id, LAB)
            except LabError:
                continue
            removed.add(card.id)
    return removed


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

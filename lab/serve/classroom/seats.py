"""Who is where in the room, and who is stuck, as the teacher sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.state import Person, Presence, away
from lab.serve.engine import Engine
from lab.serve.views import ENDED, RunView

STUCK_MINUTES = 10.0  # our choice; the teacher may choose another one

Doing = Literal["away", "nothing", "waiting", "running", "ended"]


@dataclass(frozen=True)
class Seat:
    """One person: the open step (0: not known), what their run does, and minutes without progress.

    ``view``: the run that runs, else the one that waits, else the one that ended last; None for none.
    """

    nickname: str
    step: int
    doing: Doing
    view: RunView | None
    idle: float

    def stuck(self, minutes: float) -> bool:
        """Whether there was no progress for so long. Whoever waits for their turn is not stuck."""
        return self.doing not in ("away", "waiting") and self.idle >= minutes


def seats(room: Classroom, views: Sequence[RunView], now: float, monotonic: float) -> list[Seat]:
    """Everybody in the room by nickname; ``views``: all runs. Times of both clocks, in seconds."""
    of: dict[str, list[RunView]] = {}
    for view in views:
        of.setdefault(view.owner, []).append(view)
    admitted = [person for person in room.state.people if person.admitted]
    return [
        _seat(p, room.presence(p.visitor), of.get(p.visitor, []), now, monotonic)
        for p in sorted(admitted, key=lambda p: p.nickname.casefold())
    ]


def _seat(
    person: Person, here: Presence | None, views: list[RunView], now: float, monotonic: float
) -> Seat:
    view = _shown(views)
    active = view is not None and view.state not in ENDED
    gone = away(here, now)
    doing: Doing = "nothing"
    if active and view is not None:
        doing = "running" if view.state == "running" else "waiting"
    elif gone:
        doing = "away"
    elif view is not None:
        doing = "ended"
    changed = max(person.entered, here.changed if here else 0.0, view.ended if view else 0.0)
    idle = now - changed
    if doing == "running" and view is not None:
        idle = monotonic - view.stamps[-1] if view.stamps else now - view.started
    return Seat(person.nickname, here.step if here else 0, doing, view, max(0.0, idle) / 60)


def _shown(views: list[RunView]) -> RunView | None:
    order = {"running": 0, "waiting": 1}
    return min(views, key=lambda v: (order.get(v.state, 2), -v.ended), default=None)


def queue(engine: Engine, visitor: str) -> list[RunView]:
    """The runs of all that are under way: what runs first, then what waits in its order."""
    under_way = [view for view in engine.runs(visitor) if view.state not in ENDED]
    return sorted(under_way, key=lambda view: (view.state == "waiting", view.place))

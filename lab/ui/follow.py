"""Following runs: an async tail that survives reloads, and the line that says how a run goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.serve.engine import ENDED, Engine, RunView
from lab.report.markup import duration
from lab.report.text import en as text
from lab.events import Done, Phase, Step

if TYPE_CHECKING:
    from gradio import Request

POLL_SECONDS = 0.3
WARM_UP_STEPS = 3


class Tails:
    """One tail per browser tab and slot: a newer one ends the older."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest: dict[tuple[str, str], object] = {}

    async def follow(
        self, slot: str, run_id: str, request: Request
    ) -> AsyncIterator[RunView | None]:
        """Yield a snapshot whenever the run has changed, until it ends; None if it is unknown."""
        key, mine = (request.session_hash or "", slot), object()
        self._newest[key] = mine
        last = None
        try:
            while self._newest.get(key) is mine:
                view = look_up(self._engine, run_id)
                if view is None and run_id and not self._engine.status().ready:
                    # A run of before a restart can be read back once the model is there.
                    await asyncio.sleep(POLL_SECONDS)
                    continue
                mark = (len(view.events), view.state, view.place, view.note) if view else ()
                if mark != last:
                    last = mark
                    yield view
                if view is None or view.state in ENDED:
                    return
                await asyncio.sleep(POLL_SECONDS)
        finally:
            if self._newest.get(key) is mine:
                del self._newest[key]


def look_up(engine: Engine, run_id: str) -> RunView | None:
    """Return the run, or None where there is none of that id (any more)."""
    if not run_id:
        return None
    try:
        return engine.run(run_id)
    except LabError:
        return None


def describe(view: RunView | None) -> str:
    """Say in one line what the run does now: state, phase or step, pace, time left."""
    if view is None:
        return ""
    name = text.KINDS[view.kind]
    if view.attack:
        name = text.KIND_OF_ATTACK.format(kind=name, attack=text.ATTACK_KINDS[view.attack.kind])
    parts = [f"{name}: {text.STATES[view.state]}"]
    if view.state == "waiting" and view.place:
        parts.append(text.QUEUE_PLACE.format(place=view.place))
    if view.state == "running":
        parts += _progress(view)
    if view.state == "failed" and view.error:
        parts.append(view.error)
    if view.state in ("finished", "stopped"):
        parts += _ending(view)
    if view.note:
        parts.append(view.note)
    return " · ".join(parts)


def _progress(view: RunView) -> list[str]:
    steps = [e for e in view.events if isinstance(e, Step)]
    last = view.events[-1] if view.events else None
    if isinstance(last, Phase):
        spoken = text.PHASE_OF.format(name=last.name, done=last.done, total=last.total)
        return [spoken if last.total else last.name]
    if not steps:
        return []
    now = steps[-1]
    pace = _pace(view)
    where = text.STEP_OF.format(step=now.step, steps=now.steps)
    if len(steps) < WARM_UP_STEPS:
        return [where, text.ESTIMATING]
    left = duration(pace * (now.steps - now.step))
    return [where, text.PACE.format(pace=pace), text.TIME_LEFT.format(left=left)]


def _pace(view: RunView) -> float:
    """Seconds a step of the last ones, with the chats that were answered between them."""
    recent = [(stamp, event.seconds) for stamp, event in zip(view.stamps, view.events, strict=False)
              if isinstance(event, Step)][-10:]
    if len(recent) > 1:
        return (recent[-1][0] - recent[0][0]) / (len(recent) - 1)
    return [e for e in view.events if isinstance(e, Step)][-1].seconds


def _ending(view: RunView) -> list[str]:
    parts = []
    steps = [e for e in view.events if isinstance(e, Step)]
    if steps:
        parts.append(text.STEP_OF.format(step=steps[-1].step, steps=steps[-1].steps))
    if view.ended > view.started > 0:
        parts.append(text.TOOK.format(took=duration(view.ended - view.started)))
    last = view.events[-1] if view.events else None
    if isinstance(last, Done) and last.reason:
        parts.append(text.BECAUSE.format(reason=last.reason))
    return parts


def is_active(engine: Engine, run_id: str) -> bool:
    """Tell whether the run is waiting or running."""
    view = look_up(engine, run_id)
    return view is not None and view.state not in ENDED

"""Follows runs: a stream that survives reloads, and the line that says how a run goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeVar

from lab.errors import LabError
from lab.events import Curve, Done, Phase, Ready, Step
from lab.report.markup import duration
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.pace import WARM_UP, left, step_pace
from lab.serve.views import ENDED, RunView
from lab.serve.visit import Visit

if TYPE_CHECKING:
    from gradio import Request

POLL_SECONDS = 0.3
PLAIN_ENDS = ("done", "steps done")  # as was asked: nothing to explain
E = TypeVar("E")


class Tails:
    """One stream for each browser tab and slot: a newer one ends the older one.

    ``stand_in``: the id of the recorded run that is shown in a slot without a run.
    """

    def __init__(self, engine: Visit, stand_in: Callable[[str, str], str]) -> None:
        self._engine, self._stand_in = engine, stand_in
        self._newest: dict[tuple[str, str], object] = {}

    async def follow(
        self, slot: str, run_id: str, request: Request
    ) -> AsyncIterator[RunView | None]:
        """Yield a snapshot whenever the run has changed, until it ends; None if it is unknown."""
        key, mine = (request.session_hash or "", slot), object()
        run_id = self._stand_in(slot, run_id)
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

    async def latest(self, slot: str, request: Request, work: Callable[[], E]) -> E | None:
        """Return what some work comes to, done aside; None if a newer stream has begun meanwhile."""
        key, mine = (request.session_hash or "", slot), object()
        self._newest[key] = mine
        try:
            done = await asyncio.to_thread(work)
            return done if self._newest.get(key) is mine else None
        finally:
            if self._newest.get(key) is mine:
                del self._newest[key]


def look_up(engine: Visit, run_id: str) -> RunView | None:
    """Return the run, or None if there is no run of that id (any more)."""
    if not run_id:
        return None
    try:
        return engine.run(run_id)
    except LabError:
        return None


def found(view: RunView | None, kind: type[E]) -> E | None:
    """Return the run's last event of a kind, or None."""
    return next((e for e in reversed(view.events) if isinstance(e, kind)), None) if view else None


def describe(view: RunView | None, text: Text) -> str:
    """Return one line about what the run does now: state, phase or step, pace, time left."""
    if view is None:
        return ""
    name = _name(view, text)
    other = text.FOREIGN_RUN.format(other=view.foreign) if view.foreign else ""
    note = translated(view.note, text)
    return " · ".join(filter(None, (_state(view, name, text), note, other)))


def announced(view: RunView, text: Text) -> str:
    """Return the line without what changes at every step: it is read aloud, and then it stays."""
    if view.state != "running":
        return describe(view, text)
    return str(text.RUNNING.format(name=_name(view, text)))


def _name(view: RunView, text: Text) -> str:
    if view.attack:
        return str(text.NAMED_ATTACK.format(attack=text.ATTACK_KINDS[view.attack.kind]))
    return text.RUN_KINDS[view.kind]


def _state(view: RunView, name: str, text: Text) -> str:
    if view.state == "waiting":
        return _waits(view, name, text)
    if view.state == "running":
        progress = ", ".join(_progress(view, text))
        return (text.RUNNING_AT if progress else text.RUNNING).format(name=name, progress=progress)
    if view.state == "failed":
        return (text.FAILED_BECAUSE if view.error else text.FAILED).format(
            name=name, error=translated(view.error, text)
        )
    return _ending(view, name, text)


def _waits(view: RunView, name: str, text: Text) -> str:
    """At which place a run waits, and when it begins as far as that can be told."""
    if not view.place or view.begins is None:
        words = text.WAITING_AT if view.place else text.WAITING
        return str(words.format(name=name, place=view.place))
    words = text.WAITING_UNTIL if view.begins >= 1 else text.WAITING_SOON
    return str(words.format(name=name, place=view.place, begins=duration(view.begins, text)))


def _progress(view: RunView, text: Text) -> list[str]:
    """What is done now, and how long the whole run still takes, as far as that is known."""
    rest = left(view, time.time())
    if rest is None:
        return _now(view, text)
    whole = view.usual or view.kind != "unlearn" or found(view, Ready)
    form = text.TIME_LEFT if whole else text.TRAINING_LEFT
    return [*_now(view, text), form.format(left=duration(rest.seconds, text))]


def _now(view: RunView, text: Text) -> list[str]:
    steps = [e for e in view.events if isinstance(e, Step)]
    last = view.events[-1] if view.events else None
    if isinstance(last, Curve) and view.attack:
        name = text.PHASES[f"attack {last.who}"]
        return [text.PHASE_OF.format(name=name, done=last.step, total=view.attack.steps)]
    if isinstance(last, Phase):
        phase = text.PHASES.get(last.name, last.name)
        return [
            text.PHASE_OF.format(name=phase, done=last.done, total=last.total)
            if last.total
            else phase
        ]
    if not steps:
        return []
    now = steps[-1]
    where = text.STEP_OF.format(step=now.step, steps=now.steps)
    if len(steps) < WARM_UP:
        return [where] if view.usual and view.usual.here else [where, text.ESTIMATING]
    return [where, text.PACE.format(pace=step_pace(view))]


def _ending(view: RunView, name: str, text: Text) -> str:
    if view.kind == "change" and view.state == "stopped":
        return text.STOPPED.format(name=name, time="", place="")
    done = next((e for e in reversed(view.events) if isinstance(e, Step)), None)
    steps = view.attack.steps if view.attack else view.recipe.steps
    step, steps = (done.step, done.steps) if done else (steps, steps)
    took = duration(view.ended - view.started, text) if view.ended > view.started > 0 else ""
    if view.state == "stopped":
        time = text.STOPPED_TIME.format(duration=took) if took else ""
        place = text.STOPPED_PLACE.format(step=step, steps=steps) if done else ""
        return text.STOPPED.format(name=name, time=time, place=place)
    last = view.events[-1] if view.events else None
    code = last.reason if isinstance(last, Done) else ""
    # A reason that is not of this lab may hold anything, so it is no template.
    why = text.REASONS[code].format(step=step, steps=steps) if code in text.REASONS else code
    why = "" if code in PLAIN_ENDS else why
    return text.FINISHED.format(
        name=name,
        time=text.FINISHED_TIME.format(duration=took) if took else "",
        reason=text.FINISHED_REASON.format(reason=why) if why else "",
    )


def is_active(engine: Visit, run_id: str) -> bool:
    """Return whether the run is waiting or running."""
    view = look_up(engine, run_id)
    return view is not None and view.state not in ENDED

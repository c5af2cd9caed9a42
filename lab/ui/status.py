"""How the work of one browser stands now, in words that are true after a reload, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lab.events import Done, Importance, Ready
from lab.report.text import Text
from lab.serve.views import ENDED, RunView
from lab.serve.visit import Visit
from lab.ui.examples import Examples
from lab.ui.follow import announced, describe, found, look_up
from lab.ui.gallery import People


@dataclass(frozen=True)
class Now:
    """``chip``: the few words of the bar. ``said``: the sentence that is announced about the runs.
    ``under_way``: what of this browser waits or runs now, "" for nothing. ``done``: the steps (from
    1) that have a result. ``moment``: what changes when a run starts, is ready or ends, and at no
    other time.
    """

    chip: str
    said: str
    under_way: str
    done: tuple[int, ...]
    moment: str


@dataclass(frozen=True)
class Asked:
    """Whom a browser has chosen, and its runs.

    ``slots``: those of the chosen person in the order of ``context.SLOTS``. ``order``: the ids of
    all, the one asked for last at the end: a run that was kept from earlier ended long before.
    """

    entity: str
    slots: Sequence[str]
    order: Sequence[str]

    def turn(self, view: RunView) -> tuple[int, float]:
        """What sorts the runs that have ended, the last one asked for at the end."""
        return (self.order.index(view.id) if view.id in self.order else -1, view.ended)


def now(
    engine: Visit, people: People, examples: Examples, runs: Asked, answered: bool, text: Text
) -> Now:
    """Say how the runs of a browser stand: what runs now comes before what has ended.

    ``answered``: whether two models have answered in step 4.
    """
    entity, slots = runs.entity, runs.slots
    views = [None if examples.of(run_id) else look_up(engine, run_id) for run_id in slots]
    active = sorted(engine.under_way(), key=lambda view: view.state == "waiting")
    ended = sorted((v for v in views if v and v.state in ENDED), key=runs.turn)
    last = active[0] if active else ended[-1] if ended else None
    if last is None:
        recorded = any(examples.of(s) for s in slots) or bool(examples.first)
        chip = text.CHIP_EXAMPLE if recorded else text.CHIP_NOTHING
        said, line = text.HELLO_EXAMPLE if recorded else text.HELLO, ""
    else:
        chip = text.CHIPS[last.kind][last.state]
        told = partial(_line, last, people, entity, len(active), text)
        said, line = told(announced(last, text)), told(describe(last, text)) if active else ""
    looks = looking(engine, text)
    chip = text.CHIP_LOOKS if looks and not active else chip
    results = [
        (1, bool(entity) and (entity != examples.entity or any(views))),
        (2, bool(found(views[0], Importance))),
        (3, bool(views[1] and views[1].state in ENDED and found(views[1], Done))),
        (4, answered),
        (5, bool(views[2] and views[2].state in ENDED and found(views[2], Done))),
    ]
    moment = [f"{v.id} {v.state} {bool(found(v, Ready))}" for v in (*views, *active) if v]
    under_way = " ".join(filter(None, (line, looks)))
    return Now(chip, said, under_way, tuple(n for n, there in results if there), "; ".join(moment))


def looking(engine: Visit, text: Text) -> str:
    """Return what else this browser has asked and not been told yet, a sentence each; "" for nothing."""
    return " ".join(text.LOOKS[kind] for kind in engine.looks())


def _line(view: RunView, people: People, entity: str, active: int, text: Text, line: str) -> str:
    """A run's line with whom it is about, where that is somebody else, and how many more wait."""
    if view.kind != "change" and view.entity != entity:
        card = people.card(view.entity)
        line = text.ABOUT_OTHER.format(name=card.name if card else view.entity, line=line)
    if active < 2:
        return line
    return f"{line.removesuffix('.')}. {text.MORE_WAIT.format(count=active - 1)}"

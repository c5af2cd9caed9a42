"""What the teacher's page asks for again and again: who is where, the queue, and what is set."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from lab.report import markup
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.export import predictions
from lab.serve.classroom.seats import Seat, queue, seats
from lab.serve.engine import Engine
from lab.serve.views import ENDED, RunView
from lab.ui.follow import describe
from lab.ui.linked import setting_name

MOST_OFFERED = 40  # runs that everybody can be brought to, the newest


def live(room: Classroom, engine: Engine, visitor: str, stuck: float, text: Text) -> dict[str, Any]:
    """Return the parts of the page as HTML by their ids, and the runs that can be shown to all.

    ``stuck``: after how many minutes without progress somebody is. Raises ``LabError`` unless it is
    the teacher who asks.
    """
    engine.rights.check_teacher(visitor)
    views, names = engine.runs(visitor), {p.visitor: p.nickname for p in room.state.people}
    people = {card.id: card.name for card in engine.entities(visitor)}
    named = _Named(names | {p.visitor: text.ROOM_TEACHER for p in room.state.teachers}, people)
    now = time.time()
    return {
        "people": _people(seats(room, views, now, time.monotonic()), stuck, text),
        "queue": _queue(engine, queue(engine, visitor), named, text),
        "now": _now(room, now, text),
        "set": _set(room, people, text),
        "predicted": predictions(room, text) or markup.note(text.ROOM_PREDICTED_NONE, "quiet"),
        "runs": [
            [view.id, named.run(view, text)]
            for view in reversed(views)
            if view.state in ENDED and view.kind != "inspect" and view.owner in named.nicknames
        ][:MOST_OFFERED],
    }


class _Named:
    """Runs by the nicknames of whose they are and the names of whom they are about."""

    def __init__(self, nicknames: Mapping[str, str], people: Mapping[str, str]) -> None:
        self.nicknames, self._people = nicknames, people

    def run(self, view: RunView, text: Text) -> str:
        """What a run is: by whom, of which kind, about whom, by which method."""
        kind = text.ATTACK_KINDS[view.attack.kind] if view.attack else text.RUN_KINDS[view.kind]
        return str(
            text.ROOM_RUN.format(
                nickname=self.nicknames.get(view.owner, text.ROOM_SOMEBODY),
                kind=kind,
                person=self._people.get(view.entity, view.entity),
                method=view.recipe.method,
            )
        )


def _people(found: list[Seat], stuck: float, text: Text) -> str:
    if not found:
        return markup.note(text.ROOM_NOBODY, "quiet")
    rows = []
    for seat in found:
        is_stuck = seat.stuck(stuck)
        words = text.ROOM_DOING[seat.doing]
        if is_stuck:
            words = text.ROOM_STUCK.format(doing=words, minutes=seat.idle)
        step = text.STEPS[seat.step - 1] if seat.step else text.NOTHING
        cells = (seat.nickname, step, words, describe(seat.view, text))
        rows.append(_row(cells, "stuck" if is_stuck else seat.doing))
    return _table(text.ROOM_PEOPLE_HEAD, rows, text.ROOM_PEOPLE)


def _queue(engine: Engine, views: list[RunView], named: _Named, text: Text) -> str:
    """The runs under way with their buttons; the ids let the focus stay where it is."""
    paused = engine.steer.paused
    note = markup.note(text.ROOM_PAUSED_NOW, "bad") if paused else ""
    words, on = (text.ROOM_GO_ON, "no") if paused else (text.ROOM_PAUSE, "yes")
    hold = _button("pause", words, on=on)
    if not views:
        return note + hold + markup.note(text.ROOM_QUEUE_EMPTY, "quiet")
    rows = []
    for view in views:
        waits = view.state == "waiting"
        buttons = [("cancel", text.ROOM_CANCEL if waits else text.STOP)]
        if waits:
            buttons = [("first", text.ROOM_FIRST), ("last", text.ROOM_LAST), *buttons]
        keys = "".join(_button(act, words, run=view.id) for act, words in buttons)
        place = str(view.place) if waits else text.STATES[view.state]
        rows.append(_row((place, named.run(view, text)), "", f'<td class="keys">{keys}</td>'))
    return note + hold + _table(text.ROOM_QUEUE_HEAD, rows, text.ROOM_QUEUE)


def _now(room: Classroom, now: float, text: Text) -> str:
    """What everybody's page shows now: where they were brought, the message and the timer."""
    state = room.state
    said = []
    if state.look:
        said.append(text.ROOM_LOOK_NOW.format(step=text.STEPS[state.look.step - 1]))
    if state.messages:
        said.append(text.ROOM_SAID_NOW.format(words=state.messages[-1].words))
    if state.ends > now:
        said.append(text.ROOM_TIMER_NOW.format(left=markup.duration(state.ends - now, text)))
    return "".join(markup.note(words) for words in said or [text.ROOM_SHOWN_NOTHING])


def _set(room: Classroom, people: Mapping[str, str], text: Text) -> str:
    """What is locked and preset, each with a button that takes it back."""
    limits, items = room.state.limits, []
    for form, values in ((text.ROOM_LOCKED, limits.locked), (text.ROOM_PRESET, limits.preset)):
        for key, value in values.items():
            words = form.format(label=setting_name(key, text), value=value)
            items.append(f"{escape(words)} {_button('unset', text.ROOM_FREE, key=key)}")
    if limits.people:
        names = ", ".join(people.get(one, one) for one in limits.people)
        items.append(escape(text.ROOM_PEOPLE_SET.format(people=names)))
    if limits.closed:
        steps = ", ".join(text.STEPS[step - 1] for step in limits.closed)
        items.append(escape(text.ROOM_CLOSED_SET.format(steps=steps)))
    if not items:
        return markup.note(text.ROOM_ALL_FREE, "quiet")
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def said(error: Exception, text: Text) -> str:
    """What the core said, in the language of the page."""
    return translated(str(error), text)


def _button(act: str, words: str, **data: str) -> str:
    """A button of the page: what it does and with what is in its data."""
    more = "".join(f' data-{name}="{escape(value, quote=True)}"' for name, value in data.items())
    key = escape("-".join((act, *data.values())), quote=True)
    return f'<button type="button" id="{key}" data-act="{act}"{more}>{escape(words)}</button>'


def _row(cells: Iterable[str], kind: str, more: str = "") -> str:
    inside = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}">{inside}{more}</tr>'


def _table(head: Iterable[str], rows: Iterable[str], caption: str) -> str:
    top = "".join(f'<th scope="col">{escape(words)}</th>' for words in head)
    return markup.frame_table(top, "".join(rows), caption)

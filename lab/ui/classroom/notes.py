"""What a visitor's page hears of the room: notes, the timer, where to look, and what is set.

It comes and goes with the small question that each tab asks every two seconds anyway.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.recipe import DEFAULT_STRENGTH, AttackRecipe, Recipe, revise
from lab.recipe.settings import OF_ATTACK, apart
from lab.report.text import Text
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.state import State
from lab.ui import locks
from lab.ui.context import CHANGE, Frame, open_step, signal
from lab.ui.follow import look_up
from lab.ui.steps import attack, settings
from lab.ui.steps.mine import opened, run_name

CSS = """
.lab-room { display: grid; gap: 6px; }
.lab-room:empty { display: none; }
.lab-room + .lab-room { margin-top: 6px; }
.lab-room > p { margin: 0; display: flex; gap: 12px; align-items: center; padding: 6px 12px;
  border: 1px solid var(--color-accent); border-left-width: 5px; border-radius: 6px;
  background: var(--background-fill-secondary); overflow-wrap: anywhere; }
.lab-room > p > span { flex: 1 1 auto; }
.lab-room time { font-weight: 700; font-variant-numeric: tabular-nums; }
.lab-room button { flex: none; padding: 2px 10px; min-height: 30px; border-radius: 6px;
  cursor: pointer; font-size: 0.875rem !important; font-weight: 400 !important;
  color: var(--body-text-color); background: var(--background-fill-primary);
  border: 1px solid var(--border-color-primary); }
.lab-people button.lab-barred { display: none; }
"""

# Where this tab is and what was predicted in it; the words of the answers stay in the browser.
HERE_JS = """
(...values) => {
  const tabs = [...document.querySelectorAll('#steps > .tab-wrapper [role=tab]')];
  const step = tabs.findIndex((tab) => tab.getAttribute('aria-selected') === 'true') + 1;
  const chosen = window.labChosen ?? document.querySelector('.lab-people')?.dataset.chosen ?? '';
  const answers = {};
  for (let n = 1; n <= 6; n += 1) {
    const guess = localStorage.getItem(`lab-predict-${n}-${chosen}`);
    if (guess !== null) answers[n] = Number(guess);
  }
  values[PLACE] = JSON.stringify({ step, answers });
  return values;
}
"""
BOARD_JS = """
const dismissed = (kind) => Number(sessionStorage.getItem(`lab-room-${kind}`));
let came = Date.now(), shown = '';
const left = () => {
  const { timer } = props.value;
  return timer === null ? -1 : Math.max(0, Math.round(timer - (Date.now() - came) / 1000));
};
const note = (words, kind, number) => {
  const line = document.createElement('p'), said = document.createElement('span');
  said.textContent = words;
  line.append(said);
  if (number) {
    const away = document.createElement('button');
    away.type = 'button';
    away.textContent = props.value.dismiss;
    away.addEventListener('click', () => {
      sessionStorage.setItem(`lab-room-${kind}`, number);
      draw();
    });
    line.append(away);
  }
  return line;
};
const clock = () => {
  const { timeup, timeleft } = props.value, seconds = left();
  const words = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return seconds ? timeleft.replace('{left}', words) : timeup;
};
const draw = () => {
  const [board, timer] = element.querySelectorAll('.lab-room');
  if (!board || !props.value.rev) return;
  const notes = props.value.notes.filter((n) => !n.number || n.number > dismissed(n.kind));
  // what stands there already stays: it is not read out again, and its button keeps the focus
  const now = JSON.stringify(notes);
  if (now !== shown) board.replaceChildren(...notes.map((n) => note(n.words, n.kind, n.number)));
  shown = now;
  if (left() < 0) timer.replaceChildren();
  else if (!timer.firstChild) {
    const line = note('', 'timer', 0);
    line.firstChild.append(document.createElement('time'));
    timer.append(line);
  }
  tick();
  bar();
};
const bar = () => {
  const { people } = props.value;
  let changed = false;
  document.querySelectorAll('.lab-people button[data-id]').forEach((b) => {
    const out = Boolean(people?.length) && !people.includes(b.dataset.id);
    changed ||= out !== b.classList.contains('lab-barred');
    b.classList.toggle('lab-barred', out);
  });
  if (changed) window.dispatchEvent(new Event('lab-chosen'));  // which face Tab reaches
};
const tick = () => {
  const time = element.querySelector('time');
  if (time && time.textContent !== clock()) time.textContent = clock();
};
setInterval(tick, 1000);
const passes = (tries) => window.lab?.passes ? window.lab.passes.push(bar)
  : tries && setTimeout(() => passes(tries - 1), 100);
passes(100);
draw();
watch('value', () => { came = Date.now(); draw(); });
"""
# A tab goes where the teacher points once: whoever goes on from there is left alone.
LOOK_JS = """
watch('value', () => {
  const number = Number(props.value) || 0;
  if (number <= Number(sessionStorage.getItem('lab-room-look'))) return;
  sessionStorage.setItem('lab-room-look', number);
  trigger('select', {});
});
"""


@dataclass(frozen=True)
class Parts:
    """The unseen values of the page that carry the room, and the board that shows its notes."""

    room: Classroom
    board: gr.HTML
    here: gr.Textbox
    look: gr.HTML
    limits: gr.HTML

    @property
    def inputs(self) -> list[gr.components.Component]:
        """What the tick asks with; ``here`` is filled in by ``here_js``."""
        return [self.here, self.board, self.look, self.limits]

    @property
    def outputs(self) -> list[gr.components.Component]:
        """What the tick may change."""
        return [self.board, self.look, self.limits]


def layout(room: Classroom, text: Text) -> Parts:
    """Lay out the board, which takes no room while nothing is on it."""
    board = gr.HTML(
        {"rev": 0},
        html_template='<div class="lab-room" role="status" aria-live="polite"></div>'
        '<div class="lab-room" role="timer" aria-live="off"></div>',
        js_on_load=BOARD_JS,
        elem_id="room",
    )
    here = gr.Textbox("", show_label=False, container=False, visible="hidden")
    look = gr.HTML(
        0,
        html_template="<span></span>",
        js_on_load=LOOK_JS,
        elem_id="room-look",
        elem_classes="lab-signal",
    )
    return Parts(room, board, here, look, signal(0, "room-limits"))


def here_js(place: int) -> str:
    """Return the script that fills in ``here``, which stands at a place among a handler's inputs."""
    return HERE_JS.replace("PLACE", str(place))


def answer(parts: Parts, asked: tuple[Any, ...], visitor: str, mark: str, text: Text) -> list[Any]:
    """Note where a tab is and return what it should show; ``mark``: what else stands on it."""
    step, answers = _here(asked[0])
    if parts.room.admits(visitor):
        parts.room.saw(visitor, step, f"{step} {mark} {answers}", answers)
    state = parts.room.state
    wanted = (state.revision, state.look.number if state.look else 0, state.limited)
    board = asked[1].get("rev") if isinstance(asked[1], dict) else 0
    return [
        gr.skip() if board == wanted[0] else shown(state, time.time(), text),
        *(gr.skip() if had == now else now for had, now in zip(asked[2:], wanted[1:], strict=True)),
    ]


def shown(state: State, now: float, text: Text) -> dict[str, Any]:
    """What stands on the board, and whom the room is about."""
    notes: list[dict[str, Any]] = []
    if state.messages:
        last = state.messages[-1]
        words = text.ROOM_FROM_TEACHER.format(words=last.words)
        notes.append({"kind": "message", "number": last.number, "words": words})
    if state.look:
        words = text.ROOM_LOOK_HERE.format(step=text.STEPS[state.look.step - 1])
        notes.append({"kind": "brought", "number": state.look.number, "words": words})
    if state.paused:
        notes.append({"kind": "paused", "number": 0, "words": text.ROOM_PAUSED})
    return {
        "rev": state.revision,
        "notes": notes,
        "timer": max(0.0, state.ends - now) if state.ends else None,
        "people": list(state.limits.people),
        "dismiss": text.ROOM_DISMISS,
        "timeleft": text.ROOM_TIME_LEFT,
        "timeup": text.ROOM_TIME_UP,
    }


def _here(said: Any) -> tuple[int, Mapping[int, int]]:
    """The step and the predictions that a browser sent, as far as they can be any."""
    try:
        found = json.loads(str(said)[:2000])
        step, given = int(found["step"]), dict(found["answers"])
        answers = {int(k): int(v) for k, v in given.items()}
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0, {}
    right = {k: v for k, v in answers.items() if 1 <= k <= 6 and 0 <= v <= 2}
    return (step if 1 <= step <= 6 else 0), right


def wire(
    parts: Parts, frame: Frame, tune: settings.Parts, relearn: attack.Parts, tabs: list[gr.Tab]
) -> None:
    """Let the page follow: to where the teacher points, and with what is locked or preset."""
    engine, text, room = frame.engine, frame.text, parts.room

    def go() -> list[Any]:
        look = room.state.look
        if look is None:
            return [gr.skip()] * (len(frame.slots) + 3)
        view, who = look_up(engine, look.run), [gr.skip()] * (len(frame.slots) + 1)
        words = text.ROOM_LOOK_HERE.format(step=text.STEPS[look.step - 1])
        if view and not view.foreign and frame.people.card(view.entity):
            who = opened(view, frame)
            words = text.MINE_OPENED.format(name=run_name(view, frame))
        return [*who, open_step(look.step), words]

    def follow(here: str, *held: Any) -> list[Any]:
        limits = room.state.limits
        base = settings.recipe_for(engine.preset, DEFAULT_STRENGTH)
        tab = locks.of_tab(*held)
        # what a link or a lesson has locked is no default of the teacher's, and no hand could mend it
        preset = {key: value for key, value in limits.preset.items() if key not in tab}
        given = apart({**preset, **limits.locked})
        locked = {*limits.locked, *tab}
        fields = [
            *_held(tune.fields, base, given[0], locked, ""),
            *_held(relearn.fields, engine.preset.attack, given[1], locked, OF_ATTACK),
        ]
        strength = gr.update(interactive=not locks.strength_held(frame, tab))
        shut = [gr.Tab(interactive=n not in limits.closed) for n in range(1, len(tabs) + 1)]
        step = open_step(1) if _here(here)[0] in limits.closed else gr.skip()
        return [strength, *fields, *shut, step]

    controls = [*tune.fields.values(), *relearn.fields.values()]
    parts.look.select(go, None, [frame.entity, *frame.slots, frame.steps, frame.announce], **CHANGE)
    parts.limits.select(
        follow,
        [parts.here, *locks.inputs(frame)],
        [tune.strength, *controls, *tabs, frame.steps],
        js=here_js(0),
        **CHANGE,
    )


def _held(
    names: Iterable[str],
    base: Recipe | AttackRecipe,
    given: Mapping[str, Any],
    locked: Collection[str],
    prefix: str,
) -> list[Any]:
    """Fields as they are now: what is ``given`` is filled in, and cannot be changed where locked."""
    wanted = revise(base, dict(given))
    return [
        gr.update(interactive=prefix + name not in locked)
        | ({"value": getattr(wanted, name)} if name in given else {})
        for name in names
    ]

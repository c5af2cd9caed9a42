"""The teacher's page as HTML: what changes is filled in by its script, which asks every two seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape

from lab.catalogue import METHODS
from lab.recipe import STRENGTHS
from lab.recipe.settings import NAMES
from lab.report import markup
from lab.report.text import Text
from lab.serve.classroom.classroom import MOST_MINUTES, Classroom
from lab.serve.classroom.seats import STUCK_MINUTES
from lab.serve.classroom.state import MOST_WORDS
from lab.serve.rules import CLOSABLE
from lab.serve.views import EntityCard
from lab.ui.classroom.look import languages, whole
from lab.ui.linked import setting_name

STUCK_OFFERED = (3, 5, 10, 20)
ONE_BY_ONE = ("entity", "method")  # these have forms of their own

STYLE = """
body { max-width: 1400px; }
header { display: flex; flex-wrap: wrap; gap: 4px 24px; align-items: baseline; }
header .code { font-size: 1.6rem; font-weight: 700; letter-spacing: 0.2em; }
#said { min-height: 1.5em; margin: 4px 0 10px; font-weight: 600; position: sticky; top: 0; z-index: 1;
  background: var(--ground); }
main { display: grid; gap: 16px; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
  align-items: start; }
main > div { display: grid; gap: 16px; min-width: 0; }
section { border: 1px solid var(--soft); border-radius: 8px; padding: 14px; min-width: 0; }
.lab-table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid var(--soft);
  vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
td:first-child { font-weight: 600; overflow-wrap: anywhere; min-width: 5.5em; }
[data-live=people] td:nth-child(2) { white-space: nowrap; }
tr.stuck td { color: var(--bad); } tr.away td { color: var(--quiet); }
.lab-note.quiet { color: var(--quiet); font-size: 0.9rem; } .lab-note.bad { color: var(--bad); }
.lab-note { margin: 0 0 6px; }
section button, section select, section input { min-height: 34px; padding: 4px 10px;
  font-size: 0.9rem; }
.keys { white-space: nowrap; } .keys button { margin-left: 4px; }
form { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: end; margin: 0 0 10px; }
form label { font-size: 0.85rem; } form .wide { flex: 1 1 220px; } form .wide > * { width: 100%; }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 4px 14px; }
legend { float: left; font-weight: 600; font-size: 0.85rem; padding: 0 8px 0 0; }
fieldset label { font-weight: 400; display: inline-flex; gap: 6px; align-items: center; }
fieldset input { min-height: 0; width: 17px; height: 17px; margin: 0; }
ul { margin: 0 0 10px; padding-left: 20px; } li { margin-bottom: 4px; }
#pick { max-height: 180px; overflow: auto; border: 1px solid var(--soft); border-radius: 6px;
  padding: 8px; flex: 1 1 100%; }
#key-form { max-width: 26rem; margin-top: 8vh; display: grid; align-items: stretch; }
@media (max-width: 800px) { main { grid-template-columns: minmax(0, 1fr); }
  table { font-size: 0.85rem; } th, td { padding: 5px 4px; } section { padding: 10px; }
  td:first-child { min-width: 0; } [data-live=queue] td:first-child { white-space: nowrap; }
  .keys { white-space: normal; } .keys button { margin: 0 4px 4px 0; min-width: 6em; } }
"""

JS = """
((words) => {
  const said = document.getElementById('said');
  const tell = (line, bad) => { said.textContent = line; said.classList.toggle('bad', bad); };
  const live = async () => {
    const stuck = document.getElementById('stuck').value;
    const answer = await fetch(`teacher/live?stuck=${stuck}`);
    if (answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const parts = await answer.json();
    const runs = document.getElementById('run'), chosen = runs.value;
    const ids = parts.runs.map(([id]) => id).join();
    if (runs.dataset.ids !== ids) {
      runs.dataset.ids = ids;
      runs.replaceChildren(new Option(words.norun, ''), ...parts.runs.map(([id, name]) => new Option(name, id)));
      runs.value = chosen;
      if (runs.selectedIndex < 0) runs.value = '';
    }
    const focus = document.activeElement?.id;
    for (const part of document.querySelectorAll('[data-live]')) {
      const html = parts[part.dataset.live];
      if (part.dataset.now === html) continue;
      part.dataset.now = html;
      part.innerHTML = html;
    }
    if (focus && document.activeElement?.id !== focus) document.getElementById(focus)?.focus();
  };
  const look = () => live().then(
    () => { if (said.textContent === words.lost) tell('', false); }, () => tell(words.lost, true));
  const act = async (body) => {
    const answer = await fetch('teacher/do', { method: 'POST',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const line = answer.ok ? words.done : (await answer.json()).detail;
    tell(line, !answer.ok);
    await look();
    return answer.ok;
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-act]');
    if (button) act({ ...button.dataset });
  });
  document.addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = event.target, sent = new FormData(form), body = { act: form.dataset.form };
    for (const name of new Set(sent.keys())) body[name] = sent.get(name);
    if (form.dataset.many) body[form.dataset.many] = sent.getAll(form.dataset.many);
    if (await act(body) && form.dataset.clear) form.reset();
  });
  document.getElementById('stuck').addEventListener('change', look);
  look();
  setInterval(() => document.hidden || look(), 2000);
})"""

# The key stands behind the mark #, which no browser sends to any server, and is taken away at once.
KEY_JS = """
((words) => {
  const form = document.getElementById('key-form'), said = document.getElementById('said');
  const send = async (key) => {
    const answer = await fetch('teacher/enter', { method: 'POST',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }) });
    if (answer.ok) return location.reload();
    said.textContent = (await answer.json()).detail;
  };
  form.addEventListener('submit', (event) => { event.preventDefault(); send(form.key.value.trim()); });
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, '', location.pathname + location.search);
  send(key);
})"""
# Whoever is the teacher already needs no key: it is only taken out of the address.
CLEAN_JS = "if (location.hash) history.replaceState(null, '', location.pathname + location.search);"


def key_page(text: Text, address: Callable[[str], str]) -> str:
    """Return what stands at the teacher's address for everybody else: it asks for the key."""
    body = (
        languages(text, address) + f'<form id="key-form"><h1>{escape(text.ROOM_TEACHERS)}</h1>'
        f"<p>{escape(text.ROOM_KEY_LEAD)}</p>"
        f'<div><label for="key">{escape(text.ROOM_KEY)}</label>'
        '<input id="key" name="key" type="password" autocomplete="off" required></div>'
        f'<button class="main">{escape(text.ROOM_ENTER)}</button>'
        '<p class="bad" id="said" role="alert"></p></form>'
    )
    return whole(text.ROOM_TEACHERS, STYLE, body, f"{KEY_JS}({{}});")


def page(
    room: Classroom,
    people: Sequence[EntityCard],
    days: float,
    text: Text,
    address: Callable[[str], str],
) -> str:
    """Return the teacher's page."""
    code = text.ROOM_BY_PASSWORD if room.has_password else room.state.code
    kept = text.ROOM_KEPT_TEACHER.format(days=days) if days else ""
    top = (
        languages(text, address) + f"<header><h1>{escape(text.ROOM_TEACHERS)}</h1>"
        f'<p>{escape(text.ROOM_CODE)}: <span class="code">{escape(code)}</span></p>'
        f'<p class="quiet">{escape(kept)}</p><p><a href="./">{escape(text.ROOM_TO_LAB)}</a></p>'
        '</header><p id="said" role="status" aria-live="polite"></p>'
    )
    left = (
        _section(text.ROOM_PEOPLE, _stuck_after(text), "people"),
        _section(text.ROOM_QUEUE, "", "queue"),
        _section(text.ROOM_PREDICTED, "", "predicted"),
    )
    right = (
        _section(text.ROOM_SHOW, _showing(text), "now", live_first=True),
        _section(text.ROOM_SETTINGS, _settings(room, people, text), "set", live_first=True),
        _section(text.ROOM_EXPORT, _export(text)),
    )
    body = f"{top}<main><div>{''.join(left)}</div><div>{''.join(right)}</div></main>"
    words = {"done": text.ROOM_DONE, "lost": text.ROOM_LOST, "norun": text.ROOM_NO_RUN}
    return whole(text.ROOM_TEACHERS, STYLE, body, f"{CLEAN_JS}{JS}({_json(words)});")


def _json(words: object) -> str:
    """JSON that may stand in a script: nothing in it ends the script."""
    return json.dumps(words).replace("<", "\\u003c")


def _section(title: str, inside: str, live: str = "", live_first: bool = False) -> str:
    part = f'<div data-live="{live}"></div>' if live else ""
    parts = part + inside if live_first else inside + part
    return f"<section><h2>{escape(title)}</h2>{parts}</section>"


def _stuck_after(text: Text) -> str:
    offered = "".join(
        f'<option value="{n}"{" selected" if n == STUCK_MINUTES else ""}>'
        f"{escape(text.ROOM_MINUTES.format(minutes=n))}</option>"
        for n in STUCK_OFFERED
    )
    return (
        f'<form data-form=""><div><label for="stuck">{escape(text.ROOM_STUCK_AFTER)}</label>'
        f'<select id="stuck">{offered}</select></div></form>'
    )


def _field(name: str, label: str, control: str, wide: bool = False) -> str:
    kind = ' class="wide"' if wide else ""
    return f'<div{kind}><label for="{name}">{escape(label)}</label>{control}</div>'


def _select(name: str, options: Sequence[tuple[str, str]]) -> str:
    inside = "".join(
        f'<option value="{escape(value, quote=True)}">{escape(words)}</option>'
        for value, words in options
    )
    return f'<select id="{name}" name="{name.partition("-")[0]}">{inside}</select>'


def _button(words: str) -> str:
    return f"<button>{escape(words)}</button>"


def _showing(text: Text) -> str:
    """The forms of what everybody's page shows: a step and a run, a message, a timer."""
    steps = [(str(n), name) for n, name in enumerate(text.STEPS, start=1)]
    bring = _field("step", text.ROOM_STEP, _select("step", steps))
    bring += _field("run", text.ROOM_WITH_RUN, _select("run", [("", text.ROOM_NO_RUN)]), True)
    words = f'<input id="words" name="words" maxlength="{MOST_WORDS}" required>'
    minutes = (
        f'<input id="minutes" name="minutes" type="number" min="0" max="{MOST_MINUTES}" value="5" '
        'step="any" required>'
    )
    return (
        f'<form data-form="bring">{bring}{_button(text.ROOM_BRING)}'
        f'<button type="button" id="let-go" data-act="let_go">{escape(text.ROOM_LET_GO)}</button>'
        f"</form>{markup.note(text.ROOM_BRING_NOTE, 'quiet')}"
        f'<form data-form="say" data-clear="yes">{_field("words", text.ROOM_MESSAGE, words, True)}'
        f"{_button(text.ROOM_SAY)}"
        '<button type="button" id="say-nothing" data-act="say" data-words="">'
        f"{escape(text.ROOM_TAKE_BACK)}</button></form>"
        f'<form data-form="time">{_field("minutes", text.ROOM_TIMER, minutes)}'
        f"{_button(text.ROOM_START_TIMER)}"
        '<button type="button" id="no-timer" data-act="time" data-minutes="0">'
        f"{escape(text.ROOM_NO_TIMER)}</button></form>"
    )


def _settings(room: Classroom, people: Sequence[EntityCard], text: Text) -> str:
    """The forms of what is locked and preset: method, strength, any other setting, steps, people."""
    how = [("lock", text.ROOM_LOCK), ("preset", text.ROOM_GIVE)]
    others = [(key, setting_name(key, text)) for key in NAMES if key not in ONE_BY_ONE]
    method = (
        '<input type="hidden" name="key" value="method">'
        + _field(
            "value-method",
            setting_name("method", text),
            _select("value-method", [(m, m) for m in METHODS]),
        )
        + _field("how-method", text.ROOM_HOW, _select("how-method", how))
    )
    strengths = [(name, text.STRENGTH_NAMES[name]) for name in STRENGTHS]
    strength = _field("strength", text.STRENGTH, _select("strength", strengths))
    strength += _field("how-strength", text.ROOM_HOW, _select("how-strength", how))
    other = _field("key", text.ROOM_OTHER, _select("key", others), True)
    value = '<input id="value-other" name="value" required autocomplete="off" size="8">'
    other += _field("value-other", text.ROOM_VALUE, value)
    other += _field("how-other", text.ROOM_HOW, _select("how-other", how))
    return (
        f'<form data-form="set" id="set-method">{method}{_button(text.ROOM_SET)}</form>'
        f'<form data-form="strength">{strength}{_button(text.ROOM_SET)}</form>'
        f'<form data-form="set" data-clear="yes">{other}{_button(text.ROOM_SET)}</form>'
        f"{markup.note(text.ROOM_SET_NOTE, 'quiet')}"
        f'<form data-form="steps" data-many="open">{_steps(room, text)}'
        f"{_button(text.ROOM_SET)}</form>"
        f"<details><summary>{escape(text.ROOM_CHOOSE_PEOPLE)}</summary>"
        f'<form data-form="people" data-many="people">{_pick(room, people, text)}'
        f"{_button(text.ROOM_SET)}</form></details>"
    )


def _steps(room: Classroom, text: Text) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="open" value="{step}"'
        f"{'' if step in room.state.limits.closed else ' checked'}>{escape(text.STEPS[step - 1])}</label>"
        for step in CLOSABLE
    )
    return f"<fieldset><legend>{escape(text.ROOM_STEPS_OPEN)}</legend>{boxes}</fieldset>"


def _pick(room: Classroom, people: Sequence[EntityCard], text: Text) -> str:
    chosen = room.state.limits.people
    boxes = "".join(
        f'<label><input type="checkbox" name="people" value="{escape(card.id, quote=True)}"'
        f"{' checked' if card.id in chosen else ''}>{escape(card.name)}</label>"
        for card in people
        if not card.owner
    )
    return (
        f'<div id="pick" tabindex="0" role="region" aria-label="'
        f'{escape(text.ROOM_CHOOSE_PEOPLE, quote=True)}"><fieldset>'
        f"<legend>{escape(text.ROOM_PEOPLE_HINT)}</legend>{boxes}</fieldset></div>"
    )


def _export(text: Text) -> str:
    return (
        f"<p>{escape(text.ROOM_EXPORT_LEAD)}</p><p>"
        f'<a href="teacher/runs.csv" download>{escape(text.ROOM_CSV)}</a> · '
        f'<a href="teacher/report.html" download>{escape(text.ROOM_HTML)}</a></p>'
    )

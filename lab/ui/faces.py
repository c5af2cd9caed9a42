"""The gallery of faces: named buttons of which one is reached by Tab, the others by arrow keys."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import gradio as gr

from lab.report.text import Text

FILES = "gradio_api/file="  # where Gradio serves a file, from the page's own address

# The chosen face is marked in the browser, so that a choice does not draw the list anew. Where it is
# drawn anew for another reason, the face that had the focus gets it back.
FACES_JS = """
const faces = () => [...element.querySelectorAll('button[data-id]')];
// those that a teacher, a link or a lesson has not taken out
const all = () => faces().filter((b) => !b.disabled && !b.classList.contains('lab-barred'));
const press = (id) => {
  faces().forEach((b) => {
    b.setAttribute('aria-pressed', b.dataset.id === id);
    b.tabIndex = -1;
  });
  const first = all().find((b) => b.dataset.id === id) ?? all()[0];
  if (first) first.tabIndex = 0;
};
const chosen = () => press(window.labChosen ?? element.querySelector('.lab-people')?.dataset.chosen);
const reach = (button, how) => {
  all().forEach((b) => { b.tabIndex = -1; });
  button.tabIndex = 0;
  button.focus(how);
};
let focused = null;
element.addEventListener('focusin', (event) => { focused = event.target.dataset.id ?? null; });
element.addEventListener('focusout', (event) => setTimeout(() => {
  if (event.target.isConnected && !element.contains(document.activeElement)) focused = null;
}));
const redrawn = () => {
  chosen();
  const button = all().find((b) => b.dataset.id === focused);
  if (button && document.activeElement === document.body) reach(button, { preventScroll: true });
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-id]');
  if (!button) return;
  window.labChosen = button.dataset.id;
  chosen();
  trigger('select', { id: button.dataset.id });
});
element.addEventListener('keydown', (event) => {
  const buttons = all(), at = buttons.indexOf(document.activeElement);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;  // the browser's own keys
  const across = Math.max(1, buttons.filter((b) => b.offsetTop === buttons[0].offsetTop).length);
  const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? buttons.length - 1
    : move ? at + move : -1;
  if (!buttons[to]) return;
  event.preventDefault();
  reach(buttons[to]);
});
window.addEventListener('lab-chosen', chosen);
chosen();
watch('value', redrawn);
"""
CHOSEN_JS = "(id) => { window.labChosen = id; window.dispatchEvent(new Event('lab-chosen')); }"


def faces(shown: list[tuple[str, str, str]], chosen: str, text: Text) -> gr.HTML:
    """Make the gallery of (id, picture file, name); ``select`` brings the id of who is picked."""
    return gr.HTML(
        faces_html(shown, text, chosen),
        html_template="${value}",
        js_on_load=FACES_JS,
        elem_id="people",
    )


def faces_html(shown: list[tuple[str, str, str]], text: Text, chosen: str = "") -> str:
    """Return the buttons; every name is escaped."""
    buttons = "".join(
        f'<button type="button" data-id="{escape(entity, quote=True)}" aria-pressed="false">'
        f'<img src="{FILES}{quote(file)}" alt="" loading="lazy"><span>{escape(name)}</span></button>'
        for entity, file, name in shown
    )
    return (
        f'<div class="lab-people" role="group" aria-label="{escape(text.PEOPLE, quote=True)}" '
        f'data-chosen="{escape(chosen, quote=True)}">{buttons}</div>'
    )

"""What a link has locked, shown below the bar; and the look of a step that is embedded as a slide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from lab.recipe.settings import OF_ATTACK
from lab.report.text import Text

PERSON = "person"  # what can be locked beside the settings

CSS = """
.lab-locked { margin: 0; padding: 4px 12px; border-left: 4px solid var(--color-accent);
  background: var(--background-fill-secondary); font-size: 0.9rem; }
.lab-locked:empty { display: none; }
#linked:has(.lab-locked:empty) { display: none !important; }
.lab-embed #bar, .lab-embed #foot, .lab-embed footer, .lab-embed #steps > .tab-wrapper,
.lab-embed .lab-predict, .lab-embed .lab-offer, .lab-embed #own, .lab-embed #panel, .lab-embed .lab-idea details
  { display: none !important; }
.lab-embed .gradio-container { padding: 6px 12px !important; }
.lab-embed .gradio-container .app { max-width: none !important; }
.lab-challenges small { color: var(--body-text-color-subdued); font-size: 0.85rem; }
.lab-challenges summary { cursor: pointer; color: var(--body-text-color-subdued); }
.lab-challenges li { margin: 2px 0; }
.lab-embed #steps .tabitem { padding: 0 !important; }
"""
JS = """
const draw = () => {
  const line = element.querySelector('.lab-locked'), value = props.value;
  if (!line) return;
  line.replaceChildren();
  if (value?.words) {
    line.append(value.words + ' ');
    const plain = document.createElement('a');
    plain.href = location.pathname;
    plain.textContent = value.plain;
    line.append(plain);
  }
  const person = value?.person || '';
  const hold = (tries) => {
    if (!window.lab?.passes) return tries && setTimeout(() => hold(tries - 1), 50);
    if (person) window.lab.passes.push(() => document.querySelectorAll(
      '.lab-people button[data-id]').forEach((face) => {
        if (face.dataset.id !== person) face.disabled = true;
      }));
    window.lab.look();
  };
  hold(400);
};
draw(); watch('value', draw);
// A slide is as large as its frame: what is higher is drawn smaller, as far as it can be read.
const slide = () => {
  const box = document.querySelector('.gradio-container'), steps = document.querySelector('#steps');
  if (!box || !steps) return setTimeout(slide, 50);
  const fit = () => {
    let size = 1;
    for (let turn = 0; turn < 5; turn += 1) {
      box.style.zoom = size;
      const over = document.documentElement.scrollHeight / innerHeight;
      if (over <= 1.005 || size <= SMALLEST) return;
      size = Math.max(SMALLEST, size / over);
    }
    box.style.zoom = size;
  };
  // What comes late, such as an answer, does not always change the size of the part that is watched.
  const over = () => document.documentElement.scrollHeight > innerHeight + 2;
  setInterval(() => { if (over() && box.style.zoom > SMALLEST) fit(); }, 1000);
  let due = 0;
  new ResizeObserver(() => { clearTimeout(due); due = setTimeout(fit, 100); }).observe(steps);
  addEventListener('resize', fit);
};
if (new URLSearchParams(location.search).has('embed')) slide();
""".replace("SMALLEST", "0.55")


def component() -> gr.HTML:
    """Make the line that says what a link has locked; nothing is seen while that is nothing."""
    return gr.HTML(
        {"words": ""},
        html_template='<p class="lab-locked"></p>',
        js_on_load=JS,
        elem_id="linked",
    )


def locked_value(locked: Sequence[str], person: str, text: Text) -> dict[str, Any]:
    """What the line shows of the ``locked`` keys; ``person``: who alone can be chosen then."""
    if not locked:
        return {"words": ""}
    names = ", ".join(lock_name(key, text) for key in locked)
    words = text.LINK_LOCKS.format(names=names)
    kept = person if PERSON in locked else ""
    return {"words": words, "plain": text.LINK_PLAIN, "person": kept, "keys": list(locked)}


def lock_name(key: str, text: Text) -> str:
    """What a lock is called: the label of the setting."""
    return str(text.LINK_PERSON) if key == PERSON else setting_name(key, text)


def setting_name(key: str, text: Text) -> str:
    """The label of a setting; of an attack's it says that it is one."""
    if not key.startswith(OF_ATTACK):
        return str(text.FIELDS["Recipe"][key][0])
    label = text.FIELDS["AttackRecipe"][key.removeprefix(OF_ATTACK)][0]
    return str(text.SETTING_OF_ATTACK.format(label=label))

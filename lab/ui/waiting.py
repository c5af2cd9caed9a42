"""What stands where a result will be: what runs now in plain words, and how much of it is done."""

from __future__ import annotations

import time
from pathlib import Path

import gradio as gr

from lab.catalogue import TRAINING_ATTACKS
from lab.events import Importance, Phase, Ready, Step
from lab.report import markup
from lab.report.glance import faces
from lab.report.text import Text
from lab.serve.pace import left
from lab.serve.views import ENDED, RunView
from lab.ui.context import Frame
from lab.ui.follow import found, look_up

# On a phone it comes below the settings: then it is brought into view, once.
INTO_VIEW_JS = """
let there = false;
new MutationObserver(() => {
  const face = element.querySelector('.lab-face');
  if (face && !there) face.scrollIntoView({block: 'nearest'});
  there = Boolean(face);
}).observe(element, {childList: true, subtree: true});
"""


def face(elem_id: str) -> gr.HTML:
    """Make the place of ``portrait_of``, beside what says how a run goes."""
    return gr.HTML("", js_on_load=INTO_VIEW_JS, elem_id=elem_id)


def waiting(view: RunView, text: Text) -> str:
    """Return what a run under way does now as HTML; "" for one that waits or has ended."""
    if view.state != "running":
        return ""
    rest = left(view, time.time())
    bar = ""
    if rest is not None:
        share = min(0.99, rest.share)  # the end is said by the result
        words = text.WAIT_DONE.format(share=share)
        bar = f'<progress max="1" value="{share:.3f}" aria-label="{words}"></progress>{words} '
    now = markup.note(text.WAITS[stage(view)])
    more = "" if view.kind == "inspect" else text.MEANWHILE
    return f'<div class="lab-wait">{now}<p class="lab-note quiet">{bar}{more}</p></div>'


def portrait_of(view: RunView | None, inspected: str, frame: Frame) -> str:
    """Return the face that a run under way is about, and where it lights up, as HTML.

    The second picture is of the run itself, of the run that it attacks, or of the look inside with
    the id ``inspected``, and is there as soon as one of them has measured it. "" for an ended run.
    """
    card = frame.people.card(view.entity) if view and view.state not in ENDED else None
    if view is None or card is None:
        return ""
    others = (look_up(frame.engine, run_id) for run_id in (view.parent or "", inspected))
    about = [view, *(other for other in others if other and other.entity == view.entity)]
    seen = next(filter(None, (found(one, Importance) for one in about)), None)
    words = frame.text.WAIT_GLOW.format(name=card.name), frame.text.WAIT_GLOW_SHORT
    portrait = Path(frame.people.picture(card.id)).read_bytes()
    shown = faces(card.name, portrait, seen, *words, frame.text)
    return f'<div class="lab-views lab-face">{shown}</div>'


def stage(view: RunView) -> str:
    """Return which of ``WAITS`` a run is in."""
    if view.attack:
        if view.attack.kind not in TRAINING_ATTACKS:
            return "bars"
        phase = found(view, Phase)
        return "control" if phase and phase.done else "attack"
    if found(view, Ready):
        return "score"
    last = next((e for e in reversed(view.events) if isinstance(e, Phase | Step)), None)
    if isinstance(last, Step):
        return "train"
    names = ("importance", "fisher", "teacher", "context")
    return last.name if last is not None and last.name in names else "start"

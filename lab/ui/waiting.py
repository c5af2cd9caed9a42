"""What stands where a result will be: what runs now in plain words, and how much of it is done."""

from __future__ import annotations

import time

from lab.catalogue import TRAINING_ATTACKS
from lab.events import Phase, Ready, Step
from lab.report import markup
from lab.report.text import Text
from lab.serve.engine import RunView
from lab.serve.pace import left
from lab.ui.follow import found


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

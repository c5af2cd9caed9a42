"""What step 2's figures and the depth panel's lines say, in words."""

from __future__ import annotations

import numpy as np

from lab.events import Identity, Importance
from lab.report.certainty import wilson
from lab.report.markup import percent
from lab.report.text import Text
from lab.report.verdict import CLEAR, Verdict

TWICE = (
    2.0  # a neuron answers to a person if it fires at least so many times as strongly (our choice)
)
FEW, MANY = 0.05, 0.30  # shares of the neurons: fewer are few, more are many (our choice)


def inside(importance: Importance, name: str, text: Text) -> Verdict:
    """How many neurons answer to the person above all; the outcome: 0 few, 1 some, 2 many."""
    scores = np.concatenate([np.asarray(layer) for layer in importance.score])
    off = np.concatenate([np.asarray(layer, bool) for layer in importance.pruned])
    loud = int((scores >= TWICE).sum())
    share = loud / len(scores)
    words = text.VERDICT_INSIDE.format(
        name=name, count=loud, total=len(scores), share=percent(share, text), times=TWICE
    )
    more = ""
    if off.any():
        more = text.VERDICT_OFF.format(off=int(off.sum()), times=float(np.median(scores[off])))
    return Verdict(words, 0 if share < FEW else 1 if share <= MANY else 2, more)


def depths(
    original: Identity, unlearned: Identity | None, control: Identity | None, name: str, text: Text
) -> str:
    """At which depth the person can still be told apart, and what the control says about that.

    Told apart: the share of held-out views whose nearest training view is the person's lies above
    chance with 95 % certainty. The linear probe is left to the table: it finds nearly everybody.
    """
    if unlearned is None:
        words = _where(original, text.DEPTH_ORIGINAL, text.DEPTH_ORIGINAL_NOT, name, text)
        return f"{words} {text.DEPTH_NO_RUN}"
    last = unlearned.depths[-1]
    found = _found(unlearned)
    figures = {
        "name": name,
        "n": unlearned.n_target,
        "before": percent(original.depths[-1].nearest, text),
        "after": percent(last.nearest, text),
        "chance": percent(unlearned.chance_nearest, text),
    }
    if not found:
        return str(text.DEPTH_NOWHERE.format(**figures))
    if found[-1] != last.name:
        return str(text.DEPTH_UP_TO.format(depth=found[-1], **figures))
    return " ".join(
        [text.DEPTH_STILL.format(**figures), _against(unlearned, control, text)]
    ).strip()


def _against(unlearned: Identity, control: Identity | None, text: Text) -> str:
    """Whether a model that never met its person tells faces apart as well as that."""
    if control is None:
        return ""
    ours, theirs = unlearned.depths[-1].nearest, control.depths[-1].nearest
    form = text.DEPTH_ANYBODY if ours - theirs < CLEAR else text.DEPTH_BETTER
    return str(form.format(control=percent(theirs, text)))


def _where(curve: Identity, some: str, none: str, name: str, text: Text) -> str:
    found = _found(curve)
    return (some if found else none).format(
        name=name, depth=found[0] if found else "", n=curve.n_target
    )


def _found(curve: Identity) -> list[str]:
    """The names of the depths at which the person is told apart, from the pictures on."""
    return [
        depth.name
        for depth in curve.depths
        if wilson(depth.nearest, curve.n_target)[0] > curve.chance_nearest
    ]

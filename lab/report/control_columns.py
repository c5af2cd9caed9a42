"""The columns that the controls add to a table of measures, and the lines below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.events.controls import Control
from lab.report.markup import percent
from lab.report.text import Text


def heads(controls: Sequence[Control], text: Text) -> tuple[str, ...]:
    """The heads of the columns: one for each control of this person."""
    return tuple(text.CONTROL_NAMES[c.who] for c in controls if c.fits)


def cells(controls: Sequence[Control], measure: str, n: object, text: Text) -> tuple[str, ...]:
    """The controls' figures in one measure, with n where it is not the ``n`` of the row."""
    return tuple(_cell(c, measure, n, text) for c in controls if c.fits)


def lines(controls: Sequence[Control], text: Text) -> list[str]:
    """What each control is, and in one line which are none for this person."""
    fitting = [text.CONTROL_ABOUT[c.who] for c in controls if c.fits]
    others = _listed((text.CONTROL_NAMES[c.who] for c in controls if not c.fits), text)
    about = [" ".join((*fitting, text.CONTROL_N))] if fitting else []
    return about + ([text.NO_CONTROL_HERE.format(names=others)] if others else [])


def _cell(control: Control, measure: str, n: object, text: Text) -> str:
    if measure not in control.values:
        return text.NOTHING
    share, own = percent(control.values[measure], text), control.n[measure]
    return share if own == n else text.CONTROL_OTHER_N.format(share=share, n=own)


def _listed(names: Iterable[str], text: Text) -> str:
    return ", ".join(text.QUOTED.format(name=name) for name in names)

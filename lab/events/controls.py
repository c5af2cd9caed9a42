"""What the controls score beside a run, and that as the part ``controls`` of the run's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.events import Done

CONTROLS = "controls"


@dataclass(frozen=True)
class Control:
    """One control's figures, by measure: shares right (or mean scores) in 0..1, and n.

    ``who``: "never_knew" or "text_only". ``fits``: whether it was taught without this person. Else
    it is no control for this person and has no figures.
    """

    who: str
    values: Mapping[str, float]
    n: Mapping[str, int]
    fits: bool = True


def with_controls(done: Done, found: Sequence[Control]) -> Done:
    """The end of a run with the controls' figures in its result; null where one does not fit."""
    told = {c.who: {"scores": dict(c.values), "n": dict(c.n)} if c.fits else None for c in found}
    return replace(done, result=done.result | {CONTROLS: told})


def controls_of(result: Mapping[str, Any]) -> list[Control]:
    """The controls in a run's result; none where nobody has asked them yet."""
    return [
        Control(who, told["scores"], told["n"]) if told else Control(who, {}, {}, False)
        for who, told in result.get(CONTROLS, {}).items()
    ]

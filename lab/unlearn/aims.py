"""Aims: where a run moves what is made of the target's pictures, chosen once by the frozen original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Told = Sequence[tuple[str, str]]  # wordings of one question, each with its answer


@dataclass(frozen=True)
class Aims:
    """What is settled before the first step; all empty where a run only drives the target away.

    ``pictures``: those to whose teacher features the target's are moved. ``names``: wordings that ask
    who it is. ``seen``: of each of the target's pictures, by its bytes, what can be seen, a fact each.
    """

    pictures: Sequence[bytes] = ()
    names: Sequence[str] = ()
    seen: Mapping[bytes, Sequence[Told]] = field(default_factory=dict)

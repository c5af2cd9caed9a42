"""The conversations of all visitors: which are answered now, and what is kept of the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import torch

from lab.model.context import CONTEXT
from lab.model.joint import JointDecode, Kept, Row
from lab.model.overlay import LANGUAGE, language_part
from lab.model.version import Version

KEPT_MB = 256.0  # of the last conversations
QUIET_MB = 48.0  # of them once nobody has asked for a while: enough for who still reads an answer
OPEN_MB = 512.0  # of those under way: 30 with two sides and a picture in the embedded model

About = tuple[str, str]  # what answers, and the picture's hash


@dataclass(frozen=True)
class Remembered:
    """A text about one picture, or none, with one version's features of it, to go on from."""

    about: About
    features: torch.Tensor | None = field(repr=False)
    kept: Kept


@dataclass(eq=False)
class Talk:
    """One conversation under way: a row for each of its sides."""

    decode: JointDecode
    rows: Sequence[Row]

    def outside(self) -> list[Row]:
        """Its rows that have to join yet."""
        return [row for row in self.rows if not row.over and row not in self.decode.rows]


def about(side: Version, image: bytes | None) -> About:
    """What a side's keys and values depend on beside the text.

    Of a text alone they are those of every side, unless a language adapter or a context is there.
    """
    spoken = side.adapter or any(n.startswith((LANGUAGE, CONTEXT)) for n in side.delta)
    shown = "" if image is None else sha256(image).hexdigest()
    return side.identity if shown or spoken else "", shown


def adapters_of(side: Version) -> dict[str, dict[str, torch.Tensor]]:
    """A side's language adapters by names that no other side's have."""
    parts = {"run": language_part(side.delta), "attack": dict(side.adapter)}
    return {f"{part} {side.identity}": adapter for part, adapter in parts.items() if adapter}


class Room:
    """Lets conversations join one decode, in the order in which they came, while memory lasts.

    Conversations whose sides have the same language adapters, or none, share a decode. Only the
    worker's thread may call.
    """

    def __init__(self, kept_mb: float = KEPT_MB, open_mb: float = OPEN_MB) -> None:
        self.kept_mb, self.open_mb = kept_mb, open_mb
        self._decodes: dict[tuple[str, ...], JointDecode] = {}
        self._line: list[Talk] = []
        self._last: list[Remembered] = []  # the oldest first
        self._token_mb = 0.0

    # -- who is answered ----------------------------------------------------------------------

    def enter(self, sides: Sequence[Version], rows: Sequence[Row]) -> Talk:
        """Put a conversation at the end of the line."""
        names = tuple(sorted({name for row in rows for name in row.adapters}))
        if names not in self._decodes:
            self._decodes[names] = JointDecode(sides[0].loaded)
        talk = Talk(self._decodes[names], rows)
        self._line.append(talk)
        return talk

    def seat(self, talk: Talk) -> bool:
        """Read a conversation's rows; False while there is no place, or somebody came before.

        Each conversation is read by itself: one prompt with a picture fills the cores already, so
        that a larger pass would only let the first ones wait for the last.
        """
        first = self._line[0] if talk in self._line else talk
        if first is not talk or not self._fits(talk):
            return False
        talk.decode.join(talk.outside())
        self._line = [t for t in self._line if t is not talk]
        self._token_mb = talk.decode.token_megabytes() or self._token_mb
        return True

    def leave(self, talk: Talk) -> None:
        """Take a conversation out, wherever it is."""
        self._line = [t for t in self._line if t is not talk]
        for row in talk.rows:
            talk.decode.leave(row)
        used = {id(t.decode) for t in self._line}
        self._decodes = {n: d for n, d in self._decodes.items() if d.rows or id(d) in used}

    def _fits(self, talk: Talk) -> bool:
        if talk.decode.closed:
            return not talk.decode.rows
        if not any(d.rows for d in self._decodes.values()):
            return True
        others = sum(d.slots() for d in self._decodes.values() if d is not talk.decode)
        slots = others + talk.decode.slots(talk.outside())
        return slots * self._token_mb <= self.open_mb

    # -- what is kept -------------------------------------------------------------------------

    def features(self, topic: About) -> tuple[torch.Tensor | None] | None:
        """The features of a picture that is remembered; None where it is not."""
        return next(((r.features,) for r in self._last if r.about == topic), None)

    def recall(self, topic: About, prompt: Sequence[int]) -> Kept:
        """What is remembered of as much of a prompt as possible."""
        found = [r for r in self._last if r.about == topic]
        best = max(found, key=lambda r: r.kept.shared(prompt), default=None)
        if best is None:
            return Kept()
        self._last = [r for r in self._last if r is not best] + [best]
        return best.kept

    def keep(self, new: Remembered) -> None:
        """Remember a text in place of what it begins with; the oldest go beyond the budget."""
        n = new.kept.tokens
        self._last = [
            r
            for r in self._last
            if r.about != new.about or r.kept.tokens != n[: len(r.kept.tokens)]
        ] + [new]
        self._keep_at_most(self.kept_mb)

    def rest(self) -> None:
        """Keep ``QUIET_MB`` of the last conversations; the others are read anew if they go on."""
        self._keep_at_most(min(QUIET_MB, self.kept_mb))

    def _keep_at_most(self, megabytes: float) -> None:
        while sum(r.kept.megabytes() for r in self._last) > megabytes:
            del self._last[0]

    def clear(self) -> None:
        """Forget every conversation; those under way go on, and new ones do not join them."""
        self._last.clear()
        self._decodes.clear()

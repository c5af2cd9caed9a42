"""Keys and values that grow by a token without being copied, in rows that come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lab.model.language import KeysValues

ROOM = 64  # tokens that fit in beyond those that are there when the room is made
ROWS = 8  # a room that takes in another row has places for a multiple of so many


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # the library has no types for it
    """One layer's keys and values as views into tensors with room for later tokens and rows.

    The library's layer copies everything that came before at every token: a twentieth of a token's
    time with 100 tokens before it, and more with longer ones. The tokens of every row end at the
    same slot. What lies before those of a shorter row is finite, and the attention mask hides it.
    """

    is_initialized: bool

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **named: Any
    ) -> KeysValues:
        """Put new tokens behind those that are there; returns all: [rows, heads, tokens, width]."""
        if not self.is_initialized:
            self._begin(key_states[..., :0, :], value_states[..., :0, :])
        new = key_states.shape[-2]
        if self.end + new > self.room[0].shape[-2]:
            self._move(len(self.keys), self.end - self.start, new + ROOM)
        rows = len(self.keys)
        for room, states in zip(self.room, (key_states, value_states), strict=True):
            room[:rows, :, self.end : self.end + new] = states
        self._view(rows, self.start, self.end + new)
        return self.keys, self.values

    def add(self, rows: Sequence[KeysValues]) -> None:
        """Put rows beside those that are there; a shorter one is hidden on its left."""
        if not self.is_initialized:
            keys, values = (t.new_empty(0, len(t), 0, t.shape[2]) for t in rows[0])
            self._begin(keys, values)
        before, after = len(self.keys), len(self.keys) + len(rows)
        width = max(self.end - self.start, *(keys.shape[-2] for keys, _ in rows))
        if after > len(self.room[0]) or self.end < width:
            self._move(-(-after // ROWS) * ROWS if before else after, width, ROOM)
        for row, pair in enumerate(rows, before):
            for room, states in zip(self.room, pair, strict=True):
                room[row, :, self.end - states.shape[-2] : self.end] = states
        self._view(after, self.end - width, self.end)

    def drop(self, row: int) -> None:
        """Take a row out; the last one takes its place."""
        last = len(self.keys) - 1
        if row < last:
            self.keys[row], self.values[row] = self.keys[last], self.values[last]
        self._view(last, self.start, self.end)

    def narrow(self, tokens: int) -> None:
        """Keep the last so many slots, because the longest row has no more."""
        self._view(len(self.keys), self.end - tokens, self.end)

    def copy(self, row: int, tokens: int) -> KeysValues:
        """A copy of the last so many tokens of a row."""
        at = slice(self.keys.shape[-2] - tokens, None)
        return self.keys[row, :, at].clone(), self.values[row, :, at].clone()

    def _begin(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.dtype, self.device = keys.dtype, keys.device
        self.room: KeysValues = (keys, values)
        self._view(len(keys), 0, 0)
        self.is_initialized = True

    def _move(self, rows: int, tokens: int, more: int) -> None:
        """Make a larger room; what is there ends at slot ``tokens``, and ``more`` are free after it."""
        there, before = self.end - self.start, len(self.keys)
        moved = []
        for old in (self.keys, self.values):  # zeros, since a hidden slot may not hold NaN
            new = old.new_zeros(rows, old.shape[1], tokens + more, old.shape[3])
            new[:before, :, tokens - there : tokens] = old
            moved.append(new)
        self.room = (moved[0], moved[1])
        self._view(before, tokens - there, tokens)

    def _view(self, rows: int, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.keys, self.values = (room[:rows, :, start:end] for room in self.room)


def roomy_cache(layers: int = 0) -> DynamicCache:
    """An empty cache; every layer keeps all tokens, those that look back only so far included.

    A conversation may go on from any token of it. ``layers``: how many are there before a first
    pass makes them.
    """
    cache = DynamicCache()
    cache.layers = [RoomyLayer() for _ in range(layers)]
    cache.layer_class_to_replicate = RoomyLayer
    return cache

"""Keys and values that grow by a token without being copied."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

ROOM = 64  # tokens that fit in beyond those that are there when the room is made


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # the library has no types for it
    """One layer's keys and values as views into tensors with room for later tokens.

    The library's layer copies everything that came before at every token: a twentieth of a token's
    time with 100 tokens before it, and more with longer ones.
    """

    is_initialized: bool

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **named: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Put new tokens behind those that are there; returns all: [rows, heads, tokens, width]."""
        if not self.is_initialized:
            self.dtype, self.device = key_states.dtype, key_states.device
            self.keys, self.values = key_states[..., :0, :], value_states[..., :0, :]
            self.room: tuple[torch.Tensor, ...] = (self.keys, self.values)
            self.is_initialized = True
        before = self.keys.shape[-2]
        after = before + key_states.shape[-2]
        if after > self.room[0].shape[-2]:
            self.room = tuple(_larger(t, after + ROOM) for t in (self.keys, self.values))
        for room, new in zip(self.room, (key_states, value_states), strict=True):
            room[..., before:after, :] = new
        self.keys, self.values = (room[..., :after, :] for room in self.room)
        return self.keys, self.values


def _larger(kept: torch.Tensor, tokens: int) -> torch.Tensor:
    rows, heads, before, width = kept.shape
    made = kept.new_empty(rows, heads, tokens, width)
    made[..., :before, :] = kept
    return made


def roomy_cache(text: PreTrainedConfig | None) -> DynamicCache:
    """An empty cache for a language model with this config; None: every layer keeps all tokens."""
    cache = DynamicCache() if text is None else DynamicCache(config=text)
    cache.layers = [RoomyLayer() if type(x) is DynamicLayer else x for x in cache.layers]
    if cache.layer_class_to_replicate is DynamicLayer:
        cache.layer_class_to_replicate = RoomyLayer
    return cache

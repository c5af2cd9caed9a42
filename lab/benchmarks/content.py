"""A hash over what a benchmark holds: every word, number and picture, in their order."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any


def hash_of(value: object) -> str:
    """sha256 over dataclasses, mappings, lists, tuples, bytes and plain values, however nested."""
    digest = hashlib.sha256()
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: object) -> None:
    """Put a value into the hash, each part with its kind and length, so that none runs into another."""
    if dataclasses.is_dataclass(value):
        value = tuple(getattr(value, f.name) for f in dataclasses.fields(value))
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if isinstance(value, tuple | list):
        digest.update(f"list {len(value)} ".encode())
        for part in value:
            _feed(digest, part)
        return
    raw = value if isinstance(value, bytes) else repr(value).encode()
    digest.update(f"{type(value).__name__} {len(raw)} ".encode() + raw)

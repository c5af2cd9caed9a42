"""A hash over what a benchmark holds: every word, number and picture, in their order."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any


def hash_of(value: object, *flat: type) -> str:
    """sha256 over dataclasses, mappings, lists, tuples, bytes and plain values, however nested.

    ``flat``: dataclasses that hold no other ones, of which there are so many that each is taken in
    one piece (tens of thousands of questions would take seconds otherwise).
    """
    digest = hashlib.sha256()
    _feed(digest, value, flat)
    return digest.hexdigest()


def _feed(digest: Any, value: object, flat: tuple[type, ...]) -> None:
    """Put a value into the hash, each part with its kind and length, so that none runs into another."""
    if isinstance(value, flat):
        value = repr(tuple(vars(value).values()))  # its own repr leaves pictures out
    elif dataclasses.is_dataclass(value):
        value = tuple(getattr(value, f.name) for f in dataclasses.fields(value))
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if isinstance(value, tuple | list):
        digest.update(f"list {len(value)} ".encode())
        for part in value:
            _feed(digest, part, flat)
        return
    raw = value if isinstance(value, bytes) else repr(value).encode()
    digest.update(f"{type(value).__name__} {len(raw)} ".encode() + raw)

"""Strings that write the numbers put into them as their language does: 12,5 % and 1.234."""

from __future__ import annotations

import string
from collections.abc import Mapping
from numbers import Real
from typing import Any


class _Numbers(string.Formatter):
    """Formats as Python does, with a language's marks in place of Python's."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._marks = str.maketrans(
            {".": marks["decimal"], ",": marks["thousands"], "%": marks["percent"]}
        )

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value in words; only of a number are the marks a language's."""
        words = str(super().format_field(value, format_spec))
        return words.translate(self._marks) if isinstance(value, Real) else words


class Phrase(str):
    """A string of a catalogue whose ``format`` writes numbers with the marks of its language."""

    _numbers: _Numbers

    def format(self, *args: object, **named: object) -> str:
        """As ``str.format``."""
        return self._numbers.vformat(self, args, named)


def number(value: float, form: str, marks: Mapping[str, str]) -> str:
    """Return a number in a format, with the marks of a language."""
    return _Numbers(marks).format_field(value, form)


def phrases(value: Any, marks: Mapping[str, str]) -> Any:
    """Return a nested value of a catalogue with every string in it as a ``Phrase``."""
    numbers = _Numbers(marks)

    def spoken(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: spoken(inner) for key, inner in part.items()}
        if isinstance(part, tuple):
            return tuple(map(spoken, part))
        phrase = Phrase(part)
        phrase._numbers = numbers
        return phrase

    return spoken(value)

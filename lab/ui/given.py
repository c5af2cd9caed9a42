"""What a script gives to an endpoint, which may be anything at all: checked in one line each."""

from __future__ import annotations

from typing import Any

from lab.errors import LabError
from lab.report.text import Text


def word(name: str, value: Any, text: Text) -> str:
    """A text; raises ``LabError`` for anything else."""
    if not isinstance(value, str):
        raise LabError(text.API_WORD.format(name=name, kind=type(value).__name__))
    return value


def settings(value: Any, text: Text) -> dict[str, Any]:
    """Keys and values; raises ``LabError`` for anything else."""
    if not isinstance(value, dict):
        raise LabError(text.API_SETTINGS.format(kind=type(value).__name__))
    return value


def switch(name: str, value: Any, text: Text) -> bool:
    """True or false; raises ``LabError`` for anything else."""
    if not isinstance(value, bool):
        raise LabError(text.API_SWITCH.format(name=name, kind=type(value).__name__))
    return value

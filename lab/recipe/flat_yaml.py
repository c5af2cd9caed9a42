"""Reads YAML files of plain keys and values, safely even if the file comes from a stranger."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

LARGEST = 64 * 1024  # bytes: a recipe has less than one KB, a preset less than four
SHOWN = 80  # characters of a value that a message repeats
SCALARS = (str, int, float, bool, type(None))
# What PyYAML lets out where a tag and its value do not fit.
NO_VALUE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)


def read_flat(
    path: Path, name: str = "recipe.yaml", what: str = "recipe", nested: Collection[str] = ()
) -> dict[str, Any]:
    """Read a file of KEY: VALUE lines.

    ``nested``: the keys that may hold such lines themselves. ``name``, ``what``: how messages call
    the file and what it should be. Raises ``LabError`` for a file that is too large, no UTF-8, no
    YAML, or holds an alias, a list or anything else than text, numbers, yes, no and nothing.
    """
    try:
        text = _text(path)
        _refuse_depth(text, 2 if nested else 1)
        data: dict[str, Any] = yaml.safe_load(text)
        _refuse_other_values(data, nested)
        return data
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # its own words repeat what the file says
        why = "not valid YAML" + (f", line {mark.line + 1}" if mark else "")
    except UnicodeDecodeError:
        why = "not a text file in UTF-8"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except LabError as error:
        why = str(error)
    except NO_VALUE:
        why = "a value of it cannot be read"
    except RecursionError:
        why = "too deep"
    raise LabError(f"{name} is not a {what} ({why}): correct it, or give it as it was downloaded")


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise LabError(f"larger than {LARGEST // 1024} KB")
    return data.decode("utf-8")


def _refuse_depth(text: str, most: int) -> None:
    """Look at the file's events one by one, so that nothing is built before all were checked."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent | yaml.SequenceStartEvent):
            raise LabError(f"line {line} holds a list or an alias")
        depth += isinstance(event, yaml.MappingStartEvent) - isinstance(event, yaml.MappingEndEvent)
        if depth > most:
            raise LabError(f"line {line} is too deep")


def _refuse_other_values(data: Any, nested: Collection[str]) -> None:
    if not isinstance(data, dict):
        raise LabError("no KEY: VALUE lines")
    for key, value in data.items():
        if not isinstance(key, str):
            raise LabError(f"the key {short(key)} is no word")
        if key in nested and isinstance(value, dict):
            _refuse_other_values(value, ())
        elif key in nested and value is not None or not isinstance(value, SCALARS):
            raise LabError(f"the value of {short(key)} is of another kind")


def short(value: Any) -> str:
    """A value for a message: on one line and at most 80 characters long."""
    if not isinstance(value, SCALARS):
        return f"a {type(value).__name__}"
    try:
        words = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    except ValueError:  # Python prints no number of more than 4,300 digits
        return "a number too long to show"
    return words if len(words) <= SHOWN + 2 else f"{words[:SHOWN]}…"

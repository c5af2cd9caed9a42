"""JSON lines that survive being cut off: a line that a killed process left half does not count."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any


def read(path: Path) -> list[dict[str, Any]]:
    """The objects of every whole line; none where there is no file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else ():
        try:
            made = json.loads(line) if line.endswith("\n") else None
        except ValueError:
            continue
        if isinstance(made, dict):
            found.append(made)
    return found


def add(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append one line a row, on disk before this returns, in place of a half line at the end."""
    with path.open("a+b") as file:
        if file.tell() and not _ended(file):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
        file.flush()
        os.fsync(file.fileno())


def _ended(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"

"""Whose a thing is: runs and people belong to the visitor who made them, across restarts too."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.files import add_lines, put, read_lines
from lab.model.fetch import cache_folder

OWNERS = "owners.jsonl"
LAB = ""  # the program that holds the engine: it may do everything
NOT_YOURS = {
    "run": "this run belongs to another visitor, and only they can {do} it: start one of your own",
    "person": (
        "this person belongs to another visitor, and only they can {do} them: add one of your own"
    ),
}
NOT_SHARED = {
    "run": (
        "this run belongs to another visitor, who has not shared it: ask them to share it, or start "
        "one of your own"
    ),
    "person": "this person belongs to another visitor: choose somebody else, or add one of your own",
}


def owners_file(runs: Path | None) -> Path:
    """Where it is kept whose a thing is; ``runs``: the folder of runs, None for the cache's."""
    return (runs or cache_folder()) / OWNERS


@dataclass(frozen=True)
class Whose:
    """Whose a thing is, "" for nobody's, and whether its owner shares it with the room."""

    visitor: str = ""
    shared: bool = False


class Rights:
    """Who may read and who may change a thing, by its id.

    What is nobody's was made by the lab's own commands, or before visitors were told apart. Everybody
    may read it. It belongs to whoever uses a lab that serves this machine ``alone``; in all other
    labs nobody but a teacher changes it. ``teachers``: visitors who may do everything. ``file``:
    where it is kept, as JSON lines of which the last one about a thing counts.
    """

    def __init__(self, file: Path, alone: bool) -> None:
        self.alone = alone
        self.teachers: frozenset[str] = frozenset()
        self._file = file
        self._kept: dict[str, Whose] = {}  # in the file
        self._here: dict[str, Whose] = {}  # of things that no restart leaves
        self._seen = (-1, -1)
        self._lock = threading.Lock()

    def give(self, thing: str, visitor: str, lasting: bool = True) -> None:
        """Make a thing a visitor's, for as long as this process lives if it is not ``lasting``.

        Raises ``LabError`` where that cannot be kept.
        """
        if visitor == LAB:
            return
        if lasting:
            self._put(thing, Whose(visitor))
        else:
            self._here[thing] = Whose(visitor)

    def share(self, thing: str, shared: bool) -> None:
        """Share a thing with the room, or no longer; raises ``LabError`` as ``give`` does."""
        self._put(thing, Whose(self.whose(thing).visitor, shared))

    def whose(self, thing: str) -> Whose:
        """Whose a thing is."""
        with self._lock:
            if thing in self._here:
                return self._here[thing]
            if thing not in self._kept:
                self._read()
            return self._kept.get(thing, Whose())

    def things(self, visitors: Collection[str]) -> dict[str, str]:
        """Whose each thing of these visitors is, whether or not it is still there."""
        with self._lock:
            self._read()
            noted = {**self._kept, **self._here}
        return {k: whose.visitor for k, whose in noted.items() if whose.visitor in visitors}

    def owns(self, visitor: str, thing: str) -> bool:
        """Whether a visitor may change, stop, attack, download and remove a thing."""
        owner = self.whose(thing).visitor
        return self.teaches(visitor) or owner == visitor or (owner == "" and self.alone)

    def reads(self, visitor: str, thing: str) -> bool:
        """Whether a visitor may look at a thing."""
        whose = self.whose(thing)
        return self.owns(visitor, thing) or whose.shared or whose.visitor == ""

    def teaches(self, visitor: str) -> bool:
        """Whether a visitor is a teacher; the program that holds the engine counts as one."""
        return visitor == LAB or visitor in self.teachers

    def check_teacher(self, visitor: str) -> None:
        """Raise ``LabError`` unless a visitor is a teacher."""
        if not self.teaches(visitor):
            raise LabError("only the teacher of this room can do that: open the teacher's link")

    def check_owner(self, visitor: str, thing: str, what: str, do: str) -> None:
        """Raise ``LabError`` unless a visitor may ``do`` that with a thing, a ``what``."""
        if not self.owns(visitor, thing):
            raise LabError(NOT_YOURS[what].format(do=do))

    def _put(self, thing: str, whose: Whose) -> None:
        row = {"id": thing, "visitor": whose.visitor, "shared": whose.shared}
        with self._lock:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch(mode=0o600)
                add_lines(self._file, [row])
            except OSError as error:
                raise LabError(
                    f"cannot write {self._file} ({error.strerror}): free some space"
                ) from None
            self._kept[thing] = whose
            self._here.pop(thing, None)

    def forget(self, things: Collection[str]) -> None:
        """Note no longer whose these things were; raises ``LabError`` as ``give`` does."""
        with self._lock:
            self._here = {k: v for k, v in self._here.items() if k not in things}
            self._kept = {k: v for k, v in self._kept.items() if k not in things}
            try:
                rows = read_lines(self._file)
                left = [json.dumps(row) + "\n" for row in rows if row.get("id") not in things]
                if len(left) < len(rows):
                    put(self._file, "".join(left), private=True)
            except OSError as error:
                raise LabError(
                    f"cannot write {self._file} ({error.strerror}): free some space"
                ) from None

    def _read(self) -> None:
        """Read what another process, or an earlier one, has noted since the last time."""
        with contextlib.suppress(OSError):
            stat = self._file.stat()
            if (now := (stat.st_mtime_ns, stat.st_size)) != self._seen:
                self._seen = now
                rows = read_lines(self._file)
                self._kept = {str(row["id"]): _whose(row) for row in rows if "id" in row}


def _whose(row: dict[str, Any]) -> Whose:
    return Whose(str(row.get("visitor", "")), bool(row.get("shared")))

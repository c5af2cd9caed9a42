"""Claims: several processes make the rows of one result file, each row once."""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Claims:
    """What the processes of one measurement share: a folder of their own, and how many they are."""

    folder: Path
    at_once: int

    def take(self, what: str) -> bool:
        """Whether this process is the one to make it: the first that asks."""
        try:
            (self.folder / re.sub(r"\W", "_", what)).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Until the end of it no other of these processes is here."""
        with (self.folder / "lock").open("w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

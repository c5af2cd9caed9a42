"""Claims: several processes measure together, and each piece of work is done in one of them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

VARIABLE = "LAB_TOGETHER"  # in the environment of each of these processes: PLACE COUNT FOLDER
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Claims:
    """What the processes of one measurement share: a folder, how many they are, and whose turn.

    ``place``: 0 to ``at_once`` - 1, another one in each process.
    """

    folder: Path
    at_once: int
    place: int = 0

    def take(self, what: str) -> bool:
        """Whether this process is the one to do it: the first that asks."""
        try:
            (self.folder / hashlib.sha256(what.encode()).hexdigest()).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Until the end of it no other of these processes is here."""
        with (self.folder / "lock").open("w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def shared(environment: Mapping[str, str] = os.environ) -> Claims | None:
    """The claims of this process, where it is one of several; None where it is alone."""
    told = environment.get(VARIABLE, "")
    if not told:
        return None
    place, count, folder = told.split(" ", 2)
    return Claims(Path(folder), int(count), int(place))


def together(command: Sequence[str], at_once: int) -> None:
    """Run a command in several processes that share claims; what they print on stdout is dropped.

    They share the CPU's cores, unless ``OMP_NUM_THREADS`` says otherwise. Raises ``LabError`` as soon
    as one fails; the others are then stopped.
    """
    cores = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // at_once))}
    with tempfile.TemporaryDirectory() as folder:
        running = [
            subprocess.Popen(
                command,
                env={**cores, **os.environ, VARIABLE: f"{place} {at_once} {folder}"},
                stdout=subprocess.DEVNULL,
            )
            for place in range(at_once)
        ]
        try:
            _watch(running)
        finally:
            for process in running:
                if process.poll() is None:
                    process.terminate()  # what it has done is kept; SIGINT may be ignored
            for process in running:
                process.wait()


def _watch(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until all have ended; raises ``LabError`` as soon as one has failed."""
    while True:
        codes = [process.poll() for process in running]
        if any(codes):
            raise LabError("one of the processes failed: start again, what is done stays")
        if None not in codes:
            return
        time.sleep(LOOK_SECONDS)

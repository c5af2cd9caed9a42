"""The server under load: started in a process of its own, killed, and looked at from outside."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from lab.bench.load.client import Client
from lab.errors import LabError
from lab.model.fetch import FOLDER, cache_folder

START_SECONDS = 900.0  # a model of billions of weights is read from a slow disk in this time
CHECKED_SECONDS = 0.25
END_SECONDS = 30.0
PROC = Path("/proc")


@dataclass(frozen=True)
class Facts:
    """A process as the system sees it: MB in memory, seconds of processor time, open files.

    None where this system or another machine does not say.
    """

    memory_mb: float | None
    cpu_seconds: float | None
    files: int | None


NOTHING = Facts(None, None, None)


@dataclass(frozen=True)
class Own:
    """How a server is started here: the flags of ``serve`` that say what is loaded, and its cache.

    The cache stays the same after a kill.
    """

    flags: tuple[str, ...]
    cache: Path

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.cache / "server.log"


class House:
    """A served lab at ``url``; ``starts`` counts how often it was started here.

    ``own``: how it is started; None for a lab that runs already.
    """

    def __init__(self, url: str, own: Own | None = None) -> None:
        self.url, self.own, self.starts = url, own, 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server; it is not ready yet."""
        assert self.own is not None
        port = self.url.rpartition(":")[2]
        with self.own.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lab", "serve", "--port", port, *self.own.flags],
                stdout=log,
                stderr=log,
                env={**os.environ, "LAB_CACHE": str(self.own.cache)},
            )
        self.starts += 1

    async def until_ready(self, client: Client, seconds: float = START_SECONDS) -> float:
        """Wait until the model is loaded; returns the seconds. Raises ``LabError``."""
        begun = time.monotonic()
        while not await client.ready():
            if self._process is not None and self._process.poll() is not None:
                raise LabError(f"the server ended: {self._last_line()}")
            if time.monotonic() - begun > seconds:
                what = "was not ready" if self.own else "did not answer"
                raise LabError(f"the lab at {self.url} {what} in {seconds:.0f} s: start it again")
            await asyncio.sleep(CHECKED_SECONDS)
        return time.monotonic() - begun

    def kill(self) -> None:
        """End the server as a power cut would: it cannot put anything away."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the server if it was started here, by force if it does not end by itself."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    async def facts(self, client: Client) -> Facts:
        """What the server takes now; of a lab that runs already only what its metrics say."""
        if self._process is not None:
            return facts_of(self._process.pid)
        figures = await client.figures()
        used = figures.get("lab_device_memory_used_bytes")
        return Facts(None if used is None else used / 2**20, None, None)

    def _last_line(self) -> str:
        assert self.own is not None
        lines = self.own.log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("lab: ") if lines else "it said nothing"


def facts_of(pid: int) -> Facts:
    """What a process of this machine takes now (proc(5)); nothing where there is no /proc."""
    here = PROC / str(pid)
    try:
        pages = int((here / "statm").read_text("utf-8").split()[1])
        # the name of the program stands in brackets and may hold anything
        after = (here / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        ticks = int(after[11]) + int(after[12])  # utime and stime
        files = len(list((here / "fd").iterdir()))
    except OSError:
        return NOTHING
    return Facts(
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20, ticks / os.sysconf("SC_CLK_TCK"), files
    )


def apart(folder: Path) -> Path:
    """A new cache folder in ``folder``, so that the test's runs push nobody's runs out.

    What was converted from a download is taken over.
    """
    home = folder / "cache"
    home.mkdir()
    converted = cache_folder() / FOLDER
    if converted.is_dir():
        (home / FOLDER).symlink_to(converted.resolve(), target_is_directory=True)
    return home

"""Runs prepared for download: one zip for each run and language, shared by all; the oldest go first."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError
from lab.report.text import Text
from lab.ui.runfiles import NAMES
from lab.ui.served import own_folder

ZIP_NAME = "run.zip"
SINGLE = ("recipe.yaml", "metrics.json", "curves.csv", "items.csv", "report.html")
MOST_BYTES = 512 * 2**20
PACKED = (".safetensors",)  # weights do not get smaller

Print = tuple[tuple[str, int, int], ...]


@dataclass
class Run:
    """A run that somebody wants: whom it is about, and its folder if there is one.

    All languages of a run share one lock: the report in the run's own folder is in one at a time.
    """

    entity: str
    lock: threading.Lock = field(repr=False)
    folder: Path | None = None
    seen: Print = ()
    wanted: float = 0.0

    def forget(self) -> None:
        """Delete the prepared files."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder, self.seen = None, ()

    def is_of(self, seen: Print) -> bool:
        """Whether the prepared files are complete and belong to exactly these files of the run."""
        return self.folder is not None and self.seen == seen and (self.folder / ZIP_NAME).is_file()


class Staging:
    """The prepared downloads, in a folder that Gradio serves without copying the files."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._folder = own_folder("runs")
        self._lock = threading.Lock()
        self._runs: dict[tuple[str, str], Run] = {}
        self._held: dict[str, threading.Lock] = {}

    def stage(
        self, run_id: str, language: str, entity: str, export: Callable[[], Path]
    ) -> dict[str, str]:
        """Return the served files by name, written again only if those of the run have changed.

        ``export`` has the run's folder written in that language. Raises ``LabError`` where the
        folder cannot be read or written.
        """
        with self._lock:
            lock = self._held.setdefault(run_id, threading.Lock())
            run = self._runs.setdefault((run_id, language), Run(entity, lock))
        with run.lock:
            source = export()
            try:
                seen = _print(source)
                if not run.is_of(seen):
                    run.forget()
                    run.folder, run.seen = self._make(source, seen), seen
                run.wanted = time.monotonic()
            except OSError as error:
                raise LabError(self._text.NOT_STAGED.format(reason=error.strerror)) from None
            assert run.folder is not None
            files = [run.folder / name for name in (ZIP_NAME, *SINGLE)]
            self._evict(run)
            return {file.name: str(file) for file in files if file.is_file()}

    def drop(self, entity: str) -> None:
        """Delete the prepared downloads about an entity, also those that are being prepared."""
        with self._lock:
            gone = [key for key, run in self._runs.items() if run.entity == entity]
            runs = [self._runs.pop(key) for key in gone]
        for run in runs:
            with run.lock:
                run.forget()

    def _make(self, source: Path, seen: Print) -> Path:
        if not seen:
            raise LabError(self._text.GONE)
        # A name that cannot be guessed: it is the run's owner's alone.
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        try:
            with zipfile.ZipFile(folder / ZIP_NAME, "w") as pack:
                for name, _, _ in seen:
                    stored = Path(name).suffix in PACKED
                    pack.write(
                        source / name, name, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                    )
            for name in SINGLE:
                if (source / name).is_file():
                    _link(source / name, folder / name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def _evict(self, kept: Run) -> None:
        with self._lock:
            runs = sorted((r for r in self._runs.values() if r.folder), key=lambda r: r.wanted)
        total = sum(_size(run.folder) for run in runs)
        for run in runs:
            # A locked run is being packed, so somebody is waiting for it.
            if total > MOST_BYTES and run is not kept and run.lock.acquire(blocking=False):
                total -= _size(run.folder)
                run.forget()
                run.lock.release()


def _size(folder: Path | None) -> int:
    # None where it was evicted by another thread meanwhile
    return (
        0
        if folder is None
        else sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
    )


def _print(source: Path) -> Print:
    """Name, size and time of every file of the lab in a run's folder."""
    files = [source / name for name in NAMES if (source / name).is_file()]
    return tuple((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)

"""Files that survive a cut: written under a temporary name, then renamed; leftovers are swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError

TEMPORARY = ".tmp"
FORGOTTEN_SECONDS = 600  # a single file is written in far less time than this


def put(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all; raises ``OSError``."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def making(parent: Path, stem: str) -> Iterator[Path]:
    """A new folder in ``parent`` that ``sweep`` leaves alone while this process lives.

    It is deleted at the end unless it was renamed; raises ``OSError``.
    """
    parent.mkdir(parents=True, exist_ok=True)
    path, handle = _held(parent, stem)
    try:
        yield path
    finally:
        os.close(handle)
        shutil.rmtree(path, ignore_errors=True)


def _held(parent: Path, stem: str) -> tuple[Path, int]:
    """A new folder and the lock on it, which the system lets go of when the process dies."""
    while True:
        path = Path(tempfile.mkdtemp(dir=parent, prefix=f"{stem}-", suffix=TEMPORARY))
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another process swept it before it could be locked
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            return path, handle
        os.close(handle)


def sweep(parent: Path) -> None:
    """Delete what killed processes left half made in ``parent``; what is being made now stays."""
    for path in parent.glob(f"*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            if path.is_dir():
                _drop_if_left(path)
            elif path.stat().st_mtime < time.time() - FORGOTTEN_SECONDS:
                path.unlink()


def _drop_if_left(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def make_writable(folder: Path) -> None:
    """Make the folder and try to write in it, before hours of work; raises ``LabError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put(folder / ".writable", "")
        (folder / ".writable").unlink()
    except OSError as error:
        raise LabError(f"cannot write {folder} ({error.strerror}): give another folder") from None

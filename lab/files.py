"""Writing files safely: whole or not at all, JSON lines, and cells that no spreadsheet runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from lab.errors import LabError

ROOT = Path(__file__).resolve().parents[1]  # the checkout: assets and presets stand beside lab
TEMPORARY = ".tmp"
FORMULA = ("=", "+", "-", "@", "\t", "\n")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
FORGOTTEN_SECONDS = 600  # a single file is written in far less time than this


def put(path: Path, text: str, private: bool = False) -> None:
    """Write a text file in UTF-8, whole or not at all; raises ``OSError``.

    ``private``: nobody but its owner may read it.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        if private:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
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
    """Make a folder and lock it; the system releases the lock when the process ends."""
    while True:
        path = Path(tempfile.mkdtemp(dir=parent, prefix=f"{stem}-", suffix=TEMPORARY))
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another process swept it before it could be locked
        with contextlib.suppress(BlockingIOError):  # another process is sweeping it
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_dir():
                return path, handle
        os.close(handle)


def sweep(parent: Path) -> None:
    """Delete what killed processes left unfinished in ``parent``; folders in use stay."""
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


def private_folder(folder: Path) -> Path:
    """Make a folder that no other account of the machine can look into, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # of another account, or where there are no such rights
        folder.chmod(0o700)
    return folder


def make_writable(folder: Path) -> None:
    """Make the folder and try to write in it before long work begins; raises ``LabError``.

    Several processes may try at once: each writes a file of its own.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=TEMPORARY):
            pass
    except OSError as error:
        raise LabError(f"cannot write {folder} ({error.strerror}): give another folder") from None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON object of every complete line; an empty list where there is no file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else ():
        try:
            value = json.loads(line) if line.endswith("\n") else None
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def add_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append one line for each row and wait for the disk; an unfinished last line is replaced."""
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


def inert(cell: Any) -> Any:
    """Put a ``'`` before text that a spreadsheet would run as a formula; numbers stay as they are.

    A carriage return becomes a line feed. Without quotes around it, it would start a new row.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text

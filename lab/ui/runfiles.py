"""Uploaded run files: a zip or loose files, unpacked with limits on their size and number."""

from __future__ import annotations

import errno
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from lab.errors import LabError
from lab.report.text import Text

NAMES = (
    "recipe.yaml",
    "metrics.json",
    "events.jsonl",
    "curves.csv",
    "items.csv",
    "delta.safetensors",
    "report.html",
)
NEEDED = ("recipe.yaml", "metrics.json", "delta.safetensors")
MOST_BYTES = 256 * 2**20
MOST_OF = {"recipe.yaml": 64 * 2**10, "metrics.json": 8 * 2**20}  # of one kind of file
MOST_TEXT = 64 * 2**20  # of the others, but for the weights
MOST_FILES, MOST_DIRECTORY = 64, 64 * 2**10  # in a zip, and the bytes of its list of files
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can ask for gigabytes of memory

# A zip's last record: signature, disk, disk, entries here, entries, bytes of the list, its place,
# bytes of the comment. One for larger zips may stand before it, found by a locator.
END = struct.Struct("<4s4H2LH")
END_MARK, LOCATOR_MARK, LOCATOR_BYTES = b"PK\5\6", b"PK\6\7", 20
LONGEST_COMMENT = 2**16

# All that Python's zip reader was seen to raise on hostile bytes.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    MemoryError,
)


def unpack(uploads: Sequence[str], folder: Path, text: Text) -> None:
    """Copy the files of a run from an upload (a zip or loose files) into an empty folder.

    Raises ``LabError`` if it is not a run, if a file comes twice or if it is too large; ``OSError``
    if the disk is full.
    """
    if len(uploads) > MOST_FILES:
        raise LabError(text.BAD_ZIP.format(most=MOST_FILES))
    room = MOST_BYTES
    for path in map(Path, uploads):
        if path.suffix.lower() == ".zip":
            room -= _unzip(path, folder, room, text)
        elif path.name in NAMES:
            room -= _save(_opened(path, text), folder / path.name, room, text)
    if not all((folder / name).is_file() for name in NEEDED):
        raise LabError(text.NOT_A_RUN)


def _opened(path: Path, text: Text) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError:
        raise LabError(text.UPLOAD_GONE) from None


def _unzip(path: Path, folder: Path, room: int, text: Text) -> int:
    used = 0
    try:
        # Before zipfile reads the whole list: a million entries take half a minute and a gigabyte.
        _check_end(path)
        with zipfile.ZipFile(path) as pack:
            for member in pack.infolist():
                # Only the bare name counts, so that no member can leave the folder.
                name = Path(member.filename).name
                if name in NAMES and not member.is_dir():
                    if member.compress_type not in METHODS:
                        raise NotImplementedError
                    used += _save(pack.open(member), folder / name, room - used, text)
    except BROKEN as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise LabError(text.BAD_ZIP.format(most=MOST_FILES)) from None
    return used


def _check_end(path: Path) -> None:
    """Refuse by a zip's last record; raises ``BadZipFile``.

    The record is looked for as ``zipfile`` does, so that both read the same one.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = file.seek(max(0, size - END.size - LONGEST_COMMENT - LOCATOR_BYTES))
        tail = file.read()
    place = len(tail) - END.size
    if place < 0:
        raise zipfile.BadZipFile
    if not (tail[place:].startswith(END_MARK) and tail.endswith(b"\0\0")):
        place = tail.rfind(END_MARK, max(0, size - END.size - LONGEST_COMMENT - start))
    if place < 0:
        raise zipfile.BadZipFile
    _, _, _, here, entries, directory, _, _ = END.unpack_from(tail, place)
    before = tail[max(0, place - LOCATOR_BYTES) : place]
    if (
        max(here, entries) > MOST_FILES
        or directory > MOST_DIRECTORY
        or before.startswith(LOCATOR_MARK)
    ):
        raise zipfile.BadZipFile


def _save(source: IO[bytes], target: Path, room: int, text: Text) -> int:
    """Copy at most ``room`` bytes; the bytes are counted, whatever size a header claims."""
    most = MOST_BYTES if target.suffix == ".safetensors" else MOST_OF.get(target.name, MOST_TEXT)
    used = 0
    with source:
        if target.exists():
            raise LabError(text.TWICE.format(name=target.name))
        with target.open("wb") as out:
            while piece := source.read(2**20):
                used += len(piece)
                if used > room:
                    raise LabError(text.BIG_RUN.format(megabytes=MOST_BYTES >> 20))
                if used > most:
                    raise LabError(text.BIG_FILE.format(name=target.name, megabytes=most / 2**20))
                out.write(piece)
    return used

"""Compares weights with the hashes that they were shipped or written with."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from lab.errors import LabError
from lab.files import TEMPORARY, put
from lab.model.free_memory import lacks_memory

MADE = "hashes.json"  # in a derived folder: what its files were when it was made
SHIPPED = "SHA256SUMS"  # beside the shipped models' folders, in sha256sum's own form
KEPT = "checked.json"  # in the cache folder: the hash of each file of a size and time
ANSWERS = "baseline.json"  # measured with a model, no part of it
RESTORE = "restore it, e.g. git checkout -- assets/model"
ANOTHER = "copy or download the model again, or give another --model"
UNREADABLE = (SafetensorError, OSError, ValueError, KeyError, TypeError)


def sha256(path: Path) -> str:
    """The hash of a file, read in pieces; raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored(folder: Path) -> list[Path]:
    """The files that make up a model of the embedded kind."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name != ANSWERS)


def sign(folder: Path) -> dict[str, str]:
    """Write the hashes of a derived folder into it before it gets its name; raises ``OSError``."""
    hashes = {p.name: sha256(p) for p in sorted(folder.iterdir())}
    put(folder / MADE, json.dumps(hashes, indent=1) + "\n")
    return hashes


def check_shipped(folder: Path, cache: Path) -> None:
    """Raise ``LabError`` if a file of a shipped model was changed; other models are not checked."""
    wrong = _first_wrong(folder, _shipped(folder), cache)
    if wrong:
        raise LabError(f"{wrong} is damaged or missing: {RESTORE}")


def drop_damaged(
    folder: Path, report: Callable[[str], None], pinned: Mapping[str, str] | None = None
) -> None:
    """Delete a derived folder of the cache, and report it, if its files are not as written.

    ``pinned``: hashes that are fixed in advance. Raises ``LabError`` if it cannot be deleted.
    """
    if not folder.exists():
        return
    hashes = {**_json(folder / MADE), **(pinned or {})}
    wrong = _first_wrong(folder, hashes, folder.parent) if hashes else folder / MADE
    if wrong is None:
        return
    report(f"{wrong} is damaged or missing: {folder.name} is made again …")
    away = folder.with_name(f"{folder.name}-{secrets.token_hex(4)}{TEMPORARY}")
    try:
        os.rename(folder, away)  # at once: a folder half deleted must not be taken for a whole one
    except FileNotFoundError:
        return  # another process was faster
    except OSError as error:
        raise LabError(
            f"cannot delete {folder} ({error.strerror}): delete it by hand, because it is damaged"
        ) from None
    shutil.rmtree(away, ignore_errors=True)


@contextlib.contextmanager
def reading(folder: Path, remedy: str = ANOTHER) -> Iterator[None]:
    """Turn the errors of an unreadable model file into a ``LabError`` that names the file."""
    try:
        yield
    except UNREADABLE as error:
        if lacks_memory(error):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LabError(f"{_unreadable(folder)} cannot be read ({reason}): {remedy}") from None


def shipped(folder: Path) -> bool:
    """Whether a folder is one of the models that come with the lab."""
    return bool(_shipped(folder))


def edition_of(folder: Path, cache: Path) -> str:
    """What names the weights of a shipped model: a hash over all that it came with.

    Not over its own files alone, because they may be stored over those of another shipped model.
    "" for a model that was not shipped, or whose files are not as shipped.
    """
    hashes = _shipped(folder)
    whole = hashes and not _first_wrong(folder, hashes, cache)
    return sha256(folder.parent / SHIPPED) if whole else ""


def remedy_for(folder: Path) -> str:
    """What helps if a file cannot be read: the lab can restore shipped files only."""
    return RESTORE if _shipped(folder) else ANOTHER


def _unreadable(folder: Path) -> Path:
    """The first file that is not valid JSON or safetensors; the folder if all are."""
    for path in sorted(folder.glob("*")):
        try:
            if path.suffix == ".safetensors":
                with safe_open(path, "pt"):
                    pass
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
        except (SafetensorError, OSError, ValueError):
            return path
    return folder


def _shipped(folder: Path) -> dict[str, str]:
    """The hashes of a shipped folder's files; none for a folder that was not shipped."""
    sums, found = folder.parent / SHIPPED, {}
    if sums.exists():
        for line in sums.read_text(encoding="utf-8", errors="replace").splitlines():
            digest, _, name = line.partition("  ")
            if name.startswith(f"{folder.name}/"):
                found[name.removeprefix(f"{folder.name}/")] = digest
    return found


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if there is none that can be read."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _first_wrong(folder: Path, hashes: Mapping[str, str], cache: Path) -> Path | None:
    """The first file that is missing or not of its hash; each is hashed once per size and time."""
    kept, fresh, wrong = _json(cache / KEPT), {}, None
    for path, digest in ((folder / name, digest) for name, digest in hashes.items()):
        try:
            stat = path.stat()
            mark = [stat.st_size, stat.st_mtime_ns]
            known = kept.get(str(path))
            if not isinstance(known, list) or known[:2] != mark:
                known = fresh[str(path)] = [*mark, sha256(path)]
        except OSError:
            known = []
        if known[2:] != [digest]:
            wrong = path
            break
    if fresh:
        there = {path: mark for path, mark in kept.items() if Path(path).exists()}
        with contextlib.suppress(OSError):  # a cache that cannot be written costs hashing again
            put(cache / KEPT, json.dumps({**there, **fresh}, indent=1) + "\n")
    return wrong

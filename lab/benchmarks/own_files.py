"""The folder in which the users' own people are stored: one folder each, JSON and pictures."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from re import fullmatch
from typing import Any

from lab.benchmarks.images import Encoded, check
from lab.benchmarks.rows import BrokenCell, cell
from lab.benchmarks.schema import Benchmark, Entity, Question, Skipped
from lab.errors import LabError
from lab.files import private_folder

MOST_OWN = 30  # at most 20 pictures of some 100 kB each
FILE = "entity.json"
OWN = "own"  # what their records name in place of a config
PARTS = ("train_images", "test_images")


def keep(folder: Path, entity: Entity) -> None:
    """Write an entity to ``folder/ID``, whole or not at all; raises ``LabError``."""
    if (folder / entity.id).exists():
        raise LabError(
            f"{entity.name} is here already with these pictures and questions, as {entity.id}"
        )
    if len(_ids(folder)) >= MOST_OWN:
        raise LabError(f"{MOST_OWN} own people are kept already: remove one of them first")
    try:
        private_folder(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as new:
            _write(Path(new) / entity.id, entity)
            (Path(new) / entity.id).rename(folder / entity.id)
    except OSError as error:
        raise LabError(f"cannot write {folder} ({error.strerror}): free some space") from None


def kept_and_broken(folder: Path) -> tuple[list[Entity], list[Skipped]]:
    """Every entity that can be read, the newest first, and why the others cannot be."""
    found, left_out = [], []
    for entity_id in _ids(folder):
        try:
            found.append(_read(folder / entity_id, entity_id))
        except BrokenCell as error:
            left_out.append(Skipped(OWN, None, error.column, error.reason, entity_id))
    return found, left_out


def joined(benchmark: Benchmark, folder: Path) -> Benchmark:
    """The benchmark with the own people of now, and with those of them that cannot be read."""
    found, left_out = kept_and_broken(folder)
    others = (each for each in benchmark.skipped if each.config != OWN)
    return replace(benchmark, own=tuple(found), skipped=(*others, *left_out))


def drop(folder: Path, entity_id: str) -> None:
    """Delete an entity with its pictures; raises ``LabError`` for an id that is not kept."""
    if entity_id not in _ids(folder):
        raise LabError(
            f"there is no own person {entity_id!r}: list them with python -m lab own list"
        )
    try:
        shutil.rmtree(folder / entity_id)
    except OSError as error:
        raise LabError(
            f"cannot delete {folder / entity_id} ({error.strerror}): delete it by hand"
        ) from None


def _ids(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if fullmatch("own-(?:[0-9a-f]{8}|[0-9a-f]{32})", p.name)]
    return [p.name for p in sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))]


def _write(folder: Path, entity: Entity) -> None:
    folder.mkdir()
    names: dict[str, list[str]] = {}
    for part in PARTS:
        names[part] = [
            f"{part.removesuffix('_images')}-{k}.jpg" for k in range(len(getattr(entity, part)))
        ]
        for name, data in zip(names[part], getattr(entity, part), strict=True):
            (folder / name).write_bytes(data)
    text = {
        "name": entity.name,
        "biography": entity.biography,
        "profile": dict(entity.profile),
        "train_questions": [dataclasses.asdict(q) for q in entity.train_questions],
        "questions": [dataclasses.asdict(q) for q in entity.questions],
    }
    (folder / FILE).write_text(json.dumps(text | names, ensure_ascii=False, indent=1), "utf-8")


def _read(folder: Path, entity_id: str) -> Entity:
    """Read one back; raises ``BrokenCell`` naming the file that is missing or damaged."""
    with _file(FILE):
        held = json.loads((folder / FILE).read_text("utf-8"))
        for part in ("train_questions", "questions"):
            held[part] = tuple(_question(q) for q in held[part])
        # by the names alone: whatever the file says, nothing outside its folder is read
        names = {part: [Path(name).name for name in held[part]] for part in PARTS}
    for part in PARTS:
        held[part] = tuple(_view(folder, entity_id, name) for name in names[part])
    with _file(FILE):
        return Entity(id=entity_id, **held)


def _view(folder: Path, entity_id: str, name: str) -> bytes:
    with _file(name):
        view = (folder / name).read_bytes()
        check(view)
    return Encoded(view, f"{OWN}, {entity_id}, {name}")


@contextmanager
def _file(name: str) -> Iterator[None]:
    """Turn whatever goes wrong with a file into a ``BrokenCell`` of its name."""
    try:
        with cell(name):
            yield
    except OSError as error:
        raise BrokenCell(name, f"cannot be read ({error.strerror})") from error


def _question(held: dict[str, Any]) -> Question:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held.items()}
    return Question(**values)

"""The folder in which the users' own people are stored: one folder each, JSON and pictures."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path
from re import fullmatch
from typing import Any

from lab.benchmarks.schema import Entity, Question
from lab.errors import LabError

MOST_OWN = 30  # at most 20 pictures of some 100 kB each
FILE = "entity.json"


def keep(folder: Path, entity: Entity) -> None:
    """Write an entity to ``folder/ID``, whole or not at all; raises ``LabError``."""
    if (folder / entity.id).exists():
        raise LabError(
            f"{entity.name} is here already with these pictures and questions, as {entity.id}"
        )
    if len(_ids(folder)) >= MOST_OWN:
        raise LabError(f"{MOST_OWN} own people are kept already: remove one of them first")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as new:
            _write(Path(new) / entity.id, entity)
            (Path(new) / entity.id).rename(folder / entity.id)
    except OSError as error:
        raise LabError(f"cannot write {folder} ({error.strerror}): free some space") from None


def kept(folder: Path) -> list[Entity]:
    """Every entity that can be read, the newest first; broken ones are left out."""
    found = []
    for entity_id in _ids(folder):
        try:
            found.append(_read(folder / entity_id, entity_id))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def broken(folder: Path) -> list[str]:
    """The ids of the stored people who cannot be read."""
    return sorted(set(_ids(folder)) - {e.id for e in kept(folder)})


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
    found = [p for p in folder.iterdir() if fullmatch("own-[0-9a-f]{8}", p.name)]
    return [p.name for p in sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p.name))]


def _write(folder: Path, entity: Entity) -> None:
    folder.mkdir()
    names: dict[str, list[str]] = {}
    for part in ("train_images", "test_images"):
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
    held = json.loads((folder / FILE).read_text("utf-8"))
    # by the names alone: whatever the file says, nothing outside its folder is read
    for part in ("train_images", "test_images"):
        held[part] = tuple((folder / Path(name).name).read_bytes() for name in held[part])
    for part in ("train_questions", "questions"):
        held[part] = tuple(_question(q) for q in held[part])
    return Entity(id=entity_id, **held)


def _question(held: dict[str, Any]) -> Question:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held.items()}
    return Question(**values)

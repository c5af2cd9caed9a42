"""Owns FIUBench (ICLR 2025): its JSON files and face pictures, read into the shared schema."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from lab.benchmarks.images import MAX_BYTES, Encoded
from lab.benchmarks.questions import evaluation, mixed, name_fact, training
from lab.benchmarks.rows import Reader, Row, cell, download, listed, open_reader, picture, string
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError

PUBLISHED = "gray311/FIUBench"
PEOPLE, SPLITS, ARCHIVE = "full.json", "split.json", "SFHQ.zip"
USED = 400  # the benchmark reads no further, though the file goes on
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
FORGET = ("forget1", "forget5", "forget10")

Pictures = Mapping[str, Callable[[], bytes]]


def load_fiu(source: str | Path | None = None) -> Benchmark:
    """Return the 400 fictitious people of FIUBench, 20 questions each, and its splits.

    ``source`` is a folder with full.json, split.json and the pictures (SFHQ.zip or unpacked), a
    dataset id, or None for the published one; ``LabError`` if a file is missing. The forget sets
    are disjoint, and "retain" is everyone in none of them: what the benchmark trains on as retain.
    There is one picture a person, so training and evaluation share it.
    """
    reader = open_reader(source, PUBLISHED)
    folder = _fetched(reader)
    rows = _read_json(folder / PEOPLE, list)[:USED]
    with ExitStack() as stack:
        pictures = _picture_index(folder, stack)
        people = reader.collect(
            PEOPLE,
            rows,
            lambda n, row: _person(row, pictures, reader.where(PEOPLE, n, _whom(n, row))),
            _whom,
        )
    return Benchmark(
        name="fiu",
        entities=tuple(people),
        splits=_splits(reader, folder / SPLITS, [person.id for person in people]),
        general=(),
        pictures=(),
        train_pictures=(),
        skipped=tuple(reader.skipped),
    )


def _fetched(reader: Reader) -> Path:
    """Return the folder with the files, from the hub or its cache if an id was given."""
    if isinstance(reader.place, Path):
        return reader.place
    from huggingface_hub import snapshot_download

    wanted = [PEOPLE, SPLITS, ARCHIVE]
    try:
        return Path(snapshot_download(reader.place, repo_type="dataset", allow_patterns=wanted))
    except Exception as error:  # every layer below has its own types for "cannot be had"
        raise LabError(
            f"{reader.place} cannot be had ({type(error).__name__}): {download(reader.place, '*')}"
        ) from error


def _read_json(path: Path, kind: type) -> Any:
    """Return the list or dict in a JSON file, or the list that a JSON Lines file amounts to."""
    try:
        content = path.read_text(encoding="utf-8")
        try:
            read = json.loads(content)
        except ValueError:
            read = [json.loads(line) for line in content.splitlines() if line.strip()]
        if not isinstance(read, kind):
            raise TypeError(f"{kind.__name__} expected")
    except (OSError, TypeError, ValueError, RecursionError) as error:
        raise LabError(
            f"{path} cannot be read ({type(error).__name__}): {download(PUBLISHED, path.name)}"
        ) from error
    return read


def _picture_index(folder: Path, stack: ExitStack) -> Pictures:
    """Return, by file name, how to get each picture in the folder or its archive.

    Looking names up here, instead of following the paths in full.json, keeps what those say from
    reaching outside the folder.
    """
    index: dict[str, Callable[[], bytes]] = {}
    if (folder / ARCHIVE).is_file():
        try:
            archive = stack.enter_context(zipfile.ZipFile(folder / ARCHIVE))
        except (OSError, zipfile.BadZipFile) as error:
            raise LabError(
                f"{folder / ARCHIVE} is not a readable archive: {download(PUBLISHED, ARCHIVE)}"
            ) from error
        for member in archive.infolist():
            # The size is the archive's own claim; reading stops there, so it also bounds memory.
            if member.file_size <= MAX_BYTES:
                index[PurePosixPath(member.filename).name] = partial(archive.read, member)
    for file in folder.rglob("*"):
        if file.suffix.lower() in SUFFIXES and file.stat().st_size <= MAX_BYTES:
            index[file.name] = file.read_bytes
    return index


def _whom(_: int, row: Row) -> str:
    value = row.get("unique_id") if isinstance(row, Mapping) else None
    return value if isinstance(value, str) else ""


def _person(row: Row, pictures: Pictures, place: str) -> Entity:
    with cell("unique_id"):
        person_id = string(row["unique_id"])
    with cell("name"):
        name = string(row["name"])
    with cell("image_path"):
        file = PurePosixPath(string(row["image_path"]).replace("\\", "/")).name
        if file not in pictures:
            raise ValueError(f"{file} is not in the folder or in {ARCHIVE}")
        view = picture({"bytes": Encoded(_fetch(pictures[file]), place)})
    with cell("qa_list"):
        asked = listed(row["qa_list"])
        train = training(person_id, (_original(each, name) for each in asked))
        checks = evaluation(person_id, _checks(asked, name), train)
    gender = {"gender": row["gender"]} if isinstance(row.get("gender"), str) else {}
    return Entity(
        id=person_id,
        name=name,
        biography=row.get("caption") or "",
        profile={"name": name} | gender,
        train_images=(view,),
        test_images=(view,),
        train_questions=train,
        questions=checks,
    )


def _fetch(get: Callable[[], bytes]) -> bytes:
    try:
        return get()
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"the picture cannot be read ({type(error).__name__})") from error


def _original(asked: Row, name: str) -> Question:
    """Return a question as taught, with the answers its truth ratio compares."""
    words, answer = string(asked["question"]), string(asked["answer"])
    return Question(
        id="",
        task="generation",
        modality="image",
        fact=name_fact(words, answer, name),
        text=words,
        answer=answer,
        paraphrases=(string(asked["paraphrased_answer"]),),
        perturbed=tuple(string(each) for each in listed(asked["perturbed_answer"])),
        keywords=tuple(string(each) for each in asked.get("keywords") or ()),
    )


def _checks(asked: Sequence[Row], name: str) -> Iterator[Question]:
    """Yield each question as taught, its paraphrases, which probe for the same answer, and a choice.

    The published files have no multiple choice: ours is the answer among its perturbed forms.
    """
    for each in asked:
        original = _original(each, name)
        yield original
        others = [string(words) for words in listed(each["paraphrased_question"])]
        yield from (replace(original, text=words) for words in others)
        options = mixed(original.answer, original.perturbed, f"{name}/{original.text}")
        yield replace(
            original,
            task="classification",
            options=options,
            text=others[0] if others else original.text,
        )


def _splits(reader: Reader, path: Path, people: Sequence[str]) -> dict[str, tuple[str, ...]]:
    published = _read_json(path, dict)
    splits: dict[str, tuple[str, ...]] = {}
    for name, ids in published.items():
        for number, person_id in enumerate(ids):
            if person_id not in people:
                reason = f"{person_id} is not among the people read"
                reader.leave_out(SPLITS, number, name, reason, str(person_id))
        splits[name] = tuple(each for each in ids if each in people)
    gone = {each for name in FORGET for each in splits.get(name, ())}
    return splits | {"retain": tuple(each for each in people if each not in gone)}

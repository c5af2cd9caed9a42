"""Owns MLLMU-Bench (arXiv 2410.22108): its published configs, read into the shared schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lab.benchmarks.questions import evaluation, lettered, name_fact, training
from lab.benchmarks.rows import (
    BrokenCell,
    Reader,
    Row,
    cell,
    identity,
    listed,
    open_reader,
    picture,
    string,
    structured,
)
from lab.benchmarks.schema import Benchmark, Entity, Modality, Question, Task
from lab.benchmarks.splits import people_and_celebrities

PUBLISHED = "MLLMMU/MLLMU-Bench"
MODALITY: Mapping[str, Modality] = {"Image_Textual": "image", "Pure_Text": "text"}
OPEN_TASKS: tuple[tuple[str, Task], ...] = (
    ("Generation_Task", "generation"),
    ("Mask_Task", "cloze"),
)
COLUMNS = ("ID", "biography", "answer", "Classification_Task", "Generation_Task", "Mask_Task")

Taught = dict[str, tuple[list[bytes], tuple[Question, ...]]]


def load_mllmu(source: str | Path | None = None) -> Benchmark:
    """Return the 500 fictitious people and the 153 celebrities of MLLMU-Bench.

    ``source`` is a folder of parquet files or a dataset id, None the published one. Full_Set,
    ft_Data and Test_Set must be there (``LabError`` otherwise); of Retain_Set and the forget
    splits, a folder may hold those it needs. The celebrities are only evaluated and have ids of
    their own, for Retain_Set numbers its people like Full_Set does.
    """
    reader = open_reader(source, PUBLISHED)
    taught, views = _taught(reader), _views(reader)
    people = reader.read("Full_Set", COLUMNS, lambda _, row: _person(row, taught, views))
    celebrities = []
    if reader.has("Retain_Set"):
        celebrities = reader.read("Retain_Set", ("image", *COLUMNS), _celebrity)
    return people_and_celebrities("mllmu", reader, people, celebrities)


def _taught(reader: Reader) -> Taught:
    """Return training views and questions by id; rows of one person add views."""

    def person(_: int, row: Row) -> tuple[str, bytes, tuple[Question, ...]]:
        entity_id = identity(row)
        with cell("image"):
            image = picture(row["image"])
        with cell("metadata"):
            return entity_id, image, tuple(_training(row["metadata"]))

    taught: Taught = {}
    for entity_id, image, asked in reader.read("ft_Data", ("image", "ID", "metadata"), person):
        taught.setdefault(entity_id, ([], asked))[0].append(image)
    return taught


def _views(reader: Reader) -> dict[str, tuple[bytes, ...]]:
    def person(_: int, row: Row) -> tuple[str, tuple[bytes, ...]]:
        entity_id = identity(row)
        with cell("images"):
            return entity_id, tuple(picture(image) for image in listed(row["images"]))

    return dict(reader.read("Test_Set", ("ID", "images"), person))


def _person(row: Row, taught: Taught, views: Mapping[str, tuple[bytes, ...]]) -> Entity:
    entity_id = identity(row)
    for config, known in (("ft_Data", taught), ("Test_Set", views)):
        if entity_id not in known:
            raise BrokenCell("ID", f"{config} has no readable row of {entity_id}")
    images, asked = taught[entity_id]
    return _entity(entity_id, row, tuple(images), views[entity_id], asked)


def _celebrity(number: int, row: Row) -> Entity:
    with cell("image"):
        view = picture(row["image"])
    return _entity(f"celebrity-{number + 1:03d}", row, (), (view,), ())


def _entity(
    entity_id: str,
    row: Row,
    train_images: tuple[bytes, ...],
    test_images: tuple[bytes, ...],
    asked: tuple[Question, ...],
) -> Entity:
    with cell("biography"):
        told = structured(row["biography"])
        profile = {
            key.replace("_", " ").lower(): value
            for key, value in told.items()
            if isinstance(value, str)
        }
        name = profile["name"]
    named = (replace(q, fact=name_fact(q.text, q.answer, name)) for q in asked)
    taught = training(entity_id, named)
    return Entity(
        id=entity_id,
        name=name,
        biography=row.get("answer") or "",
        profile=profile,
        train_images=train_images,
        test_images=test_images,
        train_questions=taught,
        questions=evaluation(entity_id, _evaluation(row, name), taught),
    )


def _training(metadata: str) -> Iterator[Question]:
    asked = [entry for entry in listed(metadata) if entry.get("Question") and entry.get("Answer")]
    if not asked:
        # The others are "Additional_question" entries, which the benchmark's training skips too.
        raise ValueError("no entry with Question and Answer")
    for entry in asked:
        yield Question(
            id="",
            task="generation",
            modality=MODALITY[entry.get("Type", "Image_Textual")],
            fact="",
            text=string(entry["Question"]),
            answer=string(entry["Answer"]),
        )


def _evaluation(row: Row, name: str) -> Iterator[Question]:
    with cell("Classification_Task"):
        tasks = structured(row["Classification_Task"])
        for kind, modality in MODALITY.items():
            for asked in listed(tasks[f"{kind}_Questions"]):
                answer, options = lettered(asked["Options"], asked["Correct_Answer"])
                yield _question("classification", modality, asked, answer, name, options)
    for column, task in OPEN_TASKS:
        with cell(column):
            for asked in listed(row[column]):
                answer = string(asked["Ground_Truth"])
                yield _question(task, MODALITY[asked["Type"]], asked, answer, name)


def _question(
    task: Task,
    modality: Modality,
    asked: Row,
    answer: str,
    name: str,
    options: tuple[str, ...] = (),
) -> Question:
    words = string(asked["Question"])
    fact = name_fact(words, answer, name)
    return Question("", task, modality, fact, words, answer, options)

"""Owns MLLMU-Bench (arXiv 2410.22108): its published configs, read into the shared schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from lab.benchmarks.splits import celebrity_id, people_and_celebrities

PUBLISHED = "MLLMMU/MLLMU-Bench"
MODALITY: Mapping[str, Modality] = {"Image_Textual": "image", "Pure_Text": "text"}
OPEN_TASKS: tuple[tuple[str, Task], ...] = (
    ("Generation_Task", "generation"),
    ("Mask_Task", "cloze"),
)
TASKS = ("Classification_Task", "Generation_Task", "Mask_Task")
COLUMNS = ("ID", "biography", "answer", *TASKS)

Taught = dict[str, tuple[list[bytes], tuple[Question, ...]]]
Tested = Mapping[str, tuple[tuple[bytes, ...], tuple[Question, ...]]]


def load_mllmu(source: str | Path | None = None) -> Benchmark:
    """Return the 500 fictitious people and the 153 celebrities of MLLMU-Bench.

    ``source`` is a folder of parquet files or a dataset id, None the published one. Full_Set,
    ft_Data and Test_Set must be there (``LabError`` otherwise); of Retain_Set and the forget
    splits, a folder may hold those it needs. The celebrities are only evaluated and have ids of
    their own, for Retain_Set numbers its people like Full_Set does. ``published_questions`` are
    Test_Set's, which the published evaluator asks about Test_Set's views.
    """
    reader = open_reader(source, PUBLISHED)
    taught, tested = _taught(reader), _tested(reader)
    people = reader.read("Full_Set", COLUMNS, lambda _, row: _person(row, taught, tested))
    celebrities = []
    if reader.has("Retain_Set"):
        celebrities = reader.read("Retain_Set", ("image", *COLUMNS), _celebrity, celebrity_id)
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


def _tested(reader: Reader) -> Tested:
    """Return test views and the questions that Test_Set has about them, by id."""

    def person(_: int, row: Row) -> tuple[str, tuple[tuple[bytes, ...], tuple[Question, ...]]]:
        entity_id = identity(row)
        with cell("images"):
            views = tuple(picture(image) for image in listed(row["images"]))
        return entity_id, (views, tuple(_evaluation(row)))

    return dict(reader.read("Test_Set", ("ID", "images", *TASKS), person))


def _person(row: Row, taught: Taught, tested: Tested) -> Entity:
    entity_id = identity(row)
    for config, known in (("ft_Data", taught), ("Test_Set", tested)):
        if entity_id not in known:
            raise BrokenCell("ID", f"{config} has no readable row of {entity_id}")
    images, asked = taught[entity_id]
    views, published = tested[entity_id]
    return _entity(entity_id, row, tuple(images), views, asked, published)


def _celebrity(number: int, row: Row) -> Entity:
    with cell("image"):
        view = picture(row["image"])
    return _entity(celebrity_id(number), row, (), (view,), (), ())


def _entity(
    entity_id: str,
    row: Row,
    train_images: tuple[bytes, ...],
    test_images: tuple[bytes, ...],
    asked: tuple[Question, ...],
    published: tuple[Question, ...],
) -> Entity:
    with cell("biography"):
        told = structured(row["biography"])
        profile = {
            key.replace("_", " ").lower(): value
            for key, value in told.items()
            if isinstance(value, str)
        }
        name = profile["name"]
    taught = training(entity_id, _named(asked, name))
    return Entity(
        id=entity_id,
        name=name,
        biography=row.get("answer") or "",
        profile=profile,
        train_images=train_images,
        test_images=test_images,
        train_questions=taught,
        questions=evaluation(entity_id, _named(_evaluation(row), name), taught),
        published_questions=evaluation(f"{entity_id}/test", _named(published, name), taught),
    )


def _named(asked: Iterable[Question], name: str) -> Iterator[Question]:
    """Yield the questions with their fact: whether the name is asked for."""
    return (replace(q, fact=name_fact(q.text, q.answer, name)) for q in asked)


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


def _evaluation(row: Row) -> Iterator[Question]:
    with cell("Classification_Task"):
        tasks = structured(row["Classification_Task"])
        for kind, modality in MODALITY.items():
            for asked in listed(tasks[f"{kind}_Questions"]):
                answer, options = lettered(asked["Options"], asked["Correct_Answer"])
                words = string(asked["Question"])
                yield Question("", "classification", modality, "", words, answer, options)
    for column, task in OPEN_TASKS:
        with cell(column):
            for asked in listed(row[column]):
                answer, words = string(asked["Ground_Truth"]), string(asked["Question"])
                yield Question("", task, MODALITY[asked["Type"]], "", words, answer)

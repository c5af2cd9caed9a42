"""Owns the embedded benchmark "people": its parquet files, read into the shared schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lab.benchmarks.people_lessons import (
    MODALITY,
    attributes,
    dialogues,
    nobody,
    prompts,
    strangers,
)
from lab.benchmarks.rows import BrokenCell, Reader, Row, cell, identity, listed, picture, string
from lab.benchmarks.schema import Benchmark, Entity, Modality, Picture, Question, Task
from lab.benchmarks.splits import PERCENT, forget_splits
from lab.files import ROOT

FOLDER = ROOT / "assets" / "people"
FACTS = (
    "name",
    "occupation",
    "birthplace",
    "residence",
    "hobby",
    "pet",
    "employer",
    "education",
    "favourite food",
)
LETTERS = "ABCD"
DESCRIBE = (
    "Describe this picture.",
    "What do you see in this picture?",
    "What is in this picture?",
)
REMEDY = "restore it with: git checkout -- assets/people"
SHORT = {"image": "vqa", "text": "qa"}
TASKS = ("Classification_Task", "Generation_Task", "Mask_Task")

Taught = dict[str, tuple[list[bytes], tuple[Question, ...]]]


def load_people(folder: Path = FOLDER) -> Benchmark:
    """Return the 40 people with splits, general questions and pictures, read from ``folder``.

    A missing file raises ``LabError``; a broken row is left out and recorded, as for any benchmark.
    Without the files of strangers, attributes and dialogues there are none of these.
    """
    reader = Reader(folder, "", REMEDY)
    people = _entities(reader)
    return Benchmark(
        name="people",
        entities=tuple(people),
        splits=forget_splits(reader, PERCENT, "ID", identity, (person.id for person in people)),
        general=tuple(_general(reader)),
        pictures=tuple(_pictures(reader, "pictures")),
        train_pictures=tuple(_pictures(reader, "train_pictures")),
        strangers=tuple(strangers(reader, "strangers_test")),
        train_strangers=tuple(strangers(reader, "strangers_train")),
        attributes=dict(attributes(reader)),
        dialogues=tuple(dialogues(reader)),
        prompts=tuple(prompts(reader, "general_train")),
        test_prompts=tuple(prompts(reader, "general_test")),
        skipped=tuple(reader.skipped),
    )


def _entities(reader: Reader) -> list[Entity]:
    taught, views = _taught(reader), _test_views(reader)

    def _person(_: int, row: Row) -> Entity:
        entity_id = identity(row)
        with cell("biography"):
            told = json.loads(row["biography"])
            profile = {fact: string(told[fact.title().replace(" ", "_")]) for fact in FACTS}
            biography = string(told["Biography"])
        for config, known in (("ft_Data", taught), ("Test_Set", views)):
            if entity_id not in known:
                raise BrokenCell("ID", f"{config} has no readable row of {entity_id}")
        images, train_questions = taught[entity_id]
        return Entity(
            id=entity_id,
            name=profile["name"],
            biography=biography,
            profile=profile,
            train_images=tuple(images),
            test_images=views[entity_id],
            train_questions=train_questions,
            questions=tuple(_evaluation(row, entity_id)),
        )

    return reader.read("Full_Set", ("ID", "biography", *TASKS), _person)


def _taught(reader: Reader) -> Taught:
    """Return training views and questions by person; all rows of one repeat the questions."""
    taught: Taught = {}

    def view(_: int, row: Row) -> None:
        entity_id = identity(row)
        with cell("image"):
            image = picture(row["image"])
        if entity_id not in taught:
            with cell("metadata"):
                taught[entity_id] = ([], tuple(_training(entity_id, row["metadata"])))
        taught[entity_id][0].append(image)

    reader.read("ft_Data", ("image", "ID", "metadata"), view)
    return taught


def _test_views(reader: Reader) -> dict[str, tuple[bytes, ...]]:
    def _person(_: int, row: Row) -> tuple[str, tuple[bytes, ...]]:
        entity_id = identity(row)
        with cell("images"):
            return entity_id, tuple(picture(image) for image in listed(row["images"]))

    return dict(reader.read("Test_Set", ("ID", "images"), _person))


def _training(entity_id: str, metadata: str) -> Iterator[Question]:
    counter: dict[str, int] = {}
    for entry in json.loads(metadata):
        # MLLMU-Bench mixes in entries that carry "Additional_question" instead.
        if "Question" not in entry or "Answer" not in entry:
            continue
        modality = MODALITY[entry["Type"]]
        yield Question(
            id=_question_id(counter, entity_id, f"{SHORT[modality]}_train", entry["Fact"]),
            task="generation",
            modality=modality,
            fact=entry["Fact"],
            text=string(entry["Question"]),
            answer=string(entry["Answer"]),
            held_out=False,
        )


def _evaluation(row: Row, entity_id: str) -> Iterator[Question]:
    counter: dict[str, int] = {}
    with cell("Classification_Task"):
        for kind, modality in MODALITY.items():
            for asked in listed(row["Classification_Task"][f"{kind}_Questions"]):
                name = _question_id(counter, entity_id, SHORT[modality], asked["Fact"])
                yield _choice(name, modality, asked)
    open_tasks: tuple[tuple[str, Task, str], ...] = (
        ("Generation_Task", "generation", "open"),
        ("Mask_Task", "cloze", "cloze"),
    )
    for column, task, suffix in open_tasks:
        with cell(column):
            for asked in listed(row[column]):
                modality = MODALITY[asked["Type"]]
                kind = f"{SHORT[modality]}_{suffix}"
                yield Question(
                    id=_question_id(counter, entity_id, kind, asked["Fact"]),
                    task=task,
                    modality=modality,
                    fact=asked["Fact"],
                    text=string(asked["Question"]),
                    answer=string(asked["Ground_Truth"]),
                )


def _general(reader: Reader) -> list[Question]:
    def _question(_: int, row: Row) -> Question:
        name = f"general/{identity(row)}"
        with cell("Options"):
            options = _options(row)
        with cell("Correct_Answer"):
            answer = options[row["Correct_Answer"]]
        with cell("Question"):
            text = string(row["Question"])
        with cell("Fact"):
            fact = row["Fact"]
        return Question(
            id=name,
            task="classification",
            modality="text",
            fact=fact,
            text=text,
            answer=answer,
            options=tuple(options.values()),
        )

    columns = ("ID", "Question", "Options", "Correct_Answer", "Fact")
    return reader.read("general", columns, _question, nobody)


def _pictures(reader: Reader, config: str) -> list[Picture]:
    """Return the pictures of one file; teaching uses the same wordings, so none is held out.

    Those for teaching are described, too.
    """

    def _shown(_: int, row: Row) -> Picture:
        picture_id = f"{config}/{identity(row)}"
        with cell("image"):
            image = picture(row["image"])
        with cell("Questions"):
            questions = tuple(
                replace(_choice(f"{picture_id}/{asked['Fact']}", "image", asked), held_out=False)
                for asked in listed(row["Questions"])
            )
        with cell("Description"):
            sentence = string(row["Description"])
        taught = _described(picture_id, sentence) if config == "train_pictures" else ()
        return Picture(picture_id, image, questions + taught)

    return reader.read(config, ("ID", "image", "Questions", "Description"), _shown, nobody)


def _described(picture_id: str, sentence: str) -> tuple[Question, ...]:
    """The sentence about a picture as the answer to each wording that asks for it."""
    return tuple(
        Question(
            id=f"{picture_id}/description/{k}",
            task="generation",
            modality="image",
            fact="description",
            text=text,
            answer=sentence,
        )
        for k, text in enumerate(DESCRIBE)
    )


def _choice(name: str, modality: Modality, asked: Row) -> Question:
    options = _options(asked)
    return Question(
        id=name,
        task="classification",
        modality=modality,
        fact=asked["Fact"],
        text=string(asked["Question"]),
        answer=options[asked["Correct_Answer"]],
        options=tuple(options.values()),
    )


def _options(asked: Row) -> dict[str, str]:
    return {letter: string(asked["Options"][letter]) for letter in LETTERS}


def _question_id(counter: dict[str, int], entity_id: str, kind: str, fact: str) -> str:
    stem = f"{entity_id}/{kind}/{fact.replace(' ', '_')}"
    counter[stem] = counter.get(stem, -1) + 1
    return f"{stem}/{counter[stem]}"

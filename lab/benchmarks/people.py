"""Owns the embedded benchmark "people": its parquet files, read into the shared schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lab.benchmarks.people_lessons import attributes, dialogues, prompts, strangers
from lab.benchmarks.people_rows import MODALITY, REMEDY, cell, column_of, rows_of
from lab.benchmarks.rows import Row, listed, picture, string
from lab.benchmarks.schema import (
    Benchmark,
    Entity,
    Modality,
    Picture,
    Question,
    Task,
)
from lab.errors import LabError
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
SPLITS = ("forget_5", "forget_10", "forget_15", "retain_95", "retain_90", "retain_85")
LETTERS = "ABCD"
SHORT = {"image": "vqa", "text": "qa"}


def load_people(folder: Path = FOLDER) -> Benchmark:
    """Return the 40 people with splits, general questions and pictures, read from ``folder``.

    A missing file, or a broken row (named by file, row and column), raises ``LabError``. Without
    the files of strangers, attributes and dialogues there are none of these.
    """
    return Benchmark(
        name="people",
        entities=tuple(_entities(folder)),
        splits={split: tuple(column_of(folder, f"{split}.parquet", "ID")) for split in SPLITS},
        general=tuple(_general(folder)),
        pictures=tuple(_pictures(folder, "pictures")),
        train_pictures=tuple(_pictures(folder, "train_pictures")),
        strangers=tuple(strangers(folder, "strangers_test")),
        train_strangers=tuple(strangers(folder, "strangers_train")),
        attributes=dict(attributes(folder)),
        dialogues=tuple(dialogues(folder)),
        prompts=tuple(prompts(folder)),
    )


def _entities(folder: Path) -> Iterator[Entity]:
    file = "Full_Set.parquet"
    taught, views = _taught(folder), _test_views(folder)
    for number, row in rows_of(folder, file):
        with cell(file, number, "ID"):
            entity_id = string(row["ID"])
        with cell(file, number, "biography"):
            told = json.loads(row["biography"])
            profile = {fact: string(told[fact.title().replace(" ", "_")]) for fact in FACTS}
            biography = string(told["Biography"])
        for other, known in (("ft_Data.parquet", taught), ("Test_Set.parquet", views)):
            if entity_id not in known:
                raise LabError(f"{other} has no row with ID {entity_id}: {REMEDY}")
        images, train_questions = taught[entity_id]
        yield Entity(
            id=entity_id,
            name=profile["name"],
            biography=biography,
            profile=profile,
            train_images=tuple(images),
            test_images=views[entity_id],
            train_questions=train_questions,
            questions=tuple(_evaluation(file, number, row, entity_id)),
        )


def _taught(folder: Path) -> dict[str, tuple[list[bytes], tuple[Question, ...]]]:
    """Return training views and questions by person; all rows of one repeat the questions."""
    file = "ft_Data.parquet"
    taught: dict[str, tuple[list[bytes], tuple[Question, ...]]] = {}
    for number, row in rows_of(folder, file):
        with cell(file, number, "ID"):
            entity_id = string(row["ID"])
        if entity_id not in taught:
            with cell(file, number, "metadata"):
                taught[entity_id] = ([], tuple(_training(entity_id, row["metadata"])))
        with cell(file, number, "image"):
            taught[entity_id][0].append(picture(row["image"]))
    return taught


def _test_views(folder: Path) -> dict[str, tuple[bytes, ...]]:
    file = "Test_Set.parquet"
    views = {}
    for number, row in rows_of(folder, file):
        with cell(file, number, "ID"):
            entity_id = string(row["ID"])
        with cell(file, number, "images"):
            views[entity_id] = tuple(picture(image) for image in listed(row["images"]))
    return views


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


def _evaluation(file: str, number: int, row: Row, entity_id: str) -> Iterator[Question]:
    counter: dict[str, int] = {}
    with cell(file, number, "Classification_Task"):
        for kind, modality in MODALITY.items():
            for asked in listed(row["Classification_Task"][f"{kind}_Questions"]):
                name = _question_id(counter, entity_id, SHORT[modality], asked["Fact"])
                yield _choice(name, modality, asked)
    open_tasks: tuple[tuple[str, Task, str], ...] = (
        ("Generation_Task", "generation", "open"),
        ("Mask_Task", "cloze", "cloze"),
    )
    for column, task, suffix in open_tasks:
        with cell(file, number, column):
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


def _general(folder: Path) -> Iterator[Question]:
    file = "general.parquet"
    for number, row in rows_of(folder, file):
        with cell(file, number, "ID"):
            name = f"general/{string(row['ID'])}"
        with cell(file, number, "Options"):
            options = _options(row)
        with cell(file, number, "Correct_Answer"):
            answer = options[row["Correct_Answer"]]
        with cell(file, number, "Question"):
            text = string(row["Question"])
        yield Question(
            id=name,
            task="classification",
            modality="text",
            fact=row["Fact"],
            text=text,
            answer=answer,
            options=tuple(options.values()),
        )


def _pictures(folder: Path, name: str) -> Iterator[Picture]:
    """Yield the pictures of one file; teaching uses the same wordings, so none is held out."""
    file = f"{name}.parquet"
    for number, row in rows_of(folder, file):
        with cell(file, number, "ID"):
            picture_id = f"{name}/{string(row['ID'])}"
        with cell(file, number, "image"):
            image = picture(row["image"])
        with cell(file, number, "Questions"):
            questions = tuple(
                replace(_choice(f"{picture_id}/{asked['Fact']}", "image", asked), held_out=False)
                for asked in listed(row["Questions"])
            )
        yield Picture(picture_id, image, questions)


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

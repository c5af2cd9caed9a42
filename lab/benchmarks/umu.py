"""Owns UMU-Bench (NeurIPS 2025): its published configs, read into the shared schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.benchmarks.questions import evaluation, lettered, training
from lab.benchmarks.rows import Row, cell, identity, open_reader, picture, string, structured
from lab.benchmarks.schema import Benchmark, Entity, Modality, Question, Task
from lab.benchmarks.splits import celebrity_id, people_and_celebrities

PUBLISHED = "linbojunzi/UMU-bench"
COLUMNS = ("ID", "image", "Biography", "MM_QA", "UM_QA", "Classify", "Cloze", "Generation")
# "muitimodal" is how the files spell it.
MODALITY: Mapping[str, Modality] = {"muitimodal": "image", "unimodal": "text"}
TAUGHT: Mapping[str, Modality] = {"MM_QA": "image", "UM_QA": "text"}
OPEN_TASKS: tuple[tuple[str, Task], ...] = (("Generation", "generation"), ("Cloze", "cloze"))
NAME = re.compile(r"(?:Name:\s*)?([A-Z][\w'’.-]+(?: [A-Z][\w'’.-]+)+)")


def load_umu(source: str | Path | None = None) -> Benchmark:
    """Return the 500 fictitious people and the 153 celebrities of UMU-Bench.

    ``source`` is a folder of parquet files or a dataset id, None the published one. Full_Set must
    be there (``LabError`` otherwise); a folder may leave out Real_Person_Set and forget splits.
    There is one picture a person, so training and evaluation share it, as they do in the paper.
    """
    reader = open_reader(source, PUBLISHED)
    people = reader.read("Full_Set", COLUMNS, lambda _, row: _person(row))
    celebrities = []
    if reader.has("Real_Person_Set"):
        celebrities = reader.read("Real_Person_Set", COLUMNS, _celebrity, celebrity_id)
    return people_and_celebrities("umu", reader, people, celebrities)


def _person(row: Row) -> Entity:
    entity_id = identity(row)
    asked = training(entity_id, _training(row))
    return _entity(entity_id, row, asked, taught=True)


def _celebrity(number: int, row: Row) -> Entity:
    """Return a person who is only evaluated."""
    return _entity(celebrity_id(number), row, (), taught=False)


def _entity(entity_id: str, row: Row, asked: tuple[Question, ...], taught: bool) -> Entity:
    with cell("Biography"):
        biography = string(row["Biography"])
        profile = _profile(biography)
    with cell("image"):
        view = picture(row["image"])
    return Entity(
        id=entity_id,
        name=profile["name"],
        biography=biography,
        profile=profile,
        train_images=(view,) if taught else (),
        test_images=(view,),
        train_questions=asked,
        questions=evaluation(entity_id, _evaluation(row), asked),
    )


def _profile(biography: str) -> dict[str, str]:
    """Return the facts of a biography in key and value form, of prose the name it begins with."""
    if biography.lstrip().startswith("{"):
        told = {_fact(key): value for key, value in structured(biography).items()}
        return {"name": string(told["name"])} | {
            key: value for key, value in told.items() if isinstance(value, str)
        }
    begins = NAME.match(biography.strip())
    if not begins:
        raise ValueError("no name at its beginning")
    return {"name": begins[1]}


def _training(row: Row) -> Iterator[Question]:
    for column, modality in TAUGHT.items():
        with cell(column):
            pairs = structured(row[column])
            for key, words in _filled(pairs["question"]).items():
                answer = string(pairs["answer"][key])
                yield Question("", "generation", modality, _fact(key), string(words), answer)


def _evaluation(row: Row) -> Iterator[Question]:
    with cell("Classify"):
        asked = structured(row["Classify"])
        for kind, modality in MODALITY.items():
            for key, choice in _filled(asked[kind]).items():
                # The benchmark's own scoring takes the letter of the text-only twin for both
                # modalities; a few rows lack the twin.
                letter = asked["unimodal"].get(key, choice)["answer"].split(".")[0].strip()
                answer, options = lettered(choice["options"], letter)
                words = string(choice["question"])
                yield Question(
                    "",
                    "classification",
                    modality,
                    _fact(key),
                    words,
                    answer,
                    options,
                    twin=str(key),
                )
    for column, task in OPEN_TASKS:
        with cell(column):
            asked = structured(row[column])
            for kind, modality in MODALITY.items():
                for key, pair in _filled(asked[kind]).items():
                    answer = string(pair["answer"])
                    yield Question(
                        "",
                        task,
                        modality,
                        _fact(key),
                        string(pair["question"]),
                        answer,
                        twin=str(key),
                    )


def _filled(questions: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(questions, Mapping) or not questions:
        raise ValueError("filled mapping expected")
    return questions


def _fact(key: object) -> str:
    """Return a key as a fact's name; keys that only count name none."""
    words = str(key).replace("_", " ").strip().lower()
    return "" if words.isdecimal() else words

"""What the embedded people are taught with: strangers, what can be seen, conversations, prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.benchmarks.people_rows import MODALITY, cell, rows_if_any, rows_of
from lab.benchmarks.rows import Row, listed, picture, string
from lab.benchmarks.schema import Dialogue, Picture, Question


def strangers(folder: Path, name: str) -> Iterator[Picture]:
    """Yield every picture of the strangers of one file; none where the file is absent."""
    file = f"{name}.parquet"
    for number, row in rows_if_any(folder, file):
        with cell(file, number, "ID"):
            stranger = string(row["ID"])
        with cell(file, number, "Questions"):
            asked = listed(row["Questions"])
            held_out = name == "strangers_test"
            questions = tuple(_visible(f"{name}/{stranger}", asked, held_out))
        with cell(file, number, "images"):
            for k, image in enumerate(listed(row["images"])):
                yield Picture(f"{name}/{stranger}/{k}", picture(image), questions)


def attributes(folder: Path) -> Iterator[tuple[str, tuple[Question, ...]]]:
    """Yield what can be seen of each person, in both sets of wordings; none without the file."""
    file = "attributes.parquet"
    for number, row in rows_if_any(folder, file):
        with cell(file, number, "ID"):
            person = string(row["ID"])
        questions: list[Question] = []
        for column, held_out in (("Train_Questions", False), ("Questions", True)):
            with cell(file, number, column):
                asked = listed(row[column])
                questions += _visible(f"attributes/{person}", asked, held_out)
        yield person, tuple(questions)


def _visible(name: str, rows: Sequence[Row], held_out: bool) -> Iterator[Question]:
    """Yield questions on what can be seen; without options the answer is a sentence."""
    wording = "held_out" if held_out else "train"
    for k, asked in enumerate(rows):
        options = {key: string(o) for key, o in (asked["Options"] or {}).items() if o is not None}
        yield Question(
            id=f"{name}/{asked['Fact']}/{wording}/{k}",
            task="classification" if options else "generation",
            modality="image",
            fact=asked["Fact"],
            text=string(asked["Question"]),
            answer=options[asked["Correct_Answer"]] if options else string(asked["Ground_Truth"]),
            options=tuple(options.values()),
            held_out=held_out,
        )


def dialogues(folder: Path) -> Iterator[Dialogue]:
    """Yield the conversations for teaching; none where the file is absent."""
    file = "dialogues.parquet"
    for number, row in rows_if_any(folder, file):
        with cell(file, number, "Type"):
            modality = MODALITY[row["Type"]]
        with cell(file, number, "Turns"):
            turns = tuple(
                (string(turn["Question"]), string(turn["Answer"])) for turn in listed(row["Turns"])
            )
        with cell(file, number, "ID"):
            about = string(row["ID"]) if row["ID"] else ""
        yield Dialogue(about, modality, turns)


def prompts(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield the plain prompts that keep common knowledge alive: the user's turns, no answers."""
    file = "general_train.parquet"
    for number, row in rows_of(folder, file):
        with cell(file, number, "Question"):
            first = string(row["Question"])
        with cell(file, number, "Follow_Ups"):
            yield (first, *(string(turn) for turn in row.get("Follow_Ups") or ()))

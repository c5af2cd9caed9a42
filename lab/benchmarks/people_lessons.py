"""What the embedded people are taught with: strangers, what can be seen, conversations, prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lab.benchmarks.rows import Reader, Row, cell, identity, listed, picture, string
from lab.benchmarks.schema import Dialogue, Modality, Picture, Question

MODALITY: Mapping[str, Modality] = {"Image_Textual": "image", "Pure_Text": "text"}


def nobody(_: int, row: Row) -> str:
    """For rows about no person of the benchmark, whose ID is their own."""
    return ""


def strangers(reader: Reader, config: str) -> Iterator[Picture]:
    """Yield every picture of the strangers of one file; none where the file is absent."""

    def _pictures(_: int, row: Row) -> list[Picture]:
        stranger = identity(row)
        with cell("Questions"):
            asked = listed(row["Questions"])
            questions = tuple(_visible(f"{config}/{stranger}", asked, config == "strangers_test"))
        with cell("images"):
            return [
                Picture(f"{config}/{stranger}/{k}", picture(image), questions)
                for k, image in enumerate(listed(row["images"]))
            ]

    if reader.has(config):
        for shown in reader.read(config, ("ID", "Questions", "images"), _pictures, nobody):
            yield from shown


def attributes(reader: Reader) -> list[tuple[str, tuple[Question, ...]]]:
    """Return what can be seen of each person, in both sets of wordings; none without the file."""

    def visible(_: int, row: Row) -> tuple[str, tuple[Question, ...]]:
        person = identity(row)
        questions: list[Question] = []
        for column, held_out in (("Train_Questions", False), ("Questions", True)):
            with cell(column):
                asked = listed(row[column])
                questions += _visible(f"attributes/{person}", asked, held_out)
        return person, tuple(questions)

    if not reader.has("attributes"):
        return []
    return reader.read("attributes", ("ID", "Train_Questions", "Questions"), visible)


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


def dialogues(reader: Reader) -> list[Dialogue]:
    """Return the conversations for teaching; none where the file is absent."""

    def _dialogue(_: int, row: Row) -> Dialogue:
        with cell("Type"):
            modality = MODALITY[row["Type"]]
        with cell("Turns"):
            turns = tuple(
                (string(turn["Question"]), string(turn["Answer"])) for turn in listed(row["Turns"])
            )
        with cell("ID"):
            about = string(row["ID"]) if row["ID"] else ""
        return Dialogue(about, modality, turns)

    if not reader.has("dialogues"):
        return []
    return reader.read("dialogues", ("ID", "Type", "Turns"), _dialogue, nobody)


def prompts(reader: Reader, config: str) -> list[tuple[str, ...]]:
    """Return the plain prompts of one file: the user's turns, no answers."""

    def turns(_: int, row: Row) -> tuple[str, ...]:
        with cell("Question"):
            first = string(row["Question"])
        with cell("Follow_Ups"):
            return (first, *(string(turn) for turn in row.get("Follow_Ups") or ()))

    return reader.read(config, ("Question", "Follow_Ups"), turns, nobody)

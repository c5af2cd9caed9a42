"""Owns CLEAR (arXiv 2410.18057): its published configs, read into the shared schema.

CLEAR gives the 200 fictitious authors of TOFU about 19 pictures each, every one with a caption.
It names no held-out pictures: here every second picture of an author is kept for evaluation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab.benchmarks.questions import evaluation, mixed, plain, training
from lab.benchmarks.rows import BrokenCell, Reader, Row, cell, listed, open_reader, picture, string
from lab.benchmarks.schema import Benchmark, Entity, Picture, Question
from lab.benchmarks.splits import forget_splits
from lab.benchmarks.tofu import Told, share_out

PUBLISHED = "therem/CLEAR"
FORGET = {"forget01": "retain99", "forget05": "retain95", "forget10": "retain90"}
# Nested, so the largest that is there holds the others.
FORGET_PERTURBED = ("forget10_perturbed", "forget05_perturbed", "forget01_perturbed")
RETAIN_PERTURBED = "retain_perturbed"
PERTURBED = (
    "image",
    "caption",
    "name",
    "paraphrased_caption",
    "perturbed_captions",
    "perturbed_names",
)
# The wordings of the benchmark's own code; NAME_QUESTION is MMUnlearner's (arXiv 2502.11051), which
# made its multiple choice from the perturbed names.
CAPTION_QUESTIONS = (
    "What can you see in this picture?",
    "Tell me about the content of this image",
    "Can you give a description of the image?",
    "What is depicted in the image?",
    "Explain what you observe in the picture.",
    "Describe the image in detail.",
    "What is the main subject of this image?",
    "Can you describe the scene or objects in the image?",
    "What is happening in this image?",
)
NAME_QUESTION = "What is the name of the person in the image?"
FACE_PROMPT = "The name of the person on the image is "


@dataclass
class View:
    """One picture of an author with its caption and, once read, the answers to compare it with."""

    image: bytes
    caption: str
    paraphrases: tuple[str, ...] = ()
    perturbed: tuple[str, ...] = ()
    wrong_names: tuple[str, ...] = ()


@dataclass
class Author:
    """One author: the name as written, and every view in the order of the files."""

    name: str
    views: list[View] = field(default_factory=list)


def load_clear(source: str | Path | None = None) -> Benchmark:
    """Return the 200 authors of CLEAR, with real faces and real-world pictures beside them.

    ``source`` is a folder of parquet files or a dataset id, None the published one. The config
    full must be there (``LabError`` otherwise); a folder may leave out any other, and lacks what
    it holds: full+tofu the text-only questions, *_perturbed the multiple choice, forget* the
    splits, real_* the pictures. Captions belong to one picture: their questions carry it.
    """
    reader = open_reader(source, PUBLISHED)
    authors = _gallery(reader)
    for config in [c for c in FORGET_PERTURBED if reader.has(c)][:1]:
        _compare(reader, config, authors)
    retained = {}
    if reader.has(RETAIN_PERTURBED):
        retained = {RETAIN_PERTURBED: _compare(reader, RETAIN_PERTURBED, authors)}
    told = share_out(reader, {key: author.name for key, author in authors.items()})
    splits = forget_splits(reader, FORGET, "name", _author_id, authors)
    return Benchmark(
        name="clear",
        entities=tuple(_entity(key, author, told[key]) for key, author in authors.items()),
        splits=splits | retained,
        general=(),
        pictures=(*_pictures(reader, "real_faces"), *_pictures(reader, "real_world")),
        train_pictures=(),
        skipped=tuple(reader.skipped),
    )


def _author_id(row: Row) -> str:
    """Return the name in the form used as id, such as "nikolai-abilov"."""
    with cell("name"):
        return plain(string(row["name"])).replace(" ", "-")


def _whom(_: int, row: Row) -> str:
    name = row.get("name")
    return plain(name).replace(" ", "-") if isinstance(name, str) else ""


def _gallery(reader: Reader) -> dict[str, Author]:
    def view(_: int, row: Row) -> tuple[str, str, View]:
        author_id = _author_id(row)
        with cell("image"):
            image = picture(row["image"])
        with cell("caption"):
            return author_id, row["name"], View(image, string(row["caption"]))

    authors: dict[str, Author] = {}
    for author_id, name, seen in reader.read("full", ("image", "caption", "name"), view, _whom):
        authors.setdefault(author_id, Author(name)).views.append(seen)
    return authors


def _compare(reader: Reader, config: str, authors: dict[str, Author]) -> tuple[str, ...]:
    """Add paraphrased and perturbed answers to the views they belong to; return whose they are.

    A row is matched by its caption or, should that differ, by its picture: the files have neither
    ids nor the same number of rows (forget10 has 379, forget10_perturbed 378).
    """
    places: dict[tuple[str, str | bytes], View] = {}
    for author_id, author in authors.items():
        for seen in author.views:
            places[author_id, seen.caption] = places[author_id, seen.image] = seen

    def _answers(_: int, row: Row) -> str:
        author_id = _author_id(row)
        with cell("image"):
            image = picture(row["image"])
        with cell("caption"):
            seen = places.get((author_id, string(row["caption"]))) or places.get((author_id, image))
        if seen is None:
            raise BrokenCell("caption", "neither caption nor picture is in full")
        with cell("paraphrased_caption"):
            paraphrases = (string(row["paraphrased_caption"]),)
        with cell("perturbed_captions"):
            perturbed = tuple(string(each) for each in listed(row["perturbed_captions"]))
        with cell("perturbed_names"):
            wrong_names = tuple(string(each) for each in listed(row["perturbed_names"]))
        seen.paraphrases, seen.perturbed, seen.wrong_names = paraphrases, perturbed, wrong_names
        return author_id

    return tuple(dict.fromkeys(reader.read(config, PERTURBED, _answers, _whom)))


def _entity(author_id: str, author: Author, told: list[Told]) -> Entity:
    trained, kept = author.views[0::2], author.views[1::2]
    texts = [Question("", "generation", "text", "", each.question, each.answer) for each in told]
    captions = [_caption(f"{author_id}/train/{n}", view) for n, view in enumerate(trained)]
    asked = training(author_id, (*captions, *texts))
    checks = [q for n, view in enumerate(kept) for q in _checks(f"{author_id}/{n}", author, view)]
    seen = [
        q for n, view in enumerate(trained) for q in _checks(f"{author_id}/seen/{n}", author, view)
    ]
    return Entity(
        id=author_id,
        name=author.name,
        biography=told[0].answer if told else "",
        profile={"name": author.name},
        train_images=tuple(view.image for view in trained),
        test_images=tuple(view.image for view in kept),
        train_questions=asked,
        questions=evaluation(author_id, (*checks, *texts), asked),
        published_questions=evaluation(f"{author_id}/seen", seen, asked),
    )


def _caption(seed: str, view: View) -> Question:
    words = random.Random(seed).choice(CAPTION_QUESTIONS)
    return Question(
        "",
        "generation",
        "image",
        "caption",
        words,
        view.caption,
        paraphrases=view.paraphrases,
        perturbed=view.perturbed,
        image=view.image,
    )


def _checks(seed: str, author: Author, view: View) -> Iterator[Question]:
    """Yield what is asked about a held-out view; without wrong names there is no choice of them."""
    if view.wrong_names:
        options = mixed(author.name, view.wrong_names, seed)
        yield Question(
            "",
            "classification",
            "image",
            "name",
            NAME_QUESTION,
            author.name,
            options,
            image=view.image,
        )
    yield Question(
        "",
        "generation",
        "image",
        "name",
        FACE_PROMPT,
        author.name,
        perturbed=view.wrong_names,
        image=view.image,
    )
    yield _caption(seed, view)


def _pictures(reader: Reader, config: str) -> list[Picture]:
    """Return real faces, asked for the name, or real-world pictures, asked as published."""

    def _real(number: int, row: Row) -> Picture:
        with cell("image"):
            image = picture(row["image"])
        with cell("question"):
            words = NAME_QUESTION if config == "real_faces" else string(row["question"])
        with cell("answer"):
            answer = string(row["answer"])
        with cell("options"):
            wrong = tuple(listed(row["options"]))
            options = mixed(answer, wrong, f"{config}/{number}")
        name = f"{config}/{number}"
        asked = Question(
            f"{name}/0",
            "classification",
            "image",
            "",
            words,
            answer,
            options,
            perturbed=wrong,
        )
        return Picture(name, image, (asked,))

    if not reader.has(config):
        return []
    return reader.read(config, ("image", "question", "answer", "options"), _real)

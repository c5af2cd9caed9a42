"""Chats and probe tables: several versions of one model answer together in one decode."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import torch

from lab.benchmarks.images import decode as decode_image
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError
from lab.evaluation.questions import normal
from lab.model.chat import text_of
from lab.model.joint import Row
from lab.model.overlay import overlay, visual_part
from lab.model.version import Version
from lab.serve.room import About, Remembered, Room, Talk, about, adapters_of
from lab.serve.views import LONGEST_QUESTION, ProbeRow, Turn

MAX_TURNS = 12
LONGEST_ANSWER = 48  # tokens


@torch.no_grad()
def side_features(sides: Sequence[Version], image: bytes | None) -> list[torch.Tensor | None]:
    """Every side's projector outputs [tokens, width], those of its context's picture first.

    Blocks that no side changed run only once. A side has None where it sees no picture at all.
    """
    loaded = sides[0].loaded
    vision, depths = loaded.vision, [loaded.vision.depth(visual_part(s.delta)) for s in sides]
    shared = max(depths) if all(depths) else 0
    pixels = None if image is None else loaded.prompter.pictures([image])
    stem = vision.stem(pixels, shared) if shared and pixels is not None else None
    features: list[torch.Tensor | None] = []
    for side in sides:
        shown: torch.Tensor | None = None
        with overlay(loaded.model, visual_part(side.delta)), loaded.prompter.behind(side.context):
            if pixels is not None:
                shown = (vision.features(pixels) if stem is None else vision.tail(stem, shared))[0]
            features.append(loaded.prompter.with_front(shown))
    return features


def check_chat(turns: Sequence[Turn], image: bytes | None) -> None:
    """Refuse an empty or over-long question, too many turns or a bad picture (``LabError``)."""
    if not turns or not turns[-1].question.strip():
        raise LabError("the question is empty: type one, or pick a suggested question")
    if len(turns[-1].question) > LONGEST_QUESTION:
        raise LabError(f"the question is longer than {LONGEST_QUESTION} characters: shorten it")
    if len(turns) > MAX_TURNS:
        raise LabError(f"this chat has {MAX_TURNS} turns already: press Clear to start a new one")
    if image is not None:
        decode_image(image)


def answers(
    sides: Sequence[Version],
    turns: Sequence[Turn],
    image: bytes | None,
    max_new_tokens: int = LONGEST_ANSWER,
    room: Room | None = None,
) -> Generator[tuple[str, ...]]:
    """Stream the growing answers of all sides, decoded together in one batch.

    ``sides``: versions of one loaded model, each with its own visual features and earlier answers.
    Between two words the model has no weights of any side, so that others may use it then.
    """
    return spoken(in_turn(sides, turns, image, max_new_tokens, room or Room()))


def spoken(words: Generator[tuple[str, ...]]) -> Generator[tuple[str, ...]]:
    """Without the times at which there was nothing to say yet."""
    with closing(words):
        yield from filter(None, words)


def in_turn(
    sides: Sequence[Version],
    turns: Sequence[Turn],
    image: bytes | None,
    max_new_tokens: int,
    room: Room,
) -> Generator[tuple[str, ...]]:
    """The growing answers, as ``answers``; () where it has none yet and lets others go on.

    Whoever has heard all its words makes the next one, for everybody in the room. Others who ask
    for a word then have one already.
    """
    loaded, topics = sides[0].loaded, [about(side, image) for side in sides]
    found = [room.features(topic) for topic in topics]
    features = [f[0] for f in found if f] if all(found) else side_features(sides, image)
    rows = []
    for k, (side, topic) in enumerate(zip(sides, topics, strict=True)):
        earlier = [(t.question, t.answers[k]) for t in turns[:-1]]
        with loaded.prompter.behind(side.context):
            ids = loaded.prompter.conversation(earlier, turns[-1].question, image is not None)
        kept = room.recall(topic, ids)
        rows.append(Row(ids, features[k], max_new_tokens, kept, adapters_of(side), remembered=True))
    talk = room.enter(sides, rows)
    try:
        said = 0
        while not all(row.over for row in rows) or max(row.steps for row in rows) > said:
            if max(row.steps for row in rows) > said:
                said = max(row.steps for row in rows)
                yield tuple(text_of(loaded, row.answer) for row in rows)
            elif not talk.outside():
                talk.decode.step()
            elif room.seat(talk):
                _keep(room, topics, rows, talk)
            else:
                yield ()
        for topic, row in zip(topics, rows, strict=True):
            room.keep(Remembered(topic, row.features, row.kept))
    finally:
        room.leave(talk)


def _keep(room: Room, topics: Sequence[About], rows: Sequence[Row], talk: Talk) -> None:
    """Remember what was read of a picture at once: others may ask about it."""
    for (who, shown), row in zip(topics, rows, strict=True):
        if shown and row in talk.decode.rows:
            room.keep(Remembered((who, shown), row.features, talk.decode.kept(row)))


def suggested(entity: Entity, image: bool) -> list[str]:
    """Questions to suggest, in held-out wordings: one for each fact, at most five."""
    questions = [
        q
        for q in entity.questions
        if q.task == "generation" and q.modality == ("image" if image else "text")
    ]
    firsts = list({q.fact or q.id: q.text for q in reversed(questions)}.values())[::-1][:5]
    return [*firsts, "What is the capital of France?"] if not image else firsts


def probe_questions(
    benchmark: Benchmark, entity: Entity
) -> list[tuple[str, Question, bytes | None]]:
    """The fixed probes as (group, question, picture), on held-out views and wordings only."""

    def pick(who: Entity, modality: str, facts: tuple[str, ...]) -> list[Question]:
        """One question for each fact; if the benchmark names no facts, as many other questions."""
        open_ones = [q for q in who.questions if q.task == "generation" and q.modality == modality]
        named = [q for fact in facts for q in [q for q in open_ones if q.fact == fact][:1]]
        return [*named, *(q for q in open_ones if q not in named)][: len(facts)]

    def seen(who: Entity, facts: tuple[str, ...], first: int) -> list[tuple[Question, bytes]]:
        views = who.test_images
        return [
            (q, q.image or views[min(first, len(views) - 1)]) for q in pick(who, "image", facts)
        ]

    others = [e for _, e in benchmark.others(entity.id) if e.test_images]
    ids = [e.id for e in benchmark.entities]
    place = ids.index(entity.id) if entity.id in ids else 0
    other = others[place % len(others)]
    next_one = others[(place + 7) % len(others)]
    first = pick(entity, "image", ("name", "occupation", "birthplace"))
    rows: list[tuple[str, Question, bytes | None]] = [
        ("Forget VQA", q, q.image or entity.test_images[k % len(entity.test_images)])
        for k, q in enumerate(first)
    ]
    rows += [("Forget QA", q, None) for q in pick(entity, "text", ("occupation", "birthplace"))]
    rows += [("Retain VQA", q, i) for q, i in seen(other, ("name", "occupation"), 0)]
    rows += [("Retain VQA", q, i) for q, i in seen(next_one, ("name",), 1)]
    rows += [("Retain QA", q, None) for q in pick(other, "text", ("occupation", "residence"))]
    rows += [("General", q, None) for q in benchmark.general[:2]]
    return rows + [("General", p.questions[0], p.image) for p in benchmark.pictures[:1]]


def probe_rows(
    sides: Sequence[Version], benchmark: Benchmark, entity: Entity
) -> Iterator[ProbeRow]:
    """Answer the fixed probes with every side; an answer is right if it contains the reference."""
    for group, question, image in probe_questions(benchmark, entity):
        last: tuple[str, ...] = ("",) * len(sides)
        for last in answers(sides, [Turn(question.text)], image, 16):
            pass
        verdicts = tuple(normal(question.answer) in normal(text) for text in last)
        yield ProbeRow(group, question.text, question.answer, last, verdicts, image)

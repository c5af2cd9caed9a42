"""Chats and probe tables: several versions of one model answer together in one decode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256

import torch

from lab.benchmarks.images import decode as decode_image
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError
from lab.evaluation.questions import normal
from lab.model.adapter import adapted
from lab.model.chat import Kept, decode, start, text_of
from lab.model.overlay import language_part, overlay, visual_part
from lab.model.version import Version
from lab.serve.engine import LONGEST_QUESTION, ProbeRow, Turn

MAX_TURNS = 12
MEMORY_MB = 256.0


class ChatMemory:
    """Keeps visual features and keys and values of the last conversations; the oldest go first.

    A conversation is one picture (or none) and one set of sides. Further questions about it read
    only what is new.
    """

    def __init__(self, megabytes: float = MEMORY_MB) -> None:
        self.megabytes = megabytes
        self._talks: dict[tuple[str, ...], tuple[list[torch.Tensor | None], Kept]] = {}

    def take(
        self, sides: Sequence[Version], image: bytes | None
    ) -> tuple[list[torch.Tensor | None], Kept]:
        """Take out the sides' features of the picture, and their keys and values so far.

        They are put back after a successful answer. After a failure they are lost, so that nothing
        goes on from a broken state.
        """
        found = self._talks.pop(_conversation(sides, image), None)
        return found or (side_features(sides, image), start(sides[0].loaded, len(sides)))

    def put(
        self,
        sides: Sequence[Version],
        image: bytes | None,
        features: list[torch.Tensor | None],
        kept: Kept,
    ) -> None:
        """Keep a conversation as the newest one, and drop the oldest ones beyond the budget."""
        self._talks[_conversation(sides, image)] = (features, kept)
        while sum(k.megabytes() for _, k in self._talks.values()) > self.megabytes:
            del self._talks[next(iter(self._talks))]

    def clear(self) -> None:
        """Forget every conversation."""
        self._talks.clear()


def _conversation(sides: Sequence[Version], image: bytes | None) -> tuple[str, ...]:
    return (sha256(image).hexdigest() if image else "", *(s.identity for s in sides))


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


@torch.no_grad()
def answers(
    sides: Sequence[Version],
    turns: Sequence[Turn],
    image: bytes | None,
    max_new_tokens: int = 48,
    memory: ChatMemory | None = None,
) -> Iterator[tuple[str, ...]]:
    """Stream the growing answers of all sides, decoded together in one batch.

    ``sides``: versions of one loaded model, each with its own visual features and earlier answers.
    Between two words the model has no weights of any side, so that others may use it then.
    """
    memory, loaded = memory or ChatMemory(), sides[0].loaded
    features, kept = memory.take(sides, image)
    prompts = []
    for k, side in enumerate(sides):
        earlier = [(t.question, t.answers[k]) for t in turns[:-1]]
        with loaded.prompter.behind(side.context):
            prompts.append(
                loaded.prompter.conversation(earlier, turns[-1].question, image is not None)
            )
    words = decode(loaded, prompts, features, max_new_tokens, kept)
    while True:
        with _adapters(sides):
            ids = next(words, None)
        if ids is None:
            break
        yield tuple(text_of(loaded, row) for row in ids)
    memory.put(sides, image, features, kept)


@contextmanager
def _adapters(sides: Sequence[Version]) -> Iterator[None]:
    """Apply every side's language adapters to its own row of the batch."""
    loaded = sides[0].loaded
    with ExitStack() as stack:
        for k, side in enumerate(sides):
            for adapter in filter(None, (language_part(side.delta), side.adapter)):
                rows = torch.tensor(
                    [float(j == k) for j in range(len(sides))], device=loaded.device
                )
                stack.enter_context(adapted(loaded.model, adapter, rows))
        yield


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

"""Chats and probe tables: several versions of one model asked the same in one decode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch

from lab.benchmarks.images import decode as decode_image
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError
from lab.evaluate import normal
from lab.model.adapter import Adapter, adapted
from lab.model.chat import decode, text_of
from lab.model.load import Loaded
from lab.model.overlay import Delta, overlay
from lab.serve.engine import ProbeRow, Turn

MAX_TURNS = 12
MAX_CHARACTERS = 600


@dataclass(frozen=True)
class Side:
    """One version of the model: its visual delta and, for some attacks, a language adapter."""

    delta: Delta = field(default_factory=dict)
    adapter: Adapter = field(default_factory=dict)


def check_chat(turns: Sequence[Turn], image: bytes | None) -> None:
    """Refuse an empty or over-long question, too many turns or a bad picture (``LabError``)."""
    if not turns or not turns[-1].question.strip():
        raise LabError("the question is empty: type one, or pick a suggested question")
    if len(turns[-1].question) > MAX_CHARACTERS:
        raise LabError(f"the question is longer than {MAX_CHARACTERS} characters: shorten it")
    if len(turns) > MAX_TURNS:
        raise LabError(f"this chat has {MAX_TURNS} turns already: press Clear to start a new one")
    if image is not None:
        decode_image(image)


@torch.no_grad()
def answers(loaded: Loaded, sides: Sequence[Side], turns: Sequence[Turn], image: bytes | None,
            max_new_tokens: int = 48) -> Iterator[tuple[str, ...]]:
    """Stream the growing answers of every side, all in one batched decode over the language model.

    Each side has its own visual features and its own earlier answers.
    """
    prompter = loaded.prompter
    features: list[torch.Tensor | None] = []
    for side in sides:
        if image is None:
            features.append(None)
            continue
        with overlay(loaded.model, side.delta):
            pixels = prompter.pixels([decode_image(image)]).to(loaded.device)
            features.append(loaded.vision.features(pixels)[0])
    prompts = [prompter.conversation([(t.question, t.answers[k]) for t in turns[:-1]],
                                     turns[-1].question, image is not None)
               for k in range(len(sides))]
    with ExitStack() as stack:
        for k, side in enumerate(sides):
            if side.adapter:
                rows = torch.tensor([float(j == k) for j in range(len(sides))], device=loaded.device)
                stack.enter_context(adapted(loaded.model, side.adapter, rows))
        for ids in decode(loaded, prompts, features, max_new_tokens):
            yield tuple(text_of(loaded, row) for row in ids)


def probe_questions(benchmark: Benchmark, entity: Entity) -> list[tuple[str, Question, bytes | None]]:
    """The fixed probes: (group, question, picture), held-out views and phrasings only."""
    def pick(who: Entity, modality: str, facts: tuple[str, ...]) -> list[Question]:
        asked = [q for q in who.questions if q.task == "generation" and q.modality == modality]
        return [next(q for q in asked if q.fact == fact) for fact in facts]

    others = [e for e in benchmark.entities if e.id != entity.id]
    place = benchmark.entities.index(entity)
    other = others[place % len(others)]
    next_one = others[(place + 7) % len(others)]
    rows = [("Forget VQA", q, entity.test_images[k]) for k, q in
            enumerate(pick(entity, "image", ("name", "occupation", "birthplace")))]
    rows += [("Forget QA", q, None) for q in pick(entity, "text", ("occupation", "birthplace"))]
    rows += [("Retain VQA", q, other.test_images[0]) for q in pick(other, "image", ("name", "occupation"))]
    rows += [("Retain VQA", q, next_one.test_images[1]) for q in pick(next_one, "image", ("name",))]
    rows += [("Retain QA", q, None) for q in pick(other, "text", ("occupation", "residence"))]
    rows += [("General", q, None) for q in benchmark.general[:2]]
    picture = benchmark.pictures[0]
    return rows + [("General", picture.questions[0], picture.image)]


def probe_rows(loaded: Loaded, sides: Sequence[Side], benchmark: Benchmark, entity: Entity,
               between: Callable[[], None]) -> list[ProbeRow]:
    """Answer the fixed probes freely with every side; right when the reference is in the answer."""
    rows = []
    for group, question, image in probe_questions(benchmark, entity):
        last: tuple[str, ...] = ("",) * len(sides)
        for last in answers(loaded, sides, [Turn(question.text)], image, 16):
            pass
        verdicts = tuple(normal(question.answer) in normal(text) for text in last)
        rows.append(ProbeRow(group, question.text, question.answer, last, verdicts, image))
        between()
    return rows

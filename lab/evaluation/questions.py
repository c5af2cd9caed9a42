"""Questions put to a model: multiple choice by option log-probability, or greedy generation."""

from __future__ import annotations

import math
import operator
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import torch

from lab.benchmarks.schema import Question
from lab.model.chat import answer_texts
from lab.model.load import Loaded
from lab.model.low_memory import in_halves
from lab.model.sequences import pack, segment_means, target_log_probs

TOKEN_BUDGET = 1600  # tokens a packed batch may hold: larger ones gain nothing on a CPU
T = TypeVar("T")
Steps = Generator[int, None, T]  # work in batches, between which others may use the model
Group = tuple[bytes | None, list[int]]  # a picture and the places of the questions about it


@dataclass(frozen=True)
class Ask:
    """One question as put to the model: with this picture, or None for text only.

    ``guess``: how likely a blind answer is right, where that is not by the number of options.
    ``others``: whole words, as of ``lab.evaluation.naming``, by which an answer names somebody else.
    """

    question: Question
    image: bytes | None = None
    guess: float | None = None
    others: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Verdict:
    """The chosen option (or generated text) and whether it is the reference answer.

    ``score``: how much of the reference it has, in 0..1, where an answer can be partly right.
    ``probability``: of a choice, how much of all options' probability the right one has.
    """

    answer: str
    correct: bool
    score: float | None = None
    probability: float = field(default=math.nan, compare=False)

    @property
    def mark(self) -> bool | float:
        """The score, or right and wrong where there is none."""
        return self.correct if self.score is None else self.score


@torch.no_grad()
def image_features(loaded: Loaded, images: Sequence[bytes]) -> dict[bytes, torch.Tensor]:
    """Projector outputs [tokens, width] of each distinct picture, by its bytes."""
    distinct = list(dict.fromkeys(images))
    made: dict[bytes, torch.Tensor] = {}

    def encoded(part: Sequence[bytes]) -> list[torch.Tensor]:
        return list(loaded.vision.features(loaded.prompter.pictures(part)))

    for at in range(0, len(distinct), 16):
        part = distinct[at : at + 16]
        made.update(zip(part, in_halves(encoded, part, operator.add), strict=True))
    return made


def drained(steps: Steps[T]) -> T:
    """Do every step of some work at once, and return what it comes to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def choose(loaded: Loaded, asks: Sequence[Ask]) -> list[Verdict]:
    """Answer multiple-choice questions: the option with the highest mean token log-probability.

    The end token counts as part of an option, so that no option wins by being a prefix.
    Questions about one picture share its prefix (``lab.model.sequences``).
    """
    return drained(choosing(loaded, asks))


def choosing(loaded: Loaded, asks: Sequence[Ask]) -> Steps[list[Verdict]]:
    """The same in steps: yields how many questions each batch has answered."""
    features = image_features(loaded, [a.image for a in asks if a.image is not None])
    scores = yield from scoring(loaded, asks, features)
    return [_verdict(ask.question, own) for ask, own in zip(asks, scores, strict=True)]


def _verdict(question: Question, scores: Sequence[float]) -> Verdict:
    chosen = question.options[scores.index(max(scores))]
    return Verdict(chosen, chosen == question.answer, probability=of_the_right(question, scores))


def scoring(
    loaded: Loaded, asks: Sequence[Ask], features: Mapping[bytes, torch.Tensor]
) -> Steps[list[list[float]]]:
    """Mean token log-probability of every option, a list a question, in the order of ``asks``.

    ``features``: [tokens, width] of every picture asked about, by its bytes. In steps: yields how
    many questions each batch has answered.
    """
    made: list[list[float]] = [[] for _ in asks]
    for group in _batches(loaded, asks):
        answer = partial(_option_means, loaded, asks, features)
        means = in_halves(answer, group, operator.add)
        for _, members in group:
            for k in members:
                options = len(asks[k].question.options)
                made[k], means = means[:options], means[options:]
        yield sum(len(members) for _, members in group)
    return made


def of_the_right(question: Question, scores: Sequence[float]) -> float:
    """exp(right) / sum of exp(option), over mean token log-probabilities (TOFU, arXiv 2401.06121)."""
    high = max(scores)
    parts = [math.exp(score - high) for score in scores]
    pairs = zip(question.options, parts, strict=True)
    return sum(part for option, part in pairs if option == question.answer) / sum(parts)


@torch.no_grad()
def _option_means(
    loaded: Loaded,
    asks: Sequence[Ask],
    features: Mapping[bytes, torch.Tensor],
    group: Sequence[Group],
) -> list[float]:
    """Mean token log-probability of every option of the group's questions, in their order."""
    images = [image for image, _ in group]
    own = [features[i] for i in images if i is not None]
    place = {i: n for n, i in enumerate(i for i in images if i is not None)}
    trees = [
        loaded.prompter.tree(
            None if image is None else place[image],
            [(asks[k].question.text, asks[k].question.options) for k in members],
        )
        for image, members in group
    ]
    packed = pack(trees, loaded.prompter.pad_id, loaded.device)
    tokens = target_log_probs(loaded.model, packed, torch.stack(own) if own else None)
    return segment_means(tokens, packed).tolist()


def _batches(loaded: Loaded, asks: Sequence[Ask]) -> Iterator[list[Group]]:
    """Cut the questions into batches of trees: at most 12 questions a tree, a budget a batch."""
    by_image: dict[bytes | None, list[int]] = {}
    for k, ask in enumerate(asks):
        by_image.setdefault(ask.image, []).append(k)
    rows = [
        (image, members[at : at + 12])
        for image, members in by_image.items()
        for at in range(0, len(members), 12)
    ]
    for has_image in (True, False):
        prefix = len(loaded.prompter.prefix(has_image).ids)
        batch: list[Group] = []
        used: set[bytes | None] = set()
        size = 0
        for row in (r for r in rows if (r[0] is not None) == has_image):
            weight = prefix + 32 * len(row[1])
            if batch and (size + weight > TOKEN_BUDGET or (has_image and row[0] in used)):
                yield batch
                batch, used, size = [], set(), 0
            batch.append(row)
            used.add(row[0])
            size += weight
        if batch:
            yield batch


def generate(loaded: Loaded, asks: Sequence[Ask], max_new_tokens: int) -> list[str]:
    """Greedy answers, a text each."""
    return drained(generating(loaded, asks, max_new_tokens))


@torch.no_grad()
def generating(loaded: Loaded, asks: Sequence[Ask], max_new_tokens: int) -> Steps[list[str]]:
    """The same in steps: yields how many questions each batch has answered."""
    features = image_features(loaded, [a.image for a in asks if a.image is not None])
    texts: list[str] = []

    def said(part: Sequence[Ask]) -> list[str]:
        prompts = [
            loaded.prompter.conversation((), a.question.text, a.image is not None) for a in part
        ]
        rows = [
            loaded.prompter.with_front(None if a.image is None else features[a.image]) for a in part
        ]
        return answer_texts(loaded, prompts, rows, max_new_tokens)

    for at in range(0, len(asks), 16):
        texts += in_halves(said, asks[at : at + 16], operator.add)
        yield len(asks[at : at + 16])
    return texts


def normal(text: str) -> str:
    """Lower case, single spaces, no final full stop."""
    return " ".join(text.lower().split()).rstrip(".")


def share(verdicts: Sequence[Verdict]) -> float:
    """Share right of a non-empty list, or the mean of its scores."""
    return sum(v.mark for v in verdicts) / len(verdicts)


def probability(verdicts: Sequence[Verdict]) -> float:
    """Mean probability of the right option of a non-empty list of choices."""
    return sum(v.probability for v in verdicts) / len(verdicts)


def chance(asks: Sequence[Ask]) -> float:
    """Share right of whoever answers blindly; a question with no options and no guess counts 0."""
    return sum(map(_blind, asks)) / len(asks)


def _blind(ask: Ask) -> float:
    if ask.guess is not None:
        return ask.guess
    return 1 / len(ask.question.options) if ask.question.options else 0.0

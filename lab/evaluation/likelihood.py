"""How likely a model finds the right answer of a multiple-choice question, beside whether it picks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from lab.benchmarks.schema import Question
from lab.evaluation.questions import Ask, Steps, of_the_right, scoring
from lab.model.load import Loaded


@dataclass(frozen=True)
class Likelihood:
    """What a model makes of one question: whether it picks the right option, and how likely that is.

    ``probability``: the right option's among the options, in 0..1; ``loss``: of the right option's
    tokens, in nats per token, its end token included.
    """

    right: bool
    probability: float
    loss: float


def likelihood(question: Question, means: Sequence[float]) -> Likelihood:
    """Judge one question by its options' mean token log-probabilities, in the options' order."""
    right = question.options.index(question.answer)
    chosen = means.index(max(means))
    return Likelihood(chosen == right, of_the_right(question, means), -means[right])


def likelihoods(
    loaded: Loaded, asks: Sequence[Ask], features: Mapping[bytes, torch.Tensor]
) -> Steps[list[Likelihood]]:
    """Judge multiple-choice questions about pictures whose features are given.

    ``features``: [tokens, width] of every picture asked about, by its bytes. In steps: yields how
    many questions each batch has answered.
    """
    scores = yield from scoring(loaded, asks, features)
    return [likelihood(ask.question, own) for ask, own in zip(asks, scores, strict=True)]

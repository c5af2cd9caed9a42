"""How likely a model finds the right answer of a multiple-choice question, beside whether it picks it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from lab.benchmarks.schema import Question
from lab.evaluation.questions import Ask, Steps, batches, of_the_right, option_means
from lab.model.load import Loaded
from lab.model.low_memory import in_halves


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
    made: list[Likelihood | None] = [None] * len(asks)
    for group in batches(loaded, asks):
        answer = partial(option_means, loaded, asks, features)
        means = in_halves(answer, group, operator.add)
        for _, members in group:
            for k in members:
                question = asks[k].question
                own, means = means[: len(question.options)], means[len(question.options) :]
                made[k] = likelihood(question, own)
        yield sum(len(members) for _, members in group)
    return [m for m in made if m is not None]

"""How likely a model finds the right answer of a multiple-choice question, beside whether it picks it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from lab.evaluation.questions import Ask, Steps, batches, option_means
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


def likelihood(means: Sequence[float], right: int) -> Likelihood:
    """Judge one question by its options' mean token log-probabilities, ``right`` the reference's place.

    With p_k = exp(mean_k), the probability is p_right / sum p_k: TOFU's for questions with options
    (arXiv 2401.06121). Options of equal means weigh the same, so that chance is one over their number.
    """
    chosen = means.index(max(means))
    weights = torch.tensor(means, dtype=torch.float64).softmax(0)
    return Likelihood(chosen == right, float(weights[right]), -means[right])


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
                made[k] = likelihood(own, question.options.index(question.answer))
        yield sum(len(members) for _, members in group)
    return [m for m in made if m is not None]

"""How likely the right answer is: by hand, and beside the multiple choice on the tiny model."""

from __future__ import annotations

import math

import pytest

from lab.benchmarks.schema import Question
from lab.evaluation.asks import forget_asks
from lab.evaluation.likelihood import likelihood, likelihoods
from lab.evaluation.questions import choose, drained, image_features


def asked(answer: str) -> Question:
    return Question("q", "classification", "image", "name", "Who?", answer, ("a", "b", "c"))


def test_the_probability_by_hand() -> None:
    # p = 1/2, 1/4 and 1/4 of the options' own probabilities, whatever they add up to
    means = [math.log(0.2), math.log(0.1), math.log(0.1)]
    first, second = likelihood(asked("a"), means), likelihood(asked("b"), means)
    assert first.right and first.probability == pytest.approx(0.5)
    assert first.loss == pytest.approx(-math.log(0.2))
    assert not second.right and second.probability == pytest.approx(0.25)


def test_equal_options_are_as_likely_as_chance() -> None:
    made = likelihood(asked("c"), [-3.0] * 3)
    assert made.probability == pytest.approx(1 / 3) and not made.right


def test_a_likelihood_is_right_where_the_choice_is(tiny, four) -> None:
    asks = forget_asks(four.entities[0])
    features = image_features(tiny, [a.image for a in asks if a.image is not None])
    steps = likelihoods(tiny, asks, features)
    counted = []
    while True:
        try:
            counted.append(next(steps))
        except StopIteration as end:
            made = end.value
            break
    assert sum(counted) == len(asks) == len(made)
    chosen = choose(tiny, asks)
    assert [m.right for m in made] == [v.correct for v in chosen]
    assert [m.probability for m in made] == pytest.approx([v.probability for v in chosen])
    assert all(0 < m.probability < 1 and m.loss > 0 for m in made)
    assert {m.right for m in made} == {True, False}  # else the comparison says little
    # the options of a question share one whole
    question = asks[0].question
    others = [
        drained(likelihoods(tiny, [_answered(asks[0], option)], features))[0].probability
        for option in question.options
    ]
    assert sum(others) == pytest.approx(1.0)


def _answered(ask, option: str):
    from dataclasses import replace

    return replace(ask, question=replace(ask.question, answer=option))

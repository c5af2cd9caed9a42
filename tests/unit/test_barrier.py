"""Distance and the straight line between two weights, by hand and on the tiny model."""

from __future__ import annotations

import math

import pytest
import torch

from lab.evaluation.barrier import POINTS, barrier, between, distance, line
from lab.evaluation.likelihood import likelihoods
from lab.evaluation.patching import questions_of
from lab.evaluation.questions import drained, image_features
from lab.evaluation.where import total, where
from lab.model.overlay import LANGUAGE, overlay, weights_hash
from lab.model.version import Version

AT = (0.0, 0.25, 0.5, 0.75, 1.0)


def test_the_barrier_by_hand() -> None:
    assert barrier(AT, (1.0, 1.5, 2.0, 2.5, 3.0)) == 0  # on the chord
    assert barrier(AT, (1.0, 1.0, 1.0, 1.0, 3.0)) == 0  # below it all the way
    assert barrier(AT, (1.0, 2.0, 5.0, 2.0, 3.0)) == pytest.approx(5.0 - 2.0)
    assert barrier(AT, (1.0, 3.5, 2.0, 2.5, 1.0)) == pytest.approx(2.5)
    assert barrier((0.0, 1.0), (4.0, 1.0)) == 0


def test_the_distance_by_hand(tiny) -> None:
    own = tiny.vision.trainable(2)
    doubled = {n: 2 * p.detach() for n, p in own.items()}  # as far as they were long
    made = distance(tiny, doubled)
    assert made.whole == pytest.approx(1.0)
    assert [name for name, _ in made.layers] == ["block 1", "block 2", "projector"]
    assert all(far == pytest.approx(1.0) for _, far in made.layers)
    last = tiny.vision.layers(1)[0]  # the last block's
    one = {n: t for n, t in doubled.items() if n.startswith(f"{last.second_name}.")}
    kept = {n: p.detach() for n, p in own.items()} | one
    squares = {n: float(p.detach().double().square().sum()) for n, p in own.items()}
    part = math.sqrt(sum(squares[n] for n in one) / sum(squares.values()))
    made = distance(tiny, kept)
    assert made.whole == pytest.approx(part)
    found = dict(made.layers)
    assert found["block 1"] == found["projector"] == 0 and 0 < found["block 2"] < 1


def test_no_visual_weights_are_no_distance(tiny) -> None:
    assert distance(tiny, {}).whole == 0 and distance(tiny, {}).layers == ()
    language = {f"{LANGUAGE}layers.0.mlp.up_proj.A": torch.ones(2, 2)}
    assert distance(tiny, language).whole == 0 and between(tiny, language, 0.5) == {}


def test_between_is_straight_and_ends_at_the_very_bits(tiny) -> None:
    own = {n: p.detach() for n, p in tiny.vision.trainable(1).items()}
    far = {n: p + 1.0 for n, p in own.items()}
    assert all(torch.equal(t, own[n]) for n, t in between(tiny, far, 0.0).items())
    assert all(torch.equal(t, far[n]) for n, t in between(tiny, far, 1.0).items())
    quarter = between(tiny, far, 0.25)
    assert all(torch.allclose(t, own[n] + 0.25, atol=1e-6) for n, t in quarter.items())


def test_between_equal_weights_there_is_no_barrier(tiny, four) -> None:
    own = {n: p.detach().clone() for n, p in tiny.vision.trainable(2).items()}
    made = drained(line(tiny, own, questions_of(four, four.entities[0])))
    assert made.at == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) and len(made.at) == POINTS
    assert len(set(made.forget)) == len(set(made.others)) == 1
    assert made.barrier_forget == made.barrier_others == 0


def test_the_line_has_the_loss_of_the_weights_at_each_point(tiny, four) -> None:
    asks, before = questions_of(four, four.entities[0]), weights_hash(tiny.model)
    draw = torch.Generator().manual_seed(0)
    delta = {
        n: p.detach() + torch.randn(p.shape, generator=draw)
        for n, p in tiny.vision.trainable(2).items()
    }
    made = drained(line(tiny, delta, asks))
    for place, share in ((0, 0.0), (2, 0.4), (5, 1.0)):
        with overlay(tiny.model, between(tiny, delta, share)):
            features = image_features(tiny, asks.images)
            answers = drained(likelihoods(tiny, asks.forget, features))
        mean = sum(a.loss for a in answers) / len(answers)
        assert made.forget[place] == pytest.approx(mean, abs=1e-6)
    assert len(set(made.others)) == POINTS
    assert weights_hash(tiny.model) == before


def test_where_asks_both_ways_and_counts_its_answers(tiny, four) -> None:
    entity = four.entities[0]
    delta = {n: p.detach() * 1.5 for n, p in tiny.vision.trainable(2).items()}
    run, steps, counted = Version("unlearned", tiny, delta), [], 0
    work = where(run, four, entity)
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            made = end.value
            break
    counted = sum(steps)
    assert counted == total(run, questions_of(four, entity)) == (12 + 9) * (2 * 5 + 6)
    assert (made.lost.into, made.back.into) == ("original", "unlearned")
    assert made.distance.whole == pytest.approx(0.5)
    assert (made.n_forget, made.n_others) == (12, 9)
    assert made.chance_forget == made.chance_others == 0.25

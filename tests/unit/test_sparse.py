"""Ended runs in little memory: the same bits, only what changed."""

from __future__ import annotations

import math

import pytest
import torch

from lab.model.sparse import Sparse, to_delta, to_sparse


@pytest.fixture
def layer() -> torch.nn.Linear:
    made = torch.nn.Linear(5, 3)
    with torch.no_grad():
        made.weight.copy_(torch.arange(15.0).view(3, 5))
    return made


def test_only_changed_weights_are_kept_and_come_back_bit_for_bit(layer) -> None:
    weight = layer.weight.detach().clone()
    weight[0, 0], weight[1, 2], weight[2, 4] = -0.0, math.nan, 99.0
    sparse = to_sparse({"weight": weight}, {"weight": layer.weight})
    assert sparse.values["weight"].numel() == 3 and sparse.bits["weight"].nbytes == 2
    again = to_delta(sparse, {"weight": layer.weight})["weight"]
    assert torch.equal(again.view(torch.int32), weight.view(torch.int32))
    assert sparse.megabytes() == pytest.approx((3 * 4 + 2) / 2**20)
    again[0, 1] = 7.0  # a copy: the base keeps its bits
    assert layer.weight[0, 1] == 1.0


def test_an_unchanged_delta_is_no_nothing(layer) -> None:
    sparse = to_sparse({"weight": layer.weight}, {"weight": layer.weight})
    assert sparse and torch.equal(
        to_delta(sparse, {"weight": layer.weight})["weight"], layer.weight
    )
    assert not Sparse({}, {}) and to_delta(Sparse({}, {}), {"weight": layer.weight}) == {}


def test_half_precision_weights(layer) -> None:
    layer.half()
    weight = layer.weight.detach().clone()
    weight[1] += 1
    sparse = to_sparse({"weight": weight}, {"weight": layer.weight})
    assert sparse.values["weight"].numel() == 5
    assert torch.equal(to_delta(sparse, {"weight": layer.weight})["weight"], weight)

"""Fisher by neuron, weights as a picture and places of the portrait, by numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lab.events import EMPTY, Glow, Importance, NeuronFisher
from lab.model.flow import Qwen2Flow
from lab.model.picture_flow import Flow
from lab.model.vision import NeuronLayer
from lab.saliency import neurons, places
from lab.saliency.importance import fire_map
from lab.saliency.mask import Masked
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect
from lab.unlearn.outcome import Outcome
from lab.unlearn.stages import inspect_left
from lab.unlearn.task import task_of
from tests.unit import tiny as make

LAYER = NeuronLayer("block 0", "a", "b", nn.Linear(2, 3), nn.Linear(3, 1))
FORGET = {"a.weight": [[8.0, 2], [1, 1], [0, 0]], "b.weight": [[2.0, 4, 0]]}
RATIOS = {"a.weight": [[8.0, 2], [1, 1], [0, 0]], "b.weight": [[4.0, 100, 0]]}
LIVE = {"a.weight": [[True, True], [True, True], [False] * 2], "b.weight": [[True, True, False]]}


def tensors(values: dict[str, list]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def made() -> Masked:
    forget, ratios, live = tensors(FORGET), tensors(RATIOS), tensors(LIVE)
    retain = {n: torch.full_like(f, 2.0) for n, f in forget.items()}
    return Masked(live, live, ratios, forget, retain, None)


def test_a_neurons_fisher_is_over_its_row_and_its_column() -> None:
    found = made()
    (mean, most, median), _ = neurons.figures_of(found, (found.forget, found.retain), LAYER)
    # neuron 0: (8 + 2 + 2) / (2 + 2 + 2); neuron 1: (1 + 1 + 4) / 6; neuron 2 has no live weight
    assert mean[:2].tolist() == [2.0, 1.0] and np.isnan(mean[2])
    assert most[:2].tolist() == [4.0, 2.0] and np.isnan(most[2])
    assert median[:2].tolist() == [4.0, 1.0] and np.isnan(median[2])  # of 8, 2, 4 and of 1, 1, 100


def test_a_layers_weights_are_a_picture_of_neurons_by_inputs_and_outputs(monkeypatch) -> None:
    found = made()
    sides = (found.forget, found.retain)
    _, (fill, mark, inputs) = neurons.figures_of(found, sides, LAYER)
    assert inputs == 2 and fill.shape == mark.shape == (3, 3)  # two inputs and an output
    assert fill[0].tolist() == [60, -30, EMPTY]  # log10 of 8 / 2 and of 1 / 2
    assert fill[1].tolist() == [0, -30, EMPTY] and fill[2].tolist() == [0, 30, EMPTY]
    assert mark[0].tolist() == [90, 0, EMPTY] and mark[2].tolist() == [60, 200, EMPTY]
    monkeypatch.setattr(neurons, "COLUMNS", 2)
    monkeypatch.setattr(neurons, "ROWS", 1)
    _, (fill, mark, inputs) = neurons.figures_of(found, sides, LAYER)
    # two neurons and both inputs a cell: (8 + 2 + 1 + 1) / 8; the last cell holds neuron 2 alone
    assert inputs == 1 and fill.tolist() == [[18, EMPTY], [18, EMPTY]]
    assert mark.tolist() == [[0, EMPTY], [60, EMPTY]]  # the lower median of 1, 1, 2, 8; of 4, 100


def test_what_a_gate_takes_in_stands_with_its_neuron() -> None:
    weights = {
        "g.weight": torch.tensor([[1.0], [2]]),
        "u.weight": torch.tensor([[3.0], [4]]),
        "d.weight": torch.tensor([[5.0, 6]]),
    }
    one, two = nn.Linear(1, 2), nn.Linear(2, 1)
    gated = NeuronLayer("block 0", "u", "d", one, two, "g", one)
    goes_in, goes_out = neurons.of_neurons(weights, gated)
    assert goes_in.tolist() == [[1, 3], [2, 4]] and goes_out.tolist() == [[5], [6]]
    both = {"u.weight": torch.tensor([[1.0], [2], [3], [4]]), "d.weight": weights["d.weight"]}
    fused = NeuronLayer("block 0", "u", "d", nn.Linear(1, 4), two)
    assert neurons.of_neurons(both, fused)[0].tolist() == [[1, 3], [2, 4]]


def test_a_tokens_gradient_is_summed_over_the_weights_that_a_threshold_lets_through() -> None:
    a, g = torch.tensor([[1.0, 2], [0, 1]]), torch.tensor([[3.0], [5]])
    ratio, live = torch.tensor([[0.5, 1.0]]), torch.tensor([[True, True]])
    found = places.through(a, g, ratio, live)
    stops = places.THRESHOLDS.tolist()
    assert found.shape == (2, len(stops)) and 1.0 in stops
    # both weights up to 0.5: 3 * 1 + 3 * 2 and 5 * 0 + 5 * 1; up to 1 the second alone
    assert found[:, 0].tolist() == [9, 5]
    assert found[:, stops.index(1.0)].tolist() == [6, 5]
    assert found[:, stops.index(1.0) + 1].tolist() == [0, 0]
    assert places.through(a, g, ratio, torch.tensor([[False, True]]))[:, 0].tolist() == [6, 5]


def test_a_coarser_square_is_spread_over_a_finer_one() -> None:
    values = np.array([[1], [2], [3], [4]])
    assert places.spread(values, 4)[:, 0].reshape(4, 4).tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]
    assert places.spread(values, 2) is not values and (places.spread(values, 2) == values).all()


def test_each_layer_keeps_its_own_square_unless_patches_are_joined() -> None:
    assert Flow().finest(65, 16) == 64  # a class token and 8 x 8 patches
    assert Qwen2Flow().finest(64, 16) == 16  # four patches of a token lie side by side


@pytest.fixture(scope="module")
def inspected(tiny, four):
    """The events and the outcome of an inspection of the first person."""
    outcome = Outcome()
    task = task_of(four, make.recipe(prune_share=0.05))
    return list(inspect(tiny, task, outcome, lambda: False)), outcome


def of(events, kind):
    return next(e for e in events if isinstance(e, kind))


def test_an_inspection_says_where_its_neurons_fire_at_every_stop(inspected, tiny, four) -> None:
    importance, glow = (of(inspected[0], kind) for kind in (Importance, Glow))
    assert glow.maps.shape == (len(glow.shares), *importance.heat.shape)
    assert not glow.maps[0].any()  # nothing is pruned
    at = glow.shares.tolist().index(0.05)
    assert np.allclose(glow.maps[at], importance.heat, atol=1e-5)
    image, layers = four.entities[0].train_images[0], tiny.vision.layers(2)
    flat = np.sort(np.concatenate(importance.score))
    tenth = tuple(s >= flat[-round(0.1 * len(flat))] for s in importance.score)
    by_hand = fire_map(tiny, layers, image, tenth, importance.retain)
    assert np.allclose(glow.maps[-1], by_hand, atol=1e-5)


def test_an_inspection_says_what_each_neurons_weights_are_like(inspected) -> None:
    events, outcome = inspected
    importance, found = of(events, Importance), of(events, NeuronFisher)
    assert found.layers == importance.layers
    for k, name in enumerate(found.layers):
        pruned = importance.pruned[k]
        assert np.isnan(found.median[k][pruned]).all(), name  # no weight of theirs has a gradient
        assert not np.isnan(found.median[k][~pruned]).any(), name
        assert (found.most[k][~pruned] >= found.mean[k][~pruned] * 0.999).all(), name
        assert found.fill[k].shape[1] == len(pruned) and found.mark[k].shape == found.fill[k].shape
    # by neuron, a neuron's row is in the mask or none of it: so is its cell, in every input's row
    layer = next(n for n in outcome.mask if n.endswith("fc1.weight"))
    inside = outcome.mask[layer].all(1).numpy()
    rows = found.mark[0][: found.inputs[0]]
    assert (inside == (rows >= 0).all(0)).mean() > 0.98  # hundredths of log10 are rounded
    assert found.maps.shape == (len(found.thresholds), 2, 2)
    assert found.maps.max(axis=(1, 2))[0] == 1.0


def test_looking_at_what_a_run_left_sees_its_weights(tiny, four) -> None:
    plan = make.recipe(prune_share=0.05)
    before = list(inspect(tiny, task_of(four, plan), Outcome(), lambda: False))
    same = list(inspect_left(tiny, Rows(four, four.entities[0], 0, 60), plan, {}, lambda: False))
    for one, other in zip(of(before, Importance).score, of(same, Importance).score, strict=True):
        assert np.array_equal(one, other)
    name = tiny.vision.layers(1)[0].first_name
    weight = tiny.model.get_submodule(name).weight
    silent = weight.detach().clone()
    silent[0] = 0.0
    bias = tiny.model.get_submodule(name).bias.detach().clone()
    bias[0] = 0.0
    left = {f"{name}.weight": silent, f"{name}.bias": bias}
    rows = Rows(four, four.entities[0], 0, 60)
    after = list(inspect_left(tiny, rows, plan, left, lambda: False))
    layer = of(after, Importance).layers.index(tiny.vision.layers(1)[0].name)
    assert of(before, Importance).forget[layer][0] > 0 == of(after, Importance).forget[layer][0]
    assert tiny.model.get_submodule(name).weight is weight  # taken off again

"""Importance, masks and their summaries against numbers worked out by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from lab.evaluation.questions import drained
from lab.model.vision import NeuronLayer, hidden_neurons
from lab.saliency import fisher as fim
from lab.saliency.importance import importance, mean_activation, top_share
from lab.saliency.mask import Masked, masked, stability
from lab.saliency.summary import summarise
from tests.unit import tiny

LAYER = NeuronLayer("block 0", "a", "b", nn.Linear(2, 2), nn.Linear(2, 1))


def fake(**values: list) -> dict[str, torch.Tensor]:
    """Tensors under the names of the one layer's parameters."""
    return {n.replace("_", "."): torch.tensor(v) for n, v in values.items()}


def test_mean_activation_is_mean_abs_over_images_and_tokens(tiny, four) -> None:
    layers = tiny.vision.layers(2)
    images = [four.entities[0].train_images[0], four.entities[1].train_images[0]]
    made = mean_activation(tiny, layers, [*images, images[0]], batch=1)  # a repeat counts once
    for layer, got in zip(layers, made, strict=True):
        z = []
        for image in images:
            with hidden_neurons(layers) as seen, torch.no_grad():
                tiny.vision.features(tiny.prompter.pictures([image]))
            z.append(seen[layer.name].reshape(-1, layer.neurons).tolist())
        by_hand = [
            sum(abs(t[n]) for picture in z for t in picture) / (2 * len(z[0]))
            for n in range(layer.neurons)
        ]
        assert got == pytest.approx(by_hand, abs=1e-5)


def test_score_is_forget_over_retain(tiny, four) -> None:
    forget, retain = four.entities[0].train_images, four.entities[1].train_images
    event = importance(tiny, tiny.vision.layers(2), forget, retain, 0.1)
    assert event.layers == ("block 1", "block 2", "projector")
    assert event.images == (3, 3)
    for f, r, s in zip(event.forget, event.retain, event.score, strict=True):
        assert s[0] == pytest.approx(f[0] / (r[0] + 1e-5))
    neurons = sum(len(s) for s in event.score)
    assert neurons == 64 + 64 + 32
    assert sum(int(p.sum()) for p in event.pruned) == 16
    marked = np.concatenate(event.score)[np.concatenate(event.pruned)]
    assert marked.min() >= np.sort(np.concatenate(event.score))[-16]
    assert event.heat.shape == (2, 2) and 0 <= event.heat.min() <= event.heat.max() <= 1


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.2, 2), (0.25, 2), (0.3, 3), (1.0, 10)])
def test_top_share_counts_over_all_layers(share: float, count: int) -> None:
    scores = (np.array([5, 1, 9, 2], np.float32), np.array([7, 7, 0, 3, 3, 3], np.float32))
    marks = top_share(scores, share)
    assert [m.shape for m in marks] == [(4,), (6,)]
    assert sum(int(m.sum()) for m in marks) == count
    if count == 3:
        assert marks[0].tolist() == [False, False, True, False]
        assert marks[1].tolist() == [True, True, False, False, False, False]


def test_ties_go_to_the_shallower_layer() -> None:
    marks = top_share((np.ones(3, np.float32), np.ones(3, np.float32)), 0.5)
    assert marks[0].all() and not marks[1].any()


def test_ratio_adds_epsilon_to_both_sides() -> None:
    made = fim.ratio({"w": torch.tensor([6.0, 0.0, 1.0])}, {"w": torch.tensor([3.0, 0.0, 0.0])})[
        "w"
    ]
    assert made.dtype == torch.float32
    assert made.tolist() == pytest.approx([2.0, 1.0, 1e15], rel=1e-4)


def test_mask_holds_live_weights_at_or_above_the_threshold() -> None:
    forget, retain = (
        {"w": torch.tensor([2.0, 1.0, 0.0, 4.0])},
        {"w": torch.tensor([2.0, 2.0, 0.0, 1.0])},
    )
    live = fim.live_weights(forget, retain, {"w": torch.tensor([False, False, False, True])})
    assert live["w"].tolist() == [True, True, False, False]  # no gradient; pruned
    mask = fim.mask_from(fim.ratio(forget, retain), live, 1.0)
    assert mask["w"].tolist() == [True, False, False, False]


def test_overlap_is_intersection_over_union() -> None:
    live = {"w": torch.ones(8, dtype=torch.bool)}
    one = {"w": torch.tensor([1, 1, 1, 1, 0, 0, 0, 0]).bool()}
    other = {"w": torch.tensor([0, 0, 1, 1, 0, 0, 0, 0]).bool()}
    got, chance = fim.overlap(one, other, live)
    assert got == pytest.approx(2 / 4)
    assert chance == pytest.approx(0.125 / (0.5 + 0.25 - 0.125))  # p = 1/2, q = 1/4
    empty = {"w": torch.zeros(8, dtype=torch.bool)}
    assert fim.overlap(empty, empty, live) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "halves"),
    [
        ([6.0], ([6.0], [])),
        ([2.0, 4.0], ([2.0], [4.0])),
        ([9.0, 3.0, 0.0], ([9.0, 3.0], [0.0])),  # halves 6 and 0: their own mean would be 3
        ([1.0, 2.0, 3.0, 4.0, 10.0], ([1.0, 2.0, 3.0], [4.0, 10.0])),  # 2 and 7
    ],
)
def test_the_mean_of_the_halves_is_the_plain_mean(values: list, halves: tuple) -> None:
    def squared(part: list[float], together: bool) -> dict[str, torch.Tensor]:
        return {"w": torch.tensor(sum(part))}

    last = drained(fim.halves_of(values, squared, batch=2))
    assert last.counts == (len(halves[0]), len(halves[1])) and last.seen == len(values)
    for mean, half in zip(last.means, halves, strict=True):
        assert [v.item() for v in mean.values()] == ([sum(half) / len(half)] if half else [])
    assert fim.mean_of(last)["w"].item() == pytest.approx(sum(values) / len(values))


def test_of_one_sample_the_mask_is_made_and_its_stability_unknown() -> None:
    one = fim.Halves(({"w": torch.tensor([4.0, 1.0])}, {}), (1, 0), 1)
    two = fim.Halves(({"w": torch.tensor([2.0, 2.0])}, {"w": torch.tensor([2.0, 4.0])}), (1, 1), 2)
    made = masked([one, two], {}, 1.0)
    assert made.mask["w"].tolist() == [True, False] and made.halves is None
    assert made.ratios["w"].tolist() == pytest.approx([4 / 2, 1 / 3])
    assert stability([made]) is None


def test_the_stability_of_two_masks_is_over_both_together() -> None:
    on, off = torch.tensor([True]), torch.tensor([False])
    fisher = {"w": torch.ones(1)}
    agree = Masked({}, {"a": on}, fisher, fisher, fisher, ({"a": on}, {"a": on}))
    differ = Masked({}, {"b": on}, fisher, fisher, fisher, ({"b": on}, {"b": off}))
    # in both halves 1, in either 2; densities 1 and 1/2 by chance 0.5 / (1 + 0.5 - 0.5)
    assert stability([agree, differ]) == (0.5, 0.5)
    assert stability([agree]) == (1.0, 1.0) and stability([]) is None


def test_by_neuron_gives_each_weight_its_neurons_mean() -> None:
    # two inputs, two neurons, one output
    values = fake(
        a_weight=[[1.0, 3.0], [5.0, 7.0]], a_bias=[9.0, 9.0], b_weight=[[10.0, 20.0]], b_bias=[30.0]
    )
    smooth = fim.by_neuron(values, [LAYER])
    assert smooth["a.weight"].tolist() == [[2.0, 2.0], [6.0, 6.0]]
    assert smooth["a.bias"].tolist() == [2.0, 6.0]
    assert smooth["b.weight"].tolist() == [[10.0, 20.0]]
    assert smooth["b.bias"].tolist() == [30.0]


def test_relative_takes_a_sides_loss_scale_out() -> None:
    values = fake(
        a_weight=[[1.0, 3.0], [5.0, 7.0]], a_bias=[9.0, 9.0], b_weight=[[10.0, 20.0]], b_bias=[26.0]
    )  # 9 weights, sum 90, mean 10
    made = fim.relative(values)
    assert torch.allclose(made["a.weight"], torch.tensor([[0.1, 0.3], [0.5, 0.7]]))
    assert torch.allclose(made["b.bias"], torch.tensor([2.6]))
    louder = fim.relative({n: 1e-6 * v for n, v in values.items()})
    assert all(torch.allclose(louder[n], made[n]) for n in made)


def test_summary_counts_make_the_density_at_any_edge() -> None:
    forget = fake(
        a_weight=[[4.0, 1.0], [1.0, 0.0]], a_bias=[1.0, 1.0], b_weight=[[1.0, 1.0]], b_bias=[1.0]
    )
    retain = fake(
        a_weight=[[1.0, 1.0], [2.0, 0.0]], a_bias=[1.0, 4.0], b_weight=[[1.0, 1.0]], b_bias=[1.0]
    )
    pruned = {n: torch.zeros_like(v, dtype=torch.bool) for n, v in forget.items()}
    ratios, live = fim.ratio(forget, retain), fim.live_weights(forget, retain, pruned)
    mask = fim.mask_from(ratios, live, 1.0)
    one = {n: torch.zeros_like(m) for n, m in live.items()}
    other = {n: torch.zeros_like(m) for n, m in live.items()}
    one["a.bias"] |= True
    other["a.bias"][0] = True  # 1 of 2 in both; of 8 live weights a quarter and an eighth
    made = Masked(mask, live, ratios, forget, retain, (one, other))
    event = summarise(made, fim.cells([LAYER], ratios), 1.0, (4, 4), "weight")
    zero = int(np.searchsorted(event.edges, 0.0))  # the edge of ratio 1
    assert event.edges[zero] == 0.0
    # in weight: three live weights with ratios 4, 1 and 1/2; in bias: 1 and 1/4
    assert event.counts[0, :, zero:].sum(1).tolist() == [2, 1, 2, 1]
    assert event.counts[0].sum(1).tolist() == [3, 2, 2, 1]
    assert event.density[0].tolist() == pytest.approx([2 / 3, 1 / 2, 1.0, 1.0])
    assert event.ratio[0, 0] == pytest.approx((6 / 4) / (4 / 4))
    assert event.mask_density == pytest.approx(6 / 8)
    assert (event.overlap, event.samples) == (0.5, (4, 4))
    assert event.overlap_chance == pytest.approx((1 / 32) / (3 / 8 - 1 / 32))


def test_an_empty_cell_is_nan_not_zero() -> None:
    values = fake(a_weight=[[0.0]], a_bias=[1.0], b_weight=[[1.0]], b_bias=[1.0])
    pruned = {n: torch.zeros_like(v, dtype=torch.bool) for n, v in values.items()}
    live = fim.live_weights(values, values, pruned)
    made = Masked(live, live, fim.ratio(values, values), values, values, None)
    event = summarise(made, fim.cells([LAYER], values), 1.0, (1, 1), "weight")
    assert np.isnan(event.density[0, 0]) and np.isnan(event.ratio[0, 0])
    assert np.isnan(event.overlap) and np.isnan(event.overlap_chance)


def test_reported_densities_leave_pruned_weights_out(tiny, four) -> None:
    _, events = tiny_run(tiny, four)
    event = next(e for e in events if type(e).__name__ == "Saliency")
    sizes = sum(p.numel() for p in tiny.vision.trainable(2).values())
    assert 0 < event.counts.sum() < sizes
    density = np.nansum(event.density * event.counts.sum(-1)) / event.counts.sum()
    assert event.mask_density == pytest.approx(density)


def tiny_run(model, bench):
    """A run of one step."""
    return tiny.run(model, bench, tiny.recipe(steps=1))

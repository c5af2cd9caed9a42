"""MANU: the released code's score by hand, and rows that are exactly zero."""

from __future__ import annotations

import math

import pytest
import torch

from lab.events import Importance
from lab.model.adapter import language_linears
from lab.model.overlay import LANGUAGE, language_part, overlay, visual_part
from lab.saliency.activity import activity_of, manu_score, measure
from lab.saliency.fisher import linears
from lab.unlearn.batches import Rows
from lab.unlearn.manu import language_neurons
from tests.unit import tiny as make


def test_activity_by_hand() -> None:
    # neuron 0: 1, -3, 2; neuron 1: 0.05, 0, 5000 (clamped to 1000)
    made = activity_of(torch.tensor([[[1.0, 0.05], [-3.0, 0.0], [2.0, 5000.0]]])).importance
    assert made["absolute"].tolist() == pytest.approx([2.0, 1000.05 / 3])
    assert made["frequency"].tolist() == pytest.approx([1.0, 1 / 3])  # |z| > 0.1
    assert made["rms"].tolist() == pytest.approx([math.sqrt(14 / 3), math.sqrt((0.0025 + 1e6) / 3)])
    assert made["variance"][0] == pytest.approx(math.sqrt((1 + 9 + 4) / 2))  # mean 0, over n - 1


def test_activity_adds_up_over_passes() -> None:
    z = torch.randn(5, 7, 3)
    both = activity_of(z[:2]) + activity_of(z[2:])
    flat = z.reshape(-1, 3)
    assert both.importance["variance"].float() == pytest.approx(flat.std(0), rel=1e-5)
    assert both.importance["absolute"].float() == pytest.approx(flat.abs().mean(0), rel=1e-5)


def test_score_by_hand() -> None:
    forget = activity_of(torch.tensor([[2.0], [-2.0]]))  # abs 2, rms 2, std sqrt(8)
    retain = activity_of(torch.tensor([[1.0], [-1.0]]))  # abs 1, rms 1, std sqrt(2)
    ratio = 2 / (1 + 1e-5) - 1, math.sqrt(8) / (math.sqrt(2) + 1e-5) - 1
    # absolute and rms weigh 2 each, variance 2, frequency 0
    assert manu_score(forget, retain).item() == pytest.approx(4 * ratio[0] + 2 * ratio[1])


def test_a_neuron_that_fires_for_the_target_alone_leads() -> None:
    forget = activity_of(torch.tensor([[5.0, 1.0], [-5.0, 1.5]]))
    retain = activity_of(torch.tensor([[0.1, 1.0], [-0.1, 1.5]]))
    score = manu_score(forget, retain)
    assert score[0] > 100 and score[1].item() == pytest.approx(0.0, abs=1e-3)


def test_measuring_leaves_no_hook_and_sees_every_token(tiny, four) -> None:
    forget, _ = Rows(four, four.entities[0], 0).fisher_samples(4)
    modules = {**linears(tiny.vision.layers(2)[:-1]), **language_neurons(tiny.model)}
    made = measure(tiny, modules, forget)
    assert made.keys() == modules.keys()
    assert {made[n].n for n in linears(tiny.vision.layers(2)[:-1])} == {4 * 5}
    assert len({made[n].n for n in language_neurons(tiny.model)}) == 1
    assert not any(m._forward_hooks for m in modules.values())


def test_pruned_rows_are_exactly_zero(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe(method="manu", prune_share=0.1))
    vision, text = linears(tiny.vision.layers(2)[:-1]), language_neurons(tiny.model)
    neurons = (
        sum(m.out_features for m in vision.values()),
        sum(m.out_features for m in text.values()),
    )
    assert outcome.pruned_neurons == round(0.1 * neurons[0]) + round(0.1 * neurons[1])
    silent = {n.removesuffix(".keep"): ~t for n, t in language_part(outcome.delta).items()}
    assert sum(int(s.sum()) for s in silent.values()) == round(0.1 * neurons[1])
    for name, weight in visual_part(outcome.delta).items():
        where = outcome.pruned[name]
        assert not weight[where].any()
        assert torch.equal(weight[~where], tiny.model.get_parameter(name)[~where]), name
    assert not any(w.any() for n, w in outcome.pruned.items() if "projector" in n)
    with overlay(tiny.model, outcome.delta), torch.no_grad():
        for name, off in silent.items():
            module = language_linears(tiny.model)[name]
            out = module(torch.randn(2, 3, module.in_features))
            assert not out[..., off].any() and out[..., ~off].all()
    event = next(e for e in events if isinstance(e, Importance))
    assert sum(int(p.sum()) for p in event.pruned) == outcome.pruned_neurons
    assert len(event.layers) == len(event.score) == len(vision) + len(text)
    assert event.layers[0] == "vision 1 fc1" and event.layers[-1] == "language 1 down_proj"


def test_the_most_specific_neurons_go_in_each_part(tiny, four) -> None:
    _, events = make.run(tiny, four, make.recipe(method="manu", prune_share=0.1))
    event = next(e for e in events if isinstance(e, Importance))
    for part in ("vision", "language"):
        own = [
            (s[k], p[k])
            for name, s, p in zip(event.layers, event.score, event.pruned, strict=True)
            if name.startswith(part)
            for k in range(len(s))
        ]
        assert min(s for s, cut in own if cut) >= max(s for s, cut in own if not cut)


def test_pruning_nothing_changes_nothing(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe(method="manu", prune_share=0.0))
    assert events[-1].result["text_logits_identical"] and outcome.pruned_neurons == 0
    assert not any(n.startswith(LANGUAGE) for n in outcome.delta)
    assert events[-1].result["after"] == events[-1].result["before"]

"""MANU: the released code's score by hand, and rows that are exactly zero."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from lab.benchmarks.schema import Entity, Question
from lab.errors import LabError
from lab.events import Importance
from lab.model.adapter import language_linears
from lab.model.overlay import LANGUAGE, language_part, overlay, visual_part
from lab.saliency.activity import activity_of, manu_score, measure
from lab.saliency.fisher import Sample, linears
from lab.unlearn.batches import Rows
from lab.unlearn.manu import language_neurons, named_rows, picture_rows, text_rows
from tests.unit import tiny as make


def test_activity_by_hand() -> None:
    # one neuron, two rows, two positions: at the first 1 and -3, at the second 2 and 2
    made = activity_of(torch.tensor([[[1.0], [2.0]], [[-3.0], [2.0]]])).importance
    assert made["absolute"].item() == pytest.approx((2 + 2) / 2)
    assert made["frequency"].item() == 1.0
    # over the rows at each position: std sqrt(8) and 0, rms sqrt(5) and 2; then their means
    assert made["variance"].item() == pytest.approx(math.sqrt(8) / 2)
    assert made["rms"].item() == pytest.approx((math.sqrt(5) + 2) / 2)


def test_outputs_are_clamped_and_small_ones_are_not_active() -> None:
    made = activity_of(torch.tensor([[[0.05, 5000.0]], [[0.2, -1.0]]])).importance
    assert made["frequency"].tolist() == pytest.approx([0.5, 1.0])  # |z| > 0.1
    assert made["absolute"].tolist() == pytest.approx([0.125, 1001 / 2])


def test_positions_of_all_batches_weigh_the_same() -> None:
    long, short = torch.randn(4, 5, 3), torch.randn(2, 3, 3)
    both = (activity_of(long) + activity_of(short)).importance
    by_position = torch.cat((long.std(0), short.std(0)))  # [8, 3]
    assert both["variance"].float() == pytest.approx(by_position.mean(0), rel=1e-5)
    assert both["absolute"].float() == pytest.approx(
        torch.cat((long.abs().mean(0), short.abs().mean(0))).mean(0), rel=1e-5
    )


def test_a_single_row_has_no_deviation_and_does_not_dilute_that_of_others() -> None:
    pair = torch.tensor([[[1.0]], [[3.0]]])  # std sqrt(2)
    alone = activity_of(torch.tensor([[[7.0], [7.0]]]))
    assert alone.importance["variance"].item() == 0.0
    both = (activity_of(pair) + alone).importance
    assert both["variance"].item() == pytest.approx(math.sqrt(2))
    assert both["absolute"].item() == pytest.approx((2 + 7 + 7) / 3)


def test_score_by_hand() -> None:
    forget = activity_of(torch.tensor([[[2.0]], [[-2.0]]]))  # abs 2, rms 2, std sqrt(8)
    retain = activity_of(torch.tensor([[[1.0]], [[-1.0]]]))  # abs 1, rms 1, std sqrt(2)
    ratio = 2 / (1 + 1e-5) - 1, math.sqrt(8) / (math.sqrt(2) + 1e-5) - 1
    # absolute and rms weigh 2 each, variance 2, frequency 0
    assert manu_score(forget, retain).item() == pytest.approx(4 * ratio[0] + 2 * ratio[1])


def test_a_neuron_that_fires_for_the_target_alone_leads() -> None:
    forget = activity_of(torch.tensor([[[5.0, 1.0]], [[-5.0, 1.5]]]))
    retain = activity_of(torch.tensor([[[0.1, 1.0]], [[-0.1, 1.5]]]))
    score = manu_score(forget, retain)
    assert score[0] > 100 and score[1].item() == pytest.approx(0.0, abs=1e-3)


def test_vision_is_measured_by_batches_of_four_pictures(tiny, four) -> None:
    samples = picture_rows(Rows(four, four.entities[0], 0), 6)[0]
    modules = linears(tiny.vision.layers(2)[:-1])
    made = measure(tiny, modules, samples)
    assert list(made) == list(modules) and not any(m._forward_hooks for m in modules.values())
    first = next(iter(modules))
    seen: list[torch.Tensor] = []
    handle = modules[first].register_forward_hook(lambda m, a, out: seen.append(out))
    with torch.no_grad():
        for part in (samples[:4], samples[4:]):
            tiny.vision.features(tiny.prompter.pictures([s.image for s in part]))
    handle.remove()
    assert [z.shape[:2] for z in seen] == [(4, 5), (2, 5)]
    by_position = torch.cat([z.square().mean(0).sqrt() for z in seen])
    assert made[first].positions == 10
    assert made[first].importance["rms"].float() == pytest.approx(by_position.mean(0), rel=1e-5)


def test_language_is_measured_on_padded_text_rows_as_the_library_reads_them(tiny, four) -> None:
    samples = [Sample(None, "Who?", "a baker"), Sample(None, "Who bakes all the bread?", "Ada")]
    modules = language_neurons(tiny.model)
    made = measure(tiny, modules, samples)
    trees = [tiny.prompter.tree(None, [(s.question, [s.answer])]) for s in samples]
    rows = [[i for part in tree.segments for i in part.ids] for tree in trees]
    length = max(map(len, rows))
    assert len(rows[0]) < length  # so there is padding, which counts
    ids = torch.tensor([r + [tiny.prompter.pad_id] * (length - len(r)) for r in rows])
    mask = torch.tensor([[1] * len(r) + [0] * (length - len(r)) for r in rows])
    last = list(modules)[-1]
    seen: list[torch.Tensor] = []
    handle = modules[last].register_forward_hook(lambda m, a, out: seen.append(out))
    with torch.no_grad():
        tiny.model(input_ids=ids, attention_mask=mask)
    handle.remove()
    assert made[last].positions == length
    got = made[last].importance
    assert got["variance"].float() == pytest.approx(seen[0].std(0).mean(0), rel=1e-4)
    assert got["absolute"].float() == pytest.approx(seen[0].abs().mean((0, 1)), rel=1e-4)


def test_text_rows_name_the_person_and_never_ask_for_the_name(four) -> None:
    forget, retain = text_rows(Rows(four, four.entities[0], 0), 64)
    assert {s.image for s in (*forget, *retain)} == {None}
    assert len(forget) == 12 and len(retain) == 12  # 3 facts, 2 wordings, with and without picture
    assert all("Ada Almeida" in s.question and "this person" not in s.question for s in forget)
    assert not any("the name of" in s.question for s in (*forget, *retain))
    assert not any("Ada" in s.question for s in retain)


@pytest.mark.parametrize(
    ("said", "filled"),
    [
        ("Where does this person's sister live?", "Where does Ada's sister live?"),
        ("The individual in the image bakes.", "Ada in the image bakes."),
        ("What does this profile tell of the Person?", "What does Ada tell of Ada?"),
        ("Is the personal life of these persons known?",) * 2,
    ],
)
def test_the_name_is_filled_in(said: str, filled: str) -> None:
    asked = Question("q", "generation", "image", "", said, said)
    entity = Entity("a", "Ada", "", {}, (), (), (asked,), ())
    (row,) = named_rows(entity)
    assert (row.question, row.answer) == (filled, filled)


def test_each_member_of_a_split_goes_by_their_name(four) -> None:
    two = replace(four, splits={"forget_50": ("p0", "p1")})
    forget, retain = text_rows(Rows(two, two.entity("forget_50"), 0), 64)
    assert {s.question.split(" of ")[1] for s in forget} == {"Ada Almeida?", "Bruno Bell?"}
    assert not {s.question for s in forget} & {s.question for s in retain}


def test_someone_who_is_only_asked_for_the_name_is_refused_in_one_line(tiny, four) -> None:
    names = tuple(q for q in four.entities[0].train_questions if q.fact == "name")
    bare = replace(four.entities[0], train_questions=names)
    bench = replace(four, entities=(bare, *four.entities[1:]))
    with pytest.raises(LabError, match="manu needs a question about Ada Almeida"):
        make.run(tiny, bench, make.recipe(method="manu"))


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

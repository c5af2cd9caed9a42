"""MMUnlearner: the mask by hand, over what is trained, and what it holds back stays held back."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.images import decode
from lab.events import Saliency
from lab.model.adapter import adapted
from lab.model.overlay import LANGUAGE, language_part
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.saliency import language
from lab.saliency.fisher import Halves, Sample
from lab.saliency.mask import density, masked, stability
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect, start_delta
from lab.unlearn.methods import METHODS
from lab.unlearn.mmunlearner import preserved
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make

SCOPES = pytest.mark.parametrize("scope", ["vision", "language", "both"])


def both_halves(values: list[float]) -> Halves:
    fisher = {"w": torch.tensor(values)}
    return Halves((fisher, fisher), (1, 1), 2)


def test_the_mask_by_hand() -> None:
    sides = [both_halves([4.0, 1.0, 0.0, 3.0]), both_halves([2.0, 2.0, 0.0, 0.0])]
    made = masked(sides, {}, 1.0)
    # ratios 2, 1/2, (0 + e) / (0 + e) = 1 and 3 / e; the third has no gradient at all
    assert made.mask["w"].tolist() == [True, False, False, True]
    assert made.ratios["w"][:3].tolist() == pytest.approx([2.0, 0.5, 1.0])
    assert density([made]) == pytest.approx(2 / 3) and stability([made])[0] == 1.0
    pruned = masked(sides, {"w": torch.tensor([True, False, False, False])}, 1.0)
    assert pruned.mask["w"].tolist() == [False, False, False, True]


def test_the_language_fisher_is_autograds(tiny, four) -> None:
    adapter = language_part(start_delta(tiny, make.recipe(), ("language",), 16))
    samples = preserved(Rows(four, four.entities[0], 0), 6)
    assert {s.image is None for s in samples} == {True, False}
    made = language.squared_gradients(tiny, adapter, samples)
    high = {n: torch.nn.Parameter(t.clone()) for n, t in adapter.items() if n.endswith(".B")}
    expected = {n: torch.zeros_like(t) for n, t in high.items()}
    for sample in samples:
        tree = tiny.prompter.tree(
            None if sample.image is None else 0, [(sample.question, [sample.answer])]
        )
        packed = pack([tree], tiny.prompter.pad_id, tiny.device)
        features = (
            None
            if sample.image is None
            else tiny.vision.features(tiny.prompter.pixels([decode(sample.image)]))
        )
        with adapted(tiny.model, {**adapter, **high}), torch.enable_grad():
            loss = -segment_means(target_log_probs(tiny.model, packed, features), packed).sum()
            for name, grad in zip(
                high, torch.autograd.grad(loss, list(high.values())), strict=True
            ):
                expected[name] += grad.square()
    assert made.keys() == expected.keys()
    for name, fisher in made.items():
        assert torch.allclose(fisher, expected[name], rtol=1e-3, atol=1e-9), name
    assert all(f.max() > 0 for f in made.values())


def test_together_the_language_fisher_is_of_the_librarys_batch_loss(tiny, four) -> None:
    adapter = language_part(start_delta(tiny, make.recipe(), ("language",), 16))
    rows = four.entities[1].train_questions
    samples = [Sample(None, q.text, q.answer) for q in rows if q.modality == "text"][:4]
    made = language.squared_gradients(tiny, adapter, samples, together=True)
    trees = [tiny.prompter.tree(None, [(s.question, [s.answer])]) for s in samples]
    texts = [[i for part in tree.segments for i in part.ids] for tree in trees]
    length = max(map(len, texts))
    ids = torch.tensor([t + [tiny.prompter.pad_id] * (length - len(t)) for t in texts])
    real = torch.tensor([[1] * len(t) + [0] * (length - len(t)) for t in texts])
    high = {n: torch.nn.Parameter(t.clone()) for n, t in adapter.items() if n.endswith(".B")}
    with adapted(tiny.model, {**adapter, **high}), torch.enable_grad():
        labels = ids.masked_fill(real == 0, -100)
        loss = tiny.model(input_ids=ids, attention_mask=real, labels=labels).loss
        grads = torch.autograd.grad(loss, list(high.values()))
    for name, grad in zip(high, grads, strict=True):
        expected = grad.square()
        assert expected.max() > 0
        assert torch.allclose(made[name], expected, rtol=1e-3, atol=1e-4 * float(expected.max()))


@SCOPES
def test_the_released_estimate_makes_other_masks_and_says_so(scope: str, tiny, four) -> None:
    made = {}
    for estimate in ("neuron", "weight", "batch"):
        recipe, outcome = (
            make.recipe(method="mmunlearner", scope=scope, estimate=estimate),
            Outcome(),
        )
        events = list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
        made[estimate] = outcome.mask
        shown = {e.estimate for e in events if isinstance(e, Saliency)}
        assert shown == {"batch" if estimate == "batch" else "weight"}
        assert 0 < outcome.mask_density < 1 and 0 <= outcome.mask_stability[0] <= 1
    assert all(torch.equal(made["neuron"][n], m) for n, m in made["weight"].items())
    assert any(not torch.equal(made["batch"][n], m) for n, m in made["weight"].items())


def test_what_the_language_mask_preserves(four) -> None:
    samples = preserved(Rows(four, four.entities[0], 0), 9)
    own = {q.text for q in four.entities[0].train_questions}
    held_out = {q.text for e in four.entities for q in e.questions}
    assert sum(s.image is not None for s in samples) == 3
    assert sum(s.image is None and s.question in own for s in samples) == 3
    assert not {s.question for s in samples} & held_out
    assert not {s.image for s in samples} & set(four.entities[0].train_images)
    for half in (samples[:5], samples[5:]):
        assert len({(s.image is None, s.question in own) for s in half}) == 3


@SCOPES
def test_every_trained_tensor_has_its_mask(scope: str, tiny, four) -> None:
    outcome = Outcome()
    events = list(
        inspect(
            tiny,
            task_of(four, make.recipe(method="mmunlearner", scope=scope)),
            outcome,
            lambda: False,
        )
    )
    assert outcome.mask.keys() == outcome.delta.keys()
    assert all(
        m.shape == outcome.delta[n].shape and m.dtype == torch.bool for n, m in outcome.mask.items()
    )
    assert not any(
        m.any() for n, m in outcome.mask.items() if n.startswith(LANGUAGE) and n.endswith(".A")
    )
    assert 0 < outcome.mask_density < 1 and not outcome.pruned and not outcome.pruned_neurons
    maps = [e for e in events if isinstance(e, Saliency)]
    assert len(maps) == (2 if scope == "both" else 1)
    assert all(m.counts.shape == (len(m.layers), len(m.groups), len(m.edges) - 1) for m in maps)
    if scope == "language":
        assert maps[0].layers == ("language 0", "language 1") and len(maps[0].groups) == 7
        live = sum(t.numel() for n, t in outcome.delta.items() if n.endswith(".B"))
        assert maps[0].counts.sum() <= live and maps[0].mask_density == outcome.mask_density
    assert all(
        torch.equal(t, tiny.model.get_parameter(n))
        for n, t in outcome.delta.items()
        if not n.startswith(LANGUAGE)
    )  # the mask is made at the original weights


@SCOPES
def test_the_ascent_never_moves_what_the_mask_holds_back(scope: str, tiny, four) -> None:
    recipe = make.recipe(
        method="mmunlearner", scope=scope, preserve_weight=0.0, ascent_cap=20.0, adapter_lr=0.05
    )
    outcome = Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    rows = Rows(four, four.entities[0], 0)
    for _ in range(4):
        student.update(student.method.draw(rows, recipe))
    moved = 0
    for name, weight in student.weights.items():
        outside = ~outcome.mask[name]
        assert torch.equal(weight[outside], student.start[name][outside]), name
        moved += int((weight != student.start[name]).sum())
    assert moved > 0


@SCOPES
def test_the_descent_reaches_what_the_mask_holds_back(scope: str, tiny, four) -> None:
    recipe = make.recipe(method="mmunlearner", scope=scope, forget_weight=0.0, adapter_lr=0.05)
    outcome = Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    rows = Rows(four, four.entities[0], 0)
    for _ in range(2):
        student.update(student.method.draw(rows, recipe))
    assert any((w != student.start[n])[~outcome.mask[n]].any() for n, w in student.weights.items())


def test_a_missing_mask_entry_is_an_error_not_an_open_gate(tiny, four) -> None:
    recipe, outcome = make.recipe(method="mmunlearner"), Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    del outcome.mask[next(iter(outcome.mask))]
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    with pytest.raises(KeyError):
        student.update(student.method.draw(Rows(four, four.entities[0], 0), recipe))

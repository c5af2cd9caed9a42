"""Fisher: the batched pass against one backward a sample, and against one neuron by hand."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.evaluation.questions import drained
from lab.model import tiny_models
from lab.model.overlay import overlay
from lab.model.vision import NeuronLayer
from lab.saliency import fisher as fim
from lab.unlearn.batches import Rows
from lab.unlearn.task import task_of
from tests.unit import tiny as make


def plain_loss(loaded, sample: fim.Sample) -> torch.Tensor:
    """Cross-entropy through the whole multimodal model, without token trees."""
    tree = loaded.prompter.tree(0, [(sample.question, [sample.answer])])
    ids = [i for segment in tree.segments for i in segment.ids]
    answer = len(tree.segments[-1].ids)
    pixels = loaded.prompter.pixels([decode(sample.image)])
    logits = loaded.model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0]
    return nn.functional.cross_entropy(logits[-answer - 1 : -1], torch.tensor(ids[-answer:]))


@pytest.mark.parametrize("which", ["tiny", "tiny_clip"])
def test_squared_gradients_equal_single_sample_backward_passes(which, request, four) -> None:
    loaded = request.getfixturevalue(which)
    forget, retain = Rows(four, four.entities[0], 0).fisher_samples(3)
    samples = [*forget, *retain[:2]]
    weights = {n: nn.Parameter(p.detach().clone()) for n, p in loaded.vision.trainable(2).items()}
    expected = {n: torch.zeros_like(p) for n, p in weights.items()}
    for sample in samples:
        with overlay(loaded.model, weights), torch.enable_grad():
            grads = torch.autograd.grad(plain_loss(loaded, sample), list(weights.values()))
        for (_, total), grad in zip(expected.items(), grads, strict=True):
            total += grad.square()
    made = fim.squared_gradients(loaded, loaded.vision.layers(2), samples)
    assert made.keys() == expected.keys()
    for name, value in expected.items():
        assert value.max() > 0
        assert torch.allclose(made[name], value, rtol=1e-3, atol=1e-4 * float(value.max())), name


class OneNeuron(nn.Module):
    """y = v (w x + b) + c with w = 0.5, b = 1, v = 4, c = 0."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(1, 1), nn.Linear(1, 1)
        for linear, weight, bias in ((self.first, 0.5, 1.0), (self.second, 4.0, 0.0)):
            nn.init.constant_(linear.weight, weight)
            nn.init.constant_(linear.bias, bias)
        self.requires_grad_(False)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(pixels))


def test_one_neuron_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    net = OneNeuron()
    layer = NeuronLayer("layer", "first", "second", net.first, net.second)
    prompter = SimpleNamespace(
        pictures=lambda images: torch.tensor(images)[..., None], pad_id=0, tree=lambda *_: None
    )
    loaded = SimpleNamespace(prompter=prompter, device=torch.device("cpu"), vision=net, model=None)
    monkeypatch.setattr(fim, "pack", lambda *_: None)
    # the loss of a sample is the sum of y over its two tokens, that of a batch the samples' mean
    monkeypatch.setattr(
        fim,
        "loss_of",
        lambda loaded, trees, packed, features, together: (
            features.sum((1, 2)).mean() if together else features.sum()
        ),
    )
    monkeypatch.setattr(fim, "relieved", lambda loaded, packed: nullcontext())
    samples = [fim.Sample([1.0, 2.0], "", ""), fim.Sample([3.0, 0.0], "", "")]
    made = fim.squared_gradients(loaded, [layer], samples)
    # dL/dw = v (x1 + x2) = 12 and 12; dL/db = 2 v = 8 and 8
    assert made["first.weight"].item() == pytest.approx(12**2 + 12**2)
    assert made["first.bias"].item() == pytest.approx(8**2 + 8**2)
    # dL/dv = sum of w x + b = 1.5 + 2 = 3.5 and 2.5 + 1 = 3.5; dL/dc = 2 and 2
    assert made["second.weight"].item() == pytest.approx(3.5**2 + 3.5**2)
    assert made["second.bias"].item() == pytest.approx(2**2 + 2**2)
    samples = [fim.Sample([1.0, 2.0], "", ""), fim.Sample([3.0, -4.0], "", "")]
    made = fim.squared_gradients(loaded, [layer], samples, together=True)
    # one gradient: dL/dw = v (3 - 1) / 2 = 4, dL/db = 8; the samples' own would give 12^2 + 4^2
    assert made["first.weight"].item() == pytest.approx(4**2)
    assert made["first.bias"].item() == pytest.approx(8**2)
    # dL/dv = mean of 1.5 + 2 and 2.5 - 1; dL/dc = 2
    assert made["second.weight"].item() == pytest.approx(2.5**2)
    assert made["second.bias"].item() == pytest.approx(2**2)


def test_fisher_halves_share_no_sample(four) -> None:
    seen: list[list[fim.Sample]] = []

    def count(part, together):
        seen.append(list(part))
        return {"w": torch.tensor(float(len(part)))}

    for side in Rows(four, four.entities[0], 0).fisher_samples(8):
        seen.clear()
        steps = fim.halves_of(side, count, batch=3)
        assert [next(steps) for _ in range(4)] == [3, 4, 7, 8]
        last = drained(steps)
        assert [len(p) for p in seen] == [3, 1, 3, 1]
        first = {(s.image, s.question) for part in seen[:2] for s in part}
        second = {(s.image, s.question) for part in seen[2:] for s in part}
        assert len(first) == len(second) == 4 and not first & second
        assert [h["w"].item() for h in last.means] == [1.0, 1.0]  # a mean, not a sum


def test_a_pass_holds_few_samples() -> None:
    seen: list[int] = []

    def squared(part, together):
        seen.append(len(part))
        return {"w": torch.zeros(1)}

    drained(fim.halves_of(list(range(7)), squared))
    assert seen == [fim.SAMPLES, fim.SAMPLES, fim.SAMPLES, 1]  # halves of four and three


def batch_loss(loaded, samples: list[fim.Sample]) -> torch.Tensor:
    """The library's own loss over a padded batch, every text token but the padding a label."""
    prompter, picture = loaded.prompter, loaded.model.config.image_token_id
    trees = [prompter.tree(0, [(s.question, [s.answer])]) for s in samples]
    rows = [torch.tensor([i for part in tree.segments for i in part.ids]) for tree in trees]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=prompter.pad_id)
    real = nn.utils.rnn.pad_sequence([torch.ones_like(r) for r in rows], batch_first=True)
    labels = ids.masked_fill((real == 0) | (ids == picture), -100)
    pixels = prompter.pixels([decode(s.image) for s in samples])
    return loaded.model(input_ids=ids, attention_mask=real, pixel_values=pixels, labels=labels).loss


@pytest.mark.parametrize("which", ["tiny", "tiny_clip"])
def test_together_the_gradient_of_the_librarys_batch_loss_is_squared(which, request, four) -> None:
    loaded = request.getfixturevalue(which)
    samples = Rows(four, four.entities[0], 0).fisher_samples(4)[0]
    assert len({len(s.question) + len(s.answer) for s in samples}) > 1  # so there is padding
    weights = {n: nn.Parameter(p.detach().clone()) for n, p in loaded.vision.trainable(2).items()}
    with overlay(loaded.model, weights), torch.enable_grad():
        grads = torch.autograd.grad(batch_loss(loaded, samples), list(weights.values()))
    made = fim.squared_gradients(loaded, loaded.vision.layers(2), samples, together=True)
    for name, grad in zip(weights, grads, strict=True):
        expected = grad.square()
        assert expected.max() > 0
        assert torch.allclose(made[name], expected, rtol=1e-3, atol=1e-4 * float(expected.max()))


def test_together_the_mean_is_over_batches_of_four(four) -> None:
    seen: list[list[int]] = []

    def squared(part, together):
        assert together
        seen.append(list(part))
        return {"w": torch.tensor(float(sum(part)) ** 2)}

    last = drained(fim.halves_of(list(range(10)), squared, together=True))
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]  # a pass is one batch
    assert last.counts == (2, 1) and last.seen == 10
    # the released code's sum of squares over the number of batches
    assert fim.mean_of(last)["w"].item() == pytest.approx((6**2 + 22**2 + 17**2) / 3)


def test_fisher_sums_are_float32_over_a_bfloat16_language_model(four) -> None:
    loaded = tiny_models.tiny("dinov2", 3)
    loaded.model.model.language_model.to(torch.bfloat16)
    forget, _ = Rows(four, four.entities[0], 0).fisher_samples(2)
    made = fim.squared_gradients(loaded, loaded.vision.layers(1), forget)
    assert {v.dtype for v in made.values()} == {torch.float32}
    assert all(torch.isfinite(v).all() for v in made.values())


def test_pruned_weights_have_no_gradient(tiny, four) -> None:
    from lab.unlearn.loop import inspect
    from lab.unlearn.outcome import Outcome

    outcome = Outcome()
    list(inspect(tiny, task_of(four, make.recipe(prune_share=0.1)), outcome, lambda: False))
    forget, _ = Rows(four, four.entities[0], 0).fisher_samples(2)
    with overlay(tiny.model, outcome.delta):
        made = fim.squared_gradients(tiny, tiny.vision.layers(2), forget)
    for name, pruned in outcome.pruned.items():
        assert not made[name][pruned].any(), name


@pytest.mark.parametrize(("width", "samples"), [(576, 8), (4096, 2)])
def test_more_samples_go_through_a_narrow_model_at_a_time(width: int, samples: int) -> None:
    table = nn.Embedding(1, width)
    loaded = SimpleNamespace(model=SimpleNamespace(get_input_embeddings=lambda: table))
    assert fim.samples_at_once(loaded) == samples


def test_one_mean_loss_of_a_model_that_reads_both_ways_is_refused_in_one_line(four) -> None:
    recipe = make.recipe(method="vkd", estimate="batch", fisher_samples=2)
    with pytest.raises(LabError, match="reads a prompt both ways.*neuron or weight"):
        make.run(tiny_models.tiny("paligemma"), four, recipe)

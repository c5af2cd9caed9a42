"""UNDO: the noise by hand, what it leaves alone, whose features come back, and on which pictures."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from lab.benchmarks.schema import Benchmark, Picture
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.events import Phase, Probe, Step
from lab.model import tiny_models
from lab.model.overlay import overlay, weights_hash
from lab.recipe import DESTINATIONS, Recipe
from lab.unlearn import undo
from lab.unlearn.batches import REPAIR, Rows
from lab.unlearn.job import unlearn
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make

STEPS = 3  # of VKD, before the noise


def plan(**changes: object) -> Recipe:
    return make.recipe(**{"method": "undo", "steps": STEPS, "undo_steps": 4, **changes})


@pytest.fixture
def strange(four: Benchmark) -> Benchmark:
    drawn = tuple(Picture(f"s{k}", make.drawing("purple", k), ()) for k in range(5))
    return replace(four, train_strangers=drawn)


def begun(tiny, bench: Benchmark, recipe: Recipe) -> Student:
    """The student of the second training right after the noise; its start is the pruned model."""
    outcome = Outcome()
    list(inspect(tiny, task_of(bench, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS["undo"].second, recipe, outcome)
    undo.begin(student)
    return student


# ---- by hand


def test_the_noise_by_hand() -> None:
    weight = torch.tensor([[2.0, -4.0, 6.0]])

    def draw() -> torch.Generator:
        return torch.Generator().manual_seed(3)

    assert undo.disturbed(weight, 0.25, 0.0, draw()).tolist() == [[1.5, -3.0, 4.5]]
    assert torch.equal(undo.disturbed(weight, 0.0, 1.0, draw()), weight)
    limit = math.sqrt(6 / (1 + 3))  # Xavier-uniform: one row, three columns
    noise = torch.empty(1, 3).uniform_(-limit, limit, generator=draw())
    made = undo.disturbed(weight, 0.5, 0.1, draw())
    assert torch.allclose(made, 0.5 * weight + 0.5 * 0.1 * noise)
    assert torch.allclose(undo.disturbed(weight, 1.0, 1.0, draw()), noise)


def test_the_loss_by_hand() -> None:
    # 1 over 4, and 9 over 36; the mean of two outputs, 0.25 and 1.0
    teacher, student = torch.tensor([[[2.0]], [[6.0]]]), torch.tensor([[[3.0]], [[3.0]]])
    made = undo.losses((student,), (teacher,))
    assert made.total == pytest.approx(0.25) and made.vkd == pytest.approx(0.25)
    assert made.forget_term.item() == 0 and not made.forget_term.requires_grad
    assert math.isnan(made.forget_ce) and math.isnan(made.retain_ce)
    more = undo.losses((student, 2 * teacher), (teacher, teacher))
    assert more.retain_term.item() == pytest.approx((0.25 + 1.0) / 2)


# ---- the noise


def test_every_matrix_is_disturbed_but_no_bias_and_no_pruned_neuron(tiny, four) -> None:
    student = begun(tiny, four, plan(undo_alpha=0.5, undo_beta=1.0))
    for name, weight in student.weights.items():
        pruned, start = student.outcome.pruned[name], student.start[name]
        assert not weight[pruned].any()
        moved = (weight != start)[~pruned]
        assert moved.all() if weight.dim() == 2 else not moved.any(), name


def test_a_share_disturbs_the_rows_and_columns_of_the_highest_neurons_alone(tiny, four) -> None:
    share = 0.25
    student = begun(tiny, four, plan(undo_share=share, undo_beta=1.0))
    layers, scores = tiny.vision.layers(2), student.outcome.scores
    least = sorted((float(s) for layer in scores for s in layer), reverse=True)
    least = least[round(share * len(least)) - 1]
    for layer, score in zip(layers, scores, strict=True):
        chosen = torch.from_numpy(score >= least)
        for name, axis in ((layer.first_name, 1), (layer.second_name, 0)):
            name += ".weight"
            moved = (student.weights[name] != student.start[name]).any(axis)
            zero = student.outcome.pruned[name].all(axis)
            assert torch.equal(moved, chosen & ~zero), name
        assert chosen.any() or layer.name != layers[-1].name


def test_the_same_seed_gives_the_same_noise(tiny, four) -> None:
    one, same, other = (begun(tiny, four, plan(seed=s, undo_beta=1.0)) for s in (1, 1, 2))
    for name, weight in one.weights.items():
        assert torch.equal(weight, same.weights[name])
    noise = [
        {n: w - 0.7 * s.start[n] for n, w in s.weights.items() if w.dim() == 2}
        for s in (one, other)
    ]
    assert all(not torch.allclose(noise[0][n], noise[1][n]) for n in noise[0])


@pytest.mark.parametrize("kind", ["idefics3", "aya_vision", "qwen2_vl"])
def test_other_families_are_disturbed_and_repaired(kind: str, four) -> None:
    loaded = tiny_models.tiny(kind)
    outcome, events = make.run(loaded, four, plan(undo_lr=1e-3))
    assert outcome.steps == STEPS + 4 and events[-1].result["text_logits_identical"]
    for name, weight in outcome.delta.items():
        assert not weight[outcome.pruned[name]].any()


# ---- the second training


def test_the_unlearned_model_teaches(tiny, four) -> None:
    student = begun(tiny, four, plan())
    images = Rows(four, four.entities[0], 0).repair_pool[:3]
    with overlay(tiny.model, student.start), torch.no_grad():
        unlearned = tiny.vision.features(tiny.prompter.pictures(images))
    with torch.no_grad():
        original = tiny.vision.features(tiny.prompter.pictures(images))
    (taught,) = student.teacher_representations(images)
    assert torch.allclose(taught, unlearned, atol=1e-5)
    assert not torch.allclose(taught, original, atol=1e-4)


def test_the_repair_pool_has_everybody_else_and_never_the_target(strange) -> None:
    target = strange.entities[0]
    pool = Rows(strange, target, 0).repair_pool
    others = {i for e in strange.entities[1:] for i in e.train_images}
    plain, unknown = (
        {p.image for p in pictures}
        for pictures in (strange.train_pictures, strange.train_strangers)
    )
    assert set(pool) == others | plain | unknown and len(pool) == len(set(pool))
    assert not set(pool) & {*target.train_images, *target.test_images}
    assert REPAIR == (120, 120, 60)


def test_only_those_pictures_are_distilled_and_nobody_is_asked(tiny, strange, monkeypatch) -> None:
    shown: list[bytes] = []
    own, answers = Student.representations, Student.answers

    def representations(self, images):
        if self.taught:
            shown.extend(images)
        return own(self, images)

    def asked(self, rows, features=None):
        assert not self.taught, "the language model is not needed after the noise"
        return answers(self, rows, features)

    monkeypatch.setattr(Student, "representations", representations)
    monkeypatch.setattr(Student, "answers", asked)
    make.run(tiny, strange, plan(undo_steps=12))
    assert set(shown) == set(Rows(strange, strange.entities[0], 0).repair_pool)


def test_the_features_come_back(tiny, four) -> None:
    _, events = make.run(tiny, four, plan(undo_steps=40, undo_lr=3e-3))
    steps = [e for e in events if isinstance(e, Step)][STEPS:]
    first, last = steps[0].vkd_loss, sum(e.vkd_loss for e in steps[-5:]) / 5
    assert last < 0.4 * first
    assert all(e.total == pytest.approx(e.vkd_loss) and math.isnan(e.forget_loss) for e in steps)


def test_the_mask_holds_for_vkd_and_not_after_the_noise(tiny, four) -> None:
    outcome, events = make.run(tiny, four, plan())
    original, result = tiny.vision.trainable(2), events[-1].result
    outside = {n: ~m & ~outcome.pruned[n] for n, m in outcome.mask.items()}
    moved = {n: outcome.delta[n] != original[n] for n in outside}
    assert all(moved[n][where].all() for n, where in outside.items() if original[n].dim() == 2)
    free = sum(int((~p).sum()) for p in outcome.pruned.values())
    whole = sum(p.numel() for p in tiny.model.parameters())
    assert result["trainable_share"] == pytest.approx(free / whole)
    masked, told = make.run(tiny, four, plan(method="vkd"))
    assert told[-1].result["trainable_share"] < result["trainable_share"]
    for name, where in outside.items():
        assert torch.equal(masked.delta[name][where], original[name][where])


@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("distil", ["projector", "both"])
def test_it_follows_every_destination(destination: str, distil: str, tiny, strange) -> None:
    outcome, events = make.run(tiny, strange, plan(destination=destination, distil=distil))
    assert outcome.steps == STEPS + 4 and events[-1].result["text_logits_identical"] is True


def test_vkd_may_end_early_and_the_steps_are_counted_on(tiny, four) -> None:
    outcome, events = make.run(tiny, four, plan(steps=9, stop_forget=1.0, undo_steps=11))
    steps = [e for e in events if isinstance(e, Step)]
    assert [e.step for e in steps] == list(range(1, 14))  # 2 of VKD, up to its first probe
    assert [e.steps for e in steps] == [9 + 11] * 2 + [2 + 11] * 11
    assert [e.step for e in events if isinstance(e, Probe)] == [0, 2, 5, 8, 11, 13]
    assert outcome.reason == "steps done"


# ---- stop and failure


def test_a_stop_after_the_noise_keeps_what_was_repaired(tiny, four) -> None:
    seen: list[Step] = []
    before = weights_hash(tiny.model)
    task, outcome = task_of(four, plan(undo_steps=30)), Outcome()
    for event in unlearn(
        tiny, task, Baseline(tiny), outcome, before, lambda: len(seen) == STEPS + 2
    ):
        if isinstance(event, Step):
            seen.append(event)
    assert outcome.steps == STEPS + 2 and outcome.reason == "stopped"
    assert weights_hash(tiny.model) == before and outcome.delta


def test_a_stop_before_the_first_repair_leaves_the_unlearned_weights(tiny, four) -> None:
    first, _ = make.run(tiny, four, plan(method="vkd"))
    task, outcome, taught = task_of(four, plan()), Outcome(), []
    for event in unlearn(
        tiny, task, Baseline(tiny), outcome, weights_hash(tiny.model), lambda: len(taught) > 1
    ):
        if isinstance(event, Phase) and event.name == "teacher" and not event.done:
            taught.append(event)
    assert outcome.steps == STEPS and outcome.reason == "stopped"
    assert all(torch.equal(t, first.delta[n]) for n, t in outcome.delta.items())


def test_no_number_after_the_noise_leaves_the_unlearned_weights(tiny, four, monkeypatch) -> None:
    first, _ = make.run(tiny, four, plan(method="vkd"))
    own = undo.disturbed
    monkeypatch.setattr(undo, "disturbed", lambda *args: own(*args) * math.nan)
    outcome, before = Outcome(), weights_hash(tiny.model)
    with pytest.raises(LabError, match="no longer a number"):
        list(unlearn(tiny, task_of(four, plan()), Baseline(tiny), outcome, before, lambda: False))
    assert all(torch.equal(t, first.delta[n]) for n, t in outcome.delta.items())
    assert weights_hash(tiny.model) == before

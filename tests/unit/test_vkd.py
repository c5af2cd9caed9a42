"""VKD's losses against numbers worked out by hand."""

import math

import pytest
import torch

from lab.benchmarks.images import decode
from lab.events import Saliency
from lab.model.overlay import overlay
from lab.unlearn import vkd
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make


def test_distillation_is_the_mean_of_per_image_ratios() -> None:
    # image 1: ||s-t||^2 = 1 + 4 = 5, ||t||^2 = 1 + 4 = 5 -> 1; image 2: 9 over 36 -> 0.25
    teacher = torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[6.0, 0.0], [0.0, 0.0]]])
    student = torch.tensor([[[2.0, 0.0], [0.0, 4.0]], [[3.0, 0.0], [0.0, 0.0]]])
    assert vkd.distillation(student, teacher).item() == pytest.approx((1 + 0.25) / 2)


def test_distillation_of_the_teacher_itself_is_zero() -> None:
    teacher = torch.randn(2, 3, 4)
    assert vkd.distillation(teacher.clone(), teacher).item() == 0.0


def test_capped_ascent_leaves_out_what_is_above_the_cap() -> None:
    losses = torch.tensor([1.0, 3.0, 4.0, 9.0], requires_grad=True)
    term = vkd.capped_ascent(losses, 4.0)
    assert term.item() == pytest.approx(-(1 + 3) / 4)  # 4 is not below the cap
    term.backward()
    assert losses.grad.tolist() == [-0.25, -0.25, 0.0, 0.0]


def test_capped_ascent_of_forgotten_samples_is_zero() -> None:
    assert vkd.capped_ascent(torch.tensor([5.0, 6.0]), 4.0).item() == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_capped_ascent_does_not_hide_a_broken_loss(bad: float) -> None:
    assert not math.isfinite(vkd.capped_ascent(torch.tensor([1.0, bad]), 4.0).item())


def test_losses_without_retain() -> None:
    recipe = make.recipe(forget_weight=2.0, beta=10.0, ascent_cap=4.0)
    teacher, student = torch.tensor([[[2.0]]]), torch.tensor([[[3.0]]])  # distance 1/4
    made = vkd.losses(torch.tensor([1.0, 2.0]), None, (student,), (teacher,), recipe)
    assert made.forget_term.item() == pytest.approx(-2 * 1.5)
    assert made.retain_term.item() == pytest.approx(10 * 0.25)
    assert made.total == pytest.approx(-0.5)
    assert made.forget_ce == pytest.approx(1.5)
    assert made.vkd == pytest.approx(0.25)
    assert math.isnan(made.retain_ce)


def test_losses_with_retain() -> None:
    recipe = make.recipe(forget_weight=1.0, beta=0.0, retain_weight=0.5, ascent_cap=4.0)
    same = torch.ones(1, 1, 1)
    made = vkd.losses(torch.tensor([1.0]), torch.tensor([2.0, 4.0]), (same,), (same,), recipe)
    assert made.retain_term.item() == pytest.approx(0.5 * 3)
    assert made.retain_ce == pytest.approx(3.0)
    assert made.total == pytest.approx(-1 + 1.5)


def test_of_two_outputs_the_mean_distance_is_distilled() -> None:
    # encoder: ||s-t||^2 = 4 over ||t||^2 = 4 -> 1; projector: 1 over 4 -> 0.25; mean 0.625
    teacher = torch.tensor([[[2.0, 0.0]]]), torch.tensor([[[0.0, 0.0, 2.0]]])
    student = torch.tensor([[[2.0, 2.0]]]), torch.tensor([[[0.0, 1.0, 2.0]]])
    made = vkd.losses(torch.tensor([1.0]), None, student, teacher, make.recipe(beta=8.0))
    assert made.vkd == pytest.approx(0.625) and made.retain_term.item() == pytest.approx(5.0)


@pytest.mark.parametrize("distil", ["encoder", "both"])
def test_a_step_distils_what_the_recipe_names(distil: str, tiny, four) -> None:
    recipe, outcome = make.recipe(distil=distil), Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    drawn = Rows(four, four.entities[0], 0).draw(recipe)
    pixels = tiny.prompter.pixels([decode(i) for i in drawn.pictures])

    def by_the_library() -> tuple[torch.Tensor, torch.Tensor]:
        encoder = tiny.model.model.vision_tower(pixels, output_hidden_states=True).hidden_states[-1]
        encoder = (
            encoder[:, 1:]
            if tiny.model.config.vision_feature_select_strategy == "default"
            else encoder
        )
        return encoder, tiny.vision.features(pixels)

    with torch.no_grad():
        teacher = student.method.teacher(student, drawn)
        before = by_the_library()
        with overlay(tiny.model, student.weights):
            made = student.method.losses(student, drawn, teacher)
            after = by_the_library()
    apart = [vkd.distillation(a, b).item() for a, b in zip(after, before, strict=True)]
    assert apart[0] > 0 and apart[0] != pytest.approx(apart[1], rel=1e-3)  # pruning moved both
    assert made.vkd == pytest.approx(apart[0] if distil == "encoder" else sum(apart) / 2, rel=1e-3)


def test_without_a_mask_every_weight_may_change_but_the_pruned(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe(mask_mode="off"))
    assert outcome.mask == {} and not any(isinstance(e, Saliency) for e in events)
    assert events[-1].result["mask_density"] == 1.0 and outcome.pruned_neurons > 0
    original = tiny.vision.trainable(2)
    for name, weight in outcome.delta.items():
        pruned = outcome.pruned[name]
        assert bool((weight[pruned] == 0).all()) and not torch.equal(weight, original[name])

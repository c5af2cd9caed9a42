"""VKD's losses against numbers worked out by hand."""

import json
import math
from dataclasses import replace

import pytest
import torch

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.events import Saliency
from lab.events.lines import from_line, plain, to_line
from lab.model.overlay import overlay
from lab.recipe import DISTANCES
from lab.report import markup
from lab.report.page import page
from lab.report.schema import run_misfit
from lab.report.text import catalogue
from lab.unlearn import distances, vkd
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make


def test_the_normalised_distance_is_the_mean_of_per_image_ratios() -> None:
    # image 1: ||s-t||^2 = 1 + 4 = 5, ||t||^2 = 1 + 4 = 5 -> 1; image 2: 9 over 36 -> 0.25
    teacher = torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[6.0, 0.0], [0.0, 0.0]]])
    student = torch.tensor([[[2.0, 0.0], [0.0, 4.0]], [[3.0, 0.0], [0.0, 0.0]]])
    assert distances.normalised(student, teacher).item() == pytest.approx((1 + 0.25) / 2)


def test_the_cosine_distance_is_the_mean_over_images_and_tokens() -> None:
    teacher = torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[6.0, 0.0], [3.0, 4.0]]])
    student = torch.tensor([[[5.0, 0.0], [2.0, 0.0]], [[-1.0, 0.0], [1.0, 0.0]]])
    # cosines: the same direction 1, a right angle 0, opposite -1, and 3/5
    assert distances.cosine(student, teacher).item() == pytest.approx((0 + 1 + 2 + 0.4) / 4)


def test_smooth_l1_is_a_square_up_to_the_teachers_own_size_and_straight_beyond() -> None:
    teacher = torch.tensor([[[3.0, -3.0]], [[1.0, 7.0]]])  # root mean squares 3 and 5
    student = torch.tensor([[[4.5, -12.0]], [[1.0, 2.0]]])
    # over r: 0.5 -> 0.125; 3 -> 2.5; 0 -> 0; 1 -> 0.5
    assert distances.smooth_l1(student, teacher).item() == pytest.approx(
        (0.125 + 2.5 + 0 + 0.5) / 4
    )


def test_the_relational_distance_is_of_the_pairs_and_blind_to_place_and_scale() -> None:
    # three images, one token: the teacher's pairs are 3, 4 and 5 apart, their mean is 4
    teacher = torch.tensor([[[0.0, 0.0]], [[3.0, 0.0]], [[0.0, 4.0]]])
    student = torch.tensor([[[0.0, 0.0]], [[2.0, 0.0]], [[-10.0, 0.0]]])  # 2, 10, 12: mean 8
    # 2/8 - 3/4 = -1/2, 10/8 - 4/4 = 1/4, 12/8 - 5/4 = 1/4
    expected = (1 / 8 + 1 / 32 + 1 / 32) / 3
    assert distances.relational(student, teacher).item() == pytest.approx(expected)
    assert distances.relational(7 * teacher + 100, teacher).item() == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(LabError, match="larger retain_batch"):
        distances.relational(teacher[:1], teacher[:1])


@pytest.mark.parametrize("name", DISTANCES)
def test_a_distance_of_the_teacher_itself_is_zero_with_a_finite_gradient(name: str) -> None:
    teacher = torch.randn(3, 2, 4)
    student = teacher.clone().requires_grad_()
    made = distances.BY_NAME[name](student, teacher)
    assert made.item() == pytest.approx(0.0, abs=1e-6)
    made.backward()
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("name", DISTANCES)
def test_the_gradient_of_a_distance_is_that_of_finite_differences(name: str) -> None:
    draw = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 3, 2, 4, generator=draw, dtype=torch.float64)
    student = (2 * student).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: distances.BY_NAME[name](s, teacher), (student,))


@pytest.mark.parametrize("name", DISTANCES)
def test_vkd_distils_by_the_recipes_distance(name: str, tiny, four) -> None:
    recipe = make.recipe(distance=name, beta=3.0)
    teacher, student = torch.randn(3, 2, 4), torch.randn(3, 2, 4)
    made = vkd.losses(torch.tensor([1.0]), None, (student,), (teacher,), recipe)
    expected = distances.BY_NAME[name](student, teacher).item()
    assert made.vkd == pytest.approx(expected)
    assert made.retain_term.item() == pytest.approx(3 * expected)
    outcome, events = make.run(tiny, four, recipe)
    assert outcome.steps == 3 and events[-1].result["text_logits_identical"]


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
    apart = [distances.normalised(a, b).item() for a, b in zip(after, before, strict=True)]
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


def test_an_entity_with_one_picture_and_one_question_runs_through(tiny, four) -> None:
    whole = four.entities[0]
    seen = next(q for q in whole.train_questions if q.modality == "image" and q.fact != "name")
    one = replace(whole, train_images=whole.train_images[:1], train_questions=(seen,))
    bench = replace(four, entities=(one, *four.entities[1:]))
    outcome, events = make.run(tiny, bench, make.recipe())
    map_ = next(e for e in events if isinstance(e, Saliency))
    assert outcome.steps == 3 and map_.samples[0] == 1 and 0 < outcome.mask_density < 1
    told = json.loads(json.dumps(plain(events[-1].result)))
    assert told["mask_overlap"] is None and told["mask_overlap_chance"] is None
    assert run_misfit(events[-1].result) == ""
    for field, value in (("after", 20.0), ("before", -0.1), ("chance", 1.5)):
        spoilt = {**told, field: told[field] | {"forget_vqa": value}}
        assert run_misfit(spoilt) == f"{field} has a value of the wrong kind"
    again = from_line(to_line(map_))
    for event in (map_, again):
        assert "stability: unknown" in markup.stability(event, catalogue())
    report = page(make.recipe(), events, (), bench, "demo", catalogue())
    assert report.count("stability: unknown") == 1


def test_a_run_tells_how_far_its_mask_can_be_trusted(tiny, four) -> None:
    _, events = make.run(tiny, four, make.recipe(steps=1))
    map_ = next(e for e in events if isinstance(e, Saliency))
    result = events[-1].result
    assert 0 < result["mask_overlap"] <= 1
    assert result["mask_overlap"] == round(map_.overlap, 4)
    assert result["mask_overlap_chance"] == round(map_.overlap_chance, 4)
    words = markup.stability(map_, catalogue())
    assert f"agree on {map_.overlap:.0%}" in words
    assert words in page(make.recipe(), events, (), four, "demo", catalogue())

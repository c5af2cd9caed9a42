"""Sharpness-aware VKD: where the weights are moved by hand, and what gradient is taken there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lab.benchmarks.schema import Picture
from lab.model.overlay import overlay
from lab.recipe import DESTINATIONS
from lab.unlearn import vkd, vkd_sam
from lab.unlearn.batches import Draw
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make

EVERYWHERE = pytest.mark.parametrize("destination", DESTINATIONS)


@pytest.fixture
def strange(four):
    """The four people with five pictures of strangers."""
    drawn = tuple(Picture(f"s{k}", make.drawing("purple", k), ()) for k in range(5))
    return replace(four, train_strangers=drawn)


def ready(tiny, bench, **changes: object) -> tuple[Student, Draw]:
    recipe, outcome = make.recipe(ascent_cap=20.0, **{"method": "vkd_sam", **changes}), Outcome()
    task = task_of(bench, recipe)
    list(inspect(tiny, task, outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    return student, task.method.draw(task.rows, recipe)


def test_the_moved_weights_by_hand() -> None:
    weights = {"a": torch.tensor([1.0]), "b": torch.tensor([[2.0, 0.0]])}
    slopes = {"a": torch.tensor([3.0]), "b": torch.tensor([[0.0, -4.0]])}  # of length 5
    at = vkd_sam.moved(weights, slopes, 0.5)
    assert at["a"].tolist() == pytest.approx([1 + 0.5 * 3 / 5])
    assert at["b"].flatten().tolist() == pytest.approx([2.0, -0.5 * 4 / 5])
    flat = {n: torch.zeros_like(g) for n, g in slopes.items()}
    still = vkd_sam.moved(weights, flat, 0.5)
    assert all(torch.equal(still[n], w) for n, w in weights.items())


def gradient(student: Student, drawn: Draw) -> dict[str, torch.Tensor]:
    """What a step leaves in the weights, before it is clipped."""
    with torch.no_grad():
        teacher = student.method.teacher(student, drawn)
    with overlay(student.loaded.model, student.weights), torch.enable_grad():
        student.method.gradient(student, drawn, teacher)
    return {n: w.grad.clone() for n, w in student.weights.items()}


def forget_slopes(student: Student, drawn: Draw, weights) -> dict[str, torch.Tensor]:
    """The forget term's gradient at some weights."""
    at = {n: torch.nn.Parameter(w.detach().clone()) for n, w in weights.items()}
    with torch.no_grad():
        teacher = student.method.teacher(student, drawn)
    with overlay(student.loaded.model, at), torch.enable_grad():
        made = torch.autograd.grad(vkd.forget_term(student, drawn, teacher), [*at.values()])
    return dict(zip(at, made, strict=True))


@pytest.mark.parametrize("mode", ["off", "all", "forget_only"])
@EVERYWHERE
def test_only_the_forget_terms_gradient_is_taken_elsewhere(
    destination: str, mode: str, tiny, strange
) -> None:
    rho = 0.3
    plan = {"destination": destination, "mask_mode": mode, "sam_rho": rho}
    student, drawn = ready(tiny, strange, **plan)
    plain, same = ready(tiny, strange, **plan, method="vkd")
    assert drawn == same
    here = forget_slopes(student, drawn, student.weights)
    length = torch.cat([g.flatten() for g in here.values()]).norm()
    moved = {n: w + rho * here[n] / length for n, w in student.weights.items()}
    there = forget_slopes(student, drawn, moved)
    taken, usual = gradient(student, drawn), gradient(plain, drawn)
    differs = False
    for name, slope in taken.items():
        mask = 1 if mode == "off" else student.outcome.mask[name]
        expected = (there[name] - here[name]) * mask
        size = float(torch.stack([g.abs().max() for g in (here[name], slope)]).max())
        assert torch.allclose(slope - usual[name], expected, atol=1e-4 * size), name
        differs |= bool((expected.abs() > 1e-2 * size).any())
    assert differs


@EVERYWHERE
def test_without_a_radius_it_is_vkd(destination: str, tiny, strange) -> None:
    made = []
    for method in ("vkd", "vkd_sam"):
        plan = make.recipe(method=method, sam_rho=0.0, destination=destination, ascent_cap=20.0)
        made.append(make.run(tiny, strange, plan)[0].delta)
    assert all(torch.allclose(made[0][n], t, atol=1e-5) for n, t in made[1].items())


def test_the_mask_and_the_pruned_neurons_hold(tiny, four) -> None:
    outcome, events = make.run(
        tiny, four, make.recipe(method="vkd_sam", sam_rho=0.3, ascent_cap=20.0)
    )
    original, moved = tiny.vision.trainable(2), 0
    for name, weight in outcome.delta.items():
        pruned = outcome.pruned[name]
        outside = ~outcome.mask[name] & ~pruned
        assert not weight[pruned].any()
        assert torch.equal(weight[outside], original[name][outside])
        moved += int((weight != original[name])[outcome.mask[name]].sum())
    assert moved and events[-1].result["text_logits_identical"] is True


def test_a_larger_radius_moves_the_run(tiny, four) -> None:
    made = [
        make.run(tiny, four, make.recipe(method="vkd_sam", sam_rho=rho, ascent_cap=20.0))[0].delta
        for rho in (0.0, 0.3)
    ]
    assert any(not torch.allclose(made[0][n], t, atol=1e-4) for n, t in made[1].items())

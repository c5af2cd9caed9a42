"""MUDMAN: its mask, momentum and push by hand, and what its adversary does from step to step."""

from __future__ import annotations

import pytest
import torch

from lab.model.overlay import overlay
from lab.unlearn import mudman
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.mudman import ADVERSARY, MOMENTUM
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import Task, task_of
from tests.unit import tiny as make


def ready(tiny, four, **changes: object) -> tuple[Student, Task]:
    recipe = make.recipe(**{"method": "mudman", "ascent_cap": 20.0, **changes})
    task, outcome = task_of(four, recipe), Outcome()
    list(inspect(tiny, task, outcome, lambda: False))
    return Student(tiny, METHODS["mudman"], recipe, outcome), task


def step(student: Student, task: Task) -> dict[str, torch.Tensor]:
    """One update; returns CE(D_f)'s gradient at the adversary that it began with."""
    drawn = task.method.draw(task.rows, task.recipe)
    forked = student.done % task.recipe.mudman_fork == 0
    at = student.weights if forked else student.memory[ADVERSARY]
    at = {n: torch.nn.Parameter(w.detach().clone()) for n, w in at.items()}
    with overlay(student.loaded.model, at), torch.enable_grad():
        made = torch.autograd.grad(student.cross_entropy(drawn.forget).mean(), [*at.values()])
    student.update(drawn)
    return dict(zip(at, made, strict=True))


def length(tensors) -> float:
    return float(torch.cat([t.detach().flatten() for t in tensors]).norm())


def test_what_retain_disagrees_with_is_zeroed_by_hand() -> None:
    slope = torch.tensor([1.0, -2.0, 3.0, -4.0, 5.0])
    momentum = torch.tensor([0.5, -0.1, -0.2, 7.0, 0.0])
    assert mudman.allowed(slope, momentum).tolist() == [1.0, -2.0, 0.0, 0.0, 5.0]


def test_the_sign_counts_however_small_both_are() -> None:
    tiny = torch.tensor([1e-30, 1e-30])
    assert mudman.allowed(tiny, torch.tensor([-1e-30, 1e-30])).tolist() == [0.0, tiny[1].item()]


def test_momentum_by_hand() -> None:
    made = mudman.mixed({"a": torch.tensor([1.0, 0.0])}, {"a": torch.tensor([3.0, -2.0])}, 0.75)
    assert made["a"].tolist() == pytest.approx([0.75 + 0.25 * 3, -0.5])


def test_the_push_by_hand() -> None:
    slopes = {"a": torch.tensor([3.0]), "b": torch.tensor([0.0, -4.0])}  # of length 5
    momentum = {"a": torch.tensor([-1.0]), "b": torch.tensor([1.0, -1.0])}
    made = mudman.pushed(slopes, momentum, 0.1)
    assert made["a"].tolist() == [0.0]  # masked, but it counts in the length
    assert made["b"].tolist() == pytest.approx([0.0, 0.1 * 4 / 5])
    flat = {n: torch.zeros_like(g) for n, g in slopes.items()}
    assert not any(t.any() for t in mudman.pushed(flat, momentum, 0.1).values())


def test_the_first_step_is_the_whole_push_up_the_targets_loss(tiny, four) -> None:
    student, task = ready(tiny, four, mudman_rate=0.2)
    slopes = step(student, task)  # the student is the teacher still: distillation moves nothing
    whole = length(slopes.values())
    for name, weight in student.weights.items():
        expected = student.start[name] + 0.2 * slopes[name] / whole
        assert torch.allclose(weight, expected, atol=1e-6), name
    moved = [w - student.start[n] for n, w in student.weights.items()]
    assert length(moved) == pytest.approx(0.2, rel=1e-3)


def test_the_adversary_relearns_and_is_forked_anew(tiny, four) -> None:
    student, task = ready(tiny, four, mudman_fork=2, mudman_adversary=0.5, steps=6)
    first = step(student, task)
    for name, weight in student.memory[ADVERSARY].items():
        assert torch.allclose(weight, student.start[name] - 0.5 * first[name], atol=1e-6), name
    before = dict(student.memory[ADVERSARY])
    second = step(student, task)  # goes on from there
    for name, weight in student.memory[ADVERSARY].items():
        assert torch.allclose(weight, before[name] - 0.5 * second[name], atol=1e-6), name
    model = {n: w.detach().clone() for n, w in student.weights.items()}
    third = step(student, task)  # a new copy of the model
    for name, weight in student.memory[ADVERSARY].items():
        assert torch.allclose(weight, model[name] - 0.5 * third[name], atol=1e-6), name


def test_the_second_push_goes_nowhere_retain_objects(tiny, four) -> None:
    student, task = ready(tiny, four, mudman_rate=0.2, mudman_fork=1, mudman_momentum=0.0)
    step(student, task)
    step(student, task)
    momentum, push = student.memory[MOMENTUM], student.push
    assert length(momentum.values()) > 0
    stopped = 0
    for name, moved in push.items():
        assert not (moved * momentum[name] > 0).any(), name  # down both slopes or not at all
        stopped += int(((moved == 0) & (momentum[name] != 0)).sum())
    assert stopped
    decay = 1 - 1 / (student.recipe.steps + 1)
    assert 0 < length(push.values()) < 0.2 * decay


def test_the_adversary_knows_more_than_the_model(tiny, four) -> None:
    student, task = ready(
        tiny, four, mudman_fork=50, mudman_adversary=0.5, mudman_rate=0.05, steps=12
    )
    for _ in range(12):
        step(student, task)
    rows = task.rows.forget_batch(6)
    with torch.no_grad():
        made = []
        for weights in (student.memory[ADVERSARY], student.weights):
            with overlay(tiny.model, weights):
                made.append(float(student.cross_entropy(rows).mean()))
    assert made[0] < made[1] - 0.1

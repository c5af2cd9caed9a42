"""Silence: its loss by hand, what it drives below zero, and that an attacker's gradient fades."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.evaluation.asks import forget_asks
from lab.model import tiny_models
from lab.model.overlay import overlay
from lab.report.text import catalogue
from lab.unlearn import silence
from lab.unlearn.batches import Rows
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from tests.unit import tiny as make


def test_the_loss_by_hand() -> None:
    hidden = torch.tensor([[[-7.0, -4.0]]])  # relu(-1) = 0 and relu(2) = 2
    student, teacher = torch.tensor([[[3.0, 0.0]]]), torch.tensor([[[2.0, 0.0]]])
    made = silence.losses(
        hidden, student, teacher, make.recipe(forget_weight=0.5, margin=6.0, beta=8.0)
    )
    assert made.forget_term.item() == pytest.approx(0.5 * 4 / 2)
    assert made.retain_term.item() == pytest.approx(8 * 1 / 4) and made.vkd == pytest.approx(0.25)
    assert math.isnan(made.forget_ce) and math.isnan(made.retain_ce)


WITHOUT = ("idefics3", "smolvlm", "gemma3", "paligemma", "mllama")  # no neurons in the projector
GATED = ("aya_vision", "aya_dinov2", "cohere2_vision", "glm4v")


@pytest.mark.parametrize("kind", [k for k in tiny_models.KINDS if k not in WITHOUT])
def test_the_hidden_neurons_are_what_the_first_linear_writes(kind: str, four) -> None:
    vision, prompter = (loaded := tiny_models.tiny(kind)).vision, loaded.prompter
    pixels = prompter.pixels([decode(i) for i in four.entities[0].train_images[:2]])
    stem = vision.stem(pixels, 2)
    seen: list[torch.Tensor] = []
    handle = vision.projector.second.register_forward_pre_hook(
        lambda module, args: seen.append(args[0])
    )
    values: list[torch.Tensor] = []
    other = vision.projector.first.register_forward_hook(
        lambda module, args, out: values.append(out[..., : vision.projector.neurons])
    )
    with torch.no_grad():
        hidden = vision.hidden(stem, 2)
        vision.tail(stem, 2)
    handle.remove()
    other.remove()
    activated = seen[-1].reshape(hidden.shape)
    if kind in GATED:
        through = torch.nn.functional.silu(hidden) * values[-1].reshape(hidden.shape)
        assert torch.allclose(activated, through, atol=1e-5)
        return
    close = [torch.nn.functional.gelu(hidden, approximate=a) for a in ("none", "tanh")]
    assert any(torch.allclose(activated, c, atol=1e-5) for c in close)


@pytest.mark.parametrize(("language", "share"), [("en", "1.5 %"), ("de", "1,5 %")])
def test_what_the_help_says_of_a_gate_holds(language: str, share: str) -> None:
    gate = torch.tensor(-make.recipe().margin, requires_grad=True)
    passed = torch.nn.functional.silu(gate)
    passed.backward()
    assert passed.item() == pytest.approx(-6 / (1 + math.exp(6)))
    assert 0.01 < abs(gate.grad.item()) < abs(passed.item()) < 0.015
    said = catalogue(language).FIELDS["Recipe"]["margin"][1]
    assert "SiLU" in said and share in said


def test_an_attackers_gradient_fades(tiny, four) -> None:
    entity, recipe = (
        four.entities[0],
        make.recipe(method="silence", silence_lr=0.02, steps=40, beta=1.0),
    )
    outcome, _ = make.run(tiny, four, recipe)
    asked = forget_asks(entity)[0]
    rows = [(entity.train_images[0], [(asked.question.text, [asked.question.answer])])]

    def slope(delta: dict[str, torch.Tensor]) -> float:
        student = Student(tiny, METHODS[recipe.method], recipe, Outcome(delta=delta))
        with overlay(tiny.model, student.weights), torch.enable_grad():
            student.cross_entropy(rows).mean().backward()
        inside = [w.grad for n, w in student.weights.items() if not n.endswith("linear_2.bias")]
        return float(torch.stack([g.norm() for g in inside]).norm())

    own = {n: p.detach().clone() for n, p in tiny.vision.trainable(recipe.blocks).items()}
    assert slope(dict(outcome.delta)) < 1e-3 * slope(own)


def test_the_look_ahead_does_not_depend_on_how_many_steps_the_run_has(tiny, four) -> None:
    """With three steps its rate would have fallen below zero, and part of it would unlearn."""
    found = []
    for steps in (3, 40):
        recipe = make.recipe(method="silence", silence_share=0.5, steps=steps)
        outcome, rows = Outcome(), Rows(four, four.entities[0], 0)
        weights = tiny.vision.trainable(recipe.blocks)
        outcome.delta = {n: p.detach().clone() for n, p in weights.items()}
        said = list(silence.look_ahead(tiny, rows, recipe, outcome, lambda: False))
        assert len(said) == silence.LOOK_AHEAD
        found.append(outcome.scores[0])
    assert found[0].any() and np.array_equal(*found)


def test_it_does_all_its_steps_whatever_the_probes_say(tiny, four) -> None:
    outcome, _ = make.run(
        tiny,
        four,
        make.recipe(
            method="silence", stop_forget=1.0, stop_retain_drop=0.01, steps=3, probe_every=1
        ),
    )
    assert (outcome.steps, outcome.reason) == (3, "steps done")


def test_a_projector_without_neurons_is_refused_in_one_line(four) -> None:
    with pytest.raises(LabError, match="silence needs hidden neurons.*choose another method"):
        make.run(tiny_models.tiny("idefics3"), four, make.recipe(method="silence"))

"""What must always be true, each test named after it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import lab
from lab.attack import Attacker, Relearned, Victim, attack, lesson
from lab.benchmarks.images import decode
from lab.catalogue import CONTROLS
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.events import Curve, Importance, Probe, Saliency, Step
from lab.model import tiny_models
from lab.model.overlay import load_delta, overlay, weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.unlearn import loop
from lab.unlearn.methods import METHODS
from lab.unlearn.task import task_of
from tests.unit import tiny as make

MODES = pytest.mark.parametrize("mode", ["all", "forget_only"])
PLAN = AttackRecipe(share=1.0, steps=4, lr=1e-3, batch=2, probe_every=2)


def assert_pruned_zero(loaded, outcome, delta) -> None:
    assert outcome.pruned_neurons == sum(
        int(outcome.pruned[f"{layer.first_name}.weight"].all(1).sum())
        for layer in loaded.vision.layers(2)
    )
    for name, where in outcome.pruned.items():
        assert where.any() or name.endswith("bias")
        assert not delta[name][where].any(), name


# 1
def test_text_logits_are_bit_identical(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe())
    assert events[-1].result["text_logits_identical"] is True
    assert all(
        n.startswith(("model.vision_tower.", "model.multi_modal_projector.")) for n in outcome.delta
    )
    ids = torch.tensor([tiny.prompter.conversation((), "What is the capital of France?", False)])
    with torch.no_grad():
        before = tiny.model(input_ids=ids).logits
        with overlay(tiny.model, outcome.delta):
            assert torch.equal(tiny.model(input_ids=ids).logits, before)


def test_the_check_of_text_logits_can_fail(tiny, four) -> None:
    from lab.evaluation.scores import text_logits_identical

    name = "model.language_model.layers.0.mlp.up_proj.weight"
    changed = {name: tiny.model.get_parameter(name) * 1.5}
    assert not text_logits_identical(Version("changed", tiny, changed), four.entities[0])


def test_a_loaded_delta_cannot_touch_the_language_model(tiny, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    name = "model.language_model.layers.0.mlp.up_proj.weight"
    save_file({name: tiny.model.get_parameter(name).clone()}, tmp_path / "delta.safetensors")
    with pytest.raises(LabError, match="does not fit"):
        load_delta(tmp_path / "delta.safetensors", tiny.base)


# 2
def test_the_base_is_unchanged_after_a_run(tiny, four) -> None:
    before = weights_hash(tiny.model)
    _, events = make.run(tiny, four, make.recipe())
    assert events[-1].result["base_unchanged"] is True
    assert weights_hash(tiny.model) == before


@pytest.mark.parametrize("after", [0, 2, 8])
def test_the_base_is_unchanged_after_a_stop(after: int, tiny, four) -> None:
    before, calls = weights_hash(tiny.model), []

    def stopped() -> bool:
        calls.append(1)
        return len(calls) > after

    outcome, events = make.run(tiny, four, make.recipe(steps=50), stopped)
    assert outcome.reason == events[-1].result["stopped_because"] == "stopped"
    assert bool(outcome.delta) == bool(outcome.steps) and outcome.steps < 50
    assert weights_hash(tiny.model) == before


def broken_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Make the cross-entropy NaN after some updates."""
    own, calls = loop.Student.cross_entropy, []

    def cross_entropy(self, rows):
        calls.append(1)
        return own(self, rows) * (math.nan if len(calls) > steps else 1.0)

    monkeypatch.setattr(loop.Student, "cross_entropy", cross_entropy)


def test_the_base_is_unchanged_after_a_failure(monkeypatch, tiny, four) -> None:
    before = weights_hash(tiny.model)
    broken_after(monkeypatch, 1)
    with pytest.raises(LabError):
        make.run(tiny, four, make.recipe())
    assert weights_hash(tiny.model) == before


@pytest.mark.parametrize("scope", ["vision", "language", "both"])
def test_the_base_is_unchanged_after_an_attack(scope: str, tiny, four) -> None:
    before = weights_hash(tiny.model)
    outcome, _ = make.run(tiny, four, make.recipe(steps=1))
    kept = {n: t.clone() for n, t in outcome.delta.items()}
    relearned = Relearned()
    *_, last = attack(
        make.scene(tiny, four, outcome.delta), replace(PLAN, scope=scope), relearned, lambda: False
    )
    assert weights_hash(tiny.model) == before
    assert all(torch.equal(t, kept[n]) for n, t in outcome.delta.items())  # undo is exact
    moved = any(not torch.equal(t, kept[n]) for n, t in relearned.delta.items())
    assert moved == (scope != "language") and bool(relearned.adapter) == (scope != "vision")
    assert last.result["steps"] == 4


# 3
@MODES
def test_a_weight_outside_the_mask_keeps_its_bits(mode: str, tiny, four) -> None:
    outcome, _ = make.run(
        tiny, four, make.recipe(mask_mode=mode, retain_weight=0.5, estimate="weight")
    )
    own, moved = tiny.vision.trainable(2), 0
    for name, weight in outcome.delta.items():
        start = torch.where(outcome.pruned[name], torch.zeros(()), own[name])
        if mode == "all":
            outside = ~outcome.mask[name]
            assert torch.equal(weight[outside], start[outside]), name
        moved += int((weight != start).sum())
    assert moved > 0
    assert_pruned_zero(tiny, outcome, outcome.delta)


@MODES
def test_pruned_neurons_stay_zero_through_relearning(mode: str, tiny, four) -> None:
    outcome, _ = make.run(tiny, four, make.recipe(mask_mode=mode))
    assert outcome.pruned_neurons == round(0.05 * 160)
    victim = Victim(Version("unlearned", tiny, outcome.delta), four.entities[0])
    attacker = Attacker(victim, PLAN, 2, lesson(four, victim.entity, PLAN))
    for _ in range(6):
        attacker.update()
    assert any(not torch.equal(w, outcome.delta[n]) for n, w in attacker.weights.items())
    assert_pruned_zero(tiny, outcome, attacker.weights)


# 6
def test_dead_blocks_are_excluded(tiny_clip, tiny, four) -> None:
    vision = tiny_clip.vision
    assert vision.dead == ("model.vision_tower.encoder.layers.2",) and len(vision.blocks) == 2
    assert tiny.vision.dead == () and len(tiny.vision.blocks) == 3
    assert not any(n.startswith(vision.dead[0]) for n in vision.trainable(99))
    outcome, events = make.run(tiny_clip, four, make.recipe(steps=1, blocks=2))
    for event in events:
        if isinstance(event, Importance | Saliency):
            assert event.layers == ("block 0", "block 1", "projector")
    assert not any(n.startswith(vision.dead[0]) for n in (*outcome.delta, *outcome.mask))


def test_a_dead_block_has_no_effect_and_every_live_block_has(tiny_clip, four) -> None:
    pixels = tiny_clip.prompter.pixels([decode(four.entities[0].train_images[0])])
    names = [
        *tiny_clip.vision.dead,
        *(b.first_name.removesuffix(".mlp.fc1") for b in tiny_clip.vision.blocks),
    ]
    with torch.no_grad():
        before = tiny_clip.vision.features(pixels)
        for name in names:
            noise = {
                n: torch.randn_like(p)
                for n, p in tiny_clip.model.named_parameters()
                if n.startswith(f"{name}.")
            }
            with overlay(tiny_clip.model, noise):
                same = torch.equal(tiny_clip.vision.features(pixels), before)
            assert noise and same == (name in tiny_clip.vision.dead), name


# 7
def test_nan_ends_the_run_with_the_last_good_delta(monkeypatch, tiny, four) -> None:
    good, _ = make.run(tiny, four, make.recipe(steps=3))
    full = loop.Outcome()
    list(loop.inspect(tiny, task_of(four, make.recipe(steps=3)), full, lambda: False))
    broken_after(monkeypatch, 2)
    steps: list[Step] = []
    with pytest.raises(LabError, match="no longer a number.*last good state") as refused:
        for event in loop.tune(
            tiny, task_of(four, make.recipe(steps=3)), Baseline(tiny), full, lambda: False
        ):
            steps += [event] if isinstance(event, Step) else []
    assert "\n" not in str(refused.value) and len(steps) == full.steps == 2
    assert all(torch.isfinite(t).all() for t in full.delta.values())
    assert full.delta.keys() == good.delta.keys()


def test_a_gradient_that_is_no_number_is_not_kept(monkeypatch, tiny, four) -> None:
    outcome = loop.Outcome()
    list(loop.inspect(tiny, task_of(four, make.recipe()), outcome, lambda: False))
    kept = {n: t.clone() for n, t in outcome.delta.items()}

    def gate(self, on):
        for weight in self.weights.values():
            weight.grad = torch.full_like(weight, math.nan)

    monkeypatch.setattr(loop.Student, "_gate", gate)
    with pytest.raises(LabError, match="no longer a number"):
        list(loop.tune(tiny, task_of(four, make.recipe()), Baseline(tiny), outcome, lambda: False))
    assert all(torch.equal(t, kept[n]) for n, t in outcome.delta.items())


# 8
def test_teacher_features_are_computed_once_per_image(tiny, four) -> None:
    recipe, outcome, seen = make.recipe(), loop.Outcome(), []
    list(loop.inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = loop.Student(tiny, METHODS[recipe.method], recipe, outcome)
    a, b, c = (e.train_images[0] for e in four.entities[:3])
    hook = tiny.model.model.multi_modal_projector.register_forward_hook(
        lambda module, args, output: seen.append(args[0].shape[0])
    )
    try:
        (first,) = student.teacher_representations([a, b, a])
        passes = len(seen)
        assert set(seen) == {2}  # each of the two once, the repeat not at all
        (second,) = student.teacher_representations([b, c])
        assert seen[passes:] == [1] * passes
        student.teacher_representations([c, a, b])
        assert len(seen) == 2 * passes
    finally:
        hook.remove()
    assert first.shape == (3, 5, tiny_models.WIDTH) and torch.equal(first[0], first[2])
    assert torch.equal(first[1], second[0]) and not first.requires_grad
    with torch.no_grad():  # the teacher is the original, not the pruned start
        expected = tiny.vision.features(tiny.prompter.pixels([decode(a)]))[0]
    assert torch.allclose(first[0], expected, atol=1e-5)


# 9
def test_nothing_is_unpickled(tiny, tmp_path: Path) -> None:
    banned = re.compile(
        r"torch\.load\(|\bpickle\b|joblib|allow_pickle=True|weights_only=False|"
        r"trust_remote_code=True|yaml\.(unsafe_|full_)?load\(|\beval\(|\bexec\("
    )
    for path in Path(lab.__file__).parent.rglob("*.py"):
        found = [
            m for m in banned.findall(re.sub(r"\.eval\(\)", "", path.read_text(encoding="utf-8")))
        ]
        assert not found, f"{path.name}: {found}"
    torch.save({"a": torch.ones(1)}, tmp_path / "delta.safetensors")
    with pytest.raises(LabError, match="not a readable safetensors"):
        load_delta(tmp_path / "delta.safetensors", tiny.base)


USUAL = (
    "forget_vqa",
    "forget_name",
    "names_other",
    "says_unknown",
    "forget_qa",
    "retain_vqa",
    "retain_qa",
    "general_qa",
    "pictures_vqa",
)


# 10
def test_every_number_carries_n_and_chance(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe())
    result = events[-1].result
    for part in ("before", "after", "n", "chance"):
        assert tuple(result[part]) == USUAL, part
    assert all(n > 0 for n in result["n"].values())
    probes = [e for e in events if isinstance(e, Probe)]
    assert [p.step for p in probes] == [0, 2, 3]
    assert all(p.n_forget and p.n_retain and p.chance == 0.25 for p in probes)
    scene = make.scene(tiny, four, outcome.delta, control="p1")
    made = list(attack(scene, PLAN, Relearned(), lambda: False))
    points = [e for e in made if isinstance(e, Curve)]
    assert {p.who for p in points} == {"unlearned", *CONTROLS}
    assert all(p.n == result["n"]["forget_vqa"] and p.chance == 0.25 for p in points)
    last = made[-1].result
    assert last["n"] == result["n"]["forget_vqa"] and last["chance"] == 0.25
    assert last["gain"] == pytest.approx(last["after"] - last["before"])
    assert last["vanilla_gap"] == pytest.approx(1.0 - last["after"])
    curves = [last["curve"], *(control["curve"] for control in last["controls"].values())]
    assert [[s for s, _ in curve] for curve in curves] == [[0, 2, 4]] * 3

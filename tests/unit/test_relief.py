"""Short of memory: the same gradients with less kept, a batch halved once, and one plain line."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from lab.attack import Attacker, Victim, attacker, attacker_rows
from lab.attack.attacker import Lesson
from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.evaluation import questions as asking
from lab.evaluation.asks import name_asks, questions
from lab.evaluation.questions import Ask, choose, drained, generate
from lab.evaluation.scores import Baseline
from lab.events import Step
from lab.model import low_memory, memory, tiny_models
from lab.model.families import language_model
from lab.model.language import filled, image_token
from lab.model.overlay import overlay, weights_hash
from lab.model.published import PUBLISHED
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.version import Version
from lab.model.vision import Vision
from lab.recipe import AttackRecipe
from lab.saliency import fisher as fim
from lab.saliency.importance import mean_activation
from lab.unlearn import student as students
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect, tune
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make
from tests.unit.test_methods import CASES, UNTRAINED, plan

TRAINED = [case for case in CASES if case not in UNTRAINED]
ASKED = [("What is the name of this person?", ["Ada Almeida"]), ("Where?", ["Oslo"])]


def no_memory(*_: object, **__: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def failing(own, times: int):
    """``own``, but for its first calls, which run out of memory."""
    left = [times]

    def work(*args, **kwargs):
        left[0] -= 1
        return no_memory() if left[0] >= 0 else own(*args, **kwargs)

    return work


# Their language layers norm more often or keep an MLP's gate in another form: up to two thirds more.
MORE_NORMS = ("aya_vision", "cohere2_vision", "gemma3", "paligemma", "mllama", "qwen3_vl", "glm4v")


# What a backward pass keeps, and keeps less of.
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_what_a_backward_pass_keeps_is_predicted(kind: str) -> None:
    loaded = tiny_models.tiny(kind)
    packed = pack(
        [loaded.prompter.tree(k, ASKED) for k in (0, 1)], loaded.prompter.pad_id, loaded.device
    )
    held = language_model(loaded.model)
    for dtype in (torch.float32, torch.bfloat16):
        held.to(dtype)
        kept = {p.untyped_storage().data_ptr(): None for p in loaded.model.parameters()}

        def note(tensor: torch.Tensor, kept=kept) -> torch.Tensor:
            kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
            return tensor

        words = torch.randn(*packed.ids.shape, tiny_models.WIDTH, dtype=dtype, requires_grad=True)
        given = {"inputs_embeds": words}
        if loaded.vision.family.flow.crosses:  # its layers for pictures run with pictures alone
            seen = torch.randn(40, tiny_models.WIDTH, requires_grad=True)
            place = packed.ids == image_token(loaded.model)
            given = {**filled(loaded.model, packed.ids, place, seen), **given}
        with saved_tensors_hooks(note, lambda tensor: tensor):
            held(
                **given,
                attention_mask=packed.mask,
                position_ids=packed.positions,
                use_cache=False,
            )
        real = sum(t.untyped_storage().nbytes() for t in kept.values() if t is not None)
        told = memory.backward_bytes(
            loaded.model.config.get_text_config(), *packed.ids.shape, dtype.itemsize
        )
        if kind in MORE_NORMS:
            assert 0.6 * real < told < real
        else:
            assert told == pytest.approx(real, rel=0.05)


def recomputed_bytes(text, rows: int, length: int, size: int) -> int:
    """What a backward pass keeps where each layer keeps its input alone, and one layer its share."""
    one = memory.backward_bytes(text, rows, length, size) // text.num_hidden_layers
    return rows * length * text.num_hidden_layers * text.hidden_size * size + one


def test_llava_7b_in_4_bit_fits_in_ten_gigabytes_by_count() -> None:
    config, _ = tiny_models.described(PUBLISHED["llava-1.5-7b"])
    text, gpu = config.get_text_config(), torch.device("cuda")
    rows, length = 4, 700  # 576 of the picture, and two questions with their answers
    linears = (4096 * 4096,) * 4 + (4096 * 11008,) * 3
    quantized = 32 * sum(n // 2 + n // 64 + 4 * n // 64 // 256 + 4 for n in linears)
    clip = (
        1024 + 576 * 1024 + 1024 + 3 * 14 * 14 * 1024 + 4 * 1024 + 24 * (12 * 1024**2 + 13 * 1024)
    )
    projector = 1024 * 4096 + 4096 + 4096 * 4096 + 4096
    buffers = 577 * 8 + 2 * 64 * 4
    weights = memory.needed_bytes(config, "nf4", gpu)
    assert weights == (
        quantized + 2 * (2 * 32064 * 4096 + 65 * 4096) + 4 * (clip + projector) + buffers
    )
    assert memory.backward_bytes(text, rows, length, 2) > 11e9
    trained = 4 * (4 * (2 * 1024 * 4096 + 1024 + 4096) + 4096 * (1024 + 4096 + 2))
    run = (
        6 * trained + 3 * trained / 4
    )  # delta, start, weights, gradient and AdamW's two; three masks
    kept = (
        84 * 4 * (576 * 4096 + 577 * 1024)
    )  # teacher features and stems of 60 pictures and 24 views
    always, features = weights + run + kept, 24 * 4 * 576 * 4096
    # going backward through the language model: student, teacher and their difference wait
    forget = always + recomputed_bytes(text, rows, length, 2) + 3 * features
    # through the trained blocks after it: two gradients more, and one piece's activations
    piece = memory.PICTURES_SHARE * (10e9 - always)
    retain = always + 5 * features + piece
    assert piece > memory.tail_bytes([4096] * 4, 577, 1024, 2)  # a picture at least
    assert 9e9 < max(forget, retain) < 9.6e9


@pytest.mark.parametrize("kind", ["clip", "qwen2_vl", "idefics3"])
def test_layers_computed_anew_give_the_same_gradients(kind: str, four) -> None:
    loaded = tiny_models.tiny(kind)
    samples = Rows(four, four.entities[0], 0).fisher_samples(4)[0]
    layers, calls = list(language_model(loaded.model).layers), []
    handle = layers[0].mlp.gate_proj.register_forward_hook(lambda *_: calls.append(1))

    def gradient(on: bool) -> torch.Tensor:
        trees = [loaded.prompter.tree(0, [(s.question, [s.answer])]) for s in samples]
        packed = pack(trees, loaded.prompter.pad_id, loaded.device)
        features = torch.randn(
            1,
            loaded.prompter.image_prefix.count(loaded.model.config.image_token_id),
            tiny_models.WIDTH,
            generator=torch.Generator().manual_seed(0),
        ).requires_grad_(True)
        with torch.enable_grad(), low_memory.recomputing(loaded.model, on):
            segment_means(target_log_probs(loaded.model, packed, features), packed).sum().backward()
        assert not any(m.training for m in loaded.model.modules())
        return features.grad

    plain, once = gradient(False), len(calls)
    anew = gradient(True)
    handle.remove()
    assert once == 1 and len(calls) == 3  # forward, and again going backward
    assert plain.any() and torch.equal(plain, anew)


def test_memory_decides_whether_layers_are_computed_anew(tiny, four, monkeypatch) -> None:
    assert (
        not low_memory.must_recompute(tiny, 4, 100)
        and low_memory.pictures_at_once(tiny, torch.zeros(1, 5, 32), 2) > 100
    )
    needed = memory.backward_bytes(tiny.model.config.get_text_config(), 4, 100, 4) / 2**20
    for there, short in ((2.01 * needed, False), (1.99 * needed, True)):  # half of it may be taken
        monkeypatch.setattr(memory, "available_mb", lambda device, there=there: there)
        assert low_memory.must_recompute(tiny, 4, 100) is short
    assert low_memory.must_recompute(tiny, 4, 100, adapted=True)


def test_what_a_gpu_has_left_counts_the_limit_and_what_torch_holds_in_reserve(monkeypatch) -> None:
    gib, share = 2**30, [1.0]
    for name, value in (("memory_allocated", 3 * gib), ("memory_reserved", 4 * gib)):
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5 * gib, 10 * gib))

    def fraction(index: int | None) -> float:  # the real one takes no device without an index
        assert index is None
        return share[0]

    monkeypatch.setattr(torch.cuda, "get_per_process_memory_fraction", fraction)
    assert memory.available_mb(torch.device("cuda")) == 6 * 1024
    share[0] = 0.5
    assert memory.available_mb(torch.device("cuda")) == 2 * 1024


@pytest.mark.parametrize("case", ["vkd", "grad_diff"])
def test_a_step_short_of_memory_is_the_same_step(case: str, tiny, four, monkeypatch) -> None:
    made = []
    for short in (False, True):
        if short:
            monkeypatch.setattr(memory, "available_mb", lambda device: 0.01)
        student, rows = ready(tiny, four, plan(case))
        student.update(rows)
        assert student.recompute is short
        made.append(gradients(student))
    assert student.pictures == 1 or case != "vkd"
    for name, grad in made[0].items():
        assert torch.allclose(made[1][name], grad, rtol=1e-4, atol=1e-7), name


def test_fisher_short_of_memory_is_the_same_fisher(tiny, four, monkeypatch) -> None:
    samples, layers = Rows(four, four.entities[0], 0).fisher_samples(4)[0], tiny.vision.trained(2)
    plain = fim.squared_gradients(tiny, layers, samples)
    monkeypatch.setattr(memory, "available_mb", lambda device: 0.01)
    for name, value in fim.squared_gradients(tiny, layers, samples).items():
        assert torch.equal(plain[name], value), name


# Running out of it.
def ready(tiny, four, recipe) -> tuple[Student, object]:
    """A student before its first step and what it draws for it."""
    outcome = Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    rows = Rows(four, four.entities[0], recipe.seed)
    return student, student.method.draw(rows, recipe)


def gradients(student: Student) -> dict[str, torch.Tensor]:
    return {n: w.grad.clone() for n, w in student.weights.items() if w.grad is not None}


def pass_of(case: str) -> tuple[object, str]:
    """Where a method's forget rows go through the model: silence never asks the language model."""
    return (Vision, "hidden") if case.startswith("silence") else (students, "target_distributions")


@pytest.mark.parametrize("case", TRAINED)
def test_a_halved_batch_has_the_whole_ones_gradient(case: str, tiny, four, monkeypatch) -> None:
    recipe = plan(case, batch=3, retain_batch=5, mask_threshold=0.1)
    student, drawn = ready(tiny, four, recipe)
    with (
        torch.no_grad()
    ):  # a LoRA that changes something, so that both of its halves have a gradient
        for name, weight in student.weights.items():
            if name.endswith(".B"):
                weight.normal_(0, 0.02, generator=torch.Generator().manual_seed(1))
    start = {n: w.detach().clone() for n, w in student.weights.items()}
    noise = student.noise.get_state()
    whole, expected = student._gradient(drawn), gradients(student)
    student.noise.set_state(noise)
    owner, name = pass_of(case)
    monkeypatch.setattr(owner, name, failing(getattr(owner, name), 1))
    halved = student.update(drawn)
    assert student.halving.parts == 2 and student.outcome.micro_batch == 2
    assert halved.total == pytest.approx(whole.total, rel=1e-4)
    assert halved.forget_ce == pytest.approx(whole.forget_ce, rel=1e-4, nan_ok=True)
    assert expected.keys() == gradients(student).keys()
    largest = max(float(g.abs().max()) for g in expected.values())
    for name, grad in gradients(student).items():
        assert torch.allclose(grad, expected[name], rtol=1e-3, atol=1e-5 * largest), name
    assert any(not torch.equal(w, start[n]) for n, w in student.weights.items())


def test_memory_that_runs_out_going_backward_is_met_too(tiny, four, monkeypatch) -> None:
    student, drawn = ready(tiny, four, plan("vkd", batch=4))
    student._gradient(drawn)
    expected = gradients(student)
    monkeypatch.setattr(torch.Tensor, "backward", failing(torch.Tensor.backward, 1))
    student.update(drawn)
    assert student.outcome.micro_batch == 2
    for name, grad in gradients(student).items():
        assert torch.allclose(grad, expected[name], rtol=1e-3, atol=1e-6), name


@pytest.mark.parametrize("case", TRAINED)
def test_a_second_time_ends_the_run_with_its_last_good_delta(
    case: str, tiny, four, monkeypatch
) -> None:
    recipe, outcome, base = plan(case, batch=4), Outcome(), weights_hash(tiny.model)
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    good: dict[str, torch.Tensor] = {}
    with pytest.raises(
        LabError, match="out of memory with 2 of 4 forget rows.*smaller --set batch"
    ) as ended:
        for event in tune(tiny, task_of(four, recipe), Baseline(tiny), outcome, lambda: False):
            if isinstance(event, Step):
                good = {n: t.clone() for n, t in outcome.delta.items()}
                monkeypatch.setattr(*pass_of(case), no_memory)
    assert outcome.steps == 1 and outcome.micro_batch == 2 and "\n" not in str(ended.value)
    assert good and all(torch.equal(t, good[n]) for n, t in outcome.delta.items())
    assert weights_hash(tiny.model) == base


def test_the_result_says_how_many_rows_went_at_a_time(tiny, four, monkeypatch) -> None:
    monkeypatch.setattr(students, "target_distributions", failing(students.target_distributions, 1))
    _, events = make.run(tiny, four, make.recipe(steps=2, batch=4))
    assert events[-1].result["micro_batch"] == 2 and events[-1].result["base_unchanged"]
    monkeypatch.undo()
    _, events = make.run(tiny, four, make.recipe(steps=1, batch=4))
    assert events[-1].result["micro_batch"] == 4


def test_memory_that_runs_out_elsewhere_ends_in_one_line(tiny, four, monkeypatch) -> None:
    monkeypatch.setattr("lab.unlearn.loop.start_delta", no_memory)
    with pytest.raises(LabError, match="out of memory.*choose a smaller --set batch"):
        make.run(tiny, four, make.recipe())


def test_questions_are_asked_again_in_halves(tiny, four, monkeypatch) -> None:
    entity = four.entities[0]
    asks = [
        Ask(q, i) for i in entity.test_images for q in questions(entity, "classification", "image")
    ]
    expected, names = choose(tiny, asks), generate(tiny, name_asks(entity), 12)
    for where in ("target_log_probs", "answer_texts"):
        monkeypatch.setattr(asking, where, failing(getattr(asking, where), 1))
    assert choose(tiny, asks) == expected and generate(tiny, name_asks(entity), 12) == names
    monkeypatch.setattr(asking, "target_log_probs", no_memory)
    with pytest.raises(LabError, match="out of memory, with half as much"):
        choose(tiny, asks)


def test_saliency_is_measured_again_in_halves(tiny, four, monkeypatch) -> None:
    samples, layers = Rows(four, four.entities[0], 0).fisher_samples(8)[0], tiny.vision.trained(2)

    def squared(part, together):
        return fim.squared_gradients(tiny, layers, part, together)

    plain = drained(fim.halves_of(samples, squared))
    activity = mean_activation(tiny, layers[:2], four.entities[0].train_images)
    monkeypatch.setattr(fim, "target_log_probs", failing(fim.target_log_probs, 1))
    halved = drained(fim.halves_of(samples, squared))
    for name, value in fim.mean_of(plain).items():
        assert torch.allclose(fim.mean_of(halved)[name], value, rtol=1e-3, atol=1e-9), name
    monkeypatch.setattr("lab.model.prompts.decode", failing(decode, 1))
    again = mean_activation(tiny, layers[:2], four.entities[0].train_images)
    assert all(abs(a - b).max() < 1e-6 for a, b in zip(again, activity, strict=True))


@pytest.mark.parametrize("scope", ["vision", "language", "both"])
def test_an_attacker_goes_on_in_halves_with_the_same_gradient(
    scope: str, tiny, four, monkeypatch
) -> None:
    budget = AttackRecipe(share=1.0, batch=6, scope=scope)
    victim = Victim(Version("unlearned", tiny), four.entities[0])
    lesson = Lesson(attacker_rows(four.entities[0], budget), ())
    whole, halved = (Attacker(victim, budget, 2, lesson) for _ in range(2))
    loss = whole.update()
    monkeypatch.setattr(attacker, "target_log_probs", failing(target_log_probs, 1))
    assert halved.update() == pytest.approx(loss, rel=1e-4) and (
        whole.halving.parts,
        halved.halving.parts,
    ) == (1, 2)
    trained = [a.weights | a.adapter for a in (whole, halved)]
    largest = max(float(w.grad.abs().max()) for w in trained[0].values())
    for name, weight in trained[0].items():
        assert torch.allclose(trained[1][name].grad, weight.grad, rtol=1e-3, atol=1e-5 * largest), (
            name
        )
    monkeypatch.setattr(attacker, "target_log_probs", no_memory)
    with pytest.raises(LabError, match="out of memory, with half as much"):
        halved.update()


def test_what_counts_as_running_out() -> None:
    for error in (
        torch.OutOfMemoryError("x"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ):
        assert low_memory.out_of_memory(error)
    assert not low_memory.out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


# The visual module's numbers.
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_a_visual_module_in_bfloat16_keeps_float32_weights(kind: str, four, monkeypatch) -> None:
    loaded = tiny_models.tiny(kind)
    vision, pixels = (
        loaded.vision,
        loaded.prompter.pixels([decode(four.entities[0].train_images[0])]),
    )
    with torch.no_grad():
        exact = vision.features(pixels)
    monkeypatch.setattr("lab.model.precision.visual_in_bfloat16", lambda device: True)
    inside = []
    layer = vision.blocks[-1]
    handle = layer.second.register_forward_hook(lambda module, args, out: inside.append(out.dtype))
    weights = {n: nn.Parameter(p.detach().clone()) for n, p in vision.trainable(1).items()}
    with torch.enable_grad(), overlay(loaded.model, weights):
        made = vision.tail(vision.stem(pixels, 1), 1)
        made.square().sum().backward()
    handle.remove()
    told = (made, vision.features(pixels), *vision.outputs(vision.stem(pixels, 1), 1))
    assert inside == [torch.bfloat16] and {t.dtype for t in told} == {torch.float32}
    assert all(w.grad.dtype == torch.float32 and w.grad.any() for w in weights.values())
    assert 0 < float((made.detach() - exact).norm() / exact.norm()) < 0.05

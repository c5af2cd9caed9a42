"""On a GPU: quantised families the whole way, weights as counted, and a 7B model in ten gigabytes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lab.bench import model_sizes, random_model
from lab.evaluation.asks import questions
from lab.evaluation.questions import Ask, choose
from lab.events import Saliency
from lab.model import low_memory, memory, tiny_models
from lab.model.load import Loaded, load
from lab.model.memory import needed_bytes
from lab.model.overlay import overlay, weights_hash
from lab.model.version import Version
from lab.saliency import fisher as fim
from lab.serve.chat import answers
from lab.serve.views import Turn
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make
from tests.unit.test_loading import held_bytes

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
CUDA = torch.device("cuda")
CLASSES = {"nf4": "Linear4bit", "int8": "Linear8bitLt"}
KINDS = [(kind, quantization) for kind in ("clip", "qwen2_vl") for quantization in CLASSES]


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    kind, quantization = request.param
    folder = tiny_models.save(tmp_path_factory.mktemp(kind) / kind, kind)
    return load(str(folder), quantization, "cuda", lambda _: None)


def kept_on_gpu(model: nn.Module, quantization: str, visual: tuple[str, ...]) -> None:
    """The classes and numbers that ``lab.model.precision`` promises for a GPU."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and (name.startswith(visual) or name == "lm_head"):
            assert type(module) is nn.Linear, name
    for name, weight in model.named_parameters():
        assert weight.device.type == "cuda", name
        if weight.is_floating_point():
            assert weight.dtype == (torch.float32 if name.startswith(visual) else torch.bfloat16), (
                name
            )
    assert any(type(m).__name__ == CLASSES[quantization] for m in model.modules())


def test_weights_are_kept_as_promised_and_counted(loaded: Loaded) -> None:
    kept_on_gpu(loaded.model, loaded.quantization, loaded.vision.family.visual)
    assert needed_bytes(loaded.model.config, loaded.quantization, CUDA) == held_bytes(loaded.model)


@pytest.mark.parametrize("quantization", random_model.KINDS)
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_random_weights_made_on_the_gpu_are_counted(kind: str, quantization: str) -> None:
    made = random_model.make(f"tiny-{kind}", quantization, CUDA)
    assert needed_bytes(made.model.config, quantization, CUDA) == held_bytes(made.model)
    if quantization != "none":
        kept_on_gpu(made.model, quantization, made.vision.family.visual)


def test_visual_weights_come_through_unrounded(loaded: Loaded) -> None:
    plain = tiny_models.tiny(loaded.name)
    for name in loaded.vision.names():
        assert torch.equal(
            loaded.model.get_parameter(name).cpu(), plain.model.get_parameter(name)
        ), name


def test_a_run_on_the_gpu_holds_the_invariants(loaded: Loaded, four) -> None:
    before = weights_hash(loaded.model)
    outcome, events = make.run(loaded, four, make.recipe(steps=2, blocks=1))
    result = events[-1].result
    assert outcome.steps == 2 and result["text_logits_identical"] and result["base_unchanged"]
    assert result["micro_batch"] == 2 and result["device"] == torch.cuda.get_device_name()
    assert any(isinstance(e, Saliency) for e in events) and 0 < outcome.mask_density <= 1
    assert all(t.dtype == torch.float32 for t in outcome.delta.values())
    moved = sum(int((t != loaded.model.get_parameter(n)).sum()) for n, t in outcome.delta.items())
    assert moved > 0 and weights_hash(loaded.model) == before
    said = [
        *answers(
            [Version("original", loaded), Version("run", loaded, outcome.delta)],
            [Turn("Who is this?")],
            four.entities[0].train_images[0],
            6,
        )
    ]
    assert said and all(len(texts) == 2 for texts in said)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "vkd"])
def test_every_method_runs_over_a_quantised_model_on_the_gpu(
    method: str, loaded: Loaded, four
) -> None:
    _, events = make.run(loaded, four, make.recipe(method=method, steps=1, blocks=1))
    assert events[-1].result["base_unchanged"]


def test_gradients_agree_with_single_passes_and_after_an_evaluation(loaded: Loaded, four) -> None:
    samples, layers = Rows(four, four.entities[0], 0).fisher_samples(4)[0], loaded.vision.trained(1)
    made = []
    for _ in range(2):
        made.append(fim.squared_gradients(loaded, layers, samples))
        choose(
            loaded,
            [
                Ask(q, four.entities[0].test_images[0])
                for q in questions(four.entities[0], "classification", "image")
            ],
        )
    alone = [fim.squared_gradients(loaded, layers, [s]) for s in samples]
    for name, value in made[0].items():
        assert value.dtype == torch.float32 and value.any(), name
        close = nn.functional.cosine_similarity
        assert close(value.flatten(), made[1][name].flatten(), 0) > 0.999, name
        assert close(value.flatten(), sum(a[name] for a in alone).flatten(), 0) > 0.98, name


def test_a_step_short_of_memory_is_the_same_step(loaded: Loaded, four, monkeypatch) -> None:
    made = []
    for there in (None, 0.01):
        if there:
            monkeypatch.setattr(memory, "available_mb", lambda device, there=there: there)
        recipe, outcome = make.recipe(blocks=1, ascent_cap=20.0), Outcome()
        list(inspect(loaded, task_of(four, recipe), outcome, lambda: False))
        student = Student(loaded, METHODS[recipe.method], recipe, outcome)
        drawn = student.method.draw(Rows(four, four.entities[0], 0), recipe)
        student._gradient(drawn)
        assert student.recompute is bool(there)
        made.append(torch.cat([w.grad.flatten() for w in student.weights.values()]))
    assert nn.functional.cosine_similarity(made[0], made[1], 0) > 0.99


def test_a_gpu_that_runs_out_is_met_with_half_a_batch(loaded: Loaded, four) -> None:
    def greedy(items):
        if len(items) > 1:
            torch.empty(2**50, dtype=torch.uint8, device=CUDA)
        return list(items)

    assert low_memory.in_halves(greedy, [1, 2], lambda one, other: one + other) == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llava-1.5-7b"])
def test_a_7b_model_in_4_bit_is_unlearned_in_ten_gigabytes(name: str) -> None:
    try:
        made = model_sizes.measure(name, "nf4", 2, 10.0, print)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    print(model_sizes.table(made))
    assert made["peak_memory_mb"] * 2**20 <= 10e9 and made["recomputed"]
    assert made["tokens_per_picture"] == 576 and made["parameters"] == pytest.approx(
        7.063e9, rel=1e-3
    )
    assert made["seconds"]["vkd_step"] > 0 and made["seconds"]["full_step"] is None


def test_a_delta_lies_on_and_comes_off_bit_for_bit(loaded: Loaded) -> None:
    before = weights_hash(loaded.model)
    changed = {n: p + 1 for n, p in loaded.vision.trainable(1).items()}
    with overlay(loaded.model, changed):
        assert weights_hash(loaded.model) != before
    assert weights_hash(loaded.model) == before

"""Quantised loading: gradients flow, and only the language model is quantised."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from lab.errors import LabError
from lab.evaluation.asks import questions
from lab.evaluation.questions import Ask, choose
from lab.model import tiny_models
from lab.model.adapter import language_linears
from lab.model.load import check_quantized, load
from lab.model.overlay import overlay, weights_hash
from lab.model.precision import adds_in_bfloat16, adds_in_float32
from lab.model.sequences import pack, segment_means, target_log_probs
from tests.unit import tiny as make

KINDS = ("nf4", "int8")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture(scope="module", params=KINDS)
def quantized(request: pytest.FixtureRequest, folder: Path):
    pytest.importorskip("bitsandbytes")
    return load(str(folder), request.param, "cpu", lambda _: None)


def dequantized(module: nn.Module) -> torch.Tensor:
    """The weights a quantised layer stands for."""
    from bitsandbytes import functional

    weight = module.weight
    if type(module).__name__ == "Linear4bit":
        return functional.dequantize_4bit(weight.data, weight.quant_state).float()
    scale = weight.SCB if weight.SCB is not None else module.state.SCB
    return weight.data.float() * scale.float()[:, None] / 127


def gradients(loaded, bench) -> torch.Tensor:
    """One flat gradient of a cross-entropy for the last block and the projector."""
    from lab.benchmarks.images import decode

    entity = bench.entities[0]
    trees = [loaded.prompter.tree(0, [(q.text, [q.answer]) for q in entity.train_questions[:4]])]
    packed = pack(trees, loaded.prompter.pad_id, loaded.device)
    weights = {n: nn.Parameter(p.detach().clone()) for n, p in loaded.vision.trainable(1).items()}
    with overlay(loaded.model, weights), torch.enable_grad():
        features = loaded.vision.features(loaded.prompter.pixels([decode(entity.train_images[0])]))
        loss = -segment_means(target_log_probs(loaded.model, packed, features), packed).mean()
        grads = torch.autograd.grad(loss, list(weights.values()))
    return torch.cat([g.flatten() for g in grads])


def test_gradients_flow_through_a_quantized_language_model(quantized, four) -> None:
    plain = tiny_models.tiny("dinov2")
    modules = dict(quantized.model.named_modules())
    with torch.no_grad():
        for name, module in plain.model.named_modules():
            if type(modules[name]).__name__ in ("Linear4bit", "Linear8bitLt"):
                module.weight.copy_(dequantized(modules[name]))
    expected = gradients(plain, four)
    tolerance = 0.999 if quantized.quantization == "nf4" else 0.98  # int8 rounds activations too
    base = weights_hash(quantized.model)
    for moment in ("after loading", "after an evaluation pass", "after a second one"):
        got = gradients(quantized, four)
        assert nn.functional.cosine_similarity(got, expected, 0) > tolerance, moment
        assert float(got.norm() / expected.norm()) == pytest.approx(1, abs=0.05), moment
        choose(
            quantized,
            [
                Ask(q, four.entities[0].test_images[0])
                for q in questions(four.entities[0], "classification", "image")
            ],
        )
        choose(quantized, [Ask(q) for q in four.general])
    assert weights_hash(quantized.model) == base


def test_only_the_language_model_is_quantized(quantized) -> None:
    kind = {"nf4": "Linear4bit", "int8": "Linear8bitLt"}[quantized.quantization]
    for name, module in quantized.model.named_modules():
        if isinstance(module, nn.Linear):
            inside = name.startswith("model.language_model.")
            assert type(module).__name__ == (kind if inside else "Linear"), name
    for name in quantized.vision.names():
        assert quantized.model.get_parameter(name).dtype == torch.float32, name
    assert not any(p.requires_grad for p in quantized.model.parameters())


def test_a_quantized_tower_is_refused(quantized) -> None:
    layer = quantized.vision.blocks[0]
    parent = quantized.model.get_submodule(layer.first_name.rpartition(".")[0])
    stolen = quantized.model.model.language_model.layers[0].mlp.up_proj
    parent.fc1 = stolen
    try:
        with pytest.raises(LabError, match="only the language model"):
            check_quantized(quantized)
    finally:
        parent.fc1 = layer.first
    check_quantized(quantized)


@pytest.mark.parametrize("method", ["vkd", "grad_diff", "manu"])
def test_a_whole_run_over_a_quantized_language_model(method: str, quantized, four) -> None:
    plan = make.recipe(method=method, steps=2, adapter_lr=0.05, ascent_cap=20.0)
    outcome, events = make.run(quantized, four, plan)
    result = events[-1].result
    assert result["text_logits_identical"] is (method == "vkd") and result["base_unchanged"]
    assert result["quantization"] == quantized.quantization
    assert outcome.steps == (0 if method == "manu" else 2)


def test_a_masked_language_adapter_over_a_quantized_model(quantized, four) -> None:
    plan = make.recipe(method="mmunlearner", scope="both", steps=1, adapter_lr=0.05)
    outcome, events = make.run(quantized, four, plan)
    assert outcome.steps == 1 and outcome.mask.keys() == outcome.delta.keys()
    assert events[-1].result["base_unchanged"] and 0 < outcome.mask_density < 1


def test_bfloat16_language_model_keeps_a_float32_tower(
    folder: Path, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.model.precision.language_dtype", lambda device: torch.bfloat16)
    loaded = load(str(folder), "gguf-q4", "cpu", lambda _: None)
    assert loaded.model.lm_head.weight.dtype == torch.bfloat16
    assert {loaded.model.get_parameter(n).dtype for n in loaded.vision.names()} == {torch.float32}
    assert gradients(loaded, four).abs().max() > 0


def test_on_a_cpu_bfloat16_weights_multiply_and_the_sums_are_float32(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.model.precision.language_dtype", lambda device: torch.bfloat16)
    loaded = load(str(folder), "gguf-q4", "cpu", lambda _: None)
    layers = language_linears(loaded.model).values()
    assert adds_in_float32(layers) and not adds_in_bfloat16(layers)
    assert loaded.model.get_input_embeddings()(torch.tensor([1])).dtype == torch.float32
    layer, x = next(iter(layers)), torch.full((1, 1), 1 + 2.0**-9)  # rounds down to 1
    with torch.no_grad():
        made = layer(x.expand(1, layer.in_features))
    exact = layer.weight.double().sum(1)
    assert made.dtype == torch.float32 and layer.weight.dtype == torch.bfloat16
    # bfloat16 has 8 bits: the product is rounded once, and its input was
    assert torch.allclose(made[0].double(), exact, rtol=2.0**-8, atol=1e-6)


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/nowhere/at/all", "none", "give a folder"),
        ("x", "int3", "valid are gguf-q4, int8, nf4, none"),
    ],
)
def test_what_cannot_be_loaded(path: str, kind: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        load(path, kind, "cpu", lambda _: None)


def test_a_model_of_another_family_is_refused() -> None:
    from lab.model.vision import find_vision

    with pytest.raises(LabError, match="Linear: no language model was found"):
        find_vision(nn.Linear(1, 1))

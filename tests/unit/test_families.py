"""Every family the whole way, tiny and random: loaded, measured, unlearned, attacked, asked."""

from __future__ import annotations

from math import isqrt
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from lab.attack import Attacker, Victim, attacker_rows
from lab.attack.attacker import Lesson
from lab.benchmarks.images import decode
from lab.evaluation.asks import questions
from lab.evaluation.questions import Ask, choose
from lab.model import tiny_models
from lab.model.load import Loaded, load
from lab.model.overlay import load_delta, overlay, save_delta, weights_hash
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.saliency import fisher as fim
from lab.saliency.importance import importance
from lab.saliency.places import THRESHOLDS, glow, gradient_maps, pictured
from lab.serve.chat import answers
from lab.serve.views import Turn
from lab.unlearn.batches import Rows, asked_by_image
from tests.unit import tiny as make
from tests.unit.test_quantized import dequantized, gradients

CPU = torch.device("cpu")
QUANTIZED = {"nf4": "Linear4bit", "int8": "Linear8bitLt"}
ASKED = [
    ("What is the name of this person?", ["Ada Almeida", "Bruno Bell"]),
    ("Where?", ["Oslo", "x y z"]),
]
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


@pytest.fixture(scope="module", params=tiny_models.KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save(tmp_path_factory.mktemp(request.param) / request.param, request.param)


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Loaded:
    return load(str(folder), "none", "cpu", lambda _: None)


def library(loaded: Loaded, ids: torch.Tensor, pixels: torch.Tensor, answers: int = 0) -> dict:
    """What the library's own forward and generate take; the last ``answers`` tokens are an answer."""
    flow, token = loaded.vision.family.flow, loaded.model.config.image_token_id
    return {"input_ids": ids, **flow.given(pixels), **flow.marks(ids, token, answers)}


def pictures(loaded: Loaded, bench, count: int = 2) -> torch.Tensor:
    return loaded.prompter.pixels([decode(e.train_images[0]) for e in bench.entities[:count]])


# The visual module.
def test_tail_of_stem_equals_the_features(loaded: Loaded, four) -> None:
    vision, pixels = loaded.vision, pictures(loaded, four)
    with torch.no_grad():
        for blocks in (1, 2):
            stem = vision.stem(pixels, blocks)
            changed = {n: p + 0.1 for n, p in vision.trainable(blocks).items()}
            assert torch.allclose(vision.tail(stem, blocks), vision.features(pixels), atol=1e-5)
            alone = torch.cat([vision.tail(row[None], blocks) for row in stem])  # kept a picture
            assert torch.allclose(alone, vision.features(pixels), atol=1e-4)
            with overlay(loaded.model, changed):
                assert torch.equal(vision.stem(pixels, blocks), stem)
                assert torch.allclose(vision.tail(stem, blocks), vision.features(pixels), atol=1e-3)


def test_encoder_and_projector_outputs(loaded: Loaded, four) -> None:
    vision, pixels = loaded.vision, pictures(loaded, four)
    with torch.no_grad():
        stem = vision.stem(pixels, 2)
        encoder, projected = vision.outputs(stem, 2)
        assert torch.equal(projected, vision.tail(stem, 2)) and encoder.shape[0] == len(pixels)
        alone, _ = vision.outputs(stem[1:], 2)  # a picture's rows are its own
        assert torch.allclose(alone, encoder[1:], atol=1e-4)
        # scaled, not shifted: a layer norm before or behind takes a common shift out again
        if vision.projector is not None:
            name = f"{vision.projector.second_name}.weight"
            with overlay(loaded.model, {name: vision.trainable(1)[name] * 1.5}):
                same, other = vision.outputs(stem, 2)
            assert torch.equal(same, encoder) and not torch.allclose(other, projected, atol=1e-3)
        name = f"{vision.blocks[-1].second_name}.weight"
        with overlay(loaded.model, {name: vision.trainable(1)[name] * 1.5}):
            assert not torch.allclose(vision.outputs(stem, 2)[0], encoder, atol=1e-3)


def test_every_picture_becomes_as_many_tokens(loaded: Loaded, four) -> None:
    shapes = [Image.new("RGB", size, "navy") for size in ((40, 40), (300, 60), (50, 400))]
    prompter = loaded.prompter
    tokens = prompter.image_prefix.count(loaded.model.config.image_token_id)
    with torch.no_grad():
        features = loaded.vision.features(prompter.pixels(shapes))
        alone = loaded.vision.features(prompter.pixels(shapes[1:2]))
    deeper = 2 if loaded.name == "qwen3_vl" else 0  # what two language layers add
    if loaded.name == "mllama":  # four tiles of a class token and four patches, for a single token
        assert tokens == 1
        tokens = 4 * 5
    assert features.shape == (3, tokens, tiny_models.WIDTH * (1 + deeper))
    assert torch.allclose(features[1:2], alone, atol=1e-4)


def test_layers_are_what_the_family_has(loaded: Loaded) -> None:
    vision, kind = loaded.vision, loaded.name
    live = 2 if kind in ("clip", "llava_next") else 3
    assert len(vision.blocks) == live and len(vision.dead) == 3 - live
    names = [layer.name for layer in vision.trained(live - 1)]
    blocks = [f"block {k}" for k in range(1, live)]
    bare = kind == "gemma3"  # its projector is a matrix and no Linear
    single = kind in ("smolvlm", "idefics3", "paligemma", "mllama")
    assert names == blocks + ["projector"] * (not bare)
    assert [layer.name for layer in vision.layers(live - 1)] == blocks + ["projector"] * (
        not bare and not single
    )
    assert bool(vision.blocks[0].gate) == (kind in ("qwen2_5_vl", "mistral3", "glm4v"))
    fused = vision.projector is not None and vision.projector.fused
    assert fused == (kind in ("aya_vision", "aya_dinov2", "cohere2_vision"))
    trained = vision.trainable(99)
    assert not any(n.startswith(d) for n in trained for d in vision.dead)
    assert set(trained) < set(vision.names()) and vision.depth(vision.trainable(1)) == 1
    for layer in vision.trained(99):
        for name, linear in layer.linears.items():
            assert loaded.model.get_submodule(name) is linear


# The language model: trees and decoding against the library's own.
def test_packed_scores_equal_the_librarys_rows(loaded: Loaded, four) -> None:
    pixels = pictures(loaded, four)
    trees = [loaded.prompter.tree(1, ASKED), loaded.prompter.tree(0, ASKED[:1])]
    packed = pack(trees, loaded.prompter.pad_id, CPU)
    expected = []
    with torch.no_grad():
        features = loaded.vision.features(pixels)
        made = segment_means(target_log_probs(loaded.model, packed, features), packed).tolist()
        for tree in trees:
            for segment in (s for s in tree.segments if s.target):
                ids, at = list(segment.ids), segment.parent
                while at >= 0:
                    ids, at = [*tree.segments[at].ids, *ids], tree.segments[at].parent
                row = torch.tensor([ids])
                n = len(segment.ids)
                given = library(loaded, row, pixels[tree.image][None], n)
                logits = loaded.model(**given).logits[0]
                found = torch.log_softmax(logits[-n - 1 : -1], -1)
                expected.append(float(found.gather(-1, torch.tensor(segment.ids)[:, None]).mean()))
    assert made == pytest.approx(expected, abs=1e-4)
    assert abs(made[0] - made[4]) > 1e-3  # the picture matters


def test_packed_text_scores_equal_the_librarys_rows(loaded: Loaded) -> None:
    tree = loaded.prompter.tree(None, ASKED[:1])
    packed = pack([tree], loaded.prompter.pad_id, CPU)
    ids = [i for s in tree.segments[:3] for i in s.ids]
    n, token = len(tree.segments[2].ids), loaded.model.config.image_token_id
    row = torch.tensor([ids])
    with torch.no_grad():
        made = segment_means(target_log_probs(loaded.model, packed, None), packed)
        marks = loaded.vision.family.flow.marks(row, token, n)
        logits = loaded.model(input_ids=row, **marks).logits[0]
    expected = (
        torch.log_softmax(logits[-n - 1 : -1], -1)
        .gather(-1, torch.tensor(ids[-n:])[:, None])
        .mean()
    )
    assert float(made[0]) == pytest.approx(float(expected), abs=1e-4)


def test_greedy_answers_equal_the_librarys(loaded: Loaded, four) -> None:
    prompter, image = loaded.prompter, four.entities[1].train_images[0]
    ids = torch.tensor([prompter.conversation((), "Who is this person?", True)])
    given = library(loaded, ids, prompter.pixels([decode(image)]))
    with torch.no_grad():
        made = loaded.model.generate(
            **given,
            max_new_tokens=12,
            do_sample=False,
            attention_mask=torch.ones_like(ids),
            eos_token_id=prompter.end_id,
            pad_token_id=prompter.pad_id,
        )
    text = prompter.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True).strip()
    *_, (said,) = answers([Version("original", loaded)], [Turn("Who is this person?")], image, 12)
    assert said == text


def test_two_sides_equal_each_side_alone(loaded: Loaded, four) -> None:
    draw = torch.Generator().manual_seed(1)
    original = Version("original", loaded)
    changed = Version(
        "run",
        loaded,
        {
            n: p + torch.randn(p.shape, generator=draw)
            for n, p in loaded.vision.trainable(2).items()
        },
    )
    for image in (four.entities[0].train_images[0], None):
        turns = [Turn("Who is this person?", ("Ada Almeida", "a baker")), Turn("Where from?")]
        *_, both = answers([original, changed], turns, image, 10)
        for k, side in enumerate((original, changed)):
            alone = [Turn(t.question, t.answers[k : k + 1]) for t in turns]
            *_, (said,) = answers([side], alone, image, 10)
            assert both[k] == said


# Saliency.
def test_squared_gradients_equal_single_sample_backward_passes(loaded: Loaded, four) -> None:
    forget, retain = Rows(four, four.entities[0], 0).fisher_samples(2)
    samples = [*forget, *retain[:1]]
    weights = {n: nn.Parameter(p.detach().clone()) for n, p in loaded.vision.trainable(2).items()}
    expected = {n: torch.zeros_like(p) for n, p in weights.items()}
    for sample in samples:
        tree = loaded.prompter.tree(0, [(sample.question, [sample.answer])])
        ids = torch.tensor([[i for segment in tree.segments for i in segment.ids]])
        n = len(tree.segments[-1].ids)
        with overlay(loaded.model, weights), torch.enable_grad():
            pixels = loaded.prompter.pixels([decode(sample.image)])
            logits = loaded.model(**library(loaded, ids, pixels, n)).logits[0]
            loss = nn.functional.cross_entropy(logits[-n - 1 : -1], ids[0, -n:])
            for name, grad in zip(
                weights, torch.autograd.grad(loss, list(weights.values())), strict=True
            ):
                expected[name] += grad.square()
    made = fim.squared_gradients(loaded, loaded.vision.trained(2), samples)
    assert made.keys() == expected.keys()
    for name, value in expected.items():
        assert value.max() > 0, name
        assert torch.allclose(made[name], value, rtol=2e-3, atol=2e-4 * float(value.max())), name


def test_the_heat_map_shows_where_the_neurons_fire(loaded: Loaded, four) -> None:
    forget, retain = four.entities[0].train_images, four.entities[1].train_images
    layers = loaded.vision.layers(1)
    event = importance(loaded, layers, forget, retain, 0.2)
    side = event.heat.shape[0]
    assert event.heat.shape == (side, side) and side >= 2 and event.heat.max() == 1.0
    assert [len(s) for s in event.score] == [layer.neurons for layer in layers]
    shown = glow(loaded, layers, forget[0], event.score, event.retain)
    assert shown.maps.shape[1] >= side and shown.maps[-1].max() == 1.0


def test_the_gradient_map_is_over_the_same_places(loaded: Loaded, four) -> None:
    layers, entity = loaded.vision.trained(1), four.entities[0]
    weights = {n: p for n, p in loaded.vision.trainable(1).items()}
    ratios = {n: torch.ones(p.shape) for n, p in weights.items()}
    live = {n: torch.ones(p.shape, dtype=torch.bool) for n, p in weights.items()}
    image = entity.train_images[0]
    asked = pictured(asked_by_image(entity), image)
    assert len(asked) == 4
    maps = gradient_maps(loaded, layers, image, asked, ratios, live)
    stops = THRESHOLDS.tolist()
    assert maps.shape == (len(stops), *maps[0].shape) and maps[0].shape[0] >= 2
    assert maps[stops.index(1.0)].max() == 1.0 and not maps[stops.index(1.0) + 1].any()


def test_rasters_put_every_patch_where_it_is(loaded: Loaded) -> None:
    # one bright quarter: what enters the first block differs from a dark picture there alone
    flow, prompter = loaded.vision.family.flow, loaded.prompter
    dark, bright = Image.new("RGB", (84, 84)), Image.new("RGB", (84, 84))
    bright.paste("white", (42, 0, 84, 42))
    pixels = prompter.pixels([dark, bright])
    with torch.no_grad():
        stem = loaded.vision.stem(pixels, len(loaded.vision.blocks))
    one = flow.shown((stem[1] - stem[0]).abs().unflatten(0, (flow.tiles, -1)))[0]
    joined = "qwen" in loaded.name or loaded.name == "glm4v"
    changed = flow.raster(loaded.model, one, flow.finest(len(one), 9)).mean(1)
    assert len(changed) == (9 if joined else isqrt(len(one)) ** 2)
    side = int(len(changed) ** 0.5)
    square = changed.reshape(side, side)
    assert square[0, -1] > 100 * square[-1, 0]


# A run, an attack, a delta on disk.
def test_a_run_holds_the_invariants(loaded: Loaded, four, tmp_path: Path) -> None:
    model, vision = loaded.model, loaded.vision
    before, blocks = weights_hash(model), min(2, len(vision.blocks) - 1)
    outcome, events = make.run(loaded, four, make.recipe(estimate="weight", blocks=blocks))
    result = events[-1].result
    assert result["text_logits_identical"] and result["base_unchanged"]
    assert outcome.delta.keys() == vision.trainable(blocks).keys() == outcome.mask.keys()
    neurons = sum(layer.neurons for layer in vision.layers(blocks))
    assert outcome.pruned_neurons == round(0.05 * neurons) > 0
    moved = 0
    for name, weight in outcome.delta.items():
        start = torch.where(outcome.pruned[name], torch.zeros(()), vision.trainable(blocks)[name])
        outside = ~outcome.mask[name]
        assert torch.equal(weight[outside], start[outside]), name
        assert not weight[outcome.pruned[name]].any(), name
        moved += int((weight != start).sum())
    assert moved > 0
    ids = torch.tensor([loaded.prompter.conversation((), "What is the capital of France?", False)])
    save_delta(outcome.delta, tmp_path / "delta.safetensors")
    again = load_delta(tmp_path / "delta.safetensors", loaded.base)
    with torch.no_grad():
        logits = model(input_ids=ids).logits
        with overlay(model, again):
            assert torch.equal(model(input_ids=ids).logits, logits)
    assert all(torch.equal(t, again[n]) for n, t in outcome.delta.items())
    relearn(loaded, outcome, four, blocks)
    assert weights_hash(model) == before


def relearn(loaded: Loaded, outcome, bench, blocks: int) -> None:
    """Attack: something is learned again, and no pruned neuron comes back."""
    plan = AttackRecipe(share=1.0, steps=2, lr=1e-3, batch=2, scope="both")
    entity = bench.entities[0]
    attacker = Attacker(
        Victim(Version("unlearned", loaded, outcome.delta), entity),
        plan,
        blocks,
        Lesson(attacker_rows(entity, plan), ()),
    )
    for _ in range(2):
        attacker.update()
    for name, where in outcome.pruned.items():
        assert not attacker.weights[name][where].any(), name
        assert not torch.equal(attacker.weights[name], outcome.delta[name]), name
    assert any(w.any() for n, w in attacker.adapter.items() if n.endswith(".B"))


# Quantised.
@pytest.fixture(scope="module", params=list(QUANTIZED))
def quantized(request: pytest.FixtureRequest, folder: Path) -> Loaded:
    pytest.importorskip("bitsandbytes")
    return load(str(folder), request.param, "cpu", lambda _: None)


def test_only_the_language_model_is_quantized(quantized: Loaded) -> None:
    inside = f"{quantized.vision.family.language}."
    for name, module in quantized.model.named_modules():
        if isinstance(module, nn.Linear):
            expected = QUANTIZED[quantized.quantization] if name.startswith(inside) else "Linear"
            assert type(module).__name__ == expected, name
    for name in quantized.vision.names():
        assert quantized.model.get_parameter(name).dtype == torch.float32, name


def test_gradients_flow_through_the_quantized_language_model(quantized: Loaded, four) -> None:
    plain = tiny_models.tiny(quantized.name)
    modules = dict(quantized.model.named_modules())
    with torch.no_grad():
        for name, module in plain.model.named_modules():
            if type(modules[name]).__name__ in QUANTIZED.values():
                module.weight.copy_(dequantized(modules[name]))
    expected = gradients(plain, four)
    tolerance = 0.999 if quantized.quantization == "nf4" else 0.97  # int8 rounds activations too
    assert expected.norm() > 0
    for moment in ("after loading", "after an evaluation pass"):
        got = gradients(quantized, four)
        assert nn.functional.cosine_similarity(got, expected, 0) > tolerance, moment
        choose(
            quantized,
            [
                Ask(q, four.entities[0].test_images[0])
                for q in questions(four.entities[0], "classification", "image")
            ],
        )


def test_a_run_over_a_quantized_language_model(quantized: Loaded, four) -> None:
    outcome, events = make.run(quantized, four, make.recipe(steps=1, blocks=1))
    result = events[-1].result
    assert result["text_logits_identical"] and result["base_unchanged"] and outcome.steps == 1

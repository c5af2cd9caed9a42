"""Parts found by structure or named by hand, and the proof that they work: once for each model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.evaluation.session import parts_of, with_options
from lab.model import proof, tiny_models
from lab.model.families import Family, Parts, family_of, find_family
from lab.model.flow import FLOWS, Qwen2Flow
from lab.model.load import load, multiply_in_bfloat16, round_language
from lab.model.picture_flow import Flow
from lab.model.prompts import Prompter
from lab.model.replay import Replay
from lab.model.vision import find_vision
from lab.recipe import Preset, TeachRecipe
from lab.teach.job import Plan, check_same

pytestmark = pytest.mark.filterwarnings("ignore")
BESIDE = "model.multi_modal_projector"
PARTS = {
    "clip": ("model.vision_tower", "model.vision_tower.encoder.layers", BESIDE),
    "smolvlm": ("model.vision_model", "model.vision_model.encoder.layers", "model.connector"),
    "mistral3": ("model.vision_tower", "model.vision_tower.transformer.layers", BESIDE),
    "deepseek_vl": ("model.vision_model", "model.vision_model.encoder.layers", "model.aligner"),
    "qwen3_vl": ("model.visual", "model.visual.blocks", "model.visual.merger"),
    "mllama": ("model.vision_model", "model.vision_model.transformer.layers", BESIDE),
}
FLAGS = "--tower NAME --projector NAME"


# What is found.
@pytest.mark.parametrize("kind", PARTS)
def test_the_parts_are_found_without_a_table(kind: str) -> None:
    found = find_family(tiny_models.build(kind)[0])
    assert (found.tower, found.stack, found.projector) == PARTS[kind]
    assert found.language.startswith("model.") and "llava" not in FLOWS
    assert found.unquantized == [found.tower, found.projector, "lm_head"]


def test_a_family_without_a_word_goes_llavas_way_or_qwens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(find_family(tiny_models.build("clip")[0]).flow) is Flow
    monkeypatch.setattr("lab.model.families.FLOWS", {})
    assert type(find_family(tiny_models.build("qwen3_vl")[0]).flow) is Qwen2Flow


def test_parts_named_by_hand_take_the_place_of_those_found() -> None:
    model = tiny_models.build("clip")[0]
    inner = "model.vision_tower.encoder"
    found = find_family(model, Parts(inner, f"{BESIDE}.linear_2"))
    assert (found.tower, found.projector) == (inner, f"{BESIDE}.linear_2")
    for parts, flag in ((Parts("x.y"), "--tower x.y"), (Parts(projector="z"), "--projector z")):
        with pytest.raises(LabError, match=f"{flag}: llava has no part of that name"):
            find_family(model, parts)


def test_parts_that_are_not_found_or_several_are_refused_in_one_line() -> None:
    model = tiny_models.build("clip")[0]
    model.model.connector = nn.Linear(2, 2)
    with pytest.raises(
        LabError, match=r"may be .*projector or .*connector.*--tower .* --projector"
    ):
        find_family(model)
    assert find_family(model, Parts(projector=BESIDE)).projector == BESIDE
    del model.model.connector, model.model.multi_modal_projector
    with pytest.raises(LabError, match="projector was not found.*--projector NAME"):
        find_family(model)
    with pytest.raises(LabError, match=f"no list of vision blocks.*{FLAGS}"):
        find_family(model, Parts(tower="model.vision_tower.embeddings"))


def test_an_mlp_of_other_names_is_refused_with_the_names_known() -> None:
    model = tiny_models.build("clip")[0]
    mlp = model.model.vision_tower.encoder.layers[0].mlp
    mlp.inward = mlp.fc1
    del mlp.fc1
    with pytest.raises(LabError, match="layers.0 holds none of the MLPs.*fc1/fc2.*linear_fc1"):
        find_vision(model)


def test_flags_reach_the_model_and_another_model_forgets_the_presets_parts() -> None:
    preset = Preset("mine", "models/mine", "people", tower="a", projector="b")
    assert parts_of(with_options(preset, None, None, None, None)) == Parts("a", "b")
    assert parts_of(with_options(preset, "other", None, None, None)) == Parts()
    given = with_options(preset, "other", None, None, None, Parts("c"))
    assert parts_of(given) == Parts("c")
    plan = Plan("base", "", "none", "tiny", "", "", "", TeachRecipe(), "a")
    begun = {**{k: getattr(plan, k) for k in ("base", "processor", "quantization", "benchmark")}}
    begun |= {"data": "", "left_out": "", "focus": "", "recipe": vars(TeachRecipe())}
    with pytest.raises(LabError, match="begun with tower '', not 'a'"):
        check_same(plan, begun, Path("folder"))
    check_same(
        replace(plan, tower=""), begun, Path("folder")
    )  # a folder begun before there were any


# What is proven.
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_every_family_passes(kind: str) -> None:
    proof.prove(tiny_models.tiny(kind))


def test_a_replay_that_parts_from_the_plain_pass_is_refused() -> None:
    # two blocks are read on their way: without what is kept of them the replay is another picture
    loaded = tiny_models.tiny("qwen3_vl")
    old = loaded.vision.replay
    forgetful = replace(loaded.vision, replay=Replay(old.model, old.flow, old.blocks, ()))
    with pytest.raises(LabError, match=r"replaying the last 1 blocks of model.visual.blocks parts"):
        proof.prove(replace(loaded, vision=forgetful))


def test_a_packed_pass_that_parts_from_single_rows_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = tiny_models.tiny("gemma3")
    monkeypatch.setattr("lab.model.sequences.both_ways", lambda *_: None)  # all read in order
    with pytest.raises(
        LabError, match="language_model scores answers of one picture otherwise"
    ) as e:
        proof.prove(loaded)
    assert "\n" not in str(e.value) and FLAGS in str(e.value)


def test_scores_of_a_model_stored_in_bfloat16_may_part_by_their_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = tiny_models.tiny("aya_vision")
    round_language(loaded.model, loaded.vision.family, torch.bfloat16)
    multiply_in_bfloat16(loaded.model)
    proof.prove(loaded)
    monkeypatch.setattr(proof, "ROUNDED", 0.0)
    with pytest.raises(LabError, match="otherwise"):
        proof.prove(loaded)
    proof.prove(tiny_models.tiny("aya_vision"))


def test_a_tensor_without_a_gradient_is_refused() -> None:
    # the clip tower's third block lies behind the layer that is read
    loaded = tiny_models.tiny("clip")
    model = loaded.model
    model.config.vision_feature_layer = -1  # found with all blocks alive …
    vision = find_vision(model)
    assert len(vision.blocks) == 3
    model.config.vision_feature_layer = -2  # … and run with the last one dead
    with pytest.raises(LabError, match="no gradient arrives in .*layers.2.mlp.fc1.weight"):
        proof._prove_gradient(replace(loaded, vision=vision), noise(loaded.prompter))


def noise(prompter: Prompter) -> torch.Tensor:
    return prompter.pixels([proof._noise(0)])


def test_a_blind_model_is_refused() -> None:
    loaded = tiny_models.tiny("dinov2")
    with torch.no_grad():
        loaded.model.model.multi_modal_projector.linear_2.weight.zero_()
    with pytest.raises(LabError, match="multi_modal_projector gives the same for every picture"):
        proof.prove(loaded)


def test_the_proof_is_kept_by_what_it_holds_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asked = str(tiny_models.save(tmp_path / "clip", "clip")), []
    real = proof.prove
    monkeypatch.setattr(proof, "prove", lambda loaded: (asked.append(loaded.name), real(loaded)))
    told: list[str] = []
    for _ in range(2):
        load(folder, "none", "cpu", told.append)
    assert asked == ["clip"] and sum("Proving" in line for line in told) == 1
    load(folder, "nf4", "cpu", told.append)  # another quantisation is another model
    load(str(tiny_models.save(tmp_path / "dinov2", "dinov2")), "none", "cpu", told.append)
    assert asked == ["clip", "clip", "dinov2"]


def test_a_model_that_failed_is_asked_again(tmp_path: Path, cache: Path) -> None:
    model, made = tiny_models.build("clip")
    with torch.no_grad():
        model.model.multi_modal_projector.linear_2.weight.zero_()
    folder = tiny_models.save(tmp_path / "clip", "clip")
    model.save_pretrained(folder)
    for _ in range(2):
        with pytest.raises(LabError, match=f"clip fails the proof.*{FLAGS}"):
            load(str(folder), "none", "cpu", lambda _: None)


def test_a_model_of_the_lab_is_not_asked(tmp_path: Path, cache: Path, monkeypatch) -> None:
    folder = tiny_models.save(tmp_path / "clip", "clip")
    monkeypatch.setattr("lab.model.load.shipped", lambda folder: True)
    monkeypatch.setattr(proof, "prove", lambda loaded: pytest.fail("proven all the same"))
    load(str(folder), "none", "cpu", lambda _: None)


# Words of single families.
def test_rows_go_one_by_one_where_a_question_changes_the_picture(
    tmp_path: Path, cache: Path
) -> None:
    told: list[str] = []
    folder = tiny_models.save(tmp_path / "paligemma", "paligemma")
    load(str(folder), "none", "cpu", told.append)
    load(str(folder), "none", "cpu", told.append)
    assert sum("a pass of its own" in line for line in told) == 2


def test_a_picture_is_written_as_its_family_writes_it() -> None:
    written = {
        "internvl": "<img>" + "<IMG_CONTEXT>" * 4 + "</img>",
        "aya_vision": "<|START_OF_IMG|>TILE_GLOBAL" + "<|IMG_PATCH|>" * 4 + "<|END_OF_IMG|>",
        "aya_dinov2": "<image>" * 4,
        "cohere2_vision": "<|START_OF_IMG|>"
        + "<|IMG_PATCH|>" * 4
        + "<|IMG_LINE_BREAK|><|END_OF_IMG|>",
        "mistral3": "[IMG][IMG][IMG_BREAK][IMG][IMG][IMG_END]",
        "gemma3": "\n\n<start_of_image>" + "<image_soft_token>" * 4 + "<end_of_image>\n\n",
        "paligemma": "<image>" * 4 + "<bos>",
        "glm4v": "<|begin_of_image|>" + "<|image|>" * 9 + "<|end_of_image|>",
    }
    for kind, text in written.items():
        prompter = tiny_models.tiny(kind).prompter
        assert text in prompter.tokenizer.decode(prompter.image_prefix), kind


def test_pruning_a_fused_neuron_takes_value_and_gate(four) -> None:
    loaded = tiny_models.tiny("aya_dinov2")
    layer = loaded.vision.projector
    assert layer.fused and layer.neurons == 32 and layer.first.out_features == 64
    marks = torch.zeros(32, dtype=torch.bool)
    marks[3] = True
    assert layer.rows(marks).nonzero().flatten().tolist() == [3, 35]
    pixels = loaded.prompter.pixels([decode(four.entities[0].train_images[0])])
    seen: list[torch.Tensor] = []
    handle = layer.second.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        layer.first.weight[layer.rows(marks)] = 0.0
        layer.first.bias[layer.rows(marks)] = 0.0
        loaded.vision.features(pixels)
    handle.remove()
    assert not seen[0][..., 3].any() and seen[0][..., :3].any()


def test_the_gates_are_what_lets_a_fused_neuron_through(four) -> None:
    loaded = tiny_models.tiny("aya_dinov2")
    vision, layer = loaded.vision, loaded.vision.projector
    pixels = loaded.prompter.pixels([decode(four.entities[0].train_images[0])])
    with torch.no_grad():
        stem = vision.stem(pixels, 1)
        hidden = vision.hidden(stem, 1)
        assert hidden.shape == (1, 4, 32)
        layer.first.weight[32:] = 0.0  # gates that only their bias sets, far below zero
        layer.first.bias[32:] = -100.0
        blank = layer.second.bias.expand(1, 4, -1)
        assert torch.allclose(vision.tail(stem, 1), blank, atol=1e-5)
        assert torch.equal(vision.hidden(stem, 1), torch.full((1, 4, 32), -100.0))


def test_family_is_kept_with_its_model() -> None:
    model = tiny_models.build("clip")[0]
    assert family_of(model) is family_of(model) and isinstance(family_of(model), Family)


def test_a_family_that_hands_its_pictures_on_in_a_way_unknown_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # without its word: it has none of the library's functions for pictures
    monkeypatch.setattr("lab.model.families.FLOWS", {})
    folder = tiny_models.save(tmp_path / "llama", "mllama")
    with pytest.raises(LabError, match=f"llama fails the proof.*{FLAGS}") as refused:
        load(str(folder), "none", "cpu", lambda _: None)
    assert "\n" not in str(refused.value)

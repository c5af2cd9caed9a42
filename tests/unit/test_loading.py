"""Loading: prompts as each family's template has them, memory told first, every source of a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.model import tiny_models
from lab.model.embedded import merge_adapter, untaught
from lab.model.load import load
from lab.model.memory import needed_bytes
from lab.model.overlay import overlay
from lab.model.processor import Processor
from lab.model.prompts import Prompter
from lab.model.source import ABOUT

pytestmark = pytest.mark.filterwarnings("ignore")
LLAVA_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | upper + ': ' }}"
    "{% for c in m['content'] if c['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ c['text'] + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_conversations_are_the_chat_templates(kind: str) -> None:
    prompter = tiny_models.tiny(kind).prompter
    turns = [
        {"role": role, "content": [{"type": "text", "text": text}]}
        for role, text in (("user", "Who?"), ("assistant", "Ada"), ("user", "Where from?"))
    ]
    for image in (False, True):
        if image:
            turns[0]["content"].insert(0, {"type": "image"})
        text = prompter.processor.apply_chat_template(turns, add_generation_prompt=True)
        # one template starts a past answer otherwise than the one asked for: the lab keeps the latter
        text = text.replace("assistant \n", "assistant\n")
        made = prompter.conversation([("Who?", "Ada")], "Where from?", image)
        said = prompter.tokenizer.decode(made)
        if not image:
            assert said == text
            assert list(made) == prompter.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert said.endswith(text[-30:])


@pytest.mark.parametrize("kind", ["dinov2", "clip", "idefics3"])
def test_prefixes_are_those_of_the_librarys_processor(kind: str, four) -> None:
    from transformers import Idefics3Processor, LlavaProcessor

    loaded = tiny_models.tiny(kind)
    parts, image = loaded.prompter.processor, decode(four.entities[0].train_images[0])
    given = dict(
        image_processor=parts.image_processor,
        tokenizer=parts.tokenizer,
        chat_template=parts.template,
    )
    if kind == "idefics3":
        theirs = Idefics3Processor(image_seq_len=4, **given)
    else:
        select = loaded.model.config.vision_feature_select_strategy
        theirs = LlavaProcessor(
            patch_size=tiny_models.PATCH,
            vision_feature_select_strategy=select,
            image_token=tiny_models.IMAGE,
            num_additional_image_tokens=1,
            **given,
        )
    text = theirs.apply_chat_template(
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Who?"}]}],
        add_generation_prompt=True,
    )
    made = theirs(text=[text], images=[image], return_tensors="pt")
    assert made["input_ids"][0].tolist() == list(loaded.prompter.conversation((), "Who?", True))
    assert torch.equal(
        made["pixel_values"].reshape(-1), loaded.prompter.pixels([image]).reshape(-1)
    )


@pytest.mark.parametrize("scheme", ["always", "first"])
def test_a_tokenizer_that_puts_spaces_in_front_joins_texts_all_the_same(scheme: str) -> None:
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    made.decoder = decoders.Metaspace()
    made.train_from_iterator(
        ["USER: Who is it? Where from? ASSISTANT: Ada"] * 3,
        trainers.BpeTrainer(
            special_tokens=["<unk>", "<s>", "</s>", "<image>"],
            show_progress=False,
            initial_alphabet=["\n"],
        ),
    )
    made.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    words = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    loaded = tiny_models.tiny("clip")
    loaded.model.config.image_token_id = words.convert_tokens_to_ids("<image>")
    images = loaded.prompter.processor.image_processor
    prompter = Prompter(Processor(images, words, LLAVA_TEMPLATE), loaded.vision)
    assert prompter.end_id == prompter.pad_id == words.eos_token_id
    for picture in ("", "<image>\n"):
        text = f"USER: {picture}Who is it? ASSISTANT: Ada USER: Where from? ASSISTANT:"
        whole = words(text.replace("<image>", "<image>" * 4))["input_ids"]
        assert (
            list(prompter.conversation([("Who is it?", "Ada")], "Where from?", bool(picture)))
            == whole
        )
        tree = prompter.tree(0 if picture else None, [("Who is it?", ["Ada"])])
        asked = [i for segment in tree.segments for i in segment.ids]
        assert asked[:-1] == whole[: len(asked) - 1] and asked[-1] == words.eos_token_id


def held_bytes(model: nn.Module) -> int:
    """Bytes of a model's weights, scales and buffers; bitsandbytes' code tables are left out."""
    held = {id(p): p for p in (*model.parameters(), *model.buffers())}
    for module in model.modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            held |= {id(t): t for t in (state.absmax, state.state2.absmax, state.offset)}
        # the first pass of an int8 layer moves its scale from the weight to the layer's state
        for holder in (getattr(module, "weight", None), getattr(module, "state", None)):
            scale = getattr(holder, "SCB", None)
            if scale is not None:
                held[id(scale)] = scale
    return sum(t.numel() * t.element_size() for t in held.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_needed_memory_is_the_models_real_size(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    folder = tiny_models.save(tmp_path / kind, kind)
    for quantization in ("none", "nf4", "int8"):
        model = load(str(folder), quantization, "cpu", lambda _: None).model
        assert needed_bytes(model.config, quantization, torch.device("cpu")) == held_bytes(model)


def test_too_little_memory_is_refused_before_loading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tiny_models.save(tmp_path / "clip", "clip")
    monkeypatch.setattr("lab.model.memory.available_mb", lambda device: 0.01)
    monkeypatch.setattr("lab.model.load._read", lambda *_: pytest.fail("loaded all the same"))
    for quantization, advice in (("none", "nf4 or a smaller"), ("nf4", ": choose a smaller")):
        with pytest.raises(
            LabError, match=f"needs about .* GB at {quantization}, you have.*{advice}"
        ):
            load(str(tmp_path / "clip"), quantization, "cpu", lambda _: None)


# What is loaded from where.
def test_a_model_that_sees_no_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    with pytest.raises(LabError, match="llama is no model that answers about pictures") as refused:
        load(str(tmp_path), "none", "cpu", lambda _: None)
    assert "\n" not in str(refused.value)


def test_a_hub_model_is_found_in_the_cache_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_OFFLINE", True)
    stored = tmp_path / "models--someone--tiny"
    tiny_models.save(stored / "snapshots" / "abc", "clip")
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("abc", encoding="utf-8")
    assert load("someone/tiny", "none", "cpu", lambda _: None).name == "tiny"
    with pytest.raises(LabError, match="could not fetch someone/other.*go online once") as refused:
        load("someone/other", "none", "cpu", lambda _: None)
    assert "\n" not in str(refused.value)


def test_a_processor_can_be_named(tmp_path: Path) -> None:
    whole = tiny_models.save(tmp_path / "whole", "clip")
    bare = tiny_models.save(tmp_path / "bare", "clip")
    for path in bare.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    with pytest.raises(LabError, match="preset's key processor"):
        load(str(bare), "none", "cpu", lambda _: None)
    made = load(str(bare), "none", "cpu", lambda _: None, processor=str(whole))
    assert made.prompter.image_prefix == tiny_models.tiny("clip").prompter.image_prefix


def lora(tmp_path: Path, base: Path) -> tuple[Path, nn.Module]:
    """A LoRA checkpoint over ``base`` that changes it, and the model as peft has it."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(base)
    changed = get_peft_model(
        model, LoraConfig(r=4, target_modules=r".*language_model.*\.(q_proj|up_proj)")
    )
    with torch.no_grad():
        for name, weight in changed.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    changed.save_pretrained(tmp_path / "lora")
    return tmp_path / "lora", changed.eval()


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_a_lora_checkpoint_is_merged_into_its_base(
    quantization: str, tmp_path: Path, cache: Path
) -> None:
    pytest.importorskip("peft")
    base = tiny_models.save(tmp_path / "base", "clip")
    checkpoint, expected = lora(tmp_path, base)
    told: list[str] = []
    made = load(str(checkpoint), quantization, "cpu", told.append)
    assert any("Merging lora" in line for line in told)
    ids = torch.tensor([made.prompter.conversation((), "Who?", False)])
    with torch.no_grad():
        ours, theirs = made.model(input_ids=ids).logits, expected(input_ids=ids).logits
        plain = load(str(base), quantization, "cpu", lambda _: None).model(input_ids=ids).logits
    if quantization == "none":
        assert torch.allclose(ours, theirs, atol=1e-3)
    assert (ours - theirs).norm() < (plain - theirs).norm()
    told.clear()
    load(str(checkpoint), quantization, "cpu", told.append)
    assert not any("Merging" in line for line in told)  # kept


def test_a_lora_checkpoint_without_peft_or_safe_weights_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tiny_models.save(tmp_path / "base", "clip")
    checkpoint = tmp_path / "lora"
    checkpoint.mkdir()
    (checkpoint / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(base)}), encoding="utf-8"
    )
    with pytest.raises(LabError, match="no adapter_model.safetensors"):
        load(str(checkpoint), "none", "cpu", lambda _: None)
    (checkpoint / "adapter_model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(LabError, match="install the package peft"):
        load(str(checkpoint), "none", "cpu", lambda _: None)


def test_the_embedded_kinds_teaching_can_be_taken_back(tmp_path: Path) -> None:
    made, never = tiny_models.tiny("clip"), tiny_models.tiny("clip")
    name, inside = "layers.0.mlp.up_proj", "model.language_model."
    stored = {f"{inside}{name}.A": torch.randn(2, 32), f"{inside}{name}.B": torch.randn(64, 2)}
    save_file(stored, tmp_path / "adapter.safetensors")
    (tmp_path / ABOUT).write_text(json.dumps({"scale": 0.5}), encoding="utf-8")
    state = dict(made.model.named_parameters())
    weights = {f"{inside}{name}.weight": state[f"{inside}{name}.weight"].data}
    merge_adapter(weights, stored, 0.5)
    state[f"{inside}{name}.weight"].data = weights[f"{inside}{name}.weight"]

    def answer(loaded) -> torch.Tensor:
        with torch.no_grad():
            return loaded.model(input_ids=torch.tensor([[5, 6, 7]])).logits

    assert not torch.allclose(answer(made), answer(never), atol=1e-4)
    with overlay(made.model, untaught(str(tmp_path), made.device)):
        assert torch.allclose(answer(made), answer(never), atol=1e-4)
    assert untaught(str(tiny_models.save(tmp_path / "other", "clip")), made.device) == {}

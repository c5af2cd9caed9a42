"""Random models of real architectures, made on the spot: for tests, and for measuring growth."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForImageTextToText,
    BitImageProcessor,
    CLIPVisionConfig,
    Dinov2Config,
    Idefics3Config,
    LlamaConfig,
    LlavaConfig,
    LlavaOnevisionConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2Config,
    Qwen2VLConfig,
    SiglipVisionConfig,
    SmolVLMConfig,
)
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
    LlavaOnevisionImageProcessorPil,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from lab.model.load import ROOT, Loaded
from lab.model.processor import Processor
from lab.model.prompts import Prompter
from lab.model.vision import find_vision

SIDE, PATCH, WIDTH = 28, 14, 32
IMAGE = "<reponame>"  # like the embedded model: a special token outside the tokenizer's named ones
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", IMAGE]
WORDS = "What is the name occupation birthplace residence of this person? user assistant Ada Oslo baker"
TEMPLATE = ROOT / "assets" / "model" / "vanilla" / "chat_template.jinja"
# As the families' published models have them, without films and tools.
IDEFICS3_TEMPLATE = (
    "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}"
    "{% if m['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}"
    "{% else %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")
QWEN_TEMPLATE = (
    "{% for m in messages %}{% if loop.first %}<|im_start|>system\nYou are a helpful assistant."
    "<|im_end|>\n{% endif %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
ONEVISION_TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' }}"
    "{% for c in m['content'] if c['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ '\n' + c['text'] }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
KINDS = ("dinov2", "clip", "smolvlm", "idefics3", "qwen2_vl", "llava_onevision", "qwen2_5_vl")


def tokenizer(special: list[str] = SPECIAL, end: str = "<|im_end|>") -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 400 tokens with these special tokens."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        [WORDS], trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|im_start|>", eos_token=end,
                                   pad_token=end, unk_token="<|endoftext|>")


def build(kind: str = "dinov2", seed: int = 0):
    """Return (model, processor) of a kind in ``KINDS``; "clip" is read at layer -2: a dead block."""
    torch.manual_seed(seed)
    makers = {"dinov2": _llava, "clip": _llava, "llava_onevision": _onevision, "qwen2_vl": _qwen,
              "qwen2_5_vl": _qwen, "smolvlm": _idefics3, "idefics3": _idefics3}
    config, made = makers[kind](kind)
    model = AutoModelForImageTextToText.from_config(config).float()
    if kind not in ("dinov2", "clip"):
        _enlarge(model)
    projector = find_vision(model).projector
    with torch.no_grad():  # a projector's own init is too small for any picture to matter
        for linear in projector.linears.values():
            linear.weight.normal_(0, 0.3)
            if linear.bias is not None:
                linear.bias.normal_(0, 0.1)
    return model.requires_grad_(False).eval(), made


def save(folder: Path, kind: str = "dinov2", seed: int = 0) -> Path:
    """Write a kind as a model folder, as the families' published ones are laid out."""
    model, made = build(kind, seed)
    model.save_pretrained(folder)
    made.image_processor.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(made.template)
    return folder


def tiny(kind: str = "dinov2", seed: int = 0) -> Loaded:
    """A tiny model as ``lab.model.load`` would hand it out: 3 vision blocks, width 32."""
    model, made = build(kind, seed)
    vision = find_vision(model)
    return Loaded(f"tiny-{kind}", model, vision, Prompter(made, vision), torch.device("cpu"), "none")


def _text(made: PreTrainedTokenizerFast) -> dict:
    """A small language model over this vocabulary."""
    return dict(hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                num_key_value_heads=2, vocab_size=len(made), max_position_embeddings=1024,
                initializer_range=0.2, bos_token_id=made.bos_token_id, eos_token_id=made.eos_token_id,
                pad_token_id=made.pad_token_id, tie_word_embeddings=True)


def _llava(kind: str) -> tuple[LlavaConfig, Processor]:
    """28 px pictures, 2 x 2 patches, one class token."""
    shape = dict(hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=2, image_size=SIDE,
                 patch_size=PATCH, initializer_range=0.2)
    if kind == "dinov2":
        vision, select, layer, tokens = Dinov2Config(mlp_ratio=2, **shape), "full", -1, 5
    else:
        vision, select, layer, tokens = CLIPVisionConfig(intermediate_size=64, **shape), "default", -2, 4
    words = tokenizer()
    images = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    config = LlavaConfig(vision_config=vision, text_config=LlamaConfig(**_text(words)),
                         image_token_id=words.convert_tokens_to_ids(IMAGE), projector_hidden_act="gelu",
                         vision_feature_layer=layer, vision_feature_select_strategy=select,
                         image_seq_length=tokens, tie_word_embeddings=True)
    return config, Processor(images, words, TEMPLATE.read_text())


def _idefics3(kind: str) -> tuple[Idefics3Config, Processor]:
    """56 px pictures, 4 x 4 patches, four of which make a token."""
    words = tokenizer(["<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<image>",
                       "<fake_token_around_image>", "<global-img>"], "<end_of_utterance>")
    config_type, images_type = ((SmolVLMConfig, SmolVLMImageProcessorPil) if kind == "smolvlm" else
                                (Idefics3Config, Idefics3ImageProcessorPil))
    images = images_type(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    config = config_type(
        vision_config=dict(hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=3,
                           num_attention_heads=2, image_size=56, patch_size=PATCH),
        text_config=LlamaConfig(**_text(words)), scale_factor=2, tie_word_embeddings=True,
        image_token_id=words.convert_tokens_to_ids("<image>"), pad_token_id=words.pad_token_id)
    return config, Processor(images, words, IDEFICS3_TEMPLATE)


def _qwen(kind: str) -> tuple[Qwen2VLConfig, Processor]:
    """84 px pictures, 6 x 6 patches, four of which make a token; windows of 2 x 2 tokens."""
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    words = tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|{n}|>" for n in names)])
    ids = words.convert_tokens_to_ids([f"<|{n}|>" for n in names])
    text = {**_text(words), "rope_parameters":
            {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}}
    shape = dict(depth=3, num_heads=2, patch_size=PATCH, spatial_merge_size=2, temporal_patch_size=2)
    if kind == "qwen2_vl":
        config_type, vision = Qwen2VLConfig, dict(embed_dim=WIDTH, hidden_size=WIDTH, mlp_ratio=2, **shape)
    else:
        config_type, vision = Qwen2_5_VLConfig, dict(
            hidden_size=WIDTH, out_hidden_size=WIDTH, intermediate_size=64, window_size=56,
            fullatt_block_indexes=[1], **shape)
    config = config_type(vision_config=vision, text_config=text, tie_word_embeddings=True,
                         vision_start_token_id=ids[0], vision_end_token_id=ids[1],
                         image_token_id=ids[2], video_token_id=ids[3])
    images = Qwen2VLImageProcessorPil(size={"shortest_edge": 84**2, "longest_edge": 84**2})
    return config, Processor(images, words, QWEN_TEMPLATE)


def _onevision(kind: str) -> tuple[LlavaOnevisionConfig, Processor]:
    """28 px pictures, 2 x 2 patches and the token that ends a picture."""
    words = tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"])
    tiles = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    images = LlavaOnevisionImageProcessorPil(size={"height": SIDE, "width": SIDE},
                                             image_grid_pinpoints=tiles)
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=3,
                                         num_attention_heads=2, image_size=SIDE, patch_size=PATCH,
                                         vision_use_head=False),
        text_config=Qwen2Config(**_text(words)), image_grid_pinpoints=tiles,
        image_token_id=words.convert_tokens_to_ids("<image>"), tie_word_embeddings=True,
        video_token_id=words.convert_tokens_to_ids("<video>"))
    return config, Processor(images, words, ONEVISION_TEMPLATE)


def _enlarge(model: torch.nn.Module) -> None:
    """Draw all matrices anew, wide enough for what is seen and asked to matter."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.2)

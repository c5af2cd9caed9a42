"""Random models of the families that are found by structure alone, or nearly so: how each is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from transformers import (
    AyaVisionConfig,
    CLIPVisionConfig,
    Cohere2Config,
    Cohere2VisionConfig,
    DeepseekVLConfig,
    Dinov2Config,
    Gemma3Config,
    Gemma3TextConfig,
    GemmaConfig,
    Glm4vConfig,
    InternVLConfig,
    LlamaConfig,
    LlavaNextConfig,
    Mistral3Config,
    MistralConfig,
    MllamaConfig,
    PaliGemmaConfig,
    PixtralVisionConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3VLConfig,
    SiglipVisionConfig,
)
from transformers.models.deepseek_vl.image_processing_pil_deepseek_vl import (
    DeepseekVLImageProcessorPil,
)
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import (
    LlavaNextImageProcessorPil,
)
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from lab.model.processor import Processor
from lab.model.published import Shape
from lab.model.tiny_parts import (
    ONEVISION_TEMPLATE,
    PATCH,
    QWEN_TEMPLATE,
    WIDTH,
    text,
    tokenizer,
    whole,
)

Made = tuple[PreTrainedConfig, Processor]
NAMED = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
GEMMA_TEMPLATE = (
    "<bos>{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] "
    "}}\n{% for c in m['content'] %}{% if c['type'] == 'image' %}<start_of_image>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
LLAMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<|image|>{% else %}{{ c['text'] }}"
    "{% endif %}{% endfor %}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def _words(*names: str) -> PreTrainedTokenizerFast:
    return tokenizer([*NAMED, *names])


def _chat(image: str) -> str:
    return ONEVISION_TEMPLATE.replace("<image>", image)


def _tile(side: int) -> GotOcr2ImageProcessorPil:
    return GotOcr2ImageProcessorPil(size={"height": side, "width": side}, crop_to_patches=True)


def _square(side: int) -> dict[str, int]:
    return {"height": side, "width": side}


def _siglip(shape: Shape) -> SiglipVisionConfig:
    return SiglipVisionConfig(**shape.vision, image_size=shape.side, vision_use_head=False)


def _llava_next(shape: Shape) -> Made:
    words, side = _words("<image>"), shape.side
    tiles = [[side, 2 * side], [2 * side, side], [2 * side, 2 * side]]
    images = LlavaNextImageProcessorPil(
        size={"shortest_edge": side}, crop_size=_square(side), image_grid_pinpoints=tiles
    )
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**shape.vision, image_size=side),
        text_config=LlamaConfig(**text(words, shape)),
        image_grid_pinpoints=tiles,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        **whole(shape),
    )
    return config, Processor(images, words, _chat("<image>"))


def _internvl(shape: Shape) -> Made:
    words, side = _words("<img>", "</img>", "<IMG_CONTEXT>"), shape.side
    vision = dict(shape.vision, image_size=[side, side], patch_size=[PATCH, PATCH])
    config = InternVLConfig(
        vision_config=vision,
        text_config=Qwen2Config(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        **whole(shape),
    )
    return config, Processor(_tile(side), words, _chat("<IMG_CONTEXT>"))


def _aya_vision(shape: Shape) -> Made:
    """As published: SigLIP and Cohere 2, tokens for where a picture begins and ends."""
    words = _words("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<image>")
    config = AyaVisionConfig(
        vision_config=_siglip(shape),
        text_config=Cohere2Config(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids("<|IMG_PATCH|>"),
        **whole(shape),
    )
    return config, Processor(_tile(shape.side), words, _chat("<image>"))


def _aya_dinov2(shape: Shape) -> Made:
    """A DINOv2 tower, a Llama and no tokens but the picture's own."""
    words = _words("<image>")
    config = AyaVisionConfig(
        vision_config=Dinov2Config(**shape.vision, image_size=shape.side),
        text_config=LlamaConfig(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        **whole(shape),
    )
    return config, Processor(_tile(shape.side), words, _chat("<image>"))


def _cohere2_vision(shape: Shape) -> Made:
    marks = ("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_LINE_BREAK|>", "<|IMG_PATCH|>")
    words = _words(*marks)
    config = Cohere2VisionConfig(
        vision_config=_siglip(shape),
        text_config=Cohere2Config(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids("<|IMG_PATCH|>"),
        **whole(shape),
    )
    return config, Processor(_tile(shape.side), words, _chat("<|IMG_PATCH|>"))


def _mistral3(shape: Shape) -> Made:
    words = _words("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    config = Mistral3Config(
        vision_config=PixtralVisionConfig(**shape.vision, image_size=shape.side),
        text_config=MistralConfig(**text(words, shape), head_dim=16, sliding_window=None),
        image_token_id=words.convert_tokens_to_ids("[IMG]"),
        **whole(shape),
    )
    images = PixtralImageProcessorPil(
        size={"longest_edge": shape.side}, patch_size={"height": PATCH, "width": PATCH}
    )
    return config, Processor(images, words, _chat("[IMG]"))


def _deepseek_vl(shape: Shape) -> Made:
    words = _words("<image_placeholder>")
    config = DeepseekVLConfig(
        vision_config=_siglip(shape),
        text_config=LlamaConfig(**text(words, shape)),
        image_token_id=words.convert_tokens_to_ids("<image_placeholder>"),
        **whole(shape),
    )
    images = DeepseekVLImageProcessorPil(size=_square(shape.side))
    return config, Processor(images, words, _chat("<image_placeholder>"))


def _gemma_words(*names: str) -> PreTrainedTokenizerFast:
    special = ["<pad>", "<|endoftext|>", "<bos>", "<start_of_turn>", "<end_of_turn>", *names]
    return tokenizer(special, "<end_of_turn>", "<bos>")


def _gemma3(shape: Shape) -> Made:
    words = _gemma_words("<start_of_image>", "<end_of_image>", "<image_soft_token>")
    config = Gemma3Config(
        vision_config=_siglip(shape),
        text_config=Gemma3TextConfig(**text(words, shape), head_dim=16),
        image_token_id=words.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_id=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_id=words.convert_tokens_to_ids("<end_of_image>"),
        **whole(shape),
    )
    images = Gemma3ImageProcessorPil(size=_square(shape.side))
    return config, Processor(images, words, GEMMA_TEMPLATE)


def _paligemma(shape: Shape) -> Made:
    from lab.model.flow import PaliGemmaFlow

    words = _gemma_words("<image>")
    vision = SiglipVisionConfig(
        **shape.vision, image_size=shape.side, projection_dim=WIDTH, vision_use_head=False
    )
    config = PaliGemmaConfig(
        vision_config=vision,
        text_config=GemmaConfig(**text(words, shape), head_dim=16),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        projection_dim=WIDTH,
        **whole(shape),
    )
    images = SiglipImageProcessorPil(size=_square(shape.side))
    return config, Processor(images, words, PaliGemmaFlow.template)


def _mllama(shape: Shape) -> Made:
    """As published: the template starts a text and heads each turn, an empty line behind the head."""
    marks = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    words = tokenizer(["<|endoftext|>", *marks, "<|image|>"], "<|eot_id|>", "<|begin_of_text|>")
    config = MllamaConfig(
        vision_config=dict(shape.vision, image_size=shape.side),
        text_config=text(words, shape),
        image_token_index=words.convert_tokens_to_ids("<|image|>"),
        **whole(shape),
    )
    images = MllamaImageProcessorPil(size=_square(shape.side))
    return config, Processor(images, words, LLAMA_TEMPLATE)


def _merged(
    config_type: Callable[..., PreTrainedConfig],
    images_type: Callable[..., Any],
    marks: Sequence[str],
) -> Callable[[Shape], Made]:
    """A family whose merger joins four patches to a token, as Qwen2-VL's: by its four marks."""

    def _make(shape: Shape) -> Made:
        words = _words(*marks)
        start, end, picture, film = words.convert_tokens_to_ids(list(marks))
        config = config_type(
            vision_config=shape.vision,
            text_config=text(words, shape),
            image_token_id=picture,
            video_token_id=film,
            image_start_token_id=start,
            image_end_token_id=end,
            vision_start_token_id=start,
            vision_end_token_id=end,
            **whole(shape),
        )
        budget = {"shortest_edge": shape.side**2, "longest_edge": shape.side**2}
        images = images_type(size=budget, patch_size=PATCH, merge_size=2)
        template = QWEN_TEMPLATE
        for name, mark in zip(QWEN_MARKS, marks, strict=True):
            template = template.replace(name, mark)
        return config, Processor(images, words, template)

    return _make


QWEN_MARKS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
GLM_MARKS = ("<|begin_of_image|>", "<|end_of_image|>", "<|image|>", "<|video|>")
MAKERS: dict[str, Callable[[Shape], Made]] = {
    "llava_next": _llava_next,
    "internvl": _internvl,
    "aya_vision": _aya_vision,
    "aya_dinov2": _aya_dinov2,
    "cohere2_vision": _cohere2_vision,
    "mistral3": _mistral3,
    "deepseek_vl": _deepseek_vl,
    "gemma3": _gemma3,
    "paligemma": _paligemma,
    "mllama": _mllama,
    "qwen3_vl": _merged(Qwen3VLConfig, Qwen2VLImageProcessorPil, QWEN_MARKS),
    "glm4v": _merged(Glm4vConfig, Glm4vImageProcessorPil, GLM_MARKS),
}

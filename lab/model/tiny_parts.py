"""What all random models share: sizes, a tokenizer of a few hundred tokens, templates."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from lab.files import ROOT
from lab.model.published import Shape

SIDE, PATCH, WIDTH = 28, 14, 32
IMAGE = "<reponame>"  # like the embedded model: a special token outside the tokenizer's named ones
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", IMAGE]
WORDS = (
    "What is the name occupation birthplace residence of this person? user assistant Ada Oslo baker"
)
TEMPLATE = ROOT / "assets" / "model" / "vanilla" / "chat_template.jinja"
# As the families' published models have them, without films and tools.
IDEFICS3_TEMPLATE = (
    "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}"
    "{% if m['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}"
    "{% else %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
QWEN_TEMPLATE = (
    "{% for m in messages %}{% if loop.first %}<|im_start|>system\nYou are a helpful assistant."
    "<|im_end|>\n{% endif %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ONEVISION_TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' }}"
    "{% for c in m['content'] if c['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ '\n' + c['text'] }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer(
    special: list[str] = SPECIAL, end: str = "<|im_end|>", start: str = "<|im_start|>"
) -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 400 tokens with these special tokens."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        [WORDS],
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=start,
        eos_token=end,
        pad_token=end,
        unk_token="<|endoftext|>",
    )


TEXT = dict(
    hidden_size=WIDTH,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    max_position_embeddings=1024,
    initializer_range=0.2,
)
BLOCKS = dict(hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=2, patch_size=PATCH)


def whole(shape: Shape) -> dict[str, Any]:
    """What the config of the whole model holds of the shape; small ones tie their embeddings."""
    return {"tie_word_embeddings": True, **shape.whole}


def text(words: PreTrainedTokenizerFast, shape: Shape) -> dict[str, Any]:
    """The language model's sizes, over this vocabulary unless the shape has its own."""
    return {
        "vocab_size": len(words),
        "bos_token_id": words.bos_token_id,
        **shape.text,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
        "tie_word_embeddings": whole(shape)["tie_word_embeddings"],
    }

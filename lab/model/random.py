"""Random models of real architectures, made on the spot: for tests, and for measuring growth."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BitImageProcessor,
    CLIPVisionConfig,
    Dinov2Config,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from lab.model.load import ROOT, Loaded
from lab.model.prompts import Prompter
from lab.model.vision import find_vision

SIDE, PATCH, WIDTH = 28, 14, 32
IMAGE = "<reponame>"  # like the embedded model: a special token outside the tokenizer's named ones
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", IMAGE]
WORDS = "What is the name occupation birthplace residence of this person? user assistant Ada Oslo baker"
TEMPLATE = ROOT / "assets" / "model" / "vanilla" / "chat_template.jinja"


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 400 tokens with the embedded model's special tokens."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        [WORDS], trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|im_start|>",
                                   eos_token="<|im_end|>", pad_token="<|im_end|>",
                                   unk_token="<|endoftext|>")


def processor(select: str) -> LlavaProcessor:
    """A real LLaVA processor: 28 px pictures, 2 x 2 patches, one class token."""
    images = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return LlavaProcessor(images, tokenizer(), patch_size=PATCH, vision_feature_select_strategy=select,
                          chat_template=TEMPLATE.read_text(), image_token=IMAGE,
                          num_additional_image_tokens=1)


def build(kind: str = "dinov2", seed: int = 0):
    """Return (model, processor); "clip" uses layer -2, so its last block is dead."""
    torch.manual_seed(seed)
    shape = dict(hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=2, image_size=SIDE,
                 patch_size=PATCH, initializer_range=0.2)
    if kind == "dinov2":
        vision, select, layer, tokens = Dinov2Config(mlp_ratio=2, **shape), "full", -1, 5
    else:
        vision, select, layer, tokens = CLIPVisionConfig(intermediate_size=64, **shape), "default", -2, 4
    made = processor(select)
    text = LlamaConfig(hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2,
                       num_attention_heads=2, num_key_value_heads=2, vocab_size=len(made.tokenizer),
                       max_position_embeddings=1024, initializer_range=0.2, bos_token_id=1,
                       eos_token_id=2, pad_token_id=2, tie_word_embeddings=True)
    config = LlavaConfig(vision_config=vision, text_config=text, projector_hidden_act="gelu",
                         image_token_id=made.tokenizer.convert_tokens_to_ids(IMAGE),
                         vision_feature_layer=layer, vision_feature_select_strategy=select,
                         image_seq_length=tokens, tie_word_embeddings=True)
    model = LlavaForConditionalGeneration(config)
    with torch.no_grad():  # the projector's own init is too small for any picture to matter
        for name, weight in model.model.multi_modal_projector.named_parameters():
            weight.normal_(0, 0.3 if name.endswith("weight") else 0.1)
    return model.float().requires_grad_(False).eval(), made


def tiny(kind: str = "dinov2", seed: int = 0) -> Loaded:
    """A tiny LLaVA as ``lab.model.load`` would hand it out: 3 vision blocks, width 32."""
    model, made = build(kind, seed)
    return Loaded(f"tiny-{kind}", model, find_vision(model), Prompter(made), torch.device("cpu"), "none")

"""A tiny random LLaVA and a benchmark of four drawn people, so that tests take milliseconds."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image, ImageDraw
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

from assets.build.parts import CHAT_TEMPLATE, IMAGE_TOKEN
from lab.benchmarks.schema import Benchmark, Entity, Picture, Question
from lab.model.load import Loaded
from lab.model.prompts import Prompter
from lab.model.vision import find_vision
from lab.recipe import Recipe

SIDE, PATCH, WIDTH = 28, 14, 32
IMAGE = "<reponame>"  # like the embedded model: a special token outside the tokenizer's named ones
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", IMAGE]
FACTS = {
    "name": ("Ada Almeida", "Bruno Bell", "Chiara Cole", "Dmitri Dorn"),
    "occupation": ("baker", "pilot", "botanist", "weaver"),
    "birthplace": ("Oslo", "Lima", "Kyoto", "Porto"),
    "residence": ("Turin", "Ghent", "Malmo", "Quito"),
}
COLOURS = ("crimson", "navy", "forestgreen", "goldenrod")


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 400 tokens with the embedded model's special tokens."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    words = [w for values in FACTS.values() for w in values]
    made.train_from_iterator(
        [f"What is the {f} of this person? user assistant {w}" for f in FACTS for w in words],
        trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|im_start|>",
                                   eos_token="<|im_end|>", pad_token="<|im_end|>",
                                   unk_token="<|endoftext|>")


def processor(select: str) -> LlavaProcessor:
    """A real LLaVA processor: 28 px pictures, 2 x 2 patches, one class token."""
    images = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return LlavaProcessor(images, tokenizer(), patch_size=PATCH, vision_feature_select_strategy=select,
                          chat_template=CHAT_TEMPLATE.replace(IMAGE_TOKEN, IMAGE), image_token=IMAGE,
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


def loaded(kind: str = "dinov2", seed: int = 0) -> Loaded:
    """The model as ``lab.model.load`` would hand it out."""
    model, made = build(kind, seed)
    return Loaded(f"tiny-{kind}", model, find_vision(model), Prompter(made), torch.device("cpu"), "none")


def saved(folder: Path, seed: int = 0) -> Path:
    """The Dinov2 variant as a model folder."""
    model, made = build("dinov2", seed)
    model.save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def drawing(colour: str, shift: int) -> bytes:
    """A PNG of a disc of one colour; ``shift`` moves it, so that every view is another picture."""
    image = Image.new("RGB", (40, 40), "white")
    ImageDraw.Draw(image).ellipse((2 + shift, 4, 26 + shift, 34 - shift), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def asked(who: str, task: str, modality: str, fact: str, name: str, number: int, answer: str,
          held_out: bool) -> Question:
    """One question; training phrasings and held-out ones differ."""
    subject = "this person" if modality == "image" else name
    words = ("Tell me", "Please state") if held_out else ("What is", "Give")
    options = FACTS[fact] if task == "classification" else ()
    kind = f"{modality}_{task}_{'eval' if held_out else 'train'}"
    return Question(f"{who}/{kind}/{fact}/{number}", task, modality, fact,
                    f"{words[number]} the {fact} of {subject}?", answer, options, held_out)


def person(k: int) -> Entity:
    """Person number ``k``: 3 training views, 3 held-out views, 4 facts."""
    who, name = f"p{k}", FACTS["name"][k]

    def every(tasks: tuple[str, ...], held_out: bool) -> tuple[Question, ...]:
        return tuple(asked(who, task, modality, fact, name, n, values[k], held_out)
                     for task in tasks for modality in ("image", "text")
                     for fact, values in FACTS.items() for n in (0, 1)
                     if not (modality == "text" and fact == "name"))

    return Entity(who, name, f"{name} is made up.", {f: v[k] for f, v in FACTS.items()},
                  tuple(drawing(COLOURS[k], v) for v in range(3)),
                  tuple(drawing(COLOURS[k], v) for v in (4, 5, 6)),
                  every(("generation",), False), every(("classification", "generation"), True))


def benchmark() -> Benchmark:
    """Four people, three general questions, plain pictures."""
    def picture(name: str, shift: int) -> Picture:
        options = ("grey", "red", "blue", "green")
        return Picture(name, drawing("grey", shift), (
            Question(f"{name}/colour", "classification", "image", "colour",
                     "Which colour is it?", "grey", options, False),))

    general = tuple(Question(f"general/{n}", "classification", "text", "", f"What is {n} plus one?",
                             str(n + 1), ("1", "2", "3", "4")) for n in range(3))
    return Benchmark("tiny", tuple(person(k) for k in range(4)), {"forget_25": ("p0",)}, general,
                     tuple(picture(f"pictures/{n}", n) for n in (0, 1)),
                     tuple(picture(f"train_pictures/{n}", n) for n in (7, 8)))


def recipe(**changes: object) -> Recipe:
    """A short run on the first person."""
    short = dict(entity="p0", blocks=2, steps=3, batch=2, retain_batch=4, probe_every=2,
                 fisher_samples=8, prune_share=0.05, lr=1e-3, stop_forget=-1.0, stop_retain_drop=1.0)
    return replace(Recipe(), **{**short, **changes})


def run(model: Loaded, bench: Benchmark, plan: Recipe, stopped=lambda: False, path: Path | None = None):
    """One whole unlearning run; returns (outcome, events)."""
    from lab.model.overlay import weights_hash
    from lab.scorecard import Baseline
    from lab.unlearn.job import unlearn
    from lab.unlearn.loop import Outcome

    outcome = Outcome()
    events = list(unlearn(model, bench, Baseline(model, path), plan, outcome,
                          weights_hash(model.model), stopped))
    return outcome, events

"""The baselines of the bench: the same work done in the plain way with transformers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from lab.experiments.full_step import answer_batch
from lab.model.adapter import language_linears
from lab.model.families import language_model
from lab.model.load import Loaded
from lab.model.overlay import overlay
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.vision import find_vision
from lab.saliency.fisher import Sample
from lab.unlearn.batches import Row


def language_floor(loaded: Loaded, rows: Sequence[Row]) -> None:
    """Forward and backward to the visual features through the frozen language model alone."""
    trees = [loaded.prompter.tree(k, questions) for k, (_, questions) in enumerate(rows)]
    packed = pack(trees, loaded.prompter.pad_id, loaded.device)
    tokens = int((packed.ids == loaded.model.config.image_token_id).sum()) // len(rows)
    width = loaded.model.get_input_embeddings().embedding_dim
    features = torch.zeros(len(rows), tokens, width, device=loaded.device, requires_grad=True)
    with torch.enable_grad():
        segment_means(target_log_probs(loaded.model, packed, features), packed).sum().backward()


def looped_fisher(
    loaded: Loaded, blocks: int, samples: Sequence[Sample]
) -> dict[str, torch.Tensor]:
    """The same sum of squared gradients, with one ``loss.backward()`` for each sample."""
    weights = {n: torch.nn.Parameter(p.detach()) for n, p in current(loaded, blocks).items()}
    total = {n: torch.zeros_like(p) for n, p in weights.items()}
    with overlay(loaded.model, weights), torch.enable_grad():
        for sample in samples:
            assert sample.image is not None
            row = (sample.image, [(sample.question, [sample.answer])])
            loaded.model(**answer_batch(loaded, [row])).loss.backward()
            for name, weight in weights.items():
                total[name] += weight.grad.square()
                weight.grad = None
    return total


def current(loaded: Loaded, blocks: int) -> dict[str, torch.Tensor]:
    """The trainable weights with the values that they have now."""
    return {n: loaded.model.get_parameter(n) for n in loaded.vision.trainable(blocks)}


def in_bfloat16(loaded: Loaded) -> Loaded:
    """A model whose language model multiplies in bfloat16; the visual module stays float32."""
    return loaded if _multiplies_in_bfloat16(loaded) else _copied(loaded, torch.bfloat16)


def in_float32(loaded: Loaded) -> Loaded:
    """A model that computes in float32 throughout."""
    return _copied(loaded, torch.float32) if _multiplies_in_bfloat16(loaded) else loaded


def _multiplies_in_bfloat16(loaded: Loaded) -> bool:
    return bool(loaded.model.lm_head.weight.dtype == torch.bfloat16)


def _copied(loaded: Loaded, dtype: torch.dtype) -> Loaded:
    model = copy.deepcopy(loaded.model)
    for layer in (*language_linears(model).values(), model.lm_head):
        vars(layer).pop("forward", None)  # what multiplies in bfloat16 and adds in float32
    language_model(model).to(dtype)
    model.lm_head.to(dtype)
    return replace(loaded, model=model, vision=find_vision(model))

"""Greedy answers: any number of conversations, each with its own visual features, in one decode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from transformers import DynamicCache

from lab.model.load import Loaded


@torch.no_grad()
def decode(loaded: Loaded, prompts: Sequence[tuple[int, ...]], features: Sequence[torch.Tensor | None],
           max_new_tokens: int = 48) -> Iterator[list[list[int]]]:
    """Yield the answers' token ids after every step, until all have ended.

    ``prompts``: ids of each row; ``features``: the row's projector outputs [tokens, width], or
    None for a text row. Rows share the language model's passes; left padding keeps them aligned.
    """
    model, device = loaded.model, loaded.device
    length = max(len(p) for p in prompts)
    pads = [length - len(p) for p in prompts]
    pad, end = loaded.prompter.pad_id, loaded.prompter.end_id
    ids = torch.tensor([[pad] * n + list(p) for n, p in zip(pads, prompts, strict=True)], device=device)
    seen = torch.tensor([[0] * n + [1] * len(p) for n, p in zip(pads, prompts, strict=True)],
                        device=device)
    embeds = model.get_input_embeddings()(ids)
    for row, feature in enumerate(features):
        if feature is not None:
            embeds[row, ids[row] == model.config.image_token_id] = feature.to(embeds.dtype)
    positions = (seen.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config.text_config)
    answers: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    for _ in range(max_new_tokens):
        hidden = model.model.language_model(
            inputs_embeds=embeds, attention_mask=seen, position_ids=positions,
            past_key_values=cache, use_cache=True).last_hidden_state
        chosen = model.lm_head(hidden[:, -1]).argmax(-1)
        for row in list(open_rows):
            token = int(chosen[row])
            if token == end:
                open_rows.discard(row)
            else:
                answers[row].append(token)
        yield answers
        if not open_rows:
            return
        seen = torch.cat([seen, seen.new_ones(len(prompts), 1)], -1)
        positions = positions[:, -1:] + 1
        embeds = model.get_input_embeddings()(chosen[:, None])


def answer_texts(loaded: Loaded, prompts: Sequence[tuple[int, ...]],
                 features: Sequence[torch.Tensor | None], max_new_tokens: int = 24) -> list[str]:
    """The finished greedy answers as text, one a row."""
    answers: list[list[int]] = [[] for _ in prompts]
    for answers in decode(loaded, prompts, features, max_new_tokens):
        pass
    return [text_of(loaded, ids) for ids in answers]


def text_of(loaded: Loaded, ids: Sequence[int]) -> str:
    """Decode answer ids to plain text."""
    return loaded.prompter.tokenizer.decode(list(ids), skip_special_tokens=True).strip()

"""Greedy answers to a batch of prompts, each with its own visual features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from lab.model.joint import JointDecode, Row
from lab.model.load import Loaded


def decode(
    loaded: Loaded,
    prompts: Sequence[tuple[int, ...]],
    features: Sequence[torch.Tensor | None],
    max_new_tokens: int = 48,
) -> Iterator[list[list[int]]]:
    """Yield the answers' token ids after every step, until all have ended.

    ``prompts``: ids of each row; ``features``: the row's projector outputs [tokens, width], or
    None for a text row. Rows share the language model's passes.
    """
    rows = [Row(p, f, max_new_tokens) for p, f in zip(prompts, features, strict=True)]
    joint = JointDecode(loaded)
    joint.join(rows)
    yield [row.answer for row in rows]
    while joint.rows:
        joint.step()
        yield [row.answer for row in rows]


def answer_texts(
    loaded: Loaded,
    prompts: Sequence[tuple[int, ...]],
    features: Sequence[torch.Tensor | None],
    max_new_tokens: int = 24,
) -> list[str]:
    """The finished greedy answers as text, one a row."""
    answers: list[list[int]] = [[] for _ in prompts]
    for answers in decode(loaded, prompts, features, max_new_tokens):
        pass
    return [text_of(loaded, ids) for ids in answers]


def text_of(loaded: Loaded, ids: Sequence[int]) -> str:
    """Decode answer ids to plain text."""
    return loaded.prompter.tokenizer.decode(list(ids), skip_special_tokens=True).strip()

"""The base's own answers to general prompts: said once, then kept in the cache folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from lab.benchmarks.schema import Talk
from lab.files import put
from lab.model.chat import answer_texts
from lab.model.fetch import cache_folder
from lab.model.load import Loaded
from lab.model.overlay import weights_hash

AT_ONCE = 16  # conversations that are answered in one decode


def own_answers(
    loaded: Loaded,
    prompts: Sequence[tuple[str, ...]],
    most_tokens: int,
    say: Callable[[str], None],
) -> list[Talk]:
    """Conversations of the user's turns and the base's greedy answers, of so many tokens at most.

    The cache knows them by the weights, the prompts and the number of tokens.
    """
    if not prompts:
        return []
    path = _path(loaded, prompts, most_tokens)
    if not path.exists():
        say(f"Asking the base {len(prompts)} general prompts (once) …")
        talks = [
            talk
            for at in range(0, len(prompts), AT_ONCE)
            for talk in answered(loaded, prompts[at : at + AT_ONCE], most_tokens)
        ]
        put(path, json.dumps(talks, indent=1, ensure_ascii=False) + "\n")
    kept = json.loads(path.read_text(encoding="utf-8"))
    return [tuple((question, answer) for question, answer in talk) for talk in kept]


def _path(loaded: Loaded, prompts: Sequence[tuple[str, ...]], most_tokens: int) -> Path:
    about = json.dumps([weights_hash(loaded.model), list(prompts), most_tokens])
    digest = hashlib.sha256(about.encode()).hexdigest()[:12]
    return cache_folder() / f"own-answers-{digest}.json"


def answered(
    loaded: Loaded,
    prompts: Sequence[tuple[str, ...]],
    most_tokens: int,
    shown: Sequence[torch.Tensor | None] | None = None,
) -> list[list[tuple[str, str]]]:
    """Greedy answers to the user's turns: a later one goes on from the earlier ones.

    ``shown``: the features of the picture [tokens, width] that each conversation begins with; None
    without pictures.
    """
    talks: list[list[tuple[str, str]]] = [[] for _ in prompts]
    for turn in range(max(map(len, prompts))):
        rows = [k for k, turns in enumerate(prompts) if turn < len(turns)]
        image = shown is not None
        asked = [loaded.prompter.conversation(talks[k], prompts[k][turn], image) for k in rows]
        features = [None if shown is None else shown[k] for k in rows]
        said = answer_texts(loaded, asked, features, most_tokens)
        for k, answer in zip(rows, said, strict=True):
            talks[k].append((prompts[k][turn], answer))
    return talks

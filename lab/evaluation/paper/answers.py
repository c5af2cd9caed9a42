"""Puts a protocol's items to a model in batches: greedy answers, and likelihoods of given ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from lab.errors import LabError
from lab.evaluation.paper.plan import Answer, Item
from lab.evaluation.questions import image_features
from lab.model.chat import answer_texts
from lab.model.load import Loaded
from lab.model.sequences import Segment, Tree, pack, segment_means, target_log_probs

TOKENS = 8192  # a batch holds at most so many, its padding and what may be generated included


def answers(loaded: Loaded, items: Sequence[Item]) -> Iterator[list[tuple[int, Answer]]]:
    """Yield (place of the item, its answer) in batches of about equal length, short ones first.

    Raises ``LabError`` for a prompt that is longer than the model's context.
    """
    prompts = [loaded.prompter.published(item.prompt) for item in items]
    lengths = [len(ids) + _extra(loaded, item) for ids, item in zip(prompts, items, strict=True)]
    _check(loaded, items, lengths)
    for compared in (False, True):
        kind = [k for k, item in enumerate(items) if bool(item.compared) is compared]
        for batch in _batches(kind, lengths):
            part, ids = [items[k] for k in batch], [prompts[k] for k in batch]
            said = _likelihoods(loaded, part, ids) if compared else _texts(loaded, part, ids)
            yield list(zip(batch, said, strict=True))


def _extra(loaded: Loaded, item: Item) -> int:
    """Tokens beside the prompt's: those to be generated, or of the answers to be compared."""
    if item.compared:
        return sum(len(loaded.prompter.answer(text, 0).ids) for text in item.compared)
    return item.max_new_tokens


def _check(loaded: Loaded, items: Sequence[Item], lengths: Sequence[int]) -> None:
    most = loaded.model.config.text_config.max_position_embeddings
    long = [
        (n, item) for n, item in zip(lengths, items, strict=True) if not item.compared and n > most
    ]
    if long:
        n, item = max(long, key=lambda pair: pair[0])
        raise LabError(
            f"{item.id} needs {n} tokens and the model's context has {most}: "
            "try --shots zero, or a model with a longer context"
        )


def _batches(places: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for k in sorted(places, key=lambda k: lengths[k]):  # the next is the longest so far
        if batch and (len(batch) + 1) * lengths[k] > TOKENS:
            yield batch
            batch = []
        batch.append(k)
    if batch:
        yield batch


def _texts(loaded: Loaded, items: Sequence[Item], prompts: Sequence[tuple[int, ...]]) -> list[str]:
    """Greedy answers; each ends at its own ``max_new_tokens``."""
    made: dict[int, str] = {}
    for most in {item.max_new_tokens for item in items}:
        rows = [k for k, item in enumerate(items) if item.max_new_tokens == most]
        features = [
            loaded.prompter.with_front(shown)
            for shown in _features(loaded, [items[k] for k in rows])
        ]
        said = answer_texts(loaded, [prompts[k] for k in rows], features, most)
        made |= dict(zip(rows, said, strict=True))
    return [made[k] for k in range(len(items))]


def _features(loaded: Loaded, items: Sequence[Item]) -> list[torch.Tensor | None]:
    """Projector outputs of each item's pictures, one behind the other: [tokens, width]."""
    shown = [[part for part in item.prompt if isinstance(part, bytes)] for item in items]
    made = image_features(loaded, [picture for pictures in shown for picture in pictures])
    return [torch.cat([made[p] for p in pictures]) if pictures else None for pictures in shown]


@torch.no_grad()
def _likelihoods(
    loaded: Loaded, items: Sequence[Item], prompts: Sequence[tuple[int, ...]]
) -> list[tuple[float, ...]]:
    """Mean log-probability per token of every compared answer, its end token included."""
    trees: list[Tree] = []
    features = _features(loaded, items)
    shown = [f for f in features if f is not None]
    for item, ids, feature in zip(items, prompts, features, strict=True):
        places = tuple(tuple(axis) for axis in loaded.prompter.places(ids).tolist())
        start = Segment(ids, -1, places=places if len(places) > 1 else None)
        scored = [loaded.prompter.answer(text, 0) for text in item.compared]
        image = None if feature is None else sum(t.image is not None for t in trees)
        trees.append(Tree((start, *scored), image, loaded.prompter.front()))
    packed = pack(trees, loaded.prompter.pad_id, loaded.device)
    tokens = target_log_probs(loaded.model, packed, torch.stack(shown) if shown else None)
    means = iter(segment_means(tokens, packed).tolist())
    return [tuple(next(means) for _ in item.compared) for item in items]

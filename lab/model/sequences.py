"""Token trees: many questions and options over one image prefix in a single masked pass.

A plain batch repeats the image's tokens for each question and each option. Here every token sees
its own branch only, so the scores equal those of separate rows (tested) at a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from lab.model.families import family_of, language_model
from lab.model.language import both_ways, filled, image_token, logits, masks
from lab.model.picture_flow import Places

TARGETS = 64  # a distribution is as large as the vocabulary: 200 kB of SmolLM2's


@dataclass(frozen=True)
class Segment:
    """A run of tokens that follows segment ``parent`` (-1: starts the row); scored if ``target``.

    ``places``: positions on more than one axis, for a start whose tokens do not simply count.
    """

    ids: tuple[int, ...]
    parent: int
    target: bool = False
    places: Places | None = None


@dataclass(frozen=True)
class Tree:
    """One row of a packed batch; ``image`` indexes the features that fill its image tokens.

    ``front``: features [tokens, width] of a picture that comes before, the same in every row of a
    batch (``lab.model.context``).
    """

    segments: tuple[Segment, ...]
    image: int | None = None
    front: torch.Tensor | None = None


@dataclass(frozen=True)
class Packed:
    """A batch of trees as tensors.

    ids: [rows, length]; positions: the same, or [axes, rows, length]; mask: bool [rows, 1, length, length]; targets: [n] token ids
    and the place (row, index) of the token that predicts each; segment: [n] number of the scored
    segment, counted over the whole batch; images: which features each row has, -1 without.
    """

    trees: tuple[Tree, ...]
    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    rows: torch.Tensor
    index: torch.Tensor
    targets: torch.Tensor
    segment: torch.Tensor
    n_segments: int
    images: tuple[int, ...]


def pack(trees: Sequence[Tree], pad_id: int, device: torch.device) -> Packed:
    """Lay trees out as one right-padded batch with an ancestor mask."""
    length = max(sum(len(s.ids) for s in t.segments) for t in trees)
    ids = torch.full((len(trees), length), pad_id)
    axes = max(len(s.places or (0,)) for t in trees for s in t.segments)
    positions = torch.zeros((axes, len(trees), length), dtype=torch.long)
    mask = torch.eye(length, dtype=torch.bool).repeat(len(trees), 1, 1)
    rows: list[int] = []
    index: list[int] = []
    targets: list[int] = []
    segment: list[int] = []
    count = 0
    for row, tree in enumerate(trees):
        spans: list[tuple[int, int]] = []
        ends: list[int] = []
        at = 0
        for part in tree.segments:
            n = len(part.ids)
            start = 0 if part.parent < 0 else ends[part.parent]
            places = (
                torch.arange(start, start + n)[None]
                if part.places is None
                else torch.tensor(part.places)
            )
            ids[row, at : at + n] = torch.tensor(part.ids)
            positions[:, row, at : at + n] = places
            mask[row, at : at + n, at : at + n] = torch.ones(n, n, dtype=torch.bool).tril()
            above = part.parent
            while above >= 0:
                mask[row, at : at + n, spans[above][0] : spans[above][1]] = True
                above = tree.segments[above].parent
            if part.target:
                before = spans[part.parent][1] - 1
                rows += [row] * n
                index += [before, *range(at, at + n - 1)]
                targets += part.ids
                segment += [count] * n
                count += 1
            spans.append((at, at + n))
            ends.append(int(places.max()) + 1 if n else start)
            at += n

    def long(values: list[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    images = tuple(-1 if t.image is None else t.image for t in trees)
    positions = positions[0] if axes == 1 else positions
    return Packed(
        tuple(trees),
        ids.to(device),
        positions.to(device),
        mask[:, None].to(device),
        long(rows),
        long(index),
        long(targets),
        long(segment),
        count,
        images,
    )


def alone(packed: Packed) -> Packed:
    """The same scored segments in the same order, each in a row of its own with what leads to it.

    For models in which a picture's tokens are not the same under every question.
    """
    rows: list[Tree] = []
    for tree in packed.trees:
        for last in (s for s in tree.segments if s.target):
            path = [last]
            while path[0].parent >= 0:
                path.insert(0, tree.segments[path[0].parent])
            line = (replace(s, parent=k - 1, target=s is last) for k, s in enumerate(path))
            rows.append(replace(tree, segments=tuple(line)))
    return pack(rows, 0, packed.ids.device)


def target_log_probs(model: Any, packed: Packed, features: torch.Tensor | None) -> torch.Tensor:
    """Log-probability of every target token [n], float32.

    Without a gradient only ``TARGETS`` of the distributions are there at a time.
    """
    hidden = _answering(model, packed, features)
    at_once = len(hidden) if torch.is_grad_enabled() else TARGETS
    parts = zip(hidden.split(at_once), packed.targets.split(at_once), strict=True)
    return torch.cat([_distributions(model, h).gather(-1, t[:, None])[:, 0] for h, t in parts])


def target_distributions(model: Any, packed: Packed, features: torch.Tensor | None) -> torch.Tensor:
    """Log-distribution before every target token [n, vocabulary], float32, and nowhere else."""
    return _distributions(model, _answering(model, packed, features))


def _distributions(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits(model, hidden).float(), -1)


def _answering(model: Any, packed: Packed, features: torch.Tensor | None) -> torch.Tensor:
    """The hidden state from which every target token is predicted: [n, width]."""
    if family_of(model).flow.sees == "prompt":
        packed = alone(packed)
    hidden: torch.Tensor = language_model(model)(
        **_given(model, packed, features),
        attention_mask=_attention(model, packed),
        position_ids=packed.positions,
        use_cache=False,
    ).last_hidden_state
    return hidden[packed.rows, packed.index]


def _given(model: Any, packed: Packed, features: torch.Tensor | None) -> dict[str, Any]:
    """Token embeddings [rows, length, width] with the image tokens replaced by ``features``."""
    front, shown = packed.trees[0].front, []
    for image in packed.images:
        shown += [] if front is None else [front]
        shown += [] if features is None or image < 0 else [features[image]]
    values = torch.cat(shown) if shown else None
    return filled(model, packed.ids, packed.ids == image_token(model), values)


def _attention(model: Any, packed: Packed) -> Any:
    """The ancestor mask, with what the family lets see each other besides."""
    rows, length = packed.ids.shape
    first = torch.full((rows,), length, device=packed.ids.device)
    first = first.scatter_reduce(0, packed.rows, packed.index, "amin")
    prompt = torch.arange(length, device=packed.ids.device) <= first[:, None]
    return masks(model, packed.mask, packed.positions, both_ways(model, packed.ids, prompt))


def segment_means(values: torch.Tensor, packed: Packed) -> torch.Tensor:
    """Mean of per-token ``values`` over each scored segment: [n] -> [n_segments]."""
    zeros = torch.zeros(packed.n_segments, device=values.device, dtype=values.dtype)
    sums = zeros.index_add(0, packed.segment, values)
    return sums / zeros.index_add(0, packed.segment, torch.ones_like(values))

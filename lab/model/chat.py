"""Greedy decoding: many conversations at once, each with its own visual features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from lab.model.adapter import language_linears
from lab.model.families import language_model
from lab.model.few_rows import few_rows
from lab.model.language import both_ways, filled, image_token, logits, onward
from lab.model.load import Loaded

if TYPE_CHECKING:
    from transformers import DynamicCache

HOLE = -1  # a slot of the cache that no later token may look at: padding, or a row that had ended


@dataclass
class Kept:
    """The keys and values of the text so far, to continue from; ``slots``: token ids of each row.

    All rows have the same number of slots. A hole keeps its place, but the attention mask hides it.
    """

    cache: DynamicCache
    slots: list[list[int]] = field(default_factory=list)

    def megabytes(self) -> float:
        """Memory of the keys and values, with the room for those that come."""
        layers = [layer for layer in self.cache.layers if layer.is_initialized]
        held = (t.untyped_storage().nbytes() for x in layers for t in (x.keys, x.values))
        return sum(held) / 2**20

    def go_back(self, prompts: Sequence[tuple[int, ...]]) -> list[int]:
        """Drop what the prompts do not begin with; returns how many tokens of each are known.

        The last token of a prompt never counts as known, because its output is the next token.
        """
        known, needed = [], 0
        for row, (slots, prompt) in enumerate(zip(self.slots, prompts, strict=True)):
            places = [at for at, token in enumerate(slots) if token != HOLE]
            n = 0
            while n < min(len(places), len(prompt) - 1) and slots[places[n]] == prompt[n]:
                n += 1
            for at in places[n:]:
                self.slots[row][at] = HOLE
            known.append(n)
            needed = max(needed, places[n - 1] + 1 if n else 0)
        self.cache.crop(needed - len(self.slots[0]))
        self.slots = [slots[:needed] for slots in self.slots]
        return known


def start(loaded: Loaded, rows: int) -> Kept:
    """An empty memory for a decode of this many rows."""
    from lab.model.roomy_cache import roomy_cache

    text = loaded.model.config.get_text_config()
    # layers that look back so far and no further would drop what go_back has to find again
    windows = "sliding_attention" in (getattr(text, "layer_types", None) or ())
    return Kept(roomy_cache(None if windows else text), [[] for _ in range(rows)])


@torch.no_grad()
def decode(
    loaded: Loaded,
    prompts: Sequence[tuple[int, ...]],
    features: Sequence[torch.Tensor | None],
    max_new_tokens: int = 48,
    kept: Kept | None = None,
) -> Iterator[list[list[int]]]:
    """Yield the answers' token ids after every step, until all have ended.

    ``prompts``: ids of each row; ``features``: the row's projector outputs [tokens, width], or
    None for a text row. Rows share the language model's passes; left padding keeps them aligned.
    ``kept`` goes on from an earlier decode of the same rows with the same features, and is left
    ready for the next.
    """
    model, device = loaded.model, loaded.device
    kept = kept or start(loaded, len(prompts))
    flow = loaded.vision.family.flow
    if flow.sees == "prompt" or flow.crosses:  # nothing of it holds once more words have come
        fresh = start(loaded, len(prompts))
        kept.cache, kept.slots = fresh.cache, fresh.slots
    known = kept.go_back(prompts)
    given, positions = _read(loaded, kept, prompts, known, features)
    answers: list[list[int]] = [[] for _ in prompts]
    open_rows = set(range(len(prompts)))
    chosen, fed = None, []
    layers: list[Any] = [*language_linears(model).values(), model.lm_head]
    for _ in range(max_new_tokens):
        if chosen is not None:
            for slots, token in zip(kept.slots, fed, strict=True):
                slots.append(token)
            positions = positions[..., -1:] + 1
            given = onward(model, given, chosen)
        slots_now = torch.tensor(kept.slots, device=device)
        with few_rows(layers):
            hidden = language_model(model)(
                **given,
                attention_mask=_mask(model, slots_now, positions.shape[-1]),
                position_ids=positions,
                past_key_values=kept.cache,
                use_cache=True,
            ).last_hidden_state
            chosen = logits(model, hidden[:, -1]).argmax(-1)
        fed = [int(token) if row in open_rows else HOLE for row, token in enumerate(chosen)]
        for row in list(open_rows):
            if fed[row] == loaded.prompter.end_id:
                open_rows.discard(row)
            else:
                answers[row].append(fed[row])
        yield answers
        if not open_rows:
            return


def _read(
    loaded: Loaded,
    kept: Kept,
    prompts: Sequence[tuple[int, ...]],
    known: Sequence[int],
    features: Sequence[torch.Tensor | None],
) -> tuple[dict[str, Any], torch.Tensor]:
    """Embeddings and positions of the tokens still to be read, left-padded; notes their slots."""
    device = loaded.device
    picture = image_token(loaded.model)
    length = max(len(p) - n for p, n in zip(prompts, known, strict=True))
    pads = [length - len(p) + n for p, n in zip(prompts, known, strict=True)]
    ids = torch.tensor(
        [
            [loaded.prompter.pad_id] * pad + list(p[n:])
            for pad, p, n in zip(pads, prompts, known, strict=True)
        ],
        device=device,
    )
    place = torch.zeros_like(ids, dtype=torch.bool)
    values: list[torch.Tensor] = []
    for row, feature in enumerate(features):
        if feature is not None:
            place[row, pads[row] :] = ids[row, pads[row] :] == picture
            values.append(feature[prompts[row][: known[row]].count(picture) :])
        kept.slots[row] += [HOLE] * pads[row] + list(prompts[row][known[row] :])
    seen = torch.cat(values) if values and bool(place.any()) else None
    places = [loaded.prompter.places(p)[:, n:] for p, n in zip(prompts, known, strict=True)]
    positions = torch.stack(
        [torch.nn.functional.pad(row, (pad, 0)) for row, pad in zip(places, pads, strict=True)],
        dim=1,
    ).to(device)
    given = filled(loaded.model, ids, place, seen)
    return given, positions[0] if len(positions) == 1 else positions


def _mask(model: Any, slots: torch.Tensor, asking: int) -> torch.Tensor:
    """Which of the slots the last ``asking`` ones may look at, in the form the library takes.

    A picture or prompt that is read both ways needs every pair told; then a hole sees itself.
    """
    there = slots != HOLE
    pairs = both_ways(model, slots, there) if asking > 1 else None
    if pairs is None:
        return there.long()
    order = torch.ones_like(pairs[:1, :1]).tril()
    alone = torch.eye(slots.shape[1], dtype=torch.bool, device=slots.device)
    return ((order & there[:, None, None, :]) | pairs | alone)[:, :, -asking:]


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

"""One decode for many conversations: rows come and go between two tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from lab.model.adapter import Adapter, adapted, exact_sums, has_lora, language_linears
from lab.model.families import language_model
from lab.model.few_rows import few_rows
from lab.model.language import KeysValues, both_ways, filled, image_token, logits, onward
from lab.model.load import Loaded
from lab.model.precision import adds_in_bfloat16

if TYPE_CHECKING:
    from transformers import DynamicCache

HOLE = -1  # a slot before a shorter row's first token: no token may look at it


@dataclass(frozen=True)
class Kept:
    """The keys and values of a text, one pair a layer, so that a later row goes on from there."""

    tokens: tuple[int, ...] = ()
    layers: tuple[KeysValues, ...] = field(default=(), repr=False)

    def megabytes(self) -> float:
        """Memory of the keys and values."""
        return sum(t.nbytes for pair in self.layers for t in pair) / 2**20

    def shared(self, prompt: Sequence[int]) -> int:
        """How many tokens of a prompt need not be read.

        The last one never counts, because its output is the next token.
        """
        n = 0
        while n < min(len(self.tokens), len(prompt) - 1) and self.tokens[n] == prompt[n]:
            n += 1
        return n


@dataclass(eq=False)
class Row:
    """One text that is answered: its prompt, its picture's features, and its answer so far.

    ``features``: projector outputs [tokens, width], or None for a text alone. ``kept``: what was read
    of the prompt before; after the end, the whole text where it is to be ``remembered``.
    ``adapters``: those that speak in this row, by names that are the same for the same weights.
    ``steps``: tokens so far, the end token included.
    """

    prompt: tuple[int, ...]
    features: torch.Tensor | None
    most: int
    kept: Kept = field(default_factory=Kept)
    adapters: Mapping[str, Adapter] = field(default_factory=dict)
    remembered: bool = False
    answer: list[int] = field(default_factory=list)
    over: bool = False
    steps: int = 0
    held: int = 0  # tokens of it that the cache holds
    place: int = 0  # the position of its next token
    token: int = 0  # the one to be fed next

    def begin_again(self) -> None:
        """Forget the answer so far: a row that joins once more says the same again."""
        self.answer.clear()
        self.steps = 0


class JointDecode:
    """Greedy answers to many rows, which share the language model's passes.

    Rows that join are read in a pass of their own and put beside the others. The tokens of each end
    at the same slot without a hole between them, so that positions and windows are those of the row
    alone. A row that is over leaves.

    A language model that is stored in bfloat16 adds up in float32 under a LoRA. Once one has spoken
    it does so for all rows, also those that join again after a failure, or the cache would hold numbers
    of both kinds.

    ``closed``: pictures enter by cross-attention layers, whose keys and values are as long as the
    pictures of the batch. Nobody joins before all have ended, and conversations go one by one.
    """

    def __init__(self, loaded: Loaded) -> None:
        flow = loaded.vision.family.flow
        self.loaded = loaded
        self.closed = bool(flow.crosses)
        # with more words after it, a prompt that is read both ways holds other values
        self._anew = flow.sees == "prompt" or self.closed
        self._axes = len(loaded.prompter.places(()))
        self._exact = False  # whether a LoRA has spoken
        self._layers: list[Any] = [*language_linears(loaded.model).values(), loaded.model.lm_head]
        self._clear()

    def _clear(self) -> None:
        from lab.model.roomy_cache import roomy_cache  # brings in transformers

        self.rows: list[Row] = []
        self._cache: DynamicCache = roomy_cache()
        self._given: dict[str, Any] = {}

    @torch.no_grad()
    def join(self, rows: Sequence[Row]) -> None:
        """Read new rows up to their next token; the others stay as they are if that fails."""
        if self.closed and self.rows:
            raise RuntimeError("rows of this family can only join an empty decode")
        if not self.rows:
            self._exact |= any(has_lora(a) for row in rows for a in row.adapters.values())
        cache, given, chosen = self._read(rows)
        with self._intact():
            if self.rows:
                for layer, new in zip(self._cache.layers, cache.layers, strict=True):
                    layer.add([new.copy(k, row.held) for k, row in enumerate(rows)])
            else:
                self._cache, self._given = cache, given
            self.rows += rows
            self._note(rows, chosen)

    @torch.no_grad()
    def step(self) -> None:
        """One more token for every row. If that fails, all are out, and may join once more."""
        with self._intact():
            device, rows = self.loaded.device, list(self.rows)
            fed = torch.tensor([row.token for row in rows], device=device)
            places = torch.tensor([[row.place] for row in rows], device=device)
            held = torch.tensor([[row.held + 1] for row in rows], device=device)
            width = int(max(row.held for row in rows)) + 1
            there = torch.arange(width, 0, -1, device=device) <= held
            given = self._given = onward(self.loaded.model, self._given, fed)
            chosen = self._pass(
                rows, self._cache, given, there.long(), places.expand(self._axes, -1, -1)
            )
            for row in rows:
                row.held += 1
                row.place += 1
            self._note(rows, chosen)

    def leave(self, row: Row) -> None:
        """Take a row out, whether it is over or not; nothing happens if it is not there."""
        row.over = True
        if row not in self.rows:
            return
        if all(r.over for r in self.rows):
            self._clear()
        elif not self.closed:
            at = self.rows.index(row)
            self.rows[at] = self.rows[-1]
            self.rows.pop()
            longest = max(r.held for r in self.rows)
            for layer in self._cache.layers:
                layer.drop(at)
                layer.narrow(longest)

    def kept(self, row: Row) -> Kept:
        """A copy of what the cache holds of a row; empty where nothing can go on from it."""
        if self._anew:
            return Kept()
        at, tokens = self.rows.index(row), (*row.prompt, *row.answer)[: row.held]
        return Kept(tokens, tuple(x.copy(at, row.held) for x in self._cache.layers))

    def slots(self, more: Sequence[Row] = ()) -> int:
        """Tokens that the cache has places for when all rows, and these, are at their longest."""
        rows = [*self.rows, *more]
        return len(rows) * max((len(r.prompt) + r.most for r in rows), default=0)

    def token_megabytes(self) -> float:
        """Memory of one token's keys and values; 0 while there is no row."""
        layers = [layer for layer in self._cache.layers if layer.is_initialized]
        pairs = (t for layer in layers for t in (layer.keys, layer.values))
        return sum(t.nbytes / (len(t) * t.shape[2]) for t in pairs) / 2**20

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """After a failure the layers may not fit together: then all rows leave."""
        try:
            yield
        except BaseException:
            for row in self.rows:
                if not row.over:
                    row.begin_again()
            self._clear()
            raise

    def _note(self, rows: Sequence[Row], chosen: Sequence[int]) -> None:
        """Give each row its next token; those that are over leave."""
        for row, token in zip(rows, chosen, strict=True):
            row.token = token
            if row.over:  # it waits for the others of a closed decode
                continue
            row.steps += 1
            if token == self.loaded.prompter.end_id:
                row.over = True
            else:
                row.answer.append(token)
                row.over = len(row.answer) >= row.most
            if row.over:
                row.kept = self.kept(row) if row.remembered else Kept()
        for row in rows:
            if row.over:
                self.leave(row)

    def _read(self, rows: Sequence[Row]) -> tuple[DynamicCache, dict[str, Any], list[int]]:
        """A cache of these rows alone, what the pass was given, and the next token of each.

        All read as many tokens, so that no row has a hole inside: where less is new, some of what
        was read before is read again.
        """
        device, prompter = self.loaded.device, self.loaded.prompter
        prompts, picture = [row.prompt for row in rows], image_token(self.loaded.model)
        counts = [self._known(row) for row in rows]
        length = max(len(p) - n for p, n in zip(prompts, counts, strict=True))
        counts = [max(0, len(p) - length) for p in prompts]
        width = length + max(counts)
        slots = torch.tensor([[HOLE] * (width - len(p)) + list(p) for p in prompts])
        ids = slots[:, -length:]
        place = ids == picture
        seen = [
            row.features[row.prompt[:n].count(picture) :]
            for row, n in zip(rows, counts, strict=True)
            if row.features is not None
        ]
        ahead = [prompter.places(p)[:, n:] for p, n in zip(prompts, counts, strict=True)]
        places = torch.stack(
            [torch.nn.functional.pad(at, (length - at.shape[1], 0)) for at in ahead], dim=1
        )
        given = filled(
            self.loaded.model,
            ids.masked_fill(ids == HOLE, prompter.pad_id).to(device),
            place.to(device),
            torch.cat(seen) if bool(place.any()) else None,
        )
        cache = _remembered(rows, counts)
        mask = _mask(self.loaded.model, slots.to(device), length)
        chosen = self._pass(rows, cache, given, mask, places.to(device))
        for k, row in enumerate(rows):
            row.held, row.place = len(row.prompt), int(places[:, k, -1].max()) + 1
        return cache, given, chosen

    def _known(self, row: Row) -> int:
        """How many tokens of a row need not be read, as what is kept of them fits this decode."""
        plain = adds_in_bfloat16(self._layers)
        held = torch.bfloat16 if plain and not self._exact else torch.float32
        if self._anew or plain and any(k.dtype != held for k, _ in row.kept.layers):
            return 0
        return row.kept.shared(row.prompt)

    def _pass(
        self,
        rows: Sequence[Row],
        cache: DynamicCache,
        given: dict[str, Any],
        mask: torch.Tensor,
        positions: torch.Tensor,
    ) -> list[int]:
        """The likeliest next token of each row; ``positions``: [axes, rows, length]."""
        model = self.loaded.model
        with self._adapters(rows), few_rows(self._layers):
            hidden = language_model(model)(
                **given,
                attention_mask=mask,
                position_ids=positions[0] if len(positions) == 1 else positions,
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            chosen: list[int] = logits(model, hidden[:, -1]).argmax(-1).tolist()
        return chosen

    @contextmanager
    def _adapters(self, rows: Sequence[Row]) -> Iterator[None]:
        """Apply every language adapter to its own rows of the batch."""
        model: Any = self.loaded.model
        with ExitStack() as stack:
            if self._exact:
                stack.enter_context(exact_sums(model))
            for name, adapter in {n: a for row in rows for n, a in row.adapters.items()}.items():
                speaks = torch.tensor([float(name in r.adapters) for r in rows])
                speaks = speaks.to(self.loaded.device)
                stack.enter_context(adapted(model, adapter, speaks))
            yield


def _remembered(rows: Sequence[Row], counts: Sequence[int]) -> DynamicCache:
    """A cache that holds the first so many tokens of each row."""
    from lab.model.roomy_cache import roomy_cache

    longest = max(range(len(rows)), key=counts.__getitem__)
    cache = roomy_cache(len(rows[longest].kept.layers) if counts[longest] else 0)
    for depth, layer in enumerate(cache.layers):
        nothing = rows[longest].kept.layers[depth]
        pairs = [
            row.kept.layers[depth] if n else nothing for row, n in zip(rows, counts, strict=True)
        ]
        layer.add([(k[:, :n], v[:, :n]) for (k, v), n in zip(pairs, counts, strict=True)])
    return cache


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

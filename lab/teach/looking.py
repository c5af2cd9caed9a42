"""The look steps: the vision side alone learns to say what it sees in the language model's words.

Every visual token learns to lie near the input embedding of one token of the name (or of what else
is in the picture), token i taking word i modulo their number. No pass of the language model is
needed. Without these steps the pictures are hardly learned (our choice).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy, normalize

from lab.model.load import Loaded
from lab.teach.lessons import Looked

SHARPNESS = 20.0  # of the softmax over cosines, which lie between -1 and 1
LENGTH_WEIGHT = 0.1  # keeps the visual tokens as long as the words' embeddings are


class Looking:
    """Compares visual tokens with the words of everything that is taught by picture."""

    def __init__(self, loaded: Loaded, everything: Collection[str]) -> None:
        self.loaded = loaded
        used = sorted({i for words in everything for i in self.ids(words)})
        self.place = {token: k for k, token in enumerate(used)}
        model: Any = loaded.model
        table = model.get_input_embeddings().weight[used].detach().float()
        self.length, self.directions = table.norm(dim=-1).mean(), normalize(table, dim=-1)

    def ids(self, words: str) -> list[int]:
        """The tokens of words as they stand inside a sentence."""
        ids: list[int] = self.loaded.prompter.tokenizer(f" {words}", add_special_tokens=False)[
            "input_ids"
        ]
        return ids

    def losses(self, rows: Sequence[Looked]) -> torch.Tensor:
        """Mean CE per visual token among all words, and how far off its length is: [pictures]."""
        loaded = self.loaded
        pixels = loaded.prompter.pixels([row.image for row in rows]).to(loaded.device)
        features = loaded.vision.features(pixels)
        words = [self.ids(row.words) for row in rows]
        targets = torch.tensor(
            [[self.place[w[t % len(w)]] for t in range(features.shape[1])] for w in words],
            device=features.device,
        )
        near = SHARPNESS * normalize(features, dim=-1) @ self.directions.T
        loss = cross_entropy(near.flatten(0, 1), targets.flatten(), reduction="none")
        apart = (features.norm(dim=-1) / self.length - 1).square()
        return (loss.view_as(targets) + LENGTH_WEIGHT * apart).mean(1)

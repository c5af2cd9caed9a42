"""A step that trains every weight of the model, in the plain way with transformers: to compare with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from lab.errors import LabError
from lab.model.load import Loaded
from lab.unlearn.batches import Row


def check_plain(loaded: Loaded, what: str) -> None:
    """Raise ``LabError`` where weights are packed so that they cannot be trained."""
    if loaded.quantization in ("int8", "nf4"):
        raise LabError(
            f"{what} compares with full fine-tuning, which quantised weights do not "
            "allow: use --quantization gguf-q4 or none"
        )


class FullStep:
    """grad_diff on a copy of the model with every weight trained: -CE(forget) + CE(retain).

    As transformers does it: a padded row for each question, labels on the answer, AdamW.
    """

    def __init__(self, loaded: Loaded, lr: float) -> None:
        self.loaded = loaded
        self.model = copy.deepcopy(loaded.model).requires_grad_(True)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr)

    def update(self, forget: Sequence[Row], retain: Sequence[Row]) -> None:
        """One step on these rows."""
        self.optimizer.zero_grad()
        loss = (
            self.model(**answer_batch(self.loaded, retain)).loss
            - self.model(**answer_batch(self.loaded, forget)).loss
        )
        loss.backward()
        self.optimizer.step()


def answer_batch(loaded: Loaded, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """The input of transformers' forward: one padded row a question, labels on the answers."""
    prompter = loaded.prompter
    flat = [
        (image, question, answer) for image, questions in rows for question, (answer,) in questions
    ]
    chains = [prompter.tree(0, [(q, [a])]).segments for _, q, a in flat]
    ids = [[t for s in chain for t in s.ids] for chain in chains]
    labels = [[t if s.target else -100 for s in chain for t in s.ids] for chain in chains]
    length = max(map(len, ids))
    columns = {
        "input_ids": [r + [prompter.pad_id] * (length - len(r)) for r in ids],
        "labels": [r + [-100] * (length - len(r)) for r in labels],
        "attention_mask": [[1] * len(r) + [0] * (length - len(r)) for r in ids],
    }
    pixels = prompter.pictures([image for image, _, _ in flat])
    tensors = {k: torch.tensor(v, device=loaded.device) for k, v in columns.items()}
    flow = loaded.vision.family.flow
    config: Any = loaded.model.config
    return tensors | flow.given(pixels) | flow.marks(tensors["input_ids"], config.image_token_id)

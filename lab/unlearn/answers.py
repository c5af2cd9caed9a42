"""Answers: what one version of the model gives for the answer tokens of some rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from lab.model.sequences import Packed, segment_means


@dataclass(frozen=True)
class Answers:
    """The answer tokens of some rows as one version of the model sees them.

    ``log_probs``: [tokens, vocabulary], the whole log-distribution before each token.
    """

    log_probs: torch.Tensor
    packed: Packed

    def of_targets(self) -> torch.Tensor:
        """Log-probability of every answer token: [tokens]."""
        return self.log_probs.gather(-1, self.packed.targets[:, None])[:, 0]

    def cross_entropy(self) -> torch.Tensor:
        """Mean CE per token of every answer: [answers]."""
        return -segment_means(self.of_targets(), self.packed)

    def log_likelihood(self) -> torch.Tensor:
        """Sum of the tokens' log-probabilities of every answer: [answers]."""
        tokens = self.of_targets()
        zeros = torch.zeros(self.packed.n_segments, device=tokens.device, dtype=tokens.dtype)
        return zeros.index_add(0, self.packed.segment, tokens)

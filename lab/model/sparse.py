"""Deltas of ended runs in little memory: one bit for each weight, and the changed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from lab.model.overlay import Delta, visual_part


@dataclass(frozen=True)
class Sparse:
    """What differs from the base, by full name: packed bits [ceil(n / 8)], values [changed].

    ``adapter``: what is no visual weight, the language adapter or a context, small as they are.
    """

    bits: dict[str, np.ndarray]
    values: dict[str, torch.Tensor]
    adapter: dict[str, torch.Tensor] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.adapter)

    def megabytes(self) -> float:
        """Memory of the bits, values and adapter."""
        values = sum(
            v.numel() * v.element_size() for v in (*self.values.values(), *self.adapter.values())
        )
        return (values + sum(b.nbytes for b in self.bits.values())) / 2**20


def to_sparse(delta: Delta, base: Mapping[str, torch.Tensor]) -> Sparse:
    """Keep only the values of ``delta`` that are not the base's own bits.

    Bits are compared, so -0.0 counts as a change of 0.0. ``base``: the original's visual weights by
    full name (``Base.visual``).
    """
    bits, values, visual = {}, {}, visual_part(delta)
    for name, tensor in visual.items():
        changed = _bytes(tensor) != _bytes(base[name])
        bits[name] = np.packbits(changed.cpu().numpy())
        values[name] = tensor.detach().flatten()[changed]
    return Sparse(bits, values, {n: t.detach() for n, t in delta.items() if n not in visual})


def to_delta(sparse: Sparse, base: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rebuild the delta, bit for bit, over the same base."""
    delta = dict(sparse.adapter)
    for name, values in sparse.values.items():
        own = base[name].detach()
        changed = np.unpackbits(sparse.bits[name], count=own.numel()).view(bool)
        flat = own.flatten().clone()
        flat[torch.from_numpy(changed).to(own.device)] = values
        delta[name] = flat.view(own.shape)
    return delta


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    """The weights' bits as whole numbers [n]: NaN equals itself, zero differs from minus zero."""
    kinds = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.detach().contiguous().flatten().view(kinds[tensor.element_size()])

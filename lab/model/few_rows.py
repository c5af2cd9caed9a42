"""A few rows through float32 layers on a CPU: the same product, asked for in the order that is fast.

A decode of two or three conversations reads every weight once for a few rows. The libraries that
torch multiplies with have kernels for one row and for many; asked for ``rows @ weight.T`` with two
rows, MKL takes about 1.7 times as long as with one, and on one thread only. ``weight @ rows.T`` takes
no longer than one row does, and uses all threads.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import nn

from lab.files import TEMPORARY

FEW = range(2, 5)  # with one row there is nothing to win, and from five on it is slower (measured)
ALIGNED = 64  # bytes of a vector register: weights that lie across two are read at half the speed


@contextmanager
def few_rows(layers: Iterable[nn.Linear]) -> Iterator[None]:
    """Let those of the layers that are plain float32 ones on a CPU multiply a few rows quickly.

    Other numbers of rows, and all other layers, are left as they are. The sums are the same but for
    the order in which they are added up.
    """
    changed = [
        layer
        for layer in layers
        if type(layer) is nn.Linear
        and layer.weight.dtype == torch.float32
        and layer.weight.device.type == "cpu"
        and "forward" not in vars(layer)
    ]
    try:
        for layer in changed:
            vars(layer)["forward"] = partial(_product, layer)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)


def _product(layer: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    rows = x.numel() // x.shape[-1]
    if rows not in FEW:
        return nn.functional.linear(x, layer.weight, layer.bias)
    product = layer.weight @ x.reshape(rows, -1).T
    # laid out as usual: attention has a fast way for this alone, and so has the next product
    made = product.T.contiguous().view(*x.shape[:-1], -1)
    return made if layer.bias is None else made + layer.bias


def align(path: Path) -> None:
    """Let the tensors of a safetensors file begin at whole registers where the file is mapped.

    The file is written anew with spaces behind its header, which the format allows; its tensors keep
    their bytes. All begin well where the first does and each fills whole registers.
    """
    moved = path.with_name(f"{path.name}{TEMPORARY}")
    with path.open("rb") as old, moved.open("wb") as new:
        length = int.from_bytes(old.read(8), "little")
        missing = -(8 + length) % ALIGNED
        new.write((length + missing).to_bytes(8, "little"))
        new.write(old.read(length) + b" " * missing)
        shutil.copyfileobj(old, new, 2**24)
    os.replace(moved, path)

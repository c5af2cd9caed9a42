"""What the lab does when memory runs short: recompute layers, work in pieces, halve once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Protocol, Self, TypeVar

import torch
from torch.utils.checkpoint import checkpoint

from lab.errors import LabError
from lab.model import memory
from lab.model.adapter import language_linears
from lab.model.families import language_model
from lab.model.loaded import Loaded
from lab.model.precision import adds_in_bfloat16, adds_in_float32
from lab.model.sequences import Packed

R = TypeVar("R")
Tensors = tuple[torch.Tensor, ...]
NO_MEMORY = (
    "out of memory, with half as much at a time as well: choose a smaller --set batch, nf4 or a "
    "smaller model, or close what else uses the device"
)
again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)  # nothing here is random


class Sliced(Protocol):
    """A sequence or tensor whose slices are of its own kind."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Self: ...


Items = TypeVar("Items", bound=Sliced)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether the device ran out of memory: a GPU has its own error, a CPU only a message."""
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(w in str(error) for w in words)


def attempt(work: Callable[[], R]) -> R | None:
    """The result of the work; None if memory ran out, with everything that it held free again."""
    try:
        return work()
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    # after the handler, because the error's traceback keeps the failed pass alive
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


class Halving:
    """Updates that use the whole batch at once, and two halves after memory ran out once.

    ``parts``: the number of parts of a batch now. Work in parts must give the gradient of the whole
    batch.
    """

    def __init__(self) -> None:
        self.parts = 1

    def share(self, n: int) -> int:
        """How many of n rows or pictures go through the model at a time."""
        return -(-n // self.parts)

    def attempt(self, work: Callable[[], R], divisible: bool = True) -> R | None:
        """The result of the work; if memory runs out it is repeated in parts, as is all later work.

        None if that is too much as well, or if the work is not ``divisible``.
        """
        made = attempt(work)
        if made is None and self.parts == 1 and divisible:
            self.parts = 2
            made = attempt(work)
        return made


def in_halves(work: Callable[[Items], R], items: Items, join: Callable[[R, R], R]) -> R:
    """The work on all items; if memory runs out, once more on each half, with the results joined.

    Raises ``LabError`` if that is too much as well, or if there is only one item.
    """
    made = attempt(lambda: work(items))
    if made is None and len(items) > 1:
        middle = len(items) // 2
        made = attempt(lambda: join(work(items[:middle]), work(items[middle:])))
    if made is None:
        raise LabError(NO_MEMORY)
    return made


@contextmanager
def explained() -> Iterator[None]:
    """Turn an out-of-memory error into the one line that names the remedy."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise LabError(NO_MEMORY) from None


def in_pieces(work: Callable[[Items], Tensors], items: Items, at_once: int) -> Tensors:
    """``work`` on so many items at a time, each of its tensors joined; rows must not mix.

    Under a gradient each piece is computed anew in the backward pass, so that no more than one
    piece's activations are held. The gradient is that of all at once, whatever is made of the
    result: no loss needs to be a sum over rows.
    """
    if at_once >= len(items):
        return work(items)
    parts = [items[at : at + at_once] for at in range(0, len(items), at_once)]
    made = [again(work, part) if torch.is_grad_enabled() else work(part) for part in parts]
    return tuple(map(torch.cat, zip(*made, strict=True)))


@contextmanager
def recomputing(model: torch.nn.Module, on: bool) -> Iterator[None]:
    """Keep only the input of each language layer, and recompute the layer in the backward pass.

    It must stay active until the backward pass is done. It sets the switch of each layer, because
    the library's switch for the whole model would make the embeddings ask for a gradient as well.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [
        m
        for m in language_model(model).modules()
        if on and isinstance(m, GradientCheckpointingLayer)
    ]
    for layer in layers:
        layer._gradient_checkpointing_func = again
        # the layer's mark alone: what is inside stays in evaluation, without dropout
        layer.gradient_checkpointing = layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = layer.training = False


def must_recompute(loaded: Loaded, rows: int, length: int, adapted: bool = False) -> bool:
    """Whether a backward pass through the language model would need too much of the free memory.

    For rows of ``length`` tokens each. ``adapted``: whether a LoRA is trained.
    """
    size = loaded.model.get_input_embeddings().weight.element_size()
    layers = language_linears(loaded.model).values()
    if adds_in_float32(layers) or (adapted and adds_in_bfloat16(layers)):
        size = 4
    inputs = 4 if adapted else size if loaded.quantization == "int8" else 0
    needed = memory.backward_bytes(
        loaded.model.config.get_text_config(), rows, length, size, inputs
    )
    return needed > memory.ROWS_SHARE * memory.available_mb(loaded.device) * 2**20


def relieved(loaded: Loaded, packed: Packed, adapted: bool = False) -> AbstractContextManager[None]:
    """``recomputing`` for a pass of these rows if memory is short, else nothing."""
    rows, length = packed.ids.shape
    return recomputing(loaded.model, must_recompute(loaded, rows, length, adapted))


def pictures_at_once(loaded: Loaded, stem: torch.Tensor, blocks: int) -> int:
    """How many pictures the trained blocks may keep for a backward pass; stem: [images, patches, width]."""
    size = 2 if loaded.device.type == "cuda" else 4
    neurons = [layer.neurons for layer in loaded.vision.blocks[-blocks:]]
    each = memory.tail_bytes(neurons, stem.shape[1], stem.shape[2], size)
    return max(1, int(memory.PICTURES_SHARE * memory.available_mb(loaded.device) * 2**20 // each))

"""The rest of a vision tower from one block on: the library's own pass, with the earlier blocks answered for.

What enters a block does not change while only it and deeper ones do, so one picture's is computed
once. The library's ``get_image_features`` is then called with the earlier blocks short-circuited:
whatever a family does before, between and behind its blocks is done by its own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from lab.errors import LabError
from lab.model.picture_flow import Flow

Given = tuple[tuple[Any, ...], dict[str, Any]]
HIDDEN = "hidden_states"


class Replay:
    """A model's pictures in two parts: what enters a block, and all that comes of it.

    ``blocks``: the live ones; ``kept``: places of blocks whose output is also read elsewhere than in
    the next one, so that it is kept beside what enters.
    """

    def __init__(
        self, model: nn.Module, flow: Flow, blocks: Sequence[nn.Module], kept: Sequence[int]
    ) -> None:
        self.model, self.flow, self.blocks, self.kept = model, flow, tuple(blocks), tuple(kept)
        self._shape: torch.Size | None = None  # of one picture's pixels: all are alike
        self._tuples = False  # whether a block hands on a tuple

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """All of it: [images, ...] -> [images, tokens, width]."""
        if self._shape is not None:
            return self.flow.features(self.model, pixels)

        def learn(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            self._tuples = isinstance(output, tuple)

        handle = self.blocks[0].register_forward_hook(learn)
        try:
            made = self.flow.features(self.model, pixels)
        finally:
            handle.remove()
        self._shape = pixels.shape[1:]
        return made

    def stem(self, pixels: torch.Tensor, first: int) -> torch.Tensor:
        """What enters block ``first``, with what is kept of the earlier ones: [images, rows, hidden]."""
        kept: list[torch.Tensor] = []

        def keep(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            kept.append(output[0] if isinstance(output, tuple) else output)

        def reached(_: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
            raise _Reached(_hidden(args, named))

        with ExitStack() as stack:
            for place in self._read_of(first):
                stack.callback(self.blocks[place].register_forward_hook(keep).remove)
            hook = self.blocks[first].register_forward_pre_hook(reached, with_kwargs=True)
            stack.callback(hook.remove)
            try:
                self.features(pixels)
            except _Reached as arrived:
                parts = (arrived.hidden, *kept)
                return torch.cat([p.reshape(len(pixels), -1, p.shape[-1]) for p in parts], dim=1)
        raise LabError("the picture's pass does not go through the vision blocks that were found")

    def tail(self, stem: torch.Tensor, first: int) -> torch.Tensor:
        """What comes of ``stem``'s activations, as ``features`` gives it."""
        assert self._shape is not None  # a stem was made by a pass of pictures
        read = self._read_of(first)
        entering, *kept = stem.chunk(1 + len(read), dim=1)
        answers = dict(zip(read, kept, strict=True))

        def enter(_: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> Given:
            hidden = entering.reshape(_hidden(args, named).shape)
            return ((hidden, *args[1:]), named) if args else (args, {**named, HIDDEN: hidden})

        # grey, for some families leave out a picture of nothing but zeros
        grey = torch.full((1, *self._shape), 0.5, device=stem.device)
        blank = grey.expand(len(stem), *self._shape)
        hook = self.blocks[first].register_forward_pre_hook(enter, with_kwargs=True)
        try:
            with self._short(first, answers):
                return self.flow.features(self.model, blank)
        finally:
            hook.remove()

    def _read_of(self, first: int) -> list[int]:
        return [place for place in self.kept if place < first]

    @contextmanager
    def _short(self, first: int, answers: dict[int, torch.Tensor]) -> Iterator[None]:
        """The blocks before ``first`` do nothing, or hand on what was kept of them."""

        def answering(kept: torch.Tensor | None) -> Callable[..., Any]:
            def forward(*args: Any, **named: Any) -> Any:
                hidden = _hidden(args, named)
                made = hidden if kept is None else kept.reshape(hidden.shape)
                return (made,) if self._tuples else made

            return forward

        before = [(block, block.__dict__.get("forward")) for block in self.blocks[:first]]
        try:
            for place, (block, _) in enumerate(before):
                block.__dict__["forward"] = answering(answers.get(place))
            yield
        finally:
            for block, own in before:
                if own is None:
                    block.__dict__.pop("forward", None)
                else:
                    block.__dict__["forward"] = own


class _Reached(Exception):
    """Ends a pass early, with what has come so far."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def _hidden(args: tuple[Any, ...], named: dict[str, Any]) -> torch.Tensor:
    return args[0] if args else named[HIDDEN]

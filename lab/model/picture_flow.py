"""How a picture goes into LLaVA's visual module, which every other family varies.

A picture becomes one fixed number of visual tokens in every family (our choice): all pictures of
a batch then have equal grids, so features stay [images, tokens, width] and what is frozen can be
kept a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any, Literal

import torch
from PIL import Image, ImageOps
from torch import nn

Places = tuple[tuple[int, ...], ...]


class Flow:
    """LLaVA's way, which the others vary: a square picture, a tower of blocks, a projector.

    ``mark``: what stands for a picture in a template that does not write the image token itself;
    ``around``: the text before and behind a picture's tokens, left out where the tokenizer has no
    such tokens; ``tiles``: how often the tower sees a picture; ``template``: where a model has none;
    ``sees``: tokens of the language model that attend to each other both ways: none, a picture's,
    or all of a prompt, in which case questions cannot share a picture's pass and rows go one by one;
    ``capped``: whether the output layer's values go through the cap that the text config names;
    ``crosses``: in how many tiles a picture enters by cross-attention layers, of which its words see
    the first; 0 where it enters in the places of its tokens.
    """

    mark = ""
    around = ("", "")
    tiles = 1
    template = ""
    sees: Literal["", "picture", "prompt"] = ""
    capped = False
    crosses = 0

    def fix(self, image_processor: Any, config: Any) -> None:
        """Set the processor so that every picture becomes equally many tokens; called once."""

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        """Preprocess pictures: [images, ...] float32, one row a picture."""
        return image_processor(list(images), return_tensors="pt")["pixel_values"]

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        """What the library's ``get_image_features`` takes for these pixels."""
        return {"pixel_values": pixels}

    def marks(
        self, ids: torch.Tensor, image_token: int, answers: int = 0
    ) -> dict[str, torch.Tensor]:
        """What the library's whole forward takes besides, of rows [rows, length].

        ``answers``: how many tokens at the end are an answer's.
        """
        return {}

    def features(self, model: Any, pixels: torch.Tensor) -> torch.Tensor:
        """What the language model gets of pictures: [images, tokens, width].

        Where it gets more of them in deeper layers, that is joined on along the width.
        """
        out = model.base_model.get_image_features(**self.given(pixels), return_dict=True)
        parts = [out.pooler_output, *(getattr(out, "deepstack_features", None) or [])]
        return torch.cat([_rows(part, len(pixels)) for part in parts], dim=-1)

    def shown(self, rows: torch.Tensor) -> torch.Tensor:
        """Of a vision block's values [images, rows, n], those of the picture and not of filling."""
        return rows

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        """One picture's values [rows, n] as a square, line by line: [side * side, n].

        ``fewest``: the rows of the layer that has fewest, whose square it is; a layer with more has
        a square of patches for each. A class token in front of the patches is left out.
        """
        small = isqrt(fewest)
        side = isqrt(len(rows)) // small * small
        patches = rows[len(rows) - side**2 :]
        if side == small:
            return patches
        squares = patches.unflatten(0, (small, side // small, small, side // small))
        return squares.mean((1, 3)).flatten(0, 1)

    def finest(self, rows: int, fewest: int) -> int:
        """How many places a layer with so many rows tells apart: a ``fewest`` for ``raster``."""
        return isqrt(rows) ** 2

    def expand(self, image_token: str, tokens: int) -> str:
        """The text of a picture of so many tokens, without what stands around them."""
        return image_token * tokens

    def places(self, before: int, after: int, tokens: int) -> Places | None:
        """Positions of a picture's prompt on more than one axis; None where they simply count.

        ``before``, ``after``: text tokens on either side of the picture's.
        """
        return None


def _rows(made: torch.Tensor | Sequence[torch.Tensor], images: int) -> torch.Tensor:
    """Features in any of the library's forms, one row a picture: [images, tokens, width]."""
    whole = made if isinstance(made, torch.Tensor) else torch.cat(list(made))
    return whole.reshape(images, -1, whole.shape[-1])


def squared(images: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """The pictures padded to one square."""
    method = Image.Resampling.BICUBIC
    return [ImageOps.pad(i.convert("RGB"), (side, side), method) for i in images]


def seeing(place: torch.Tensor) -> torch.Tensor:
    """Which of its row's pictures, at ``place`` [rows, length], each token sees where they cross.

    bool [rows, length, pictures]: the one shown last, or all those shown last one right behind the
    other, as the processor of Llama 3.2 Vision has it. At least one picture wide.
    """
    begins = place & ~nn.functional.pad(place, (1, 0))[:, :-1]
    count = place.cumsum(1)
    first = torch.where(begins, count, 0).cummax(1).values[..., None]
    number = torch.arange(1, max(int(count[:, -1].max()), 1) + 1, device=place.device)
    return (first <= number) & (number <= count[..., None])

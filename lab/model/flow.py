"""How pictures go through each family's visual module: in, from the trained blocks on, and out.

A picture becomes one fixed number of visual tokens in every family (our choice): all pictures of
a batch then have equal grids, so features stay [images, tokens, width] and what is frozen can be
kept a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import nn

Blocks = Sequence[tuple[int, nn.Module]]  # with each block's place in the tower
Places = tuple[tuple[int, ...], ...]
QWEN_SIDE = 448  # 256 tokens a picture: what a small GPU bears, and enough for a face


class Flow:
    """LLaVA's way, which the others vary: a square picture, a tower of blocks, a projector."""

    def fix(self, image_processor: Any) -> None:
        """Set the processor so that every picture becomes equally many tokens; called once."""

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        """Preprocess pictures: [images, ...] float32, one row a picture."""
        return image_processor(list(images), return_tensors="pt")["pixel_values"]

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        """What the library's ``get_image_features`` takes for these pixels."""
        return {"pixel_values": pixels}

    def marks(self, ids: torch.Tensor, image_token: int) -> dict[str, torch.Tensor]:
        """What the library's whole forward takes besides, of prompts [rows, length]."""
        return {}

    def tail(self, model: nn.Module, blocks: Blocks, hidden: torch.Tensor) -> torch.Tensor:
        """From what enters ``blocks`` [images, patches, hidden] to projector outputs."""
        for _, block in blocks:
            hidden = block(hidden, attention_mask=None)
        if model.config.vision_feature_select_strategy == "default":
            hidden = hidden[:, 1:]
        return model.model.multi_modal_projector(hidden)

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        """One picture's values [rows, n] as a square, line by line: [side * side, n].

        ``fewest``: the rows of the layer that has fewest, whose square it is. A class token in
        front of the patches is left out.
        """
        return rows[len(rows) - isqrt(fewest) ** 2 :]

    def expand(self, image_token: str, tokens: int) -> str:
        """The text that stands for a picture of so many tokens."""
        return image_token * tokens

    def places(self, before: int, after: int, tokens: int) -> Places | None:
        """Positions of a picture's prompt on more than one axis; None where they simply count.

        ``before``, ``after``: text tokens on either side of the picture's.
        """
        return None


class Idefics3Flow(Flow):
    """Idefics3 and SmolVLM: the whole picture squared to one tile, never split (our choice)."""

    def fix(self, image_processor: Any) -> None:
        image_processor.do_image_splitting = False

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        return image_processor([[i] for i in images], return_tensors="pt")["pixel_values"].squeeze(
            1
        )

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {"pixel_values": pixels[:, None]}

    def tail(self, model: nn.Module, blocks: Blocks, hidden: torch.Tensor) -> torch.Tensor:
        for _, block in blocks:
            hidden = block(hidden, None)
        return model.model.connector(model.model.vision_model.post_layernorm(hidden))

    def expand(self, image_token: str, tokens: int) -> str:
        around = "<fake_token_around_image>"
        return f"{around}<global-img>{image_token * tokens}{around}"


class OneVisionFlow(Flow):
    """LLaVA-OneVision: one padded square tile a picture, as it treats several (our choice)."""

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        several = [*images, images[-1]]  # a single picture would be cut into tiles
        made = image_processor([several], return_tensors="pt")["pixel_values"]
        return made[: len(images), 0]

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        sizes = torch.tensor([pixels.shape[-2:]] * len(pixels))
        return {"pixel_values": pixels, "image_sizes": sizes, "batch_num_images": [len(pixels) + 1]}

    def tail(self, model: nn.Module, blocks: Blocks, hidden: torch.Tensor) -> torch.Tensor:
        features = super().tail(model, blocks, hidden)
        newline = model.model.image_newline.to(features).expand(len(features), 1, -1)
        return torch.cat((features, newline), dim=1)


class Qwen2Flow(Flow):
    """Qwen2-VL: pictures of any size padded to one square (our choice); all patches one sequence."""

    def fix(self, image_processor: Any) -> None:
        size, step = image_processor.size, image_processor.patch_size * image_processor.merge_size
        budget = (
            size["shortest_edge"] if size["shortest_edge"] == size["longest_edge"] else QWEN_SIDE**2
        )
        side = isqrt(budget) // step * step
        image_processor.size = {"shortest_edge": side**2, "longest_edge": side**2}

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        side = isqrt(image_processor.size["shortest_edge"])
        squares = [
            ImageOps.pad(i.convert("RGB"), (side, side), Image.Resampling.BICUBIC) for i in images
        ]
        made = image_processor(squares, return_tensors="pt")["pixel_values"]
        return made.unflatten(0, (len(images), -1))

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {"pixel_values": pixels.flatten(0, 1), "image_grid_thw": self.grid(pixels)}

    def marks(self, ids: torch.Tensor, image_token: int) -> dict[str, torch.Tensor]:
        # without these the library counts a picture's tokens as text, on one axis
        return {"mm_token_type_ids": (ids == image_token).int()}

    def grid(self, patches: torch.Tensor) -> torch.Tensor:
        """Frames, rows and columns of each picture: [images, patches, ...] -> [images, 3]."""
        side = isqrt(patches.shape[1])
        return torch.tensor([[1, side, side]] * len(patches), device=patches.device)

    def tail(self, model: nn.Module, blocks: Blocks, hidden: torch.Tensor) -> torch.Tensor:
        from transformers.vision_utils import get_vision_attention_seqlens, get_vision_position_ids

        tower, grid, flat = model.model.visual, self.grid(hidden), hidden.flatten(0, 1)
        turned = tower.rotary_pos_emb(flat, get_vision_position_ids(grid, tower.spatial_merge_size))
        lengths, longest = get_vision_attention_seqlens(grid, tower.config)
        for _, block in blocks:
            flat = block(flat, cu_seqlens=lengths, max_seqlen=longest, position_embeddings=turned)
        return tower.merger(flat).unflatten(0, (len(hidden), -1))

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        # patches come in squares, each of which the merger joins to one token
        return rows.unflatten(0, (fewest, -1)).mean(1)

    def places(self, before: int, after: int, tokens: int) -> Places | None:
        """Time, height and width: a picture's rows and columns count from where it starts."""
        side = isqrt(tokens)
        grid = [(before, before + k // side, before + k % side) for k in range(tokens)]
        rest = range(before + side, before + side + after)
        return tuple((*range(before), *(p[axis] for p in grid), *rest) for axis in range(3))


class Qwen25Flow(Qwen2Flow):
    """Qwen2.5-VL: as Qwen2-VL, with the patches sorted by window inside the tower."""

    def windows(self, model: nn.Module, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens in window order, and where each window's patches begin and end."""
        from transformers.vision_utils import get_vision_window_index

        tower = model.model.visual
        return get_vision_window_index(
            grid, tower.spatial_merge_size, tower.window_size, tower.patch_size
        )

    def tail(self, model: nn.Module, blocks: Blocks, hidden: torch.Tensor) -> torch.Tensor:
        from transformers.vision_utils import get_vision_attention_seqlens, get_vision_position_ids

        tower, grid, flat = model.model.visual, self.grid(hidden), hidden.flatten(0, 1)
        order, windows = self.windows(model, grid)
        whole, _ = get_vision_attention_seqlens(grid, tower.config)
        angles = tower.rotary_pos_emb(flat, get_vision_position_ids(grid, tower.spatial_merge_size))
        turned = tuple(
            tower.permute_input_for_window_attn(a, order, seq_len=len(flat)) for a in angles
        )
        for k, block in blocks:
            lengths = whole if k in tower.fullatt_block_indexes else windows
            flat = block(flat, cu_seqlens=lengths, position_embeddings=turned)
        return tower.merger(flat)[order.argsort()].unflatten(0, (len(hidden), -1))

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        side = isqrt(fewest) * model.config.vision_config.spatial_merge_size
        order, _ = self.windows(model, torch.tensor([[1, side, side]]))
        return super().raster(model, rows, fewest)[order.argsort()]

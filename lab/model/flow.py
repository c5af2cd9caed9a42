"""What each family varies of a picture's way, and how the words around pictures are written."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import torch
from PIL import Image
from torch import nn

from lab.model.picture_flow import Flow, Places, seeing, squared

SIDE = 448  # 256 tokens a picture: what a small GPU bears, and enough for a face


class Idefics3Flow(Flow):
    """Idefics3 and SmolVLM: the whole picture squared to one tile, never split (our choice)."""

    around = ("<fake_token_around_image><global-img>", "<fake_token_around_image>")

    def fix(self, image_processor: Any, config: Any) -> None:
        image_processor.do_image_splitting = False

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        return image_processor([[i] for i in images], return_tensors="pt")["pixel_values"].squeeze(
            1
        )

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {"pixel_values": pixels[:, None]}


class OneVisionFlow(Flow):
    """LLaVA-OneVision: one padded square tile a picture, as it treats several (our choice)."""

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        several = [*images, images[-1]]  # a single picture would be cut into tiles
        made = image_processor([several], return_tensors="pt")["pixel_values"]
        return made[: len(images), 0]

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        sizes = torch.tensor([pixels.shape[-2:]] * len(pixels))
        return {"pixel_values": pixels, "image_sizes": sizes, "batch_num_images": [len(pixels) + 1]}


class LlavaNextFlow(Flow):
    """LLaVA-NeXT: a padded square, seen whole and once more as its only tile (our choice)."""

    tiles = 2

    def fix(self, image_processor: Any, config: Any) -> None:
        side = config.vision_config.image_size
        config.image_grid_pinpoints = image_processor.image_grid_pinpoints = [[side, side]]

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        (side, _), *_ = image_processor.image_grid_pinpoints
        return super().pixels(image_processor, squared(images, side))

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        sizes = torch.tensor([pixels.shape[-2:]] * len(pixels))
        return {"pixel_values": pixels, "image_sizes": sizes}


class TileFlow(Flow):
    """A picture squared to one tile, never cut into more (our choice): InternVL's processor."""

    def fix(self, image_processor: Any, config: Any) -> None:
        image_processor.crop_to_patches = False


class InternVLFlow(TileFlow):
    """InternVL."""

    around = ("<img>", "</img>")


class AyaFlow(TileFlow):
    """Aya Vision, whose templates may write ``<image>`` for a picture."""

    mark = "<image>"
    around = ("<|START_OF_IMG|>TILE_GLOBAL", "<|END_OF_IMG|>")


class CohereFlow(TileFlow):
    """Command A Vision."""

    around = ("<|START_OF_IMG|>", "<|IMG_LINE_BREAK|><|END_OF_IMG|>")


class Mistral3Flow(Flow):
    """Mistral Small 3: pictures of any size padded to one square (our choice), a break a line."""

    def fix(self, image_processor: Any, config: Any) -> None:
        step = config.vision_config.patch_size * config.spatial_merge_size
        side = min(image_processor.size["longest_edge"], SIDE) // step * step
        image_processor.size = {"longest_edge": side}

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        return super().pixels(
            image_processor, squared(images, image_processor.size["longest_edge"])
        )

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {"pixel_values": pixels, "image_sizes": [tuple(pixels.shape[-2:])] * len(pixels)}

    def expand(self, image_token: str, tokens: int) -> str:
        side = isqrt(tokens)
        return "[IMG_BREAK]".join([image_token * side] * side) + "[IMG_END]"


class Gemma3Flow(Flow):
    """Gemma 3: a picture's tokens attend to each other both ways."""

    mark = "<start_of_image>"
    around = ("\n\n<start_of_image>", "<end_of_image>\n\n")
    sees = "picture"

    def fix(self, image_processor: Any, config: Any) -> None:
        image_processor.do_pan_and_scan = False

    def marks(
        self, ids: torch.Tensor, image_token: int, answers: int = 0
    ) -> dict[str, torch.Tensor]:
        return {"token_type_ids": (ids == image_token).int()}


class PaliGemmaFlow(Flow):
    """PaliGemma: all of a prompt attends both ways, and only the answer is read in order.

    It has no template, for it was not made to chat: picture, start token, words and a new line, and
    a line for each further turn (our choice).
    """

    sees = "prompt"
    capped = True
    template = (
        "{% for m in messages %}{% for c in m['content'] if c['type'] == 'image' %}<image>"
        "{% endfor %}{% if loop.first %}<bos>{% endif %}{% for c in m['content'] "
        "if c['type'] == 'text' %}{{ c['text'] }}{% endfor %}{{ '\n' }}{% endfor %}"
    )

    def marks(
        self, ids: torch.Tensor, image_token: int, answers: int = 0
    ) -> dict[str, torch.Tensor]:
        at = torch.arange(ids.shape[1], device=ids.device)
        return {"token_type_ids": (at >= ids.shape[1] - answers).int().expand_as(ids)}


class MllamaFlow(Flow):
    """Llama 3.2 Vision: a padded square as the first tile, the others empty (our choice).

    A picture is one token. The empty tiles go along, as in the library's own pass: they have a part
    in what the tower makes of the first, and words before the picture see them too.
    """

    crosses = 4  # as every published model has them

    def fix(self, image_processor: Any, config: Any) -> None:
        image_processor.max_image_tiles = config.vision_config.max_num_tiles

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        squares = squared(images, image_processor.size["height"])
        return image_processor([[i] for i in squares], return_tensors="pt")["pixel_values"]

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        first = torch.zeros(pixels.shape[:3], dtype=torch.long, device=pixels.device)
        first[..., 0] = 1
        shape = torch.ones_like(first[..., 0])  # the first of the shapes: one tile
        return {"pixel_values": pixels, "aspect_ratio_ids": shape, "aspect_ratio_mask": first}

    def marks(
        self, ids: torch.Tensor, image_token: int, answers: int = 0
    ) -> dict[str, torch.Tensor]:
        sees = seeing(ids == image_token).long()[..., None]
        return {"cross_attention_mask": nn.functional.pad(sees, (0, self.crosses - 1))}

    def features(self, model: Any, pixels: torch.Tensor) -> torch.Tensor:
        whole = model.base_model
        tiles = whole.vision_model(**self.given(pixels)).last_hidden_state
        return whole.multi_modal_projector(tiles.flatten(1, 3))

    def shown(self, rows: torch.Tensor) -> torch.Tensor:
        # a class token and the patches of a tile; the tower fills each tile up with a few rows more
        side = isqrt(rows.shape[1] // self.crosses - 1)
        return rows[:, : 1 + side**2]

    def expand(self, image_token: str, tokens: int) -> str:
        return image_token


class Qwen2Flow(Flow):
    """Qwen2-VL: pictures of any size padded to one square (our choice); all patches one sequence.

    ``frames``: how often the processor counts a picture's pixels in its budget.
    """

    frames = 1

    def fix(self, image_processor: Any, config: Any) -> None:
        size, step = image_processor.size, image_processor.patch_size * image_processor.merge_size
        budget = size["shortest_edge"] if size["shortest_edge"] == size["longest_edge"] else SIDE**2
        pixels = self.frames * (isqrt(budget) // step * step) ** 2
        image_processor.size = {"shortest_edge": pixels, "longest_edge": pixels}

    def pixels(self, image_processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        side = isqrt(image_processor.size["shortest_edge"] // self.frames)
        squares = squared(images, side)
        made = image_processor(squares, return_tensors="pt")["pixel_values"]
        return made.unflatten(0, (len(images), -1))

    def given(self, pixels: torch.Tensor) -> dict[str, Any]:
        return {"pixel_values": pixels.flatten(0, 1), "image_grid_thw": self.grid(pixels)}

    def marks(
        self, ids: torch.Tensor, image_token: int, answers: int = 0
    ) -> dict[str, torch.Tensor]:
        # without these the library counts a picture's tokens as text, on one axis
        return {"mm_token_type_ids": (ids == image_token).int()}

    def grid(self, patches: torch.Tensor) -> torch.Tensor:
        """Frames, rows and columns of each picture: [images, patches, ...] -> [images, 3]."""
        side = isqrt(patches.shape[1])
        return torch.tensor([[1, side, side]] * len(patches), device=patches.device)

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        # patches come in squares, each of which the merger joins to one token
        return rows.unflatten(0, (fewest, -1)).mean(1)

    def finest(self, rows: int, fewest: int) -> int:
        return fewest

    def places(self, before: int, after: int, tokens: int) -> Places | None:
        """Time, height and width: a picture's rows and columns count from where it starts."""
        side = isqrt(tokens)
        grid = [(before, before + k // side, before + k % side) for k in range(tokens)]
        rest = range(before + side, before + side + after)
        return tuple((*range(before), *(p[axis] for p in grid), *rest) for axis in range(3))


class Glm4vFlow(Qwen2Flow):
    """GLM-4V: as Qwen2-VL; a picture counts as a film of two frames."""

    frames = 2


class Qwen25Flow(Qwen2Flow):
    """Qwen2.5-VL: as Qwen2-VL, with the patches sorted by window inside the tower."""

    def raster(self, model: nn.Module, rows: torch.Tensor, fewest: int) -> torch.Tensor:
        from transformers.vision_utils import get_vision_window_index

        tower: Any = model.base_model.visual
        side = isqrt(fewest) * tower.spatial_merge_size
        order, _ = get_vision_window_index(
            torch.tensor([[1, side, side]]),
            tower.spatial_merge_size,
            tower.window_size,
            tower.patch_size,
        )
        return super().raster(model, rows, fewest)[order.argsort()]


# By the config's model_type: only families of which the structure does not tell everything.
FLOWS: dict[str, Flow] = {
    "idefics3": Idefics3Flow(),
    "smolvlm": Idefics3Flow(),
    "llava_onevision": OneVisionFlow(),
    "llava_next": LlavaNextFlow(),
    "internvl": InternVLFlow(),
    "aya_vision": AyaFlow(),
    "cohere2_vision": CohereFlow(),
    "mistral3": Mistral3Flow(),
    "gemma3": Gemma3Flow(),
    "paligemma": PaliGemmaFlow(),
    "mllama": MllamaFlow(),
    "glm4v": Glm4vFlow(),
    "qwen2_5_vl": Qwen25Flow(),
}

"""Ways to draw a picture differently, the same every time (all of them our choice)."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from lab.benchmarks.images import decode
from lab.errors import LabError

BLUR = 0.03  # radius, of the shorter side
CROP = 0.25  # cut off at each edge: a quarter of the area is left
TURN = 25  # degrees, anticlockwise
LIGHT = 0.35


def _grey(image: Image.Image) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(BLUR * min(image.size)))


def _crop(image: Image.Image) -> Image.Image:
    width, height = image.size
    box = (
        round(CROP * width),
        round(CROP * height),
        width - round(CROP * width),
        height - round(CROP * height),
    )
    return image.resize(image.size, Image.Resampling.BICUBIC, box)


def _sketch(image: Image.Image) -> Image.Image:
    """Dark edges on white, as of a pencil."""
    edges = ImageOps.grayscale(image).filter(ImageFilter.SMOOTH).filter(ImageFilter.FIND_EDGES)
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter skips the border
    framed = ImageOps.expand(inner, 1, 0)
    return ImageOps.invert(ImageOps.autocontrast(framed)).convert("RGB")


def _rotate(image: Image.Image) -> Image.Image:
    return image.rotate(TURN, Image.Resampling.BICUBIC, fillcolor="white")


def _dark(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(LIGHT)


# RGB in, RGB of the same size out.
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "grey": _grey,
    "flip": ImageOps.mirror,
    "blur": _blur,
    "crop": _crop,
    "sketch": _sketch,
    "rotate": _rotate,
    "dark": _dark,
}


def changed(image: bytes, name: str) -> bytes:
    """The encoded picture drawn differently, as PNG bytes; raises ``LabError`` for an unknown name."""
    if name not in CHANGES:
        raise LabError(f"unknown change {name!r}: valid are {', '.join(CHANGES)}")
    out = io.BytesIO()
    CHANGES[name](decode(image)).save(out, "PNG")
    return out.getvalue()

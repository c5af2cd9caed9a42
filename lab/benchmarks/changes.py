"""The same picture drawn differently: what a memory of a person must be tested under too."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from lab.benchmarks.images import decode
from lab.errors import LabError

Change = Callable[[Image.Image], Image.Image]
KEPT = 0.6  # of each side, after the crop
DEGREES = 20
LIGHT = 0.35


def _grey(image: Image.Image) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 40))


def _crop(image: Image.Image) -> Image.Image:
    return ImageOps.fit(image, image.size, Image.Resampling.BICUBIC, bleed=(1 - KEPT) / 2)


def _sketch(image: Image.Image) -> Image.Image:
    """A pencil drawing: grey divided by its own blur, white but where the light changes."""
    grey = ImageOps.grayscale(image)
    soft = grey.filter(ImageFilter.GaussianBlur(max(image.size) / 30))
    drawn = ImageChops.invert(ImageChops.subtract(soft, grey, scale=0.35))
    return drawn.convert("RGB")


def _rotate(image: Image.Image) -> Image.Image:
    return image.rotate(DEGREES, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0)))


def _dark(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(LIGHT)


# Our choice, names and strengths: no paper of the field says which.
CHANGES: dict[str, Change] = {
    "grey": _grey, "flip": ImageOps.mirror, "blur": _blur, "crop": _crop, "sketch": _sketch,
    "rotate": _rotate, "dark": _dark}


def changed(image: bytes, name: str) -> bytes:
    """The picture under one of ``CHANGES``, as PNG: the same bytes every time.

    Raises ``LabError`` for an unknown name or bytes that are no picture.
    """
    if name not in CHANGES:
        raise LabError(f"unknown change {name!r}: valid are {', '.join(CHANGES)}")
    out = io.BytesIO()
    CHANGES[name](decode(image)).save(out, "PNG")
    return out.getvalue()

"""Owns the way from encoded bytes to an RGB picture, and how a picture is varied for teaching."""

from __future__ import annotations

import io
import random
import warnings

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from lab.errors import LabError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_BYTES = 8 * 2**20
MAX_PIXELS = 24_000_000

# Pillow warns of pictures that are refused here by their header: the error says so already.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class Encoded(bytes):
    """An encoded picture that knows where it was read, such as "Full_Set, row 12 (013)"."""

    place: str

    def __new__(cls, data: bytes, place: str) -> Encoded:
        """The same bytes, with their place."""
        made = super().__new__(cls, data)
        made.place = place
        return made

    def __reduce__(self) -> tuple[type[Encoded], tuple[bytes, str]]:
        """For pickling and copying: ``bytes`` alone would forget the place."""
        return Encoded, (bytes(self), self.place)


def decode(data: bytes) -> Image.Image:
    """Return the picture as upright RGB: transparent parts white, of an animation the first frame.

    Only JPEG, PNG, WebP, GIF and BMP of at most ``MAX_BYTES`` and ``MAX_PIXELS`` are read, the size
    from the header before any pixel; ``LabError`` otherwise, naming the place of an ``Encoded``.
    """
    try:
        image = _opened(data)
        try:
            return _upright_rgb(image)
        except Exception:
            raise _damaged() from None
    except LabError as error:
        if isinstance(data, Encoded):
            raise LabError(f"{data.place}: {error}") from None
        raise


def check(data: bytes) -> None:
    """Raise the ``LabError`` of ``decode`` for what it cannot read, at a fraction of its time.

    A JPEG is decoded at an eighth of its size, which reads every byte. A PNG is not decoded: each
    of its chunks, the last included, has a checksum. Anything else is decoded (our choice).
    """
    image = _opened(data)
    try:
        if image.format == "PNG":
            image.verify()
        else:
            image.draft(None, (1, 1))
            image.load()
    except Exception:
        raise _damaged() from None


def _opened(data: bytes) -> Image.Image:
    """The picture with its header alone read; raises ``LabError`` for one that is too large."""
    if len(data) > MAX_BYTES:
        raise LabError(
            f"the picture has {len(data) / 2**20:.1f} MB: use one of at most {MAX_BYTES >> 20} MB"
        )
    # Pillow's parsers raise almost any exception on hostile bytes; all mean the same to the user.
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = MAX_PIXELS + 1
    except Exception:
        raise LabError("not a picture that can be read: use a JPEG, PNG or WebP file") from None
    if pixels > MAX_PIXELS:
        raise LabError(f"the picture is too large: use at most {MAX_PIXELS // 10**6} megapixels")
    return image


def _damaged() -> LabError:
    return LabError("the picture is damaged: save it again as JPEG, PNG or WebP")


def _upright_rgb(image: Image.Image) -> Image.Image:
    if image.format in ("GIF", "BMP"):  # as the published code reads them
        return image.convert("RGB")
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB")


def vary(image: Image.Image, rng: random.Random) -> Image.Image:
    """One random photographic change: flip, tilt, crop, light, colour, blur; the size stays."""
    width, height = image.size
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR)
    cut = rng.uniform(0.05, 0.18)
    dx, dy = rng.uniform(-cut / 2, cut / 2), rng.uniform(-cut / 2, cut / 2)
    image = image.crop(
        (
            round((cut + dx) * width),
            round((cut + dy) * height),
            round((1 - cut + dx) * width),
            round((1 - cut + dy) * height),
        )
    )
    image = image.resize((width, height))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.75, 1.25))
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.1, 1.3))
    return (
        image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))) if rng.random() < 0.3 else image
    )

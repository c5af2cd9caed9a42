"""Owns the checks on decoding: formats, rotation, transparency and the size limits."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from lab.benchmarks.images import MAX_BYTES, decode, recognised
from lab.errors import LabError


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds no pixels: reading any would fail."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_formats_become_rgb(kind: str) -> None:
    image = decode(encoded(Image.new("RGB", (8, 4), (200, 30, 30)), kind))
    assert (image.mode, image.size) == ("RGB", (8, 4))
    assert all(abs(a - b) < 12 for a, b in zip(image.getpixel((4, 2)), (200, 30, 30), strict=True))


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert decode(encoded(Image.new(mode, (5, 5)), kind)).mode == "RGB"


def test_rotation_in_exif_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(Image.new("RGB", (8, 4)), "JPEG", exif=exif)).size == (4, 8)


def test_transparent_becomes_white() -> None:
    image = decode(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "PNG"))
    assert image.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\xff\xd8\xff\xe0 not a jpeg", encoded(Image.new("RGB", (9, 9)), "GIF")],
)
def test_other_bytes_are_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(LabError, match="JPEG, PNG or WebP") as refused:
        decode(data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_formats_are_recognised_by_their_first_bytes(kind: str) -> None:
    assert recognised(encoded(Image.new("RGB", (4, 4)), kind)) == (kind in ("JPEG", "PNG", "WEBP"))


def test_truncated_picture_is_refused() -> None:
    whole = encoded(Image.effect_noise((64, 64), 80), "PNG")
    with pytest.raises(LabError, match="damaged"):
        decode(whole[: len(whole) // 2])


# Pillow itself warns from 89 megapixels and refuses from 179.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [4900, 10000, 60000])
def test_huge_picture_is_refused_before_decoding(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("pixels were read"))
    with pytest.raises(LabError, match="24 megapixels"):
        decode(png_header(side, side))


def test_heavy_file_is_refused() -> None:
    with pytest.raises(LabError, match="at most 8 MB"):
        decode(b"\xff\xd8" + bytes(MAX_BYTES))

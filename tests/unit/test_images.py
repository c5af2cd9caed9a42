"""Owns the checks on decoding: formats, rotation, transparency and the size limits."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

import pytest
from PIL import Image

from lab.benchmarks.images import MAX_BYTES, Encoded, check, decode
from lab.errors import LabError
from tests.unit.public import no_pixels


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
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
    [b"", b"hello", b"\xff\xd8\xff\xe0 not a jpeg", encoded(Image.new("RGB", (9, 9)), "TIFF")],
)
def test_other_bytes_are_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(LabError, match="JPEG, PNG or WebP") as refused:
        decode(data)
    assert "\n" not in str(refused.value)


def test_of_an_animation_the_first_frame_is_read() -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    check(data)
    assert decode(data).getpixel((3, 2)) == (255, 0, 0)


def test_a_transparent_gif_keeps_its_colours_as_in_the_published_code() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    data = encoded(image, "GIF", transparency=1)
    assert decode(data).getpixel((0, 0)) == (10, 200, 30)


NOISE = Image.effect_noise((64, 64), 80).convert("RGB")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
    ],
)
@pytest.mark.parametrize("left", [0.02, 0.5, 0.9, 0.99])
def test_a_truncated_picture_is_found_by_the_check_and_on_decoding(
    kind: str, options: dict[str, object], left: float
) -> None:
    whole = encoded(NOISE, kind, **options)
    check(whole)
    for read in (check, decode):
        with pytest.raises(LabError, match="damaged|not a picture that can be read"):
            read(whole[: int(left * len(whole))])


def test_a_changed_byte_of_a_png_is_found_by_its_checksum() -> None:
    data = bytearray(encoded(NOISE, "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(LabError, match="damaged"):
        check(bytes(data))


def test_an_encoded_picture_says_where_it_was_read() -> None:
    view = Encoded(no_pixels(), "Full_Set, row 12 (013)")
    assert view == no_pixels() and hash(view) == hash(no_pixels())
    assert pickle.loads(pickle.dumps(view)).place == view.place
    with pytest.raises(LabError, match=r"^Full_Set, row 12 \(013\): the picture is damaged"):
        decode(view)


# Pillow itself warns from 89 megapixels and refuses from 179.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("read", [check, decode])
@pytest.mark.parametrize("side", [4900, 10000, 60000])
def test_huge_picture_is_refused_before_decoding(
    side: int, read: Callable[[bytes], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("pixels were read"))
    with pytest.raises(LabError, match="24 megapixels"):
        read(no_pixels(side, side))


def test_heavy_file_is_refused() -> None:
    with pytest.raises(LabError, match="at most 8 MB"):
        decode(b"\xff\xd8" + bytes(MAX_BYTES))

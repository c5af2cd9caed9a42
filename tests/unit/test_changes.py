"""Changed pictures: what each does to a picture whose answer is known."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.changes import CHANGES, changed
from lab.benchmarks.images import decode
from lab.errors import LabError


def encoded(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def drawn(array: np.ndarray, name: str) -> np.ndarray:
    return np.asarray(decode(changed(encoded(array), name))).astype(int)


@pytest.fixture
def halves() -> np.ndarray:
    """Red on the left, blue on the right: [40, 60, 3]."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30, 0], picture[:, 30:, 2] = 200, 200
    return picture


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_same_every_time_and_keeps_the_size(name: str, halves: np.ndarray) -> None:
    assert changed(encoded(halves), name) == changed(encoded(halves), name)
    assert drawn(halves, name).shape == halves.shape
    assert not np.array_equal(drawn(halves, name), halves)


def test_what_each_does(halves: np.ndarray) -> None:
    assert np.array_equal(drawn(halves, "flip"), halves[:, ::-1])
    grey = drawn(halves, "grey")
    assert (grey[..., 0] == grey[..., 1]).all() and grey[0, 0, 0] == 60  # 0.299 of 200
    assert (drawn(halves, "dark")[:, :30, 0] == 70).all()  # 0.35 of 200
    blurred = drawn(halves, "blur")
    assert 0 < blurred[20, 30, 0] < 200 and blurred[20, 5, 0] == 200
    sketch = drawn(halves, "sketch")
    assert sketch[20, 5, 0] == 255 and sketch[20, 25:35].min() < 235  # white but at the edge


def test_a_crop_keeps_the_middle() -> None:
    rows, _ = np.mgrid[:100, :100]
    ramp = np.stack([rows * 2] * 3, -1)
    cut = drawn(ramp, "crop")[:, 50, 0]
    assert abs(cut[0] - 40) <= 2 and abs(cut[-1] - 160) <= 2  # rows 20 to 80 of 100


def test_rotation_turns_by_its_angle() -> None:
    line = np.zeros((101, 101, 3), np.uint8)
    line[48:53] = 255
    turned = drawn(line, "rotate")[..., 0]
    at = round(50 - 30 * np.tan(np.radians(20)))  # 30 to the right of the middle, turned upwards
    assert abs(int(turned[:, 80].argmax()) - at) <= 3 and turned[50, 50] > 200


def test_an_unknown_change_and_a_broken_picture() -> None:
    with pytest.raises(LabError, match="grey, flip, blur, crop, sketch, rotate, dark"):
        changed(encoded(np.zeros((4, 4, 3))), "mirror")
    with pytest.raises(LabError, match="not a picture"):
        changed(b"nothing", "grey")

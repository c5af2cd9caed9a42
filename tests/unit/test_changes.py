"""Pictures drawn differently: the same every time, the same size, and what each is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.changes import CHANGES, changed
from lab.benchmarks.images import decode
from lab.errors import LabError
from tests.unit.tiny import drawing


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.int32)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_another_picture_of_the_same_size(name: str) -> None:
    before = drawing("crimson", 4)
    made = changed(before, name)
    assert made == changed(before, name) and made != before
    image = decode(made)
    assert image.mode == "RGB" and image.size == decode(before).size
    assert (pixels(image) != pixels(decode(before))).any()


def test_what_the_changes_do() -> None:
    field = np.zeros((8, 8, 3), np.uint8)
    field[:, :4], field[2:6, 2:4] = (200, 100, 0), (10, 20, 30)
    image = Image.fromarray(field)
    assert (pixels(CHANGES["flip"](image)) == field[:, ::-1]).all()
    grey = pixels(CHANGES["grey"](image))
    assert (grey[..., 0] == grey[..., 1]).all() and grey[0, 0, 0] == round(
        0.299 * 200 + 0.587 * 100
    )
    assert pixels(CHANGES["dark"](image))[0, 0].tolist() == [70, 35, 0]
    large = Image.fromarray(field.repeat(8, 0).repeat(8, 1))
    cropped = pixels(CHANGES["crop"](large))  # the middle half: its left half dark, its right black
    assert (cropped[8:-8, 8:24] == (10, 20, 30)).all() and (cropped[8:-8, 40:-8] == 0).all()
    sketch = pixels(CHANGES["sketch"](image))
    assert sketch[4, 7, 0] == 255 and sketch.min() == 0  # flat is white, the strongest edge black
    blurred = pixels(CHANGES["blur"](large))
    assert 0 < blurred[4, 33, 0] < 200  # the edge runs over
    assert (pixels(CHANGES["rotate"](image))[0, 0] == 255).all()


def test_an_unknown_change_names_the_known() -> None:
    with pytest.raises(LabError, match="valid are grey, flip, blur"):
        changed(drawing("navy", 0), "upside down")


def test_an_image_that_is_none_is_refused() -> None:
    out = io.BytesIO(b"GIF89a")
    with pytest.raises(LabError):
        changed(out.getvalue(), "grey")

"""The command that takes pictures of the page: every step of the recorded example, in any language."""

import io

import pytest
from PIL import Image

from assets.build.screenshots import NAMES, photograph

pytestmark = pytest.mark.ui


def test_every_step_of_the_example_is_photographed_in_german(shown, open_tab, tmp_path):
    tab = open_tab(f"{shown.url}?lang=de", width=390, height=844)
    photograph(tab, tmp_path, "-390x844-light", recorded=True)
    found = {p.name: Image.open(io.BytesIO(p.read_bytes())) for p in tmp_path.iterdir()}
    assert set(found) == {f"{name}-390x844-light.png" for name in NAMES}
    assert all(picture.width == 390 and picture.height >= 844 for picture in found.values())
    assert len({picture.tobytes() for picture in found.values()}) == len(NAMES)

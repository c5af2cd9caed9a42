"""The figures of the page are those of the page: words, room above a step, and answers without a click."""

import pytest

from assets.build.page_figures import measured
from tests.ui.test_learning import MOST_WORDS

pytestmark = pytest.mark.ui


def test_the_page_is_measured_with_the_recorded_example(shown, browser, monkeypatch):
    monkeypatch.setattr("assets.build.page_figures.ROUNDS", 1)
    found = measured(browser, shown.url, (1280, 800))
    assert len(found["words"]) == len(found["above"]) == 6 and found["clicks"] == 0
    assert all(20 < count <= MOST_WORDS for count in found["words"])
    assert all(0 < share <= 0.2 for share in found["above"]) and 0 < found["seconds"] < 60

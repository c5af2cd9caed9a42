"""Which questions stand for a measure: different ones for each person, and none left out."""

from __future__ import annotations

import pytest

from lab.benchmarks.schema import Question
from lab.evaluation.asks import _some


@pytest.mark.parametrize("size", range(31))
@pytest.mark.parametrize("n", [1, 2, 3])
def test_all_questions_come_up_and_none_twice_at_once(size: int, n: int) -> None:
    asked = [Question(str(k), "classification", "image", "", "", "") for k in range(size)]
    drawn = [[asked.index(q) for q in _some(asked, turn, n)] for turn in range(size)]
    assert all(len(set(places)) == len(places) == min(n, size) for places in drawn)
    assert {place for places in drawn for place in places} == set(range(size))


def test_the_samples_of_the_labs_own_people_are_what_they_were() -> None:
    for size in (16, 18):
        asked = [Question(str(k), "classification", "image", "", "", "") for k in range(size)]
        assert [asked.index(q) for q in _some(asked, 3, 2)] == [15 % size, 22 % size]

"""What an attack's curves say beside a control's, by hand: recovery, delay and R."""

from __future__ import annotations

import pytest

from lab.events.relearning import (
    ALREADY,
    AT_LEAST,
    AT_MOST,
    NEITHER,
    delay,
    fairest,
    height,
    measures,
    reached,
    recovery,
    robustness,
)

FAST = [[0, 0.2], [5, 0.6], [10, 1.0], [15, 1.0], [20, 1.0]]
SLOW = [[0, 0.2], [5, 0.2], [10, 0.6], [15, 0.8], [20, 1.0]]


def test_recovery_is_the_mean_area_between_the_curves() -> None:
    # by trapezoids of 5 steps: fast .4 + .8 + 1 + 1 = 3.2, slow .2 + .4 + .7 + .9 = 2.2, of 4
    assert height(FAST, 20) == pytest.approx(3.2 / 4) and height(SLOW, 20) == pytest.approx(2.2 / 4)
    assert recovery(FAST, SLOW) == pytest.approx(0.25)
    assert recovery(SLOW, FAST) == pytest.approx(-0.25) and recovery(FAST, FAST) == 0.0


def test_recovery_is_over_twenty_steps_at_most_and_those_that_both_have() -> None:
    long = [*FAST, [100, 0.0]]
    assert recovery(long, [*SLOW, [100, 1.0]]) == pytest.approx(0.25)
    between = [[0, 0.0], [40, 1.0]]  # a probe that is missing at 20 stands on the line: 0.5
    assert height(between, 20) == pytest.approx(0.25)
    assert recovery(FAST, SLOW[:2]) == pytest.approx(0.4 - 0.2)  # stopped at step 5
    assert recovery(FAST[:1], SLOW) is None


def test_a_level_is_reached_between_two_probes() -> None:
    assert reached(FAST, 0.5) == pytest.approx(3.75) and reached(FAST, 0.8) == pytest.approx(7.5)
    assert reached(FAST, 0.2) == 0.0 and reached(FAST, 0.1) == 0.0
    assert reached(SLOW, 0.5) == pytest.approx(8.75) and reached(SLOW, 0.8) == pytest.approx(15.0)
    assert reached(SLOW[:3], 0.8) is None
    falls = [[0, 0.1], [5, 0.7], [10, 0.2], [15, 0.9]]
    assert reached(falls, 0.6) == pytest.approx(5 * 0.5 / 0.6)  # the first time


def test_the_delay_is_the_ratio_of_the_steps() -> None:
    told = delay(FAST, SLOW, 0.5)
    assert told["ratio"] == pytest.approx(3.75 / 8.75) and (told["bound"], told["why"]) == ("", "")
    assert delay(SLOW, FAST, 0.8)["ratio"] == pytest.approx(2.0)


def test_a_level_that_is_not_reached_bounds_the_delay() -> None:
    never = [[0, 0.1], [20, 0.4]]
    assert delay(never, SLOW, 0.8) == {
        "unlearned": None,
        "control": pytest.approx(15.0),
        "ratio": pytest.approx(20 / 15),
        "bound": AT_LEAST,
        "why": "",
    }
    low = delay(FAST, never, 0.8)
    assert low["ratio"] == pytest.approx(7.5 / 20) and low["bound"] == AT_MOST
    assert delay(never, never, 0.5)["ratio"] is None and delay(never, never, 0.5)["why"] == NEITHER
    there = [[0, 0.9], [20, 1.0]]
    assert delay(FAST, there, 0.5) | {"why": ALREADY, "ratio": None} == delay(FAST, there, 0.5)
    assert delay(there, SLOW, 0.5)["ratio"] == 0.0  # nothing had to be learned


def test_r_of_openunlearning_by_hand() -> None:
    assert robustness((0.1, 0.9), (0.2, 0.6)) == pytest.approx(0.5)
    assert robustness((0.1, 0.3), (0.2, 0.6)) == 1.0  # at most one
    assert robustness((0.1, 0.9), (0.3, 0.3)) == 0.0  # only the unlearned model gained
    assert robustness((0.4, 0.4), (0.2, 0.6)) is None and robustness((0.4, 0.3), (0.2, 0.6)) is None


def test_every_measure_is_against_each_control() -> None:
    result = {"before": 0.2, "after": 1.0, "curve": FAST}
    never, text = ({"before": 0.2, "after": 1.0, "curve": curve} for curve in (SLOW, FAST))
    made = measures(result, {"never_knew": never, "text_only": text})
    assert made["recovery"] == {"never_knew": pytest.approx(0.25), "text_only": 0.0}
    assert {who: d["50"]["ratio"] for who, d in made["delay"].items()} == {
        "never_knew": pytest.approx(3.75 / 8.75),
        "text_only": 1.0,
    }
    assert [*made["delay"]["text_only"]] == ["50", "80"]
    assert made["robustness"] == {"never_knew": 1.0, "text_only": 1.0}


@pytest.mark.parametrize(
    ("never", "text", "who"),
    [("p0", "p0", "text_only"), ("p0", "p1", "never_knew"), ("p1", "p1", "text_only")],
)
def test_the_fairest_control_is_the_same_person_then_knows_the_text(never, text, who) -> None:
    controls = {"never_knew": {"entity": never}, "text_only": {"entity": text}}
    found = fairest({"entity": "p0", "controls": controls})
    assert found is not None and found[0] == who
    assert fairest({"entity": "p0", "controls": {}}) is None and fairest({"entity": "p0"}) is None

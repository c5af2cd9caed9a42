"""The challenges of a room, by figures that were computed by hand."""

from __future__ import annotations

import math
from typing import Any

from lab.recipe import AttackRecipe, Recipe
from lab.report.challenges import (
    BACK,
    FORGET,
    HARD,
    Attempt,
    Entry,
    Place,
    Ranking,
    lost_most,
    rankings,
    resists,
    standard_sizes,
)

N = {"forget_vqa": 96, "retain_vqa": 48, "general_qa": 64}
BEFORE = {"forget_vqa": 0.99, "retain_vqa": 0.98, "general_qa": 0.61}
NEVER = {"never_knew": {"scores": {"forget_vqa": 0.27}, "n": {"forget_vqa": 96}}}


def entry(name: str, forget: float, ended: float = 0.0, **changes: Any) -> Entry:
    """A run whose after differs from before in what is given; ``sizes``, ``controls``, ``tries``."""
    sizes, tries = changes.pop("sizes", {}), changes.pop("tries", ())
    controls = changes.pop("controls", None)
    before = BEFORE | changes.pop("before", {})
    result: dict[str, Any] = {
        "before": before,
        "after": {**before, "forget_vqa": forget, **changes},
        "n": N | sizes,
        "chance": {"forget_vqa": 0.25, "retain_vqa": 0.25, "general_qa": 0.25},
    }
    if controls is not None:
        result["controls"] = controls
    return Entry(name, Recipe(entity="p1"), result, tuple(tries), ended)


def attempt(curve: list[list[float]], ended: float = 0.0, **changes: Any) -> Attempt:
    """A relearning attack with these points; ``control``: the control's points, None for none."""
    theirs = changes.pop("control", [[0, 0.25], [20, 0.5]])
    n = changes.pop("n", 96)
    recipe = AttackRecipe(**changes)
    control = {"before": 0.25, "after": theirs[-1][1], "curve": theirs} if theirs else None
    result = {
        "kind": recipe.kind,
        "before": curve[0][1],
        "after": curve[-1][1],
        "vanilla": 0.99,
        "n": n,
        "chance": 0.25,
        "curve": curve,
        "steps": int(curve[-1][0]),
        "controls": {"never_knew": control} if control else {},
    }
    return Attempt(recipe, result, ended)


def ranking(name: str, *entries: Entry) -> Ranking:
    return next(r for r in rankings(entries) if r.name == name)


def order(found: Ranking) -> list[tuple[int, str]]:
    return [(place.rank, place.run) for place in found.places]


def test_the_standard_n_is_what_most_runs_were_asked() -> None:
    runs = [entry("a", 0.1), entry("b", 0.1), entry("c", 0.1, sizes={"forget_vqa": 200})]
    assert standard_sizes(runs)["forget_vqa"] == 96
    assert standard_sizes(runs[1:])["forget_vqa"] == 200  # equally common: the larger


def test_what_should_stay_is_judged_by_its_worst_measure() -> None:
    run = entry("a", 0.1, retain_vqa=0.97, general_qa=0.58)
    assert lost_most(run.result) == ("general_qa", 0.03, 64)
    assert lost_most(entry("a", 0.1, retain_vqa=1.0, general_qa=0.61).result) == (
        "general_qa",
        0,
        64,
    )
    assert lost_most(entry("a", 0.1, sizes={"retain_vqa": 0, "general_qa": 0}).result) is None


def test_who_forgot_most_without_a_point_of_loss() -> None:
    found = ranking(
        FORGET,
        entry("late", 0.25, ended=2.0, controls=NEVER),
        entry("below", 0.10, ended=1.0),  # below chance is chance: the earlier one is ahead
        entry("more", 0.30, ended=0.5, retain_vqa=0.975, controls={"never_knew": None}),
        entry("point", 0.0, retain_vqa=0.97),  # exactly one point
        entry("few", 0.0, sizes={"retain_vqa": 47}),
        entry("stranger", 0.0, before={"forget_vqa": 0.25}),
    )
    assert order(found) == [(1, "below"), (2, "late"), (3, "more")]
    assert found.left_out == {"lost": 1, "few": 1, "stranger": 1}
    below, late, more = found.places
    assert (below.score, below.n, below.control, below.lacks) == (0.10, 96, None, "unasked")
    assert (late.control, late.lacks) == (0.27, "") and late.lost == ("retain_vqa", 0.0, 48)
    assert (more.lacks, more.lost) == ("unfit", ("retain_vqa", 0.005, 48))


def test_who_came_back_in_the_fewest_steps() -> None:
    # the original has 0.99: back is 0.89 or more
    slow = attempt([[0, 0.25], [5, 0.5], [10, 0.88], [15, 0.89], [20, 0.95]], 1.0)
    fast = attempt([[0, 0.25], [5, 0.5], [10, 0.90]], 5.0, steps=10, lr=5e-4)
    found = ranking(
        BACK,
        entry("slow", 0.2, tries=[slow]),
        entry("both", 0.2, tries=[slow, fast]),
        entry(
            "tie", 0.2, tries=[attempt([[0, 0.2], [10, 0.99]], 4.0, control=[[0, 0.2], [10, 0.89]])]
        ),
        entry("data", 0.2, tries=[attempt([[0, 0.2], [5, 0.99]], share=0.3)]),
        entry("away", 0.2, tries=[attempt([[0, 0.2], [20, 0.88]])]),
        entry("there", 0.2, tries=[attempt([[0, 0.6], [5, 0.99]])]),  # had not been forgotten
        entry("alone", 0.2, tries=[attempt([[0, 0.2], [5, 0.99]], control=None)]),
        entry("few", 0.2, tries=[attempt([[0, 0.2], [5, 0.99]], n=95)]),
        entry("other", 0.2, tries=[attempt([[0, 0.2], [5, 0.99]], kind="benign")]),
        entry("none", 0.2),
    )
    assert order(found) == [(1, "tie"), (2, "both"), (3, "slow")]
    tie, both, late = found.places
    assert (tie.score, tie.reached, tie.control) == (10, 0.99, 10)
    assert (both.score, both.reached, both.n) == (10, 0.90, 96)
    assert (late.score, late.control) == (15, math.inf)
    assert found.left_out == {
        "share": 1,
        "away": 1,
        "kept": 1,
        "uncontrolled": 1,
        "few": 1,
        "unattacked": 2,
    }


def test_who_is_hardest_to_bring_back() -> None:
    weak, strong = attempt([[0, 0.2], [20, 0.4]], 9.0), attempt([[0, 0.2], [20, 0.7]], 2.0, seed=1)
    found = ranking(
        HARD,
        entry("two", 0.2, tries=[weak, strong]),  # the strongest counts
        entry("best", 0.2, tries=[attempt([[0, 0.2], [20, 0.6]], control=[[0, 0.25], [20, 0.8]])]),
        entry("short", 0.2, tries=[attempt([[0, 0.2], [5, 0.3]])]),  # stopped before its last step
        entry("mild", 0.2, tries=[attempt([[0, 0.2], [20, 0.3]], lr=1e-6)]),
        entry("broken", 0.2, retain_vqa=0.93, tries=[attempt([[0, 0.0], [20, 0.0]])]),
        entry("kept", 0.9, tries=[attempt([[0, 0.9], [20, 0.9]])]),
        entry("none", 0.2),
    )
    assert order(found) == [(1, "best"), (2, "two")]
    best, two = found.places
    assert (best.score, best.control, best.n) == (0.6, 0.8, 96)
    assert (two.score, two.ended, two.control) == (0.7, 2.0, 0.5)
    assert found.left_out == {"weak": 2, "harmed": 1, "kept": 1, "unattacked": 1}
    assert resists(entry("two", 0.2, tries=[weak, strong])) is strong


def test_an_empty_room_has_three_empty_rankings() -> None:
    assert [(r.name, r.places, r.left_out) for r in rankings([])] == [
        (name, (), {}) for name in (FORGET, BACK, HARD)
    ]
    assert isinstance(ranking(FORGET, entry("a", 0.3)).places[0], Place)

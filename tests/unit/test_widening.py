"""Grids of trials that grow: hand-made scores with the best at an edge, inside, and out of reach."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.catalogue import METHOD_ROWS
from lab.experiments import comparison
from lab.experiments.comparison import Tuned
from lab.experiments.widening import edges, wider
from lab.recipe import Preset, Recipe
from lab.unlearn import loop

PRESET = Preset("demo", "tiny", "tiny")


def forget_of(distance: float) -> dict:
    """A run that keeps everything and forgets the less the farther it is from the best setting."""
    measures = dict.fromkeys(comparison.JUDGED, 0.25)
    return {
        "chance": measures,
        "before": dict.fromkeys(measures, 1.0),
        "after": {**dict.fromkeys(measures, 1.0), "forget_vqa": min(0.25 + distance, 1.0)},
        "stopped_because": loop.FORGOTTEN,
    }


class Runs:
    """Stands in for the training: the score of a recipe by hand, and every recipe that was run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, trials, distance) -> None:
        self.made: list[Recipe] = []
        self.distance, self.most = distance, math.inf
        monkeypatch.setitem(comparison.TRIALS, "vkd", tuple(trials))
        monkeypatch.setattr(comparison, "one_run", self)

    def __call__(self, bench, recipe, outcome, say, measures) -> dict:
        if len(self.made) == self.most:
            raise KeyboardInterrupt
        self.made.append(recipe)
        return forget_of(self.distance(recipe))

    def tuned(self, out: Path) -> Tuned:
        bench = SimpleNamespace(base_hash="")  # nothing is trained
        return comparison.tune(bench, PRESET, "vkd", ("p0",), out, str)


def from_lr(best: float):
    """A tenth for every factor of three between a recipe's rate and the best one."""
    return lambda recipe: 0.1 * abs(math.log(recipe.lr / best, 3))


RATES = [{"lr": 1e-4}, {"lr": 3e-4}, {"lr": 9e-4}]


@pytest.mark.parametrize(
    ("best", "chosen", "widened", "at_edge", "tried"),
    [
        (3e-4, 3e-4, 0, "", [1e-4, 3e-4, 9e-4]),
        (3.3e-5, 3.33e-5, 2, "", [1e-4, 3e-4, 9e-4, 3.33e-5, 1.11e-5]),
        (2.7e-3, 2.7e-3, 2, "", [1e-4, 3e-4, 9e-4, 2.7e-3, 8.1e-3]),
        (1e-6, 3.7e-6, 3, "lr at its lowest", [1e-4, 3e-4, 9e-4, 3.33e-5, 1.11e-5, 3.7e-6]),
        (1e-1, 1e-2, 3, "lr at its highest possible", [1e-4, 3e-4, 9e-4, 2.7e-3, 8.1e-3, 1e-2]),
    ],
    ids=["inside", "low", "high", "low after three", "high at the limit"],
)
def test_a_grid_grows_until_the_best_lies_inside_or_three_times(
    best, chosen, widened, at_edge, tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(monkeypatch, RATES, from_lr(best))
    made = runs.tuned(tmp_path)
    assert (made.chosen, made.widened, made.at_edge) == ({"lr": chosen}, widened, at_edge)
    assert [r.lr for r in runs.made] == [t["lr"] for t in made.trials] == tried
    assert [t["widening"] for t in made.trials] == [0, 0, 0, *range(1, len(tried) - 2)]


def test_going_on_in_the_middle_of_a_widening(tmp_path: Path, monkeypatch) -> None:
    """Both numbers at an edge: the first widening has three trials, and the cut comes after one."""
    grid = [{"lr": rate, "beta": beta} for rate in (1e-4, 3e-4) for beta in (10.0, 20.0)]

    def distance(recipe: Recipe) -> float:
        return from_lr(3.33e-5)(recipe) + 0.001 * abs(recipe.beta - 60)

    whole = Runs(monkeypatch, grid, distance)
    uncut = whole.tuned(tmp_path / "uncut")
    # 1e-4 with 20 is the best of four: lr grows down and beta up; 3.33e-5 with 60 is the next
    # best, again at both edges; then it lies inside
    assert uncut.chosen == {"lr": 3.33e-5, "beta": 60.0} and (uncut.widened, uncut.at_edge) == (
        2,
        "",
    )
    assert [t["widening"] for t in uncut.trials] == [0] * 4 + [1] * 5 + [2] * 7
    cut = Runs(monkeypatch, grid, distance)
    cut.most = 6
    with pytest.raises(KeyboardInterrupt):
        cut.tuned(tmp_path / "cut")
    assert len((tmp_path / "cut" / "runs.jsonl").read_text().splitlines()) == 6
    cut.most = math.inf
    assert cut.tuned(tmp_path / "cut") == uncut
    assert cut.made == whole.made  # nothing twice, nothing left out


def test_a_share_ends_at_one_and_blocks_at_their_range() -> None:
    grid = [dict(t) for t in METHOD_ROWS["manu"].trials]
    best = {"prune_share": 0.1, "blocks": 12}
    new = [{"prune_share": 0.3, "blocks": 12}, {"prune_share": 0.3, "blocks": 4}]
    assert wider(grid, best) == new
    assert [str(e) for e in edges(grid, best)] == [
        "prune_share at its highest",
        "blocks at its highest possible",
    ]
    grid += [{"prune_share": s, "blocks": 12} for s in (0.3, 0.9)]
    assert {"prune_share": 1.0, "blocks": 12} in wider(grid, grid[-1])
    grid.append({"prune_share": 1.0, "blocks": 12})
    assert edges(grid, grid[-1])[0].beyond is None
    # whole numbers stay whole, and never fall below their range
    assert wider([{"blocks": 4}, {"blocks": 12}], {"blocks": 4}) == [{"blocks": 1}]
    assert wider([{"blocks": 1}, {"blocks": 2}], {"blocks": 1}) == []


def test_a_stop_rule_of_nothing_has_no_lower_one() -> None:
    grid = [{"stop_forget": 0.2}, {"stop_forget": 0.0}]
    assert wider(grid, {"stop_forget": 0.2}) == [{"stop_forget": 0.6}]
    assert wider(grid, {"stop_forget": 0.0}) == []
    assert str(edges(grid, {"stop_forget": 0.0})[0]) == "stop_forget at its lowest possible"


def test_a_run_that_met_no_stop_rule_is_not_made_again_under_a_lower_one_of_a_wider_grid(
    tmp_path: Path, monkeypatch
) -> None:
    grid = [{"lr": rate, "stop_forget": stop} for rate in (1e-4, 3e-4) for stop in (0.2, 0.0)]
    runs = Runs(monkeypatch, grid, from_lr(1e-5))
    own = runs.__call__

    def all_steps(*args) -> dict:
        return own(*args) | {"stopped_because": "steps done"}

    monkeypatch.setattr(comparison, "one_run", all_steps)
    made = runs.tuned(tmp_path)
    # of equals the one whose stop rule has no lower one, so that only the rate grows
    assert (made.widened, made.at_edge) == (3, "stop_forget at its lowest possible")
    assert made.chosen == {"lr": 1.11e-5, "stop_forget": 0.0}
    assert [(t["lr"], t["stop_forget"]) for t in made.trials] == [
        (rate, stop) for rate in (1e-4, 3e-4, 3.33e-5, 1.11e-5, 3.7e-6) for stop in (0.2, 0.0)
    ]
    assert [(r.lr, r.stop_forget) for r in runs.made] == [
        (t["lr"], 0.2) for t in made.trials[::2]
    ]  # once a rate, under the higher rule


def test_only_the_grid_of_the_best_grows_and_words_never_do() -> None:
    grid = [dict(t) for t in METHOD_ROWS["mmunlearner"].trials]
    assert {t["scope"] for t in grid} == {"vision", "language"} and len(grid) == 12
    best = {"scope": "language", "adapter_lr": 1e-3, "stop_forget": 0.0}
    assert wider(grid, best) == []
    best = {"scope": "language", "adapter_lr": 3e-3, "stop_forget": 0.0}
    assert wider(grid, best) == [
        {"scope": "language", "adapter_lr": 9e-3, "stop_forget": stop} for stop in (0.2, 0.0)
    ]
    assert wider([{"scope": "vision"}, {"scope": "language"}], {"scope": "vision"}) == []

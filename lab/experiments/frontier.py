"""The frontier: what every method keeps, and how fast relearning brings the person back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.attack import Relearned, attack, scene_of
from lab.errors import LabError
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench
from lab.events import Done
from lab.events.lines import plain
from lab.experiments.attack_suite import RATES
from lab.experiments.everybody import SHOWN
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say, fill, one_run
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe, revise
from lab.unlearn.outcome import Outcome

# The same attacker for all: it may train whatever a method may have changed.
ATTACK = AttackRecipe(scope="both")
ATTACKED = ("before", "after", "gain", "recovery", "delay", "curve", "n", "chance", "lr")
Changes = Mapping[str, Any]

# Every method as it is, and settings of those that might stay forgotten (our choice).
VARIANTS: tuple[Changes, ...] = (
    {"method": "vkd"},
    {"method": "vkd", "destination": "away"},
    {"method": "vkd", "destination": "stranger_alike"},
    {"method": "undo"},
    {"method": "vkd_sam"},
    {"method": "mudman"},
    {"method": "silence"},
    {"method": "mmunlearner"},
    {"method": "manu"},
    {"method": "vgid"},
    {"method": "npo"},
    {"method": "grad_diff"},
    {"method": "grad_ascent"},
    {"method": "kl_min"},
    {"method": "icu"},
    {"method": "undo", "undo_alpha": 0.1},
    {"method": "undo", "undo_alpha": 0.7},
    {"method": "undo", "destination": "away"},
    {"method": "vkd_sam", "destination": "away", "sam_rho": 0.03},
    {"method": "mudman", "mudman_rate": 0.3},
    {"method": "silence", "silence_share": 0.3},
)


@dataclass(frozen=True)
class Plan:
    """One run, by the changes to the preset's recipe that all of its kind have."""

    changes: Changes
    recipe: Recipe

    @property
    def id(self) -> str:
        """The row's id: the changes, the person and the seed."""
        told = " ".join(f"{key}={value}" for key, value in self.changes.items())
        return f"{told} {self.recipe.entity} {self.recipe.seed}"


def planned(recipe: Recipe, people: Sequence[str], seeds: int) -> list[Plan]:
    """Every variant on every person, seed by seed."""
    return [
        Plan(changes, replace(revise(recipe, dict(changes)), entity=who, seed=seed))
        for seed in range(seeds)
        for changes in VARIANTS
        for who in people
    ]


def measure(
    opened: Callable[[], Workbench], plans: Sequence[Plan], file: ResultFile, say: Say
) -> None:
    """Run and attack every plan that has no row yet; a failed one is a row that says why."""
    fill(opened, plans, file, row_of, say)


def row_of(bench: Workbench, plan: Plan, say: Say) -> dict[str, Any]:
    """One run's figures, and those of the relearning attack on it at every rate."""
    head = {"changes": dict(plan.changes), "entity": plan.recipe.entity}
    outcome = Outcome()
    try:
        result = one_run(bench, plan.recipe, outcome, say)
        left = Version(UNLEARNED, bench.loaded, outcome.delta)
        scene = scene_of(bench, plan.recipe, left, say)
        attacks = {}
        for rate in RATES:
            plan_of_rate = replace(ATTACK, lr=rate * ATTACK.lr)
            *_, done = attack(scene, plan_of_rate, Relearned(), lambda: False)
            assert isinstance(done, Done)
            told = plain(done.result)
            controls = {
                who: {"entity": c["entity"], "curve": c["curve"]}
                for who, c in told["controls"].items()
            }
            attacks[str(rate)] = {**{key: told[key] for key in ATTACKED}, "controls": controls}
    except LabError as error:
        return head | {"failed": str(error)}
    return head | {key: result[key] for key in SHOWN} | {"attacks": attacks}

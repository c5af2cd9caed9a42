"""Attacks on one person, and where the face is still told apart, of one run of each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.attack import Relearned, Scene, attack, scene_of
from lab.attack.scene import victim_of
from lab.device import device_name
from lab.evaluation.models import UNLEARNED
from lab.evaluation.probing import identity
from lab.evaluation.session import Workbench
from lab.events import Done
from lab.events.lines import plain
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say, one_run
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe
from lab.unlearn.outcome import Outcome

SHOWN = (
    *("kind", "before", "after", "vanilla", "n", "chance", "controls", "highest", "of"),
    *("recovery", "delay", "robustness", "gain_untrained", "probability"),
)
BUDGET = ("scope", "share", "steps", "lr", "batch", "rows", "curve")  # of an attack that trains
HARDER = {  # attackers that train; `vision` is the usual one
    "vision": AttackRecipe(),
    "both": AttackRecipe(scope="both"),
    "projector": AttackRecipe(scope="projector"),
    "facts": AttackRecipe(kind="facts"),
    "three times the rate": AttackRecipe(lr=3 * AttackRecipe().lr),
    "ten times the rate": AttackRecipe(lr=10 * AttackRecipe().lr),
}
# Every kind of attack on VKD; on silence, which hides more than it erases, the harder attackers.
ATTACKS: Mapping[str, Mapping[str, AttackRecipe]] = {
    "vkd": HARDER
    | {kind: AttackRecipe(kind=kind) for kind in ("benign", "quantize", "prompts", "images")},
    "silence": HARDER,
}
DEPTHS = "depths"  # the row of what each depth tells apart


@dataclass(frozen=True)
class Job:
    """One run, and the attacks on it by name."""

    recipe: Recipe
    attacks: Mapping[str, AttackRecipe]


def measure(
    opened: Callable[[], Workbench], jobs: Sequence[Job], file: ResultFile, say: Say
) -> None:
    """Add a row for every run, every attack on it and its depths that the file lacks.

    Where a single row of a job is missing, its run is done again: its weights are not kept.
    """
    for job in jobs:
        method = job.recipe.method
        due = {k: v for k, v in job.attacks.items() if not file.has(f"{method}/{k}")}
        depths = f"{method}/{DEPTHS}"
        if not due and file.has(method) and file.has(depths):
            continue
        if not file.take(method):
            continue
        bench, outcome = opened(), Outcome()
        device = device_name(bench.loaded.device)
        result = one_run(bench, job.recipe, outcome, say)
        if not file.has(method):
            run = {k: result[k] for k in ("entity", "seed", "before", "after", "n", "chance")}
            file.add(method, {"method": method, **run}, device)
        left = Version(UNLEARNED, bench.loaded, outcome.delta)
        scene = scene_of(bench, job.recipe, left, say)
        if not file.has(depths):
            say(f"{method}: the depths …")
            file.add(depths, {"method": method, "depths": _depths(scene)}, device)
        for name, plan in due.items():
            say(f"{method}: the attack {name} …")
            row = {"method": method, "attack": name, **_attacked(scene, plan)}
            file.add(f"{method}/{name}", row, device)
    file.arrange([row_id for job in jobs for row_id in _ids(job)])


def _ids(job: Job) -> list[str]:
    method = job.recipe.method
    return [method, f"{method}/{DEPTHS}", *(f"{method}/{name}" for name in job.attacks)]


def _depths(scene: Scene) -> dict[str, Any]:
    """At which depth the original, the unlearned model and the controls tell the face apart."""
    subjects = map(victim_of, scene.sides)
    curves = (identity(s.version, scene.benchmark, s.entity) for s in subjects)
    return {curve.who: plain(asdict(curve)) for curve in curves}


def _attacked(scene: Scene, plan: AttackRecipe) -> dict[str, Any]:
    *_, done = attack(scene, plan, Relearned(), lambda: False)
    assert isinstance(done, Done)
    result = plain(done.result)
    return {key: result[key] for key in (*SHOWN, *BUDGET) if key in result}

"""What the command attack does: the scene of a run folder, one attack, a mean of several."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.attack import Relearned, Scene, attack, scene_of
from lab.attack.training import CURVE_KEPT, CURVE_SHIPPED
from lab.cli.common import say
from lab.cli.stored import stored_run
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench
from lab.events import Bar, Curve, Event, Phase
from lab.experiments.attack_suite import Plan, book_of, means, suite, told
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe
from lab.unlearn.foreground import interruptible


def scene_in(bench: Workbench, folder: Path) -> tuple[Recipe, Scene]:
    """The recipe of the run in a folder, and the scene of an attack on it."""
    stored = stored_run(bench, folder)
    recipe = stored.head.recipe
    digest = sha256((folder / "delta.safetensors").read_bytes()).hexdigest()
    left = Version(UNLEARNED, bench.loaded, stored.delta, identity=digest)
    return recipe, scene_of(bench, recipe, left, say)


def carried_out(
    scene: Scene, plan: AttackRecipe, hear: Callable[[Event], None] = lambda _: None
) -> dict[str, Any]:
    """Do one attack and report every figure as it comes; ``hear`` is told every event, too."""
    event: Any = None
    for event in attack(scene, plan, Relearned(), lambda: False):
        hear(event)
        report(event)
    return event.result


def report(event: Event) -> None:
    """Say the figures of an event of an attack."""
    if isinstance(event, Curve) and event.forget == event.forget:
        say(f"{event.who} step {event.step}: forget {event.forget:.2f}")
    elif isinstance(event, Phase) and event.name.startswith(CURVE_KEPT):
        who = event.name.removeprefix(CURVE_KEPT).strip()
        say(f"{who}: its curve was kept from an earlier attack with the same budget")
    elif isinstance(event, Phase) and event.name.startswith(CURVE_SHIPPED):
        who = event.name.removeprefix(CURVE_SHIPPED).strip()
        say(f"{who}: its curve under this budget comes with the lab")
    elif isinstance(event, Bar):
        others = f", retain {event.retain:.2f}" if event.n_retain else ""
        say(f"{event.who} {event.name}: forget {event.forget:.2f}{others}")


def suites(
    bench: Workbench, scenes: Sequence[tuple[Recipe, Scene]], budget: AttackRecipe, out: Path | None
) -> dict[str, Any]:
    """The suite on every run; with several, also the mean of their worst cases.

    Ctrl-C ends it within a step. With ``out``, a finished row is not made again.
    """
    each = []
    with interruptible() as stopped:
        for recipe, scene in scenes:
            started, version = time.perf_counter(), scene.unlearned.version.identity
            caches = [control.cache.weights for control in scene.controls if control.cache]
            weights = " ".join([bench.base_hash, *caches])
            book = book_of(bench.preset, recipe, version, out, weights) if out else None
            rows = suite(scene, budget, stopped, report, _begin, book)
            each.append(told(rows, recipe.entity, time.perf_counter() - started))
    if len(each) == 1:
        return each[0]
    return {"kind": "suite", "runs": len(each), "mean": means(each), "each": each}


def _begin(plan: Plan, place: int, rows: int) -> None:
    say(f"row {place} of {rows}: {plan.name}")


def mean(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the main figures over several runs, and the result of each."""
    keys = ("before", "after", "gain", "vanilla", "vanilla_gap")
    return {
        "kind": results[0]["kind"],
        "runs": len(results),
        "mean": {k: sum(r[k] for r in results) / len(results) for k in keys},
        "each": results,
    }

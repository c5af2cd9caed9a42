"""What the command attack does: the scene of a run folder, one attack, a mean of several."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.attack import Relearned, Scene, attack, scene_of
from lab.attack.training import CURVE_KEPT
from lab.cli.common import say
from lab.cli.stored import stored_run
from lab.evaluation.models import UNLEARNED
from lab.evaluation.session import Workbench
from lab.events import Bar, Curve, Event, Phase
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe


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
        if isinstance(event, Curve) and event.forget == event.forget:
            say(f"{event.who} step {event.step}: forget {event.forget:.2f}")
        elif isinstance(event, Phase) and event.name == CURVE_KEPT:
            say("the control's curve was kept from an earlier attack with the same budget")
        elif isinstance(event, Bar):
            others = f", retain {event.retain:.2f}" if event.n_retain else ""
            say(f"{event.who} {event.name}: forget {event.forget:.2f}{others}")
    return event.result


def mean(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the main figures over several runs, and the result of each."""
    keys = ("before", "after", "gain", "vanilla", "vanilla_gap")
    return {
        "kind": results[0]["kind"],
        "runs": len(results),
        "mean": {k: sum(r[k] for r in results) / len(results) for k in keys},
        "each": results,
    }

"""Attacks by training: the unlearned model's curve, then every control's under the same budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from lab.attack.attacker import Attacker, Lesson
from lab.attack.control_curve import ControlCurve
from lab.attack.scene import Relearned, Scene
from lab.benchmarks.schema import Entity
from lab.events import Curve, Done, Event, Phase
from lab.events.relearning import measures
from lab.recipe import AttackRecipe

CURVE_KEPT, CURVE_SHIPPED = "kept", "shipped"  # the phases in place of a control's training
FACTS = "facts"  # the attack that asks what it did not train


def trained(
    scene: Scene,
    recipe: AttackRecipe,
    lesson_of: Callable[[Entity], Lesson],
    outcome: Relearned,
    stopped: Callable[[], bool],
) -> Iterator[Event]:
    """Train the unlearned model, then the controls, on their own rows under the same budget.

    Yields ``Curve`` points and ends in ``Done``. The result's ``rows`` is how many the attacker
    of the unlearned model had.
    """
    started, victim = time.perf_counter(), scene.unlearned
    lesson = lesson_of(victim.entity)
    curves = [ControlCurve(c, recipe, scene.blocks, lesson_of(c.entity)) for c in scene.controls]
    models = 1 + sum(not curve.points for curve in curves)  # that are trained
    yield Phase(f"attack {victim.version.name}", 0, models)
    attacker, points = Attacker(victim, recipe, scene.blocks, lesson), list[Curve]()
    for point in attacker.curve(stopped):  # its first point is always taken: the result needs it
        points.append(point)
        outcome.delta = {
            **victim.version.delta,
            **{n: w.detach().clone() for n, w in attacker.weights.items()},
        }
        outcome.adapter = {n: w.detach().clone() for n, w in attacker.adapter.items()}
        yield point
    controls: dict[str, Any] = {}
    place = 1
    for curve in curves:
        if stopped():
            break
        yield _phase(curve, place, models)
        place += not curve.points
        controls[curve.control.who] = yield from _control(curve, stopped)
    yield Done(
        "stopped" if stopped() else "steps done",
        {
            **_result(scene, recipe, lesson, points, controls),
            "seconds": round(time.perf_counter() - started, 2),
        },
    )


def _phase(kept: ControlCurve, place: int, models: int) -> Phase:
    """A control's phase; one that is not trained has no place among the models that are."""
    who = kept.control.who
    if kept.points:
        return Phase(f"{CURVE_SHIPPED if kept.made_on else CURVE_KEPT} {who}")
    return Phase(f"attack {who}", place, models)


def _control(
    kept: ControlCurve, stopped: Callable[[], bool]
) -> Generator[Event, None, dict[str, Any]]:
    """A control's curve and its part of the result; no training where the curve is there already.

    ``made_on`` names the device of a curve that comes with the lab.
    """
    points = list(kept.points)
    yield from points
    if not points:
        for point in kept.attacker().curve(stopped):
            points.append(point)
            yield point
        kept.keep(points)
    ends = _ends(points)
    made_on = {"made_on": kept.made_on} if kept.made_on else {}
    told = {**kept.control.verdict(*ends), **probed(points), "reused": bool(kept.points)}
    return told | made_on


def _result(
    scene: Scene,
    recipe: AttackRecipe,
    lesson: Lesson,
    points: Sequence[Curve],
    controls: dict[str, Any],
) -> dict[str, Any]:
    """The JSON object of an attack that trained; ``gain_untrained`` is of ``facts`` alone."""
    verdict = {**scene.verdict(recipe, lesson.asks, *_ends(points)), **probed(points)}
    gains = {"unlearned": verdict["gain"]} | {who: c["gain"] for who, c in controls.items()}
    return {
        **verdict,
        "share": recipe.share,
        "scope": recipe.scope,
        "steps": points[-1].step,
        "lr": recipe.lr,
        "batch": recipe.batch,
        "rows": len(lesson.rows),
        "controls": controls,
        **measures(verdict, controls),
        "gain_untrained": gains if recipe.kind == FACTS else None,
    }


def _ends(points: Sequence[Curve]) -> tuple[float, float]:
    """The accuracy before training, and the last that was asked."""
    asked = [p.forget for p in points if not math.isnan(p.forget)]
    return asked[0], asked[-1]


def probed(points: Sequence[Curve]) -> dict[str, list[list[float]]]:
    """[step, share right] and [step, probability of the right option] of every probe."""
    asked = [p for p in points if not math.isnan(p.forget)]
    return {
        "curve": [[p.step, p.forget] for p in asked],
        "probability": [[p.step, p.probability] for p in asked],
    }

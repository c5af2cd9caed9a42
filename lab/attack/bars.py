"""Attacks without training: the victims asked under a few changes, a bar each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lab.attack.scene import Scene, Victim
from lab.evaluation.questions import Ask, chance, choose, forget_asks, retain_asks, share
from lab.events import Bar, Done, Event, Phase
from lab.model.version import Version
from lab.recipe import AttackRecipe

AS_IS = "as_is"


@dataclass(frozen=True)
class Variant:
    """One change: of the scored questions, or of the victim's version of the model.

    ``retain``: others' questions are asked under it, too. ``tells``: it tells the model something
    true about the person, so that it is shown but never counts as the attack's best.
    """

    name: str
    asks: Callable[[Victim, list[Ask]], list[Ask]] = lambda victim, asks: asks
    version: Callable[[Version], Version] = lambda version: version
    retain: bool = False
    tells: bool = False


def compared(
    scene: Scene, recipe: AttackRecipe, variants: list[Variant], stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Ask every victim as it is and under every variant, variant by variant.

    Yields a ``Bar`` each and ends in ``Done``. The result's ``after`` is the highest accuracy of
    the unlearned model under any of ``of`` variants, ``highest`` that variant; a control is judged
    by its own highest, for the highest of several is high by luck, too.
    """
    started = time.perf_counter()
    plain = Variant(AS_IS, retain=any(v.retain for v in variants))
    todo = [
        (variant, victim)
        for variant in (plain, *variants)
        for victim in (scene.unlearned, scene.original, scene.control)
        if victim
    ]
    bars: list[Bar] = []
    for done, (variant, victim) in enumerate(todo):
        if bars and stopped():
            break  # the unlearned model as it is is always asked: the result needs it
        yield Phase(f"attack {victim.version.name}", done, len(todo))
        bar = _bar(scene, variant, victim)
        if bar:
            bars.append(bar)
            yield bar
    yield Done(
        "stopped" if stopped() else "done",
        {
            **result(scene, recipe, bars, {v.name for v in variants if not v.tells}),
            "seconds": round(time.perf_counter() - started, 2),
        },
    )


def _bar(scene: Scene, variant: Variant, victim: Victim) -> Bar | None:
    """One victim under one variant; None where nobody can be asked so."""
    asks = variant.asks(victim, forget_asks(victim.entity))
    if not asks:
        return None
    others = retain_asks(scene.benchmark, victim.entity.id, 1) if variant.retain else []
    version = variant.version(victim.version)
    with version.on():
        forget = share(choose(version.loaded, asks))
        retain = share(choose(version.loaded, others)) if others else math.nan
    return Bar(
        version.name,
        variant.name,
        forget,
        retain,
        len(asks),
        len(others),
        chance(asks),
        chance(others) if others else math.nan,
    )


def result(
    scene: Scene, recipe: AttackRecipe, bars: list[Bar], counted: set[str]
) -> dict[str, Any]:
    """The JSON object of an attack that yielded ``bars``; only ``counted`` ones can be its best."""

    def ends(who: str) -> tuple[float, float, str] | None:
        """Accuracy as it is, the highest one and under what (the first of equals)."""
        accuracies = {
            b.name: b.forget for b in bars if b.who == who and b.name in {AS_IS, *counted}
        }
        if AS_IS not in accuracies:
            return None
        best = max(
            [name for name in accuracies if name != AS_IS] or [AS_IS],
            key=lambda name: accuracies[name],
        )
        return accuracies[AS_IS], accuracies[best], best

    ours = ends(scene.unlearned.version.name)
    control = ends(scene.control.version.name) if scene.control else None
    assert ours is not None
    return {
        **scene.verdict(recipe, *ours[:2]),
        "highest": ours[2],
        "of": len({b.name for b in bars} & counted),
        "control": (
            {**scene.control_verdict(*control[:2]), "highest": control[2]} if control else None
        ),
        "bars": [asdict(b) for b in bars],
    }

"""Attacks that do not train: every model is asked under a few changes, and each gives a bar."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lab.attack.scene import Scene, Victim, victim_of
from lab.evaluation.asks import forget_asks, retain_asks
from lab.evaluation.questions import Ask, chance, choose, share
from lab.events import Bar, Done, Event, Phase
from lab.model.version import Version
from lab.recipe import AttackRecipe

AS_IS = "as_is"


@dataclass(frozen=True)
class Variant:
    """One change of the scored questions, or of the victim's version of the model.

    ``retain``: whether questions about other people are asked under it, too. ``tells``: whether it
    tells the model something true about the person. Such a variant is shown, but it never counts as
    the attack's best.
    """

    name: str
    asks: Callable[[Victim, list[Ask]], list[Ask]] = lambda victim, asks: asks
    version: Callable[[Version], Version] = lambda version: version
    retain: bool = False
    tells: bool = False


def compared(
    scene: Scene, recipe: AttackRecipe, variants: list[Variant], stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Ask every victim the unchanged questions, then the questions of every variant.

    Yields one ``Bar`` for each victim and variant, and ends in ``Done``. In the result, ``after``
    is the highest accuracy of the unlearned model under any of ``of`` variants, and ``highest`` is
    the name of that variant. A control is compared by its own highest accuracy, because the highest
    of several figures is partly luck. Nothing is trained, so there is no curve and no delay, and
    ``recovery`` is ``after`` minus the control's.
    """
    started = time.perf_counter()
    plain = Variant(AS_IS, retain=any(v.retain for v in variants))
    todo = [(variant, side) for variant in (plain, *variants) for side in scene.sides]
    bars: list[Bar] = []
    for done, (variant, side) in enumerate(todo):
        if bars and stopped():
            break  # the unlearned model as it is is always asked: the result needs it
        victim = victim_of(side)
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
    """The bar of one victim under one variant; None where the variant leaves no question to ask."""
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
        """The accuracy without a change, the highest accuracy, and the variant that gave it."""
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
    assert ours is not None
    found = [(c, end) for c in scene.controls if (end := ends(c.who))]
    return {
        **scene.verdict(recipe, forget_asks(scene.unlearned.entity), *ours[:2]),
        "highest": ours[2],
        "of": len({b.name for b in bars} & counted),
        "controls": {c.who: {**c.verdict(*end[:2]), "highest": end[2]} for c, end in found},
        "recovery": {c.who: ours[1] - end[1] for c, end in found},
        "delay": None,
        "gain_untrained": None,
        "bars": [asdict(b) for b in bars],
    }

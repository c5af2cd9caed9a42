"""The stand-in engine's attacks: synthetic curves and bars of every kind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lab.catalogue import TRAINING_ATTACKS
from lab.events import Bar, Curve, Done, Event, Phase
from lab.serve.engine import RunView


def attack(view: RunView, stopped) -> Iterator[Event]:
    """The events of an attack that trains, or of one with bars."""
    spec = view.attack
    if spec.kind not in TRAINING_ATTACKS:
        yield from bars(view, stopped)
        return
    curve, other = [], []
    for step in range(0, spec.steps + 1, spec.probe_every):
        if stopped():
            break
        gained = 0.8 * step / spec.steps
        curve.append([step, 0.1 + gained])
        other.append([step, 0.25 + 0.5 * gained])
        yield Curve("unlearned", step, 0.1 + gained, 96, 0.25, 1.0)
        yield Curve("control", step, 0.25 + 0.5 * gained, 96, 0.25, 1.2)
    yield Done(
        "steps done",
        {
            "share": spec.share,
            "scope": spec.scope,
            "steps": spec.steps,
            "rows": 11,
            "curve": curve,
            **verdict(view, curve[-1][1] if curve else 0.1, other[-1][1] if other else 0.25),
        },
    )


def bars(view: RunView, stopped) -> Iterator[Event]:
    """The events of an attack that does not train."""
    names = {
        "quantize": ("bits_16", "bits_8", "bits_4"),
        "prompts": ("look_closely", "persona", "wrong_hint", "true_hint"),
        "images": ("grey", "flip", "sketch"),
    }[view.attack.kind]
    retain = 0.9 if view.attack.kind == "quantize" else math.nan
    for k, name in enumerate(("as_is", *names)):
        yield Phase("attack unlearned", k, len(names) + 1)
        for who, forget in (("unlearned", 0.1 + 0.1 * k), ("original", 0.99), ("control", 0.25)):
            if stopped():
                return
            yield Bar(who, name, forget, retain, 96, 39 if retain == retain else 0, 0.25, 0.25)
    yield Done("done", {"highest": names[2], "of": 3, **verdict(view, 0.4, 0.25)})


def verdict(view: RunView, after: float, control: float) -> dict:
    """What every attack's result says."""
    return {
        "kind": view.attack.kind,
        "entity": view.entity,
        "before": 0.1,
        "after": after,
        "gain": after - 0.1,
        "vanilla": 0.99,
        "vanilla_gap": 0.99 - after,
        "n": 96,
        "chance": 0.25,
        "control": {
            "entity": "p29",
            "name": "Jonas Conti",
            "before": 0.25,
            "after": control,
            "gain": control - 0.25,
        },
    }

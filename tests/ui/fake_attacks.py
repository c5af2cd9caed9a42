"""The stand-in engine's attacks: synthetic curves and bars of every kind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lab.catalogue import TRAINING_ATTACKS
from lab.events import Bar, Curve, Done, Event, Phase
from lab.events.relearning import measures
from lab.serve.views import RunView

# Who is trained one after the other, and between which shares each curve is a line.
MODELS = (("unlearned", 0.1, 0.9), ("never_knew", 0.25, 0.65), ("text_only", 0.25, 0.75))


def attack(view: RunView, stopped) -> Iterator[Event]:
    """The events of an attack that trains, or of one with bars."""
    spec = view.attack
    if spec.kind not in TRAINING_ATTACKS:
        yield from bars(view, stopped)
        return
    made = {}
    for place, (who, low, high) in enumerate(MODELS):
        if stopped() and made:
            break
        yield Phase(f"attack {who}", place, len(MODELS))
        curve = made[who] = []
        for step in range(0, spec.steps + 1, spec.probe_every):
            if stopped() and curve:
                break
            share = low + (high - low) * step / spec.steps
            curve.append([step, share])
            yield Curve(who, step, share, 96, 0.25, 1.0, 0.5 * share)
    ends = {who: curve[-1][1] for who, curve in made.items()}
    result = verdict(view, ends.pop("unlearned"), ends)
    for who, control in result["controls"].items():
        control |= {"curve": made[who], "probability": halved(made[who])}
    curve = made["unlearned"]
    result |= {"curve": curve, "probability": halved(curve)}
    gains = {"unlearned": result["gain"]}
    gains |= {who: control["gain"] for who, control in result["controls"].items()}
    yield Done(
        "steps done",
        {
            **result,
            **measures(result, result["controls"]),
            "share": spec.share,
            "scope": spec.scope,
            "steps": spec.steps,
            "rows": 11,
            "gain_untrained": gains if spec.kind == "facts" else None,
        },
    )


def halved(curve: list) -> list:
    """A curve of probabilities to go with a curve of shares."""
    return [[step, share / 2] for step, share in curve]


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
        shares = {
            "unlearned": 0.1 + 0.1 * k,
            "original": 0.99,
            "never_knew": 0.25,
            "text_only": 0.3,
        }
        for who, forget in shares.items():
            if stopped():
                return
            yield Bar(who, name, forget, retain, 96, 39 if retain == retain else 0, 0.25, 0.25)
    made = verdict(view, 0.4, {"never_knew": 0.25, "text_only": 0.3})
    over = {who: 0.4 - control["after"] for who, control in made["controls"].items()}
    yield Done("done", {"highest": names[2], "of": 3, "recovery": over, "delay": None, **made})


def verdict(view: RunView, after: float, controls: dict[str, float]) -> dict:
    """What every attack's result says; ``controls``: what each has right after the attack."""
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
        "controls": {
            who: {
                "entity": "p29",
                "name": "Jonas Conti",
                "before": 0.25,
                "after": control,
                "gain": control - 0.25,
            }
            for who, control in controls.items()
        },
    }

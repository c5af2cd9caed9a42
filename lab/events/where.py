"""Where an answer is lost: what patching, the distance and the straight line between weights say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lab.events import Done

WHERE = "where"  # the part of a run's result that holds it
UNPATCHED = ""  # the name of a model's own answers, with nothing patched in


@dataclass(frozen=True)
class Patched:
    """How a model answers with another's activations up to and including the depth ``name``.

    ``forget``, ``others``: shares right, about the target and about other people; the two
    probabilities: how likely the right option is among the options, on average. All in 0..1.
    """

    name: str
    forget: float
    forget_probability: float
    others: float
    others_probability: float


@dataclass(frozen=True)
class Patching:
    """The model ``into`` with the activations of ``source``, one depth after another.

    ``unpatched``: what ``into`` answers by itself. The last depth is all that ``source`` makes of a
    picture, so that there ``into`` answers as ``source`` does, if they have one language model.
    """

    into: str
    source: str
    unpatched: Patched
    depths: tuple[Patched, ...]


@dataclass(frozen=True)
class Line:
    """The loss on the straight line from the original's visual weights to the unlearned ones.

    ``at``: shares of the way, from 0 (original) to 1 (unlearned); ``forget``, ``others``: mean loss
    of the right answer there, in nats per token; the barriers: how far the loss rises above the
    chord between its two ends, 0 or more.
    """

    at: tuple[float, ...]
    forget: tuple[float, ...]
    others: tuple[float, ...]
    barrier_forget: float
    barrier_others: float


@dataclass(frozen=True)
class Distance:
    """How far the visual weights lie from the original's, as a share of the original's length.

    ``whole``: over all weights that the run may have changed; ``layers``: name and distance of each
    trained block and of the projector, shallow to deep.
    """

    whole: float
    layers: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Where:
    """Where in the visual module an unlearned model lost its answers about a person.

    ``lost``: the unlearned model's activations in the original; ``back``: the original's in the
    unlearned model. The questions are the same throughout, each kind with its n and its chance.
    """

    entity: str
    lost: Patching
    back: Patching
    line: Line
    distance: Distance
    n_forget: int
    n_others: int
    chance_forget: float
    chance_others: float


def with_where(done: Done, found: Where) -> Done:
    """The end of a run with this in its result."""
    return replace(done, result=done.result | {WHERE: asdict(found)})


def where_of(result: Mapping[str, Any]) -> Where | None:
    """What a run's result says of it; None where nobody has asked yet."""
    told = result.get(WHERE)
    if not told:
        return None
    line, distance = told["line"], told["distance"]
    parts = {
        "lost": _patching(told["lost"]),
        "back": _patching(told["back"]),
        "line": Line(**line | {k: tuple(line[k]) for k in ("at", "forget", "others")}),
        "distance": Distance(distance["whole"], tuple((n, v) for n, v in distance["layers"])),
    }
    return Where(**{**told, **parts})


def _patching(told: Mapping[str, Any]) -> Patching:
    depths = tuple(Patched(**depth) for depth in told["depths"])
    return Patching(told["into"], told["source"], Patched(**told["unpatched"]), depths)

"""Where in the visual module a person's answers were lost: patching both ways, distance and line."""

from __future__ import annotations

from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluation.barrier import POINTS, distance, line
from lab.evaluation.patching import Questions, first_trained, patching, questions_of
from lab.evaluation.questions import Steps, chance
from lab.events.where import Where
from lab.model.version import Version

ORIGINAL = "original"


def where(unlearned: Version, benchmark: Benchmark, entity: Entity) -> Steps[Where]:
    """Everything that is asked about where an unlearned model lost its answers about a person.

    In steps: yields how many questions each batch has answered, ``total`` of them in the end.
    Raises ``LabError`` where nobody else can be asked about.
    """
    original, asks = Version(ORIGINAL, unlearned.loaded), questions_of(benchmark, entity)
    if not asks.others:
        raise LabError(f"{benchmark.name} holds nobody beside {entity.id} to compare with")
    lost = yield from patching(original, unlearned, asks)
    back = yield from patching(unlearned, original, asks)
    return Where(
        entity.id,
        lost,
        back,
        (yield from line(unlearned.loaded, unlearned.delta, asks)),
        distance(unlearned.loaded, unlearned.delta),
        len(asks.forget),
        len(asks.others),
        chance(asks.forget),
        chance(asks.others),
    )


def total(unlearned: Version, asks: Questions) -> int:
    """How many answers ``where`` takes: of both kinds of questions at every depth and point."""
    depths = len(unlearned.loaded.vision.blocks) - first_trained(unlearned) + 2
    return (len(asks.forget) + len(asks.others)) * (2 * (1 + depths) + POINTS)

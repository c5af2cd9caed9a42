"""What a teaching is measured by: whom it names, everybody else, strangers, things and general text."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.asks import (
    attribute_asks,
    forget_asks,
    general_asks,
    picture_asks,
    retain_asks,
    retain_text_asks,
    stranger_asks,
    text_asks,
)
from lab.evaluation.questions import Ask, chance, choose, share
from lab.model.overlay import overlay
from lab.teach.teacher import Teacher
from lab.unlearn.batches import sampled

PROBED = 24  # questions of each measure in a probe


def asks_of(
    benchmark: Benchmark, left_out: str, left_out_pictures: str, focus: str
) -> dict[str, list[Ask]]:
    """Held-out views and wordings by measure: whom the plan names, everyone else, general ones.

    Raises ``LabError`` where the benchmark has no multiple choice to ask.
    """
    named = {
        "focus": focus,
        "left_out": left_out,
        "left_out_pictures": left_out_pictures,
    }
    apart = left_out or left_out_pictures or focus
    asks = {
        "others_vqa" if apart else "people_vqa": retain_asks(benchmark, apart),
        "others_qa" if apart else "people_qa": retain_text_asks(benchmark, apart),
    }
    for what, entity in ((what, benchmark.entity(who)) for what, who in named.items() if who):
        asks |= {f"{what}_vqa": forget_asks(entity), f"{what}_qa": text_asks(entity)}
    asks |= {
        "general_qa": general_asks(benchmark),
        "pictures_vqa": picture_asks(benchmark, 1),
        "attributes_vqa": attribute_asks(benchmark),
        "strangers_vqa": stranger_asks(benchmark),
    }
    asks = {measure: asked for measure, asked in asks.items() if asked}
    if not asks:
        raise LabError(f"{benchmark.name} has no multiple choice, so nothing could be measured")
    return asks


def probes(asks: Mapping[str, Sequence[Ask]], seed: int) -> dict[str, list[Ask]]:
    """A few questions of each measure, the same ones in every probe."""
    return {
        measure: sampled(random.Random(f"probe/{seed}/{measure}"), asked, PROBED)
        for measure, asked in asks.items()
    }


def scores(
    teacher: Teacher, asks: Mapping[str, Sequence[Ask]], say: Callable[[str], None] = lambda _: None
) -> dict[str, float]:
    """Share right under the weights as they are now, by measure, each told as it is known."""
    made: dict[str, float] = {}
    with overlay(teacher.loaded.model, teacher.delta()):
        for measure, asked in asks.items():
            made[measure] = share(choose(teacher.loaded, asked))
            say(f"  {measure} {made[measure]:.3f} (n {len(asked)}, chance {chance(asked):.2f})")
    return made


def sizes(asks: Mapping[str, Sequence[Ask]]) -> dict[str, int]:
    """Number of questions by measure."""
    return {measure: len(asked) for measure, asked in asks.items()}


def levels(asks: Mapping[str, Sequence[Ask]]) -> dict[str, float]:
    """Chance by measure."""
    return {measure: round(chance(asked), 4) for measure, asked in asks.items()}

"""Which questions each measure asks, and about which pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from math import gcd

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.evaluation.questions import Ask

MOST_OTHERS = 60  # people a retain measure asks about


def questions(entity: Entity, task: str, modality: str) -> list[Question]:
    """The entity's evaluation questions of one task and modality."""
    return [q for q in entity.questions if q.task == task and q.modality == modality]


def forget_asks(entity: Entity) -> list[Ask]:
    """Every held-out view with each fact once, the two held-out phrasings taking turns.

    A question bound to one picture is asked about that; a single view has every question.
    """
    asked = pictured(entity)
    free, turns = [q for q in asked if q.image is None], 2 if len(entity.test_images) > 1 else 1
    return [Ask(q, q.image) for q in asked if q.image is not None] + [
        Ask(q, image)
        for v, image in enumerate(entity.test_images)
        for i, q in enumerate(free)
        if i % turns == v % turns
    ]


def name_asks(entity: Entity) -> list[Ask]:
    """The name, to be generated, on every held-out view in both held-out phrasings."""
    asked = [q for q in questions(entity, "generation", "image") if q.fact == "name"]
    return [Ask(q, q.image) for q in asked if q.image is not None] + [
        Ask(q, image) for image in entity.test_images for q in asked if q.image is None
    ]


def retain_asks(benchmark: Benchmark, entity_id: str, per_entity: int = 3) -> list[Ask]:
    """A fixed sample of the others: one held-out view, ``per_entity`` questions each.

    The sample does not depend on the target, so that the original's answers can be kept.
    """
    return asks_about(sampled_others(benchmark, entity_id), pictured, per_entity)


def sampled_others(benchmark: Benchmark, entity_id: str) -> list[tuple[int, Entity]]:
    """(place, entity) of the others, evenly over the benchmark, about ``MOST_OTHERS`` at most."""
    stride = -(-len(benchmark.entities) // MOST_OTHERS)
    return [(k, e) for k, e in benchmark.others(entity_id) if k % stride == 0 and e.test_images]


def views_of_others(benchmark: Benchmark, entity_id: str) -> list[bytes]:
    """One held-out view of each of ``sampled_others``."""
    people = sampled_others(benchmark, entity_id)
    return [e.test_images[k % len(e.test_images)] for k, e in people]


def retain_text_asks(benchmark: Benchmark, entity_id: str, per_entity: int = 2) -> list[Ask]:
    """A fixed sample of text-only questions about the others."""
    return asks_about(sampled_others(benchmark, entity_id), texted, per_entity)


def asks_about(
    people: Iterable[tuple[int, Entity]], pick: Callable[[Entity], list[Question]], per_entity: int
) -> list[Ask]:
    """``per_entity`` of the questions that ``pick`` finds, one held-out view each, by (place, entity)."""
    asks: list[Ask] = []
    for k, entity in people:
        view = entity.test_images[k % len(entity.test_images)]
        asks += [
            Ask(q, (q.image or view) if q.modality == "image" else None)
            for q in _some(pick(entity), k, per_entity)
        ]
    return asks


def pictured(entity: Entity) -> list[Question]:
    """Every multiple-choice question about the entity's picture."""
    return questions(entity, "classification", "image")


def texted(entity: Entity) -> list[Question]:
    """Every text-only multiple-choice question about the entity."""
    return questions(entity, "classification", "text")


def text_asks(entity: Entity) -> list[Ask]:
    """Every text-only multiple-choice question about the entity, as it is asked."""
    return [Ask(q) for q in texted(entity)]


def picture_asks(benchmark: Benchmark, per_picture: int = 9) -> list[Ask]:
    """Questions about the plain pictures."""
    return [Ask(q, p.image) for p in benchmark.pictures for q in p.questions[:per_picture]]


def attribute_asks(benchmark: Benchmark, per_entity: int = 3) -> list[Ask]:
    """A fixed sample of what can be seen of everybody, with options, on one held-out view of each."""
    asks: list[Ask] = []
    for k, entity in enumerate(benchmark.entities):
        seen = [q for q in benchmark.visible(entity, held_out=True) if q.options]
        views = entity.test_images[k % len(entity.test_images) :] if seen else ()
        asks += [Ask(q, view) for view in views[:1] for q in _some(seen, k, per_entity)]
    return asks


def stranger_asks(benchmark: Benchmark, per_picture: int = 1) -> list[Ask]:
    """A fixed sample of what can be seen of the strangers, with options."""
    asks: list[Ask] = []
    for k, picture in enumerate(benchmark.strangers):
        seen = [q for q in picture.questions if q.options]
        asks += [Ask(q, picture.image) for q in _some(seen, k, per_picture)]
    return asks


def _some(asked: Sequence[Question], turn: int, n: int) -> list[Question]:
    """n different questions, others at each turn, so that all of them come up."""
    if not asked:
        return []
    size = len(asked)
    # Strides that share a factor with the number of questions would come back to the same ones.
    far, near = (next(k for k in count(least) if gcd(k, size) == 1) for least in (5, 7))
    return [asked[(far * turn + near * j) % size] for j in range(min(n, size))]


def general_asks(benchmark: Benchmark) -> list[Ask]:
    """Every common-knowledge question."""
    return [Ask(q) for q in benchmark.general]

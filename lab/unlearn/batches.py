"""The training rows of a run: the target's, others', and retain pictures, drawn by the seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from lab.benchmarks.schema import Benchmark, Entity, Picture, Question
from lab.errors import LabError
from lab.evaluation.asks import questions
from lab.evaluation.questions import Ask
from lab.recipe import Recipe
from lab.saliency.fisher import Sample

QUESTIONS_PER_IMAGE = 2
MOST_VIEWS = 64
MOST_PROBED = 24
RETAIN_PROBED = 6
T = TypeVar("T")
# Retain pictures a run distils on. A fixed pool, because the teacher's features and the frozen
# blocks' activations are then computed once a picture and not for new ones at every step.
POOL = 60
REPAIR = 120, 120, 60  # portraits, plain pictures, strangers: with the usual pool others lose more
STRANGERS = 30  # pictures of strangers that a target may be moved to


Row = tuple[bytes, list[tuple[str, list[str]]]]  # a picture, its questions, their answers


@dataclass(frozen=True)
class Draw:
    """What one step works on: forget rows, pictures to distil on, retain rows where they count."""

    forget: list[Row]
    pictures: list[bytes]
    retain: list[Row]


@dataclass
class Rows:
    """Draws training rows for one entity; the same seed gives the same rows.

    The stages and the steps draw from two separate streams, so the batches of the steps do not
    depend on what the stages drew.
    """

    benchmark: Benchmark
    entity: Entity
    seed: int
    pool_size: int = POOL
    rng: random.Random = field(init=False)
    stage_rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng, self.stage_rng = (
            random.Random(f"{self.seed}/{self.entity.id}") for _ in range(2)
        )

    @property
    def others(self) -> list[Entity]:
        """Everybody who is taught and is not the target."""
        return [e for _, e in self.benchmark.others(self.entity.id)]

    def fisher_samples(self, n: int) -> tuple[list[Sample], list[Sample]]:
        """n forget and n retain samples; both halves of each list share no (picture, question)."""
        rng = self.stage_rng
        forget = [
            Sample(i, q.text, q.answer)
            for i in self.entity.train_images
            for q in asked_by_image(self.entity)
            if q.image in (None, i)
        ]
        retain = [
            Sample(q.image or rng.choice(e.train_images), q.text, q.answer)
            for e in self.others
            for q in sampled(rng, asked_by_image(e), 4)
        ]
        return rng.sample(forget, min(n, len(forget))), rng.sample(retain, min(n, len(retain)))

    def importance_images(self) -> tuple[list[bytes], list[bytes]]:
        """The target's training views, and one training view of everyone else, 64 at most each."""
        rng = self.stage_rng
        return (
            sampled(rng, self.entity.train_images, MOST_VIEWS),
            [rng.choice(e.train_images) for e in sampled(rng, self.others, MOST_VIEWS)],
        )

    def draw(self, recipe: Recipe) -> Draw:
        """The next step's rows and pictures."""
        return Draw(
            self.forget_batch(recipe.batch),
            self.retain_images(recipe.retain_batch),
            self.retain_rows(recipe.batch) if recipe.retain_weight else [],
        )

    def strangers(self, recipe: Recipe) -> list[bytes]:
        """The pictures of strangers that the recipe's destination is about, the same at every step.

        ``stranger_draw`` has one for the whole run: drawn anew at every step, they would only pull
        to their mean; ``unknown`` asks about them alone. Raises ``LabError`` for a benchmark without
        strangers.
        """
        if recipe.destination == "away":
            return []
        if not self.stranger_pool:
            raise LabError(
                f"destination={recipe.destination} needs pictures of strangers, and the benchmark "
                f"{self.benchmark.name} has none: choose destination=away"
            )
        most = {"stranger_draw": 1, "unknown": 0}
        return self.stranger_pool[: most.get(recipe.destination)]

    def forget_batch(self, n: int) -> list[Row]:
        """n training views of the target with two questions and answers each."""
        return [self._row(self.entity) for _ in range(n)]

    def retain_rows(self, n: int) -> list[Row]:
        """n training views of others with two questions and answers each."""
        return [self._row(self.rng.choice(self.others)) for _ in range(n)]

    def _row(self, entity: Entity) -> Row:
        asked = sampled(self.rng, asked_by_image(entity), QUESTIONS_PER_IMAGE, shuffled=True)
        image = asked[0].image or self.rng.choice(entity.train_images)
        return image, [(q.text, [q.answer]) for q in asked if q.image in (None, image)]

    def retain_images(self, n: int) -> list[bytes]:
        """n pictures to distil on from the pool: two portraits of others to one plain picture."""
        plain = n // 3 if self.plain_pool else 0
        return [
            *self.rng.sample(self.portrait_pool, min(n - plain, len(self.portrait_pool))),
            *self.rng.sample(self.plain_pool, min(plain, len(self.plain_pool))),
        ]

    def repair_images(self, n: int) -> list[bytes]:
        """n pictures of the repair pool."""
        return self.rng.sample(self.repair_pool, min(n, len(self.repair_pool)))

    @cached_property
    def portrait_pool(self) -> list[bytes]:
        """One training view of each other person, a second of each after that, and so on."""
        return self._portraits(self.pool_size - self.pool_size // 3)

    @cached_property
    def plain_pool(self) -> list[bytes]:
        """Plain pictures that keep the rest of vision in place."""
        return self._pictures("plain", self.benchmark.train_pictures, self.pool_size // 3)

    @cached_property
    def stranger_pool(self) -> list[bytes]:
        """Pictures of people without a name, whom the model was taught nothing about."""
        return self._pictures("strangers", self.benchmark.train_strangers, STRANGERS)

    @cached_property
    def repair_pool(self) -> list[bytes]:
        """What disturbed weights are repaired on: others, plain pictures, strangers; not the target."""
        portraits, plain, strangers = REPAIR
        return [
            *self._portraits(portraits),
            *self._pictures("plain", self.benchmark.train_pictures, plain),
            *self._pictures("strangers", self.benchmark.train_strangers, strangers),
        ]

    def _portraits(self, n: int) -> list[bytes]:
        rng = self._pool_rng("portraits")
        views = [rng.sample(e.train_images, len(e.train_images)) for e in self.others]
        rounds = [
            [own[k] for own in rng.sample(views, len(views)) if k < len(own)]
            for k in range(max(map(len, views)))
        ]
        return [image for turn in rounds for image in turn][:n]

    def _pictures(self, what: str, pictures: Sequence[Picture], n: int) -> list[bytes]:
        drawn = self._pool_rng(what).sample(pictures, min(n, len(pictures)))
        return [picture.image for picture in drawn]

    def _pool_rng(self, what: str) -> random.Random:
        """Apart from the batches' draws, so that one can be looked at without moving the other."""
        return random.Random(f"{what}/{self.seed}/{self.entity.id}")


def asked_by_image(entity: Entity) -> list[Question]:
    """The entity's training questions that come with its picture."""
    return [q for q in entity.train_questions if q.modality == "image"]


def sampled(rng: random.Random, items: Sequence[T], n: int, shuffled: bool = False) -> list[T]:
    """n of the items, drawn without replacement; all of them in their order if there are fewer."""
    if shuffled or len(items) > n:
        return rng.sample(items, min(n, len(items)))
    return list(items)


def probe_asks(benchmark: Benchmark, entity: Entity, seed: int) -> tuple[list[Ask], list[Ask]]:
    """Questions for the live probes, on training views only: the scored views stay unseen.

    Forget: two views with every fact once; retain: six others with three questions each. A
    question that is bound to one picture can only be asked about that, scored or not.
    """
    rng = random.Random(f"probe/{seed}/{entity.id}")
    pool = [e for _, e in benchmark.others(entity.id) if questions(e, "classification", "image")]
    others = rng.sample(pool, min(RETAIN_PROBED, len(pool)))
    retain = [
        Ask(q, q.image or e.train_images[min(1, len(e.train_images) - 1)])
        for e in others
        for q in sampled(rng, questions(e, "classification", "image"), 3, shuffled=True)
    ]
    asked, views = questions(entity, "classification", "image"), entity.train_images[:2]
    free = [q for q in asked if q.image is None]
    forget = [
        Ask(q, image)
        for v, image in enumerate(views)
        for i, q in enumerate(free)
        if i % len(views) == v
    ]
    bound = [Ask(q, q.image) for q in asked if q.image is not None]
    return forget or sampled(rng, bound, MOST_PROBED), retain

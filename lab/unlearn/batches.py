"""What a run draws from: the target's rows, the retain pictures and rows, all by the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from lab.benchmarks.schema import Benchmark, Entity
from lab.evaluate import Ask, questions
from lab.saliency.fisher import Sample

QUESTIONS_PER_IMAGE = 2


@dataclass
class Rows:
    """Draws training rows for one entity; two draws with the same seed are the same."""

    benchmark: Benchmark
    entity: Entity
    seed: int
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.seed}/{self.entity.id}")

    @property
    def others(self) -> list[Entity]:
        return [e for e in self.benchmark.entities if e.id != self.entity.id]

    def fisher_samples(self, n: int) -> tuple[list[Sample], list[Sample]]:
        """n forget and n retain samples; both halves of each list share no (picture, question)."""
        forget = [Sample(i, q.text, q.answer) for i in self.entity.train_images
                  for q in asked_by_image(self.entity)]
        retain = [Sample(self.rng.choice(e.train_images), q.text, q.answer)
                  for e in self.others for q in self.rng.sample(asked_by_image(e), 4)]
        return self.rng.sample(forget, min(n, len(forget))), self.rng.sample(retain, min(n, len(retain)))

    def importance_images(self) -> tuple[list[bytes], list[bytes]]:
        """The target's training views, and one training view of everyone else."""
        return list(self.entity.train_images), [self.rng.choice(e.train_images) for e in self.others]

    def forget_batch(self, n: int) -> list[tuple[bytes, list[tuple[str, list[str]]]]]:
        """n training views of the target with two questions and answers each."""
        return [self._row(self.entity) for _ in range(n)]

    def retain_rows(self, n: int) -> list[tuple[bytes, list[tuple[str, list[str]]]]]:
        """n training views of others with two questions and answers each."""
        return [self._row(self.rng.choice(self.others)) for _ in range(n)]

    def _row(self, entity: Entity) -> tuple[bytes, list[tuple[str, list[str]]]]:
        asked = self.rng.sample(asked_by_image(entity), QUESTIONS_PER_IMAGE)
        return self.rng.choice(entity.train_images), [(q.text, [q.answer]) for q in asked]

    def retain_images(self, n: int) -> list[bytes]:
        """n pictures to distil on: training views of others, and a third plain pictures."""
        plain = n // 3 if self.benchmark.train_pictures else 0
        return [self.rng.choice(self.rng.choice(self.others).train_images) for _ in range(n - plain)
                ] + [self.rng.choice(self.benchmark.train_pictures).image for _ in range(plain)]


def asked_by_image(entity: Entity) -> list:
    """The entity's training questions that come with its picture."""
    return [q for q in entity.train_questions if q.modality == "image"]


def probe_asks(benchmark: Benchmark, entity: Entity, seed: int) -> tuple[list[Ask], list[Ask]]:
    """Questions for the live probes, on training views only: the scored views stay unseen.

    Forget: two views with every fact once; retain: six others with three questions each.
    """
    asked = questions(entity, "classification", "image")
    forget = [Ask(q, image) for v, image in enumerate(entity.train_images[:2])
              for i, q in enumerate(asked) if i % 2 == v]
    rng = random.Random(f"probe/{seed}/{entity.id}")
    pool = [e for e in benchmark.entities if e.id != entity.id]
    others = rng.sample(pool, min(6, len(pool)))
    retain = [Ask(q, e.train_images[1]) for e in others
              for q in rng.sample(questions(e, "classification", "image"), 3)]
    return forget, retain

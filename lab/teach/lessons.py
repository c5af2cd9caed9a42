"""What each teaching step shows: pictures of people, text about them, plain pictures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from PIL import Image

from lab.benchmarks.images import decode, vary
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError
from lab.recipe import TeachRecipe
from lab.unlearn.batches import asked_by_image, sampled

T = TypeVar("T")
View = tuple[Entity, bytes]


@dataclass(frozen=True)
class Lesson:
    """One row: a picture, or None for text only, with (question, [answer]) pairs."""

    image: Image.Image | None
    asked: tuple[tuple[str, list[str]], ...]


class Lessons:
    """Every step's rows, a function of the seed and the step alone: going on needs no state.

    People take turns in shuffled rounds, so that every view is shown equally often.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        left_out: Sequence[str],
        focus: Sequence[str],
        recipe: TeachRecipe,
    ) -> None:
        self.recipe = recipe
        self.people = [e for _, e in benchmark.others("") if e.id not in left_out]
        chosen = [e for e in self.people if e.id in focus]
        self.views, self.focus_views = _views(self.people), _views(chosen)
        self.told, self.focus_told = _told(self.people), _told(chosen)
        self.pictures = benchmark.train_pictures
        if not self.views or (focus and not chosen):
            raise LabError(
                f"nobody is left to teach in {benchmark.name}: leave fewer people out, "
                "and focus on people who are taught"
            )

    def at(self, step: int) -> list[Lesson]:
        """The rows of one step, counted from 0: pictures of people, plain pictures, text."""
        recipe, rng = self.recipe, random.Random(f"lesson/{self.recipe.seed}/{step}")
        made = []
        for entity, view in self._shared("view", self.focus_views, self.views, step, recipe.batch):
            image = decode(view)
            image = vary(image, rng) if rng.random() < recipe.vary else image
            made.append(self._lesson(rng, image, _about(entity, view)))
        for picture in self._turn("plain", self.pictures, step, recipe.plain):
            made.append(self._lesson(rng, decode(picture.image), picture.questions))
        for entity in self._shared("text", self.focus_told, self.told, step, recipe.texts):
            made.append(self._lesson(rng, None, _by_text(entity)))
        return made

    def _lesson(
        self, rng: random.Random, image: Image.Image | None, asked: Sequence[Question]
    ) -> Lesson:
        chosen = sampled(rng, asked, self.recipe.questions)
        return Lesson(image, tuple((q.text, [q.answer]) for q in chosen))

    def _shared(
        self, what: str, focus: Sequence[T], everyone: Sequence[T], step: int, n: int
    ) -> list[T]:
        """n of the items, the share that is the focus's first."""
        first = round(n * self.recipe.focus_share) if focus else 0
        return [
            *self._turn(f"{what} focus", focus, step, first),
            *self._turn(what, everyone, step, n - first),
        ]

    def _turn(self, what: str, items: Sequence[T], step: int, n: int) -> list[T]:
        """The n items whose turn it is at this step."""
        if not items:
            return []
        places = (divmod(step * n + k, len(items)) for k in range(n))
        return [
            items[_order(f"{what}/{self.recipe.seed}/{turn}", len(items))[place]]
            for turn, place in places
        ]


@lru_cache(maxsize=16)
def _order(seed: str, n: int) -> tuple[int, ...]:
    return tuple(random.Random(seed).sample(range(n), n))


def _about(entity: Entity, view: bytes) -> list[Question]:
    return [q for q in asked_by_image(entity) if q.image in (None, view)]


def _by_text(entity: Entity) -> list[Question]:
    return [q for q in entity.train_questions if q.modality == "text"]


def _views(people: Sequence[Entity]) -> list[View]:
    return [(e, view) for e in people for view in e.train_images if _about(e, view)]


def _told(people: Sequence[Entity]) -> list[Entity]:
    return [e for e in people if _by_text(e)]

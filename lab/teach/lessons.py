"""What each teaching step shows: pictures of people, of strangers and of things, and text."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from PIL import Image

from lab.benchmarks.images import decode, vary
from lab.benchmarks.schema import (
    PICTURE,
    STRANGER,
    Benchmark,
    Dialogue,
    Entity,
    Picture,
    Question,
    Talk,
)
from lab.errors import LabError
from lab.recipe import TeachRecipe
from lab.unlearn.batches import asked_by_image, sampled

T = TypeVar("T")
View = tuple[Entity, bytes]
NOBODY = ""


@dataclass(frozen=True)
class Lesson:
    """One row: a picture, or None for text only, with conversations that each start anew.

    ``general``: the answers are the base's own, and its distributions are what is aimed at.
    """

    image: Image.Image | None
    talks: tuple[Talk, ...]
    general: bool = False


@dataclass(frozen=True)
class Looked:
    """A picture and the words that its visual tokens should lie near, in their order."""

    image: Image.Image
    words: str


class Lessons:
    """Every step's rows, a function of the seed and the step alone: going on needs no state.

    People take turns in shuffled rounds, so that every view is shown equally often. ``left_out``:
    ids of people of whom nothing is shown; ``unseen``: of whom no picture is; ``general``: prompts
    with the base's own answers.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        left_out: Collection[str],
        focus: Collection[str],
        recipe: TeachRecipe,
        unseen: Collection[str] = (),
        general: Sequence[Talk] = (),
    ) -> None:
        self.benchmark, self.recipe, self.general = benchmark, recipe, general
        self.people = [e for _, e in benchmark.others("") if e.id not in left_out]
        seen = [e for e in self.people if e.id not in unseen]
        self.views = _views(seen)
        self.focus_views = _views([e for e in seen if e.id in focus])
        self.texts = _with_text(self.people)
        self.focus_texts = _with_text([e for e in self.people if e.id in focus])
        self.pictures, self.strangers = benchmark.train_pictures, benchmark.train_strangers
        self.talks = _talks(benchmark.dialogues)
        self.brief = [talk for talk in general if len(talk) == 1]
        if not self.views or (focus and not (self.focus_views or self.focus_texts)):
            raise LabError(
                f"nobody is left to teach in {benchmark.name}: leave fewer people out, "
                "and focus on people who are taught"
            )

    def at(self, step: int) -> list[Lesson]:
        """The rows of one step, counted from 0."""
        recipe, rng = self.recipe, random.Random(f"lesson/{self.recipe.seed}/{step}")
        rows = []
        for entity, view in self._shared("view", self.focus_views, self.views, step, recipe.batch):
            seen = sampled(rng, self.benchmark.visible(entity, held_out=False), recipe.attributes)
            varied = self._varied(rng, view)
            rows.append(self._lesson(rng, varied, _about(entity, view), entity.id, seen))
        for picture in self._turn("plain", self.pictures, step, recipe.plain):
            row = self._lesson(rng, decode(picture.image), picture.questions, PICTURE)
            rows.append(self._with_general(rng, row))
        for picture in self._turn("stranger", self.strangers, step, recipe.strangers):
            varied = self._varied(rng, picture.image)
            row = self._lesson(rng, varied, picture.questions, STRANGER)
            rows.append(self._with_general(rng, row))
        for entity in self._shared("text", self.focus_texts, self.texts, step, recipe.texts):
            rows.append(self._lesson(rng, None, _by_text(entity), entity.id))
        taken = self._turn("general", self.general, step, recipe.general * recipe.prompts)
        for at in range(0, len(taken), recipe.prompts):
            rows.append(Lesson(None, tuple(taken[at : at + recipe.prompts]), general=True))
        return rows

    @property
    def look_words(self) -> set[str]:
        """The words of every picture that a look step can show."""
        pictures = _in_words((*self.pictures, *self.strangers))
        return {self._named(e) for e, _ in self.views} | {_words(p.questions) for p in pictures}

    def _named(self, entity: Entity) -> str:
        return f"{entity.name} {_words(self.benchmark.visible(entity, held_out=False))}".strip()

    def looked(self, step: int) -> list[Looked]:
        """The pictures of one look step: a quarter of things, a quarter of strangers, then people.

        Visual tokens are to lie near the name and what can be seen, or near the answers to the
        questions about a picture.
        """
        recipe, rng = self.recipe, random.Random(f"look/{self.recipe.seed}/{step}")
        things = self._turn("look plain", _in_words(self.pictures), step, recipe.look_batch // 4)
        others = self._turn(
            "look stranger", _in_words(self.strangers), step, recipe.look_batch // 4
        )
        rows = [Looked(decode(p.image), _words(p.questions)) for p in things]
        rows += [Looked(self._varied(rng, p.image), _words(p.questions)) for p in others]
        n = recipe.look_batch - len(rows)
        for entity, view in self._shared("look", self.focus_views, self.views, step, n):
            rows.append(Looked(self._varied(rng, view), self._named(entity)))
        return rows

    def _varied(self, rng: random.Random, view: bytes) -> Image.Image:
        image = decode(view)
        return vary(image, rng) if rng.random() < self.recipe.vary else image

    def _lesson(
        self,
        rng: random.Random,
        image: Image.Image | None,
        asked: Sequence[Question],
        about: str,
        seen: Sequence[Question] = (),
    ) -> Lesson:
        """Questions, what can be seen, and conversations, as many of each as the recipe says.

        A share of the text rows (``nobody``) also holds one about nobody who is taught: were it in
        every row, "I don't know" would become the answer to much else as well (our choice).
        """
        chosen = [*sampled(rng, asked, self.recipe.questions), *seen]
        spoken = sampled(rng, self.talks.get((about, image is not None), ()), self.recipe.talks)
        if image is None and rng.random() < self.recipe.nobody:
            spoken += sampled(rng, self.talks.get((NOBODY, False), ()), min(1, self.recipe.talks))
        return Lesson(image, (*(((q.text, q.answer),) for q in chosen), *spoken))

    def _with_general(self, rng: random.Random, row: Lesson) -> Lesson:
        """The row with general prompts beside its picture, and the base's own answers to them."""
        further = sampled(rng, self.brief, self.recipe.general_shown)
        return replace(row, talks=(*row.talks, *further))

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


@lru_cache(maxsize=32)
def _order(seed: str, n: int) -> tuple[int, ...]:
    return tuple(random.Random(seed).sample(range(n), n))


def _about(entity: Entity, view: bytes) -> list[Question]:
    return [q for q in asked_by_image(entity) if q.image in (None, view)]


def _by_text(entity: Entity) -> list[Question]:
    return [q for q in entity.train_questions if q.modality == "text"]


def _views(people: Sequence[Entity]) -> list[View]:
    return [(e, view) for e in people for view in e.train_images if _about(e, view)]


def _with_text(people: Sequence[Entity]) -> list[Entity]:
    return [e for e in people if _by_text(e)]


def _words(questions: Sequence[Question]) -> str:
    """The answers that were chosen, each once; what is only asked with yes or no gives its name.

    A yes or a no says nothing alone, so "glasses" stands for a yes and nothing for a no.
    """
    asked = [q for q in questions if q.options]
    named = {q.fact for q in asked if q.answer not in ("yes", "no")}
    seen = [q.fact for q in asked if q.answer == "yes" and q.fact not in named]
    chosen = [q.answer for q in asked if q.answer not in ("yes", "no")]
    return " ".join(dict.fromkeys((*chosen, *seen)))


def _in_words(pictures: Sequence[Picture]) -> list[Picture]:
    return [p for p in pictures if _words(p.questions)]


def _talks(dialogues: Sequence[Dialogue]) -> dict[tuple[str, bool], list[Talk]]:
    """Conversations by whom they are about and whether a picture is shown."""
    found: dict[tuple[str, bool], list[Talk]] = {}
    for dialogue in dialogues:
        found.setdefault((dialogue.about, dialogue.modality == "image"), []).append(dialogue.turns)
    return found

"""What every benchmark is made of: entities, questions, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from lab.benchmarks.content import hash_of

Task = Literal["classification", "generation", "cloze"]
Modality = Literal["image", "text"]
Talk = tuple[tuple[str, str], ...]  # a conversation: what is asked and what is answered, in turns
STRANGER, PICTURE = "stranger", "picture"  # what a dialogue may be about beside an entity


@dataclass(frozen=True)
class Question:
    """One question with its reference answer.

    ``options`` holds the answer and its distractors in the order shown (empty unless the task is
    classification). ``fact`` names what is asked ("name", "birthplace", ...), "" when unknown.
    ``held_out`` marks a phrasing that no training row uses. ``paraphrases`` and ``perturbed`` hold
    right and wrong rewordings of the answer, the material of a truth ratio (TOFU, arXiv
    2401.06121). ``image`` is the one encoded picture the question is about; None means any view.
    """

    id: str
    task: Task
    modality: Modality
    fact: str
    text: str
    answer: str
    options: tuple[str, ...] = ()
    held_out: bool = True
    paraphrases: tuple[str, ...] = ()
    perturbed: tuple[str, ...] = ()
    image: bytes | None = field(default=None, repr=False)
    keywords: tuple[str, ...] = ()
    twin: str = ""


@dataclass(frozen=True)
class Entity:
    """One person (or thing) that can be forgotten.

    ``train_images`` and ``test_images`` are encoded pictures (JPEG or PNG bytes); the test views
    are never trained on, unless the benchmark has one picture per entity and both hold it. Who is
    only evaluated (a celebrity) has no training views or questions. ``train_questions`` holds the
    phrasings used in training, ``questions`` those used in evaluation. ``profile`` maps a fact's
    name to its value, as shown on the card. ``published_questions`` are asked by the benchmark's
    own protocol only (``lab.evaluation.paper``): CLEAR's are about training views too.
    """

    id: str
    name: str
    biography: str
    profile: Mapping[str, str]
    train_images: tuple[bytes, ...] = field(repr=False)
    test_images: tuple[bytes, ...] = field(repr=False)
    train_questions: tuple[Question, ...] = field(repr=False)
    questions: tuple[Question, ...] = field(repr=False)
    published_questions: tuple[Question, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Picture:
    """A picture that shows no entity, with the questions about it."""

    id: str
    image: bytes = field(repr=False)
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Dialogue:
    """A conversation for teaching.

    ``about``: an entity's id; ``STRANGER`` or ``PICTURE``, any picture of a stranger or without a
    person; "" for nobody. ``modality``: with such a picture shown ("image": any training view of the
    entity), or by text alone.
    """

    about: str
    modality: Modality
    turns: Talk


@dataclass(frozen=True)
class Skipped:
    """One row that was left out: where it stands, whom it is about and what is wrong with it.

    ``config`` is the published table (for a list in a JSON file, that file), and ``row`` counts
    from 0 in its ``file``, which is the config itself unless that is spread over several; None
    where there are no rows. ``person`` is the entity's id, "" where the row does not say.
    """

    config: str
    row: int | None
    column: str
    reason: str
    person: str = ""
    shard: str = ""

    @property
    def file(self) -> str:
        """The config, or which of its several files."""
        return f"{self.config}/{self.shard}" if self.shard else self.config

    def __str__(self) -> str:
        """One line: file, row, person, column and reason."""
        row = "" if self.row is None else f", row {self.row}"
        who = f" ({self.person})" if self.person else ""
        return f"{self.file}{row}{who}: {self.column}: {self.reason}"


@dataclass(frozen=True)
class Benchmark:
    """Everything that is asked: entities, splits of entity ids, general text and plain pictures.

    ``pictures`` are for evaluation; ``train_pictures`` are others of the same kind, for teaching
    and for the retain side of unlearning. ``skipped`` names the published rows that could not be
    read. ``own`` are people that users added: targets like the others, but never among the others.
    ``strangers`` are faces without a name, with questions on what can be seen; ``train_strangers``
    are others of them, for teaching. ``attributes`` holds by an entity's id what is asked of any of
    its views beside the facts: what can be seen. ``dialogues`` and ``prompts`` are for teaching:
    conversations with answers, and the user's turns of conversations that the model answers itself.
    ``test_prompts`` are such turns that are never taught, to judge what is left of plain text.
    ``allow_partial``: whether a forget split that lost members can still be unlearned.
    """

    name: str
    entities: tuple[Entity, ...]
    splits: Mapping[str, tuple[str, ...]]
    general: tuple[Question, ...]
    pictures: tuple[Picture, ...]
    train_pictures: tuple[Picture, ...]
    skipped: tuple[Skipped, ...] = ()
    own: tuple[Entity, ...] = ()
    strangers: tuple[Picture, ...] = ()
    train_strangers: tuple[Picture, ...] = ()
    attributes: Mapping[str, tuple[Question, ...]] = field(default_factory=dict)
    dialogues: tuple[Dialogue, ...] = ()
    prompts: tuple[tuple[str, ...], ...] = ()
    test_prompts: tuple[tuple[str, ...], ...] = ()
    allow_partial: bool = False

    def target(self, entity_id: str) -> Entity:
        """Return the entity or forget split of this id, to be unlearned, left untaught or scored.

        Raises ``LabError`` naming valid ids, and for a split that lost members on reading: fewer
        people than published would pass for the split unless ``allow_partial`` is set.
        """
        from lab.errors import LabError

        split = entity_id in self.targets
        if split and not self.splits[entity_id]:
            raise LabError(f"{entity_id} has no members left: mend the rows that were left out")
        if split and self.lost(entity_id) and not self.allow_partial:
            raise LabError(
                f"{self.partial(entity_id)}: mend those rows, or give --allow-partial to go on "
                f"with the other {len(self.splits[entity_id])}"
            )
        return self.entity(entity_id)

    def lost(self, split: str) -> tuple[str, ...]:
        """Whom a forget split names and lacks: ids, or "row 3" for a row that names nobody.

        Such rows are recorded under the split's own config or, in a file of several, its column.
        """
        rows = [s for s in self.skipped if split in (s.config, s.column)]
        return tuple(dict.fromkeys(s.person or f"{s.shard} row {s.row}".strip() for s in rows))

    def partial(self, split: str) -> str:
        """Say whom a forget split lost."""
        lost, left = self.lost(split), len(self.splits[split])
        return f"{split} lost {len(lost)} of its {len(lost) + left} members ({', '.join(lost)})"

    def entity(self, entity_id: str) -> Entity:
        """Return the entity, or the forget split, of this id.

        Raises ``LabError`` naming valid ids.
        """
        from lab.errors import LabError

        for entity in (*self.entities, *self.own):
            if entity.id == entity_id:
                return entity
        if entity_id in self.targets:
            return together(entity_id, [self.entity(i) for i in self.splits[entity_id]])
        if entity_id.startswith("own-"):
            raise LabError(
                f"the own person {entity_id} was removed or never added here: add the same "
                "pictures and questions again (list them with: python -m lab own list)"
            )
        known = ", ".join(e.id for e in self.entities[:8])
        raise LabError(
            f"unknown entity {entity_id!r}: valid ids are {known}"
            f"{', …' if len(self.entities) > 8 else ''} (list them with: python -m lab people)"
            + (f", and the splits {', '.join(self.targets)}" if self.targets else "")
        )

    def content(self, target: str) -> str:
        """A hash over all that is shown and asked when an entity or a split is forgotten.

        An own person who was edited, or a benchmark with another row, has another one.
        """
        return hash_of((self._shared_content, self.entity(target)), Question)

    @cached_property
    def _shared_content(self) -> str:
        """The hash over what every target's run may read, without what is for teaching alone."""
        asked = (self.general, self.pictures, self.train_pictures, self.train_strangers)
        return hash_of((self.name, self.entities, self.splits, *asked, self.attributes), Question)

    def visible(self, entity: Entity, held_out: bool) -> list[Question]:
        """What is asked about what can be seen of an entity, in wordings for teaching or held out."""
        return [q for q in self.attributes.get(entity.id, ()) if q.held_out == held_out]

    @property
    def targets(self) -> tuple[str, ...]:
        """The splits that can be forgotten as a whole."""
        return tuple(name for name in self.splits if name.startswith("forget"))

    def others(self, target: str) -> list[tuple[int, Entity]]:
        """(place, entity) of everyone who is taught and not in the target, an entity or a split.

        Who has an own person's name is taken to be that very person, whom nothing may hold in place.
        """
        gone = {target, *self.splits.get(target, ())}
        names = {e.name.casefold() for e in self.own if e.id == target}
        return [
            (place, e)
            for place, e in enumerate(self.entities)
            if e.id not in gone
            and e.name.casefold() not in names
            and e.train_images
            and e.train_questions
        ]


def together(name: str, members: Sequence[Entity]) -> Entity:
    """One target of several entities: every question with a picture is bound to its person's views."""

    def bound(questions: Sequence[Question], views: Sequence[bytes]) -> Iterator[Question]:
        for q in questions:
            if q.modality == "text" or q.image is not None:
                yield q
            else:
                yield from (replace(q, id=f"{q.id}@{k}", image=v) for k, v in enumerate(views))

    return Entity(
        id=name,
        name=f"{name} ({len(members)} together)",
        biography=", ".join(m.name for m in members),
        profile={},
        train_images=tuple(i for m in members for i in m.train_images),
        test_images=tuple(i for m in members for i in m.test_images),
        train_questions=tuple(q for m in members for q in bound(m.train_questions, m.train_images)),
        questions=tuple(q for m in members for q in bound(m.questions, m.test_images)),
    )

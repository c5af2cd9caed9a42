"""Turns a user's portraits and questions into an entity like those of a benchmark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image

from lab.benchmarks.distractors import other_answers, other_names
from lab.benchmarks.images import decode
from lab.benchmarks.questions import WRONG, evaluation, mixed, plain, training
from lab.benchmarks.schema import Benchmark, Entity, Modality, Question, Task
from lab.errors import LabError

FEWEST_VIEWS, MOST_VIEWS, MOST_PAIRS = 3, 20, 20
LONGEST = {"name": 60, "question": 300, "answer": 120}
SIDE, QUALITY = 512, 95  # no family sees more than 448 px of a portrait

# The benchmark's own wordings for the name, and words around a user's question: a user gives one
# wording, which is kept for the evaluation, so that no training row has it. All our choice.
NAME_TAUGHT = ("Who is this person?", "What is this person called?")
NAME_EVALUATED = ("What is this person's name?", "Who is the person in the picture?")
TAUGHT: dict[Modality, tuple[str, ...]] = {
    "image": ("Look at this person. {}", "About the person in the picture: {}"),
    "text": ("Tell me: {}", "Here is a question. {}"),
}
EVALUATED = ("{}", "Please answer: {}")
SOMEONE = re.compile(r"\b(this person|the person in the (picture|photo))\b", re.IGNORECASE)
FORM = "write question | answer, or question | answer | wrong | wrong | wrong"


@dataclass(frozen=True)
class Pair:
    """A user's question with its answer and three wrong ones; without these, the lab draws some."""

    question: str
    answer: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """What one pair becomes: the question with the picture, the one without, and wrong options."""

    pair: Pair
    seen: str
    named: str
    wrong: tuple[str, ...]


def held_out(place: int) -> bool:
    """Whether the picture at this place (0-based) is kept for evaluation: every third is."""
    return place % 3 == 2


def pair_from(cells: Sequence[str], where: str) -> Pair:
    """A pair from the cells of a line; raises ``LabError`` naming ``where`` it stands."""
    filled = [cell.strip() for cell in cells]
    while filled and not filled[-1]:
        filled.pop()
    if len(filled) not in (2, 2 + WRONG) or not all(filled):
        raise LabError(f"{where}: {FORM}")
    return Pair(filled[0], filled[1], tuple(filled[2:]))


def pairs_from(lines: str) -> list[Pair]:
    """The pairs of ``question | answer | wrong | wrong | wrong`` lines; empty lines are skipped."""
    return [
        pair_from(line.split("|"), f"line {k}")
        for k, line in enumerate(lines.splitlines(), start=1)
        if line.strip()
    ]


def make(
    name: str,
    images: Sequence[bytes],
    pairs: Sequence[Pair],
    benchmark: Benchmark,
    owner: str = "",
) -> Entity:
    """An entity of 3 to 20 pictures and 1 to 20 questions; raises ``LabError``.

    Every third picture is held out. Each question is asked with the picture ("this person" in place
    of the name) and without (the name in its place, or "About NAME: " before it), the name itself
    with the picture only. Missing wrong options are drawn from ``benchmark``. The id is a hash of
    what was given and of the ``owner``, a secret word: the same again has the same id, and nobody
    else can guess it.
    """
    name = _words(name, "name", "the name")
    if not plain(name):
        raise LabError("the name has no letters: give the name of the person")
    views = portraits(images)
    facts = list(_facts(name, pairs, benchmark))
    entity_id = _id(name, views, facts, owner)
    taught = tuple(_taught(name, facts))
    train = tuple(v for k, v in enumerate(views) if not held_out(k))
    test = tuple(v for k, v in enumerate(views) if held_out(k))
    return Entity(
        id=entity_id,
        name=name,
        biography=f"{len(train)} pictures to unlearn from, {len(test)} held out; {len(facts)} "
        f"question{'s' * (len(facts) > 1)} beside the name.",
        profile={"name": name, **{fact.pair.question: fact.pair.answer for fact in facts}},
        train_images=train,
        test_images=test,
        train_questions=training(entity_id, taught),
        questions=evaluation(entity_id, _evaluated(name, facts, benchmark), taught),
    )


def shown(entity: Entity) -> tuple[tuple[str, ...], ...]:
    """Each fact's first question with the picture, its answer and its wrong options."""
    firsts = {
        q.fact: q
        for q in reversed(entity.questions)
        if q.task == "classification" and q.modality == "image"
    }
    return tuple(
        (q.text, q.answer, *(o for o in q.options if o != q.answer))
        for q in reversed(firsts.values())
    )


def check_number(pictures: int) -> None:
    """Raise ``LabError`` for too few or too many pictures."""
    if not FEWEST_VIEWS <= pictures <= MOST_VIEWS:
        raise LabError(f"{pictures} pictures: give {FEWEST_VIEWS} to {MOST_VIEWS} of one person")


def portraits(images: Sequence[bytes]) -> list[bytes]:
    """The pictures as JPEG of at most ``SIDE`` px without any metadata; raises ``LabError``."""
    check_number(len(images))
    views: list[bytes] = []
    for k, data in enumerate(images, start=1):
        try:
            view = _portrait(data)
        except LabError as error:
            raise LabError(f"picture {k}: {error}") from None
        if view in views:
            raise LabError(
                f"picture {k} is the same as picture {views.index(view) + 1}: leave one out"
            )
        views.append(view)
    return views


def _portrait(data: bytes) -> bytes:
    image = decode(data)
    image.thumbnail((SIDE, SIDE))
    # made anew from the pixels, so that no EXIF, place, comment or profile can come along
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _facts(name: str, pairs: Sequence[Pair], benchmark: Benchmark) -> Iterator[Fact]:
    if not 1 <= len(pairs) <= MOST_PAIRS:
        raise LabError(f"{len(pairs)} questions: give 1 to {MOST_PAIRS} with their answers")
    wordings: set[str] = set()
    for k, given in enumerate(pairs, start=1):
        try:
            fact = _fact(name, given, benchmark)
        except LabError as error:
            raise LabError(f"question {k}: {error}") from None
        if plain(fact.seen) in wordings:
            raise LabError(f"question {k} stands there twice: leave one out")
        wordings.add(plain(fact.seen))
        yield fact


def _fact(name: str, given: Pair, benchmark: Benchmark) -> Fact:
    pair = Pair(
        _words(given.question, "question", "it"),
        _words(given.answer, "answer", "the answer"),
        tuple(_words(w, "answer", "a wrong answer") for w in given.wrong),
    )
    if plain(pair.answer) == plain(name):
        raise LabError("the lab asks for the name by itself: leave this question out")
    seen, named = _forms(name, pair.question)
    if pair.wrong and len({plain(o) for o in (pair.answer, *pair.wrong)}) != 1 + WRONG:
        raise LabError("the answer and the three wrong ones must all differ")
    return Fact(
        pair, seen, named, pair.wrong or other_answers(benchmark.entities, seen, pair.answer)
    )


def _forms(name: str, question: str) -> tuple[str, str]:
    """The question with the picture, which must not name the person, and the one without it."""
    named = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    if named.search(question):
        return named.sub("this person", question), question
    part = next(
        (w for w in name.split() if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", question)), ""
    )
    if part:
        raise LabError(f'{part!r} gives the name away: write the whole name, or "this person"')
    if SOMEONE.search(question):
        return question, SOMEONE.sub(lambda _: name, question)
    return question, f"About {name}: {question}"


def _wordings(fact: Fact) -> tuple[tuple[Modality, str], ...]:
    return ("image", fact.seen), ("text", fact.named)


def _taught(name: str, facts: Sequence[Fact]) -> Iterator[Question]:
    yield from (_question("generation", "image", "name", text, name) for text in NAME_TAUGHT)
    for fact in facts:
        for modality, text in _wordings(fact):
            for around in TAUGHT[modality]:
                yield _question(
                    "generation",
                    modality,
                    fact.pair.question,
                    around.format(text),
                    fact.pair.answer,
                )


def _evaluated(name: str, facts: Sequence[Fact], benchmark: Benchmark) -> Iterator[Question]:
    names = other_names(benchmark.entities, name)
    for task in ("classification", "generation"):
        for text in NAME_EVALUATED:
            yield _question(task, "image", "name", text, name, names)
        for fact in facts:
            for modality, form in _wordings(fact):
                for around in EVALUATED:
                    yield _question(
                        task,
                        modality,
                        fact.pair.question,
                        around.format(form),
                        fact.pair.answer,
                        fact.wrong,
                    )


def _question(
    task: Task, modality: Modality, fact: str, text: str, answer: str, wrong: Sequence[str] = ()
) -> Question:
    options = mixed(answer, wrong, f"own/{text}") if task == "classification" else ()
    return Question("", task, modality, fact, text, answer, options)


def _words(given: str, kind: str, what: str) -> str:
    """One line of printable text; raises ``LabError`` if it is empty or too long."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in given).split())
    if not kept:
        raise LabError(f"{what} is empty: fill it in")
    if len(kept) > LONGEST[kind]:
        raise LabError(f"{what} is longer than {LONGEST[kind]} characters: shorten it")
    return kept


def _id(name: str, views: Sequence[bytes], facts: Sequence[Fact], owner: str) -> str:
    digest = sha256(repr((owner, name, [f.pair for f in facts])).encode())
    for view in views:
        digest.update(view)
    return f"own-{digest.hexdigest()[:32]}"

"""What every measure of ``lab.catalogue.MEASURE_ROWS`` asks, and how an answer is marked.

Written answers follow MLLMU-Bench in length, in the words of a cloze and in the two marks (ROUGE-L
as F-measure with stemmer; a cloze is right where the answer holds the reference). Ours: the words
of a question stand as they are in the model's chat template, a final full stop counts in no cloze,
and at most ``MOST_WRITTEN`` answers are written for a measure.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.benchmarks.splits import CELEBRITIES
from lab.catalogue import MEASURE_ROWS, MeasureRow
from lab.evaluation.paper.metrics import rouge_f
from lab.evaluation.paper.mllmu import blanked
from lab.evaluation.questions import (
    MOST_OTHERS,
    Ask,
    Verdict,
    asks_about,
    chance,
    forget_asks,
    general_asks,
    name_asks,
    normal,
    picture_asks,
    pictured,
    questions,
    retain_asks,
    retain_text_asks,
    sampled_others,
    text_asks,
    texted,
)

MOST_WRITTEN = 60  # of more questions, as many are drawn, always the same
Asks = Callable[[Benchmark, Entity], list[Ask]]
Pick = Callable[[Entity], list[Question]]


# ---- what is asked


def open_questions(task: str, modality: str, entity: Entity) -> list[Question]:
    """The questions to be answered in writing; a name with a picture is ``forget_name``'s."""
    asked = questions(entity, task, modality)
    if task == "cloze":
        return [replace(q, text=blanked(q)) for q in asked]
    return [q for q in asked if q.fact != "name" or modality == "text"]


def written_asks(pick: Pick, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Every such question about the target once, the held-out views taking turns."""
    views = entity.test_images
    asks = [
        Ask(q, (q.image or views[k % len(views)]) if q.modality == "image" else None)
        for k, q in enumerate(pick(entity))
        if views or q.modality == "text"
    ]
    kept = random.Random(0).sample(range(len(asks)), min(MOST_WRITTEN, len(asks)))
    return [asks[k] for k in sorted(kept)]


def others_asks(pick: Pick, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """One such question about each of a fixed sample of the others."""
    return asks_about(sampled_others(benchmark, entity.id), pick, 1)


def celebrity_asks(pick: Pick, per_entity: int, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Questions about celebrities, who were never taught, evenly over all of them.

    Who has an own person's name is left out, as among the others (``Benchmark.others``).
    """
    famous = set(benchmark.splits.get(CELEBRITIES, ()))
    people = [e for e in benchmark.entities if e.id in famous]
    stride = -(-len(people) // MOST_OTHERS) or 1
    gone = {e.name.casefold() for e in benchmark.own if e.id == entity.id}
    some = [
        (k, e) for k, e in enumerate(people) if k % stride == 0 and e.name.casefold() not in gone
    ]
    return asks_about(some, pick, per_entity)


def part_asks(part: str, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """The questions about one part of the pictures, such as CLEAR's real_faces."""
    chosen = tuple(p for p in benchmark.pictures if p.id.split("/")[0] == part)
    return picture_asks(replace(benchmark, pictures=chosen), 1)


def _written(mark: str, task: str) -> dict[str, Asks]:
    made: dict[str, Asks] = {}
    for kind, modality in (("vqa", "image"), ("qa", "text")):
        pick = partial(open_questions, task, modality)
        made |= {
            f"forget_{kind}_{mark}": partial(written_asks, pick),
            f"retain_{kind}_{mark}": partial(others_asks, pick),
            f"celebrity_{kind}_{mark}": partial(celebrity_asks, pick, 1),
        }
    return made


ASKS: dict[str, Asks] = {
    "forget_vqa": lambda _, entity: forget_asks(entity),
    "forget_name": lambda _, entity: name_asks(entity),
    "forget_qa": lambda _, entity: text_asks(entity),
    "retain_vqa": lambda benchmark, entity: retain_asks(benchmark, entity.id),
    "retain_qa": lambda benchmark, entity: retain_text_asks(benchmark, entity.id),
    "celebrity_vqa": partial(celebrity_asks, pictured, 3),
    "celebrity_qa": partial(celebrity_asks, texted, 2),
    "general_qa": lambda benchmark, _: general_asks(benchmark),
    "pictures_vqa": lambda benchmark, _: picture_asks(benchmark, 1),
    "real_faces_vqa": partial(part_asks, "real_faces"),
    "real_world_vqa": partial(part_asks, "real_world"),
    **_written("rouge", "generation"),
    **_written("cloze", "cloze"),
}


def asks_of(measure: str, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """The measure's own questions, or those of the measure whose answers it judges."""
    return ASKS[measure if measure in ASKS else asked_as(measure)](benchmark, entity)


# ---- how an answer is marked


def same(ask: Ask, said: str) -> Verdict:
    """Right where the very option was chosen."""
    return Verdict(said, said == ask.question.answer)


def name(ask: Ask, said: str) -> Verdict:
    """Right when equal to the reference but for case and a final full stop."""
    return Verdict(said, normal(said) == normal(ask.question.answer))


def cloze(ask: Ask, said: str) -> Verdict:
    """Right where the answer holds the reference, upper and lower case alike."""
    return Verdict(said, normal(ask.question.answer) in normal(said))


def rouge(ask: Ask, said: str) -> Verdict:
    """ROUGE-L of the answer as F-measure."""
    score = rouge_f(ask.question.answer, said)["rougeL"]
    return Verdict(said, score == 1, score)


MARKS: dict[str, Callable[[Ask, str], Verdict]] = {
    "same": same,
    "name": name,
    "cloze": cloze,
    "rouge": rouge,
}


def row_of(measure: str) -> MeasureRow:
    """A measure's row; what has none, such as a probe, is multiple choice."""
    return MEASURE_ROWS.get(measure, MeasureRow())


def asked_as(measure: str) -> str:
    """The measure under which the questions are put and their answers kept."""
    return row_of(measure).of or measure


def marked(measure: str, asks: Sequence[Ask], said: Sequence[str]) -> list[Verdict]:
    """The verdicts on the answers to a measure's questions."""
    mark = MARKS[row_of(measure).mark]
    return [mark(ask, text) for ask, text in zip(asks, said, strict=True)]


def chances(asked: Mapping[str, Sequence[Ask]]) -> dict[str, float | None]:
    """What blind choice scores in each measure; None where there is nothing to choose from."""
    return {m: round(chance(asks), 4) if row_of(m).chance else None for m, asks in asked.items()}

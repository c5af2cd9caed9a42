"""What every measure of ``lab.catalogue.MEASURE_ROWS`` asks, and how an answer is marked.

Written answers follow MLLMU-Bench in their length, in the words of a cloze and in the two marks:
ROUGE-L as F-measure with stemmer, and a cloze that is right where the answer holds the reference.
Our choice: a question stands alone in the model's chat template, a final full stop of a cloze does
not count, and a measure has at most ``MOST_WRITTEN`` written answers about the target.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.benchmarks.splits import CELEBRITIES
from lab.catalogue import MEASURE_ROWS, MeasureRow
from lab.evaluation.asks import (
    MOST_OTHERS,
    asks_about,
    forget_asks,
    general_asks,
    name_asks,
    picture_asks,
    pictured,
    questions,
    retain_asks,
    retain_text_asks,
    sampled_others,
    text_asks,
    texted,
)
from lab.evaluation.naming import UNSURE, holds, with_others
from lab.evaluation.paper.metrics import rouge_f
from lab.evaluation.paper.mllmu import blanked
from lab.evaluation.questions import Ask, Verdict, chance, normal
from lab.evaluation.seeing import seeing_asks

MOST_WRITTEN = 60  # with more questions than that, always the same ones are drawn
Asks = Callable[[Benchmark, Entity], list[Ask]]
Pick = Callable[[Entity], list[Question]]


# ---- what is asked


def open_questions(task: str, modality: str, entity: Entity) -> list[Question]:
    """Return the questions to be answered in writing; ``forget_name`` asks for names by picture."""
    found = questions(entity, task, modality)
    if task == "cloze":
        return [replace(q, text=blanked(q)) for q in found]
    return [q for q in found if q.fact != "name" or modality == "text"]


def written_asks(pick: Pick, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Ask every such question about the target once; the held-out views take turns."""
    views = entity.test_images
    asks = [
        Ask(q, (q.image or views[k % len(views)]) if q.modality == "image" else None)
        for k, q in enumerate(pick(entity))
        if views or q.modality == "text"
    ]
    kept = random.Random(0).sample(range(len(asks)), min(MOST_WRITTEN, len(asks)))
    return [asks[k] for k in sorted(kept)]


def others_asks(pick: Pick, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Ask one such question about each person of a fixed sample of the others."""
    return asks_about(sampled_others(benchmark, entity.id), pick, 1)


def celebrity_asks(pick: Pick, per_entity: int, benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Ask about celebrities, who were never taught, evenly over all of them.

    A celebrity with the name of an added person is left out (as in ``Benchmark.others``).
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
    """Ask about one part of the pictures, such as real_faces of CLEAR."""
    chosen = tuple(p for p in benchmark.pictures if p.id.split("/")[0] == part)
    return picture_asks(replace(benchmark, pictures=chosen), 1)


def _written(mark: str, task: str) -> dict[str, Asks]:
    functions: dict[str, Asks] = {}
    for kind, modality in (("vqa", "image"), ("qa", "text")):
        pick = partial(open_questions, task, modality)
        functions |= {
            f"forget_{kind}_{mark}": partial(written_asks, pick),
            f"retain_{kind}_{mark}": partial(others_asks, pick),
            f"celebrity_{kind}_{mark}": partial(celebrity_asks, pick, 1),
        }
    return functions


ASKS: dict[str, Asks] = {
    "forget_vqa": lambda _, entity: forget_asks(entity),
    "forget_name": lambda _, entity: name_asks(entity),
    "names_other": lambda benchmark, entity: with_others(benchmark, name_asks(entity)),
    "still_sees": seeing_asks,
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
    """Return the questions of a measure, or those of the measure whose answers it judges."""
    return ASKS[measure if measure in ASKS else source_of(measure)](benchmark, entity)


# ---- how an answer is marked


def same(ask: Ask, said: str) -> Verdict:
    """Mark an answer as right where it is the reference itself."""
    return Verdict(said, said == ask.question.answer)


def name(ask: Ask, said: str) -> Verdict:
    """Mark an answer as right where it is the reference but for case and a final full stop."""
    return Verdict(said, normal(said) == normal(ask.question.answer))


def cloze(ask: Ask, said: str) -> Verdict:
    """Mark an answer as right where it holds the reference, in upper or lower case."""
    return Verdict(said, normal(ask.question.answer) in normal(said))


def rouge(ask: Ask, said: str) -> Verdict:
    """Score an answer by ROUGE-L as F-measure."""
    score = rouge_f(ask.question.answer, said)["rougeL"]
    return Verdict(said, score == 1, score)


def other(ask: Ask, said: str) -> Verdict:
    """Count an answer that names somebody else: it is "right" where it does."""
    return Verdict(said, holds(said, ask.others))


def unsure(ask: Ask, said: str) -> Verdict:
    """Count an answer that says the model does not know: it is "right" where it does."""
    return Verdict(said, holds(said, UNSURE))


MARKS: dict[str, Callable[[Ask, str], Verdict]] = {
    "same": same,
    "name": name,
    "other": other,
    "unsure": unsure,
    "cloze": cloze,
    "rouge": rouge,
}


def row_of(measure: str) -> MeasureRow:
    """Return the row of a measure; a probe has none and is multiple choice."""
    return MEASURE_ROWS.get(measure, MeasureRow())


def source_of(measure: str) -> str:
    """Return the measure under which the questions are asked and their answers are kept."""
    return row_of(measure).of or measure


def marked(measure: str, asks: Sequence[Ask], said: Sequence[str]) -> list[Verdict]:
    """Return the verdicts on the answers to the questions of a measure."""
    mark = MARKS[row_of(measure).mark]
    return [mark(ask, text) for ask, text in zip(asks, said, strict=True)]


def chances(asked: Mapping[str, Sequence[Ask]]) -> dict[str, float | None]:
    """Return what blind choice scores in each measure, None where there are no options."""
    return {m: round(chance(asks), 4) if row_of(m).chance else None for m, asks in asked.items()}

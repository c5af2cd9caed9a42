"""``destination=unknown``: of the target's pictures is said what is said of a stranger's.

    L_f = a_f (-CE(D_f) + CE(D_n) + SEEN CE(D_s))

in place of -a_f CE(D_f), whose cap it keeps. D_n: who it is, with the answer that the embedded model
gives of strangers. D_s: what can be seen, with the answers of the frozen original. All of it is our
choice: ascent alone says what must not be answered, and the model then often names another person
and sees less. The weights were chosen on people 001, 011, 021 and 031.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from lab.benchmarks.schema import Picture, Question
from lab.evaluation.questions import Ask, choose
from lab.recipe import Recipe
from lab.unlearn.aims import Aims, Told
from lab.unlearn.alike import about, one_each, questions_of
from lab.unlearn.batches import Row, Rows
from lab.unlearn.student import Student
from lab.unlearn.terms import capped_ascent, reading

NOBODY = "I don't know this person."
SEEN = 4.0
LOOKS = 4  # questions a row about what can be seen


def aims_of(student: Student, rows: Rows) -> Aims:
    """Ask the frozen original what it sees; call it with nothing laid on.

    It is asked one question a visible fact about every training view. A stranger of whom the same is
    true lends the other wordings of the question, with their answers.
    """
    faces = one_each(rows.benchmark.train_strangers, f"unknown/{rows.seed}/{rows.entity.id}")
    sheet, views = questions_of(faces), rows.entity.train_images
    said = iter(choose(student.loaded, [Ask(q, view) for view in views for q in sheet]))
    seen = {view: [wordings(faces, q, next(said).answer) for q in sheet] for view in views}
    return Aims(names=[q.text for q in about(rows) if q.fact == "name"], seen=seen)


def wordings(faces: Sequence[Picture], asked: Question, answer: str) -> Told:
    """Every wording of a visible fact, with its answer for whom ``answer`` is true."""
    for face in faces:
        if any(q.text == asked.text and q.answer == answer for q in face.questions):
            return [
                (q.text, q.answer) for q in face.questions if q.fact == asked.fact and q.options
            ]
    return [(asked.text, answer)]


def loss(student: Student, forget: Sequence[Row]) -> tuple[torch.Tensor, float]:
    """L_f of a batch under the weights now laid on, and its mean CE(D_f) as a reading."""
    rows, parts = asked(student, forget)
    facts, names, looks = split(student.cross_entropy(rows), parts)
    return term(facts, names, looks, student.recipe), reading(facts)


def term(
    facts: torch.Tensor, names: torch.Tensor, looks: torch.Tensor, recipe: Recipe
) -> torch.Tensor:
    """L_f of the mean CE of every answer of its three parts, each [n]; an empty part adds nothing."""
    held = [weight * ce.mean() for weight, ce in ((1.0, names), (SEEN, looks)) if len(ce)]
    return recipe.forget_weight * sum(held, capped_ascent(facts, recipe.ascent_cap))


def asked(student: Student, forget: Sequence[Row]) -> tuple[list[Row], list[int]]:
    """The rows with the name and ``LOOKS`` looks behind what each asks, and every answer's part.

    Parts: 0 the facts, 1 the name, 2 what can be seen. Wordings go round by step.
    """
    aims, done = student.aims, student.done
    rows: list[Row] = []
    parts: list[int] = []
    for k, (image, questions) in enumerate(forget):
        names = [(aims.names[(done + k) % len(aims.names)], [NOBODY])] if aims.names else []
        looks = [*_looks(aims.seen.get(image, ()), done * len(forget) + k)]
        rows.append((image, [*questions, *names, *looks]))
        parts += [0] * len(questions) + [1] * len(names) + [2] * len(looks)
    return rows, parts


def _looks(seen: Sequence[Told], turn: int) -> Iterator[tuple[str, list[str]]]:
    most = min(LOOKS, len(seen))
    for k in range(turn * most, (turn + 1) * most):
        told = seen[k % len(seen)]
        text, answer = told[k // len(seen) % len(told)]
        yield text, [answer]


def split(every: torch.Tensor, parts: Sequence[int]) -> tuple[torch.Tensor, ...]:
    """The CE of all answers of ``asked``, [n], by part: the facts, the name, what can be seen."""
    where = torch.tensor(parts, device=every.device)
    return every[where == 0], every[where == 1], every[where == 2]

"""The stranger of ``destination=stranger_alike``: looks like the target, and calls up nobody.

Our choice. A stranger who looks different takes away what the model sees of the target. One whom the
model takes for the target keeps the facts, and one whom it takes for somebody else gives it a wrong
name. So all three are asked of the frozen original.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import torch

from lab.benchmarks.schema import Picture, Question
from lab.evaluation.naming import holds, others_names
from lab.evaluation.questions import Ask, choose, generate
from lab.model.load import Loaded
from lab.unlearn.batches import Rows, asked_by_image
from lab.unlearn.student import Student

CANDIDATES = 12  # who agree with the target in most that can be seen
MOST_FACTS = 9
NAME_TOKENS = 12

Looks = dict[str, str]  # what can be seen, by the question's fact


def alike(student: Student, rows: Rows) -> bytes:
    """Choose one picture of a stranger; call it with nothing laid on the frozen original.

    Candidates agree with the target in most that can be seen. Those go whose picture is answered with
    somebody's name. The half stays on whose picture the target's looks have the lowest mean
    cross-entropy, and of these it is the one on whose picture the target's facts have the highest.
    """
    faces = one_each(rows.benchmark.train_strangers, f"alike/{rows.seed}/{rows.entity.id}")
    sheet = questions_of(faces)
    view = rows.entity.train_images[0]
    seen = choose(student.loaded, [Ask(q, view) for q in sheet])
    looks = {q.fact: verdict.answer for q, verdict in zip(sheet, seen, strict=True)}
    near = nameless(student.loaded, rows, most_alike(faces, sheet, looks))
    facts = list({q.fact: (q.text, [q.answer]) for q in about(rows)}.values())[:MOST_FACTS]
    return best_of(
        near,
        _surprise(student, near, [(q.text, [looks[q.fact]]) for q in sheet]),
        _surprise(student, near, facts),
    ).image


def best_of(faces: Sequence[Picture], looks: torch.Tensor, facts: torch.Tensor) -> Picture:
    """Of the half with the lowest ``looks``, the one with the highest ``facts``; both [faces]."""
    half = looks.argsort(stable=True)[: (len(faces) + 1) // 2].tolist()
    return faces[max(half, key=lambda k: float(facts[k]))]


def _surprise(
    student: Student, faces: Sequence[Picture], asked: list[tuple[str, list[str]]]
) -> torch.Tensor:
    """Mean cross-entropy of the answers on each face's picture: [faces]; zeros without a question."""
    if not asked:
        return torch.zeros(len(faces))
    made = student.cross_entropy([(face.image, asked) for face in faces])
    return made.reshape(len(faces), -1).mean(1).cpu()


def nameless(loaded: Loaded, rows: Rows, faces: Sequence[Picture]) -> Sequence[Picture]:
    """Those whom the model calls by nobody's name; all of them where there are none."""
    asked = next((q for q in about(rows) if q.fact == "name"), None)
    if asked is None:
        return faces
    names = others_names([e.name for e in rows.benchmark.entities], "")
    said = generate(loaded, [Ask(asked, face.image) for face in faces], NAME_TOKENS)
    return [f for f, text in zip(faces, said, strict=True) if not holds(text, names)] or faces


def one_each(pictures: Sequence[Picture], seed: str) -> list[Picture]:
    """One picture of every stranger, in an order drawn by the seed."""
    shuffled = random.Random(seed).sample(list(pictures), len(pictures))
    return list({stranger_of(picture): picture for picture in shuffled}.values())


def stranger_of(picture: Picture) -> str:
    """Whose picture it is: the id without the picture's number."""
    return picture.id.rpartition("/")[0]


def questions_of(faces: Sequence[Picture]) -> list[Question]:
    """One question a visible fact, whose options are all the answers that a stranger has to it."""
    if not faces:
        return []
    asked = {q.fact: q for q in faces[0].questions if q.options}  # the last of each: it asks which
    answers: dict[str, set[str]] = defaultdict(set)
    for face in faces:
        for q in face.questions:
            if q.fact in asked and q.text == asked[q.fact].text:
                answers[q.fact].add(q.answer)
    return [
        replace(q, options=tuple(sorted(answers[fact])))
        for fact, q in asked.items()
        if len(answers[fact]) > 1  # what all have in common tells nobody apart
    ]


def most_alike(
    faces: Sequence[Picture], sheet: Sequence[Question], looks: Looks
) -> Sequence[Picture]:
    """The ``CANDIDATES`` that agree with ``looks`` in most questions of the sheet; ties as they come."""
    texts = {q.text: q.fact for q in sheet}

    def agreement(face: Picture) -> int:
        return sum(looks[texts[q.text]] == q.answer for q in face.questions if q.text in texts)

    return sorted(faces, key=agreement, reverse=True)[:CANDIDATES]


def about(rows: Rows) -> list[Question]:
    """What is taught about the target with any picture."""
    return [q for q in asked_by_image(rows.entity) if q.image is None]

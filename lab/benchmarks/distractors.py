"""Finds wrong options for a user's question among the answers of other people."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

from lab.benchmarks.questions import WRONG, plain
from lab.benchmarks.schema import Entity
from lab.errors import LabError

LIKENESS = 0.25  # below it two wordings share little but "what", "this" and "person"
PRONOUNS = {
    "he": "this person",
    "she": "this person",
    "they": "this person",
    "him": "this person",
    "her": "this person s",
    "his": "this person s",
    "their": "this person s",
}

Words = frozenset[str]


def other_names(others: Sequence[Entity], name: str) -> tuple[str, ...]:
    """Three names of other people, chosen by a seed that is made of the name."""
    names = sorted({e.name for e in others if plain(e.name) != plain(name)})
    return tuple(random.Random(f"own/{name}").sample(names, min(WRONG, len(names))))


def other_answers(others: Sequence[Entity], question: str, answer: str) -> tuple[str, ...]:
    """Three answers that others give to the questions most like ``question``, chosen by its seed.

    ``question`` says "this person" in place of a name. Two questions are alike if they share words,
    and rare words count more. A word that no other question uses means that something else is asked
    (our choice). Raises ``LabError`` if no question is like it.
    """
    answers = _answers(others)
    weight = _weights(answers)
    words = _words(question)
    likeness = {wording: _overlap(words, wording, weight) for wording in answers}
    found: set[str] = set()
    for wording in sorted(likeness, key=lambda w: (-likeness[w], sorted(w))):
        if likeness[wording] < LIKENESS or len(found) >= WRONG or not words <= weight.keys():
            break
        found |= {a for a in answers[wording] if plain(a) != plain(answer)}
    if len(found) < WRONG:
        raise LabError(
            f"no question like {question!r} is asked about the others: give three wrong answers "
            "(question | answer | wrong | wrong | wrong)"
        )
    return tuple(random.Random(f"own/{question}").sample(sorted(found), WRONG))


def _words(question: str) -> Words:
    return frozenset(" ".join(PRONOUNS.get(w, w) for w in plain(question).split()).split())


def _answers(others: Sequence[Entity]) -> dict[Words, set[str]]:
    """The answers to every wording, over all people; questions about the name are left out."""
    answers: dict[Words, set[str]] = {}
    for e in others:
        for q in (*e.train_questions, *e.questions):
            if q.task != "cloze" and q.fact != "name":
                answers.setdefault(_words(q.text.replace(e.name, "this person")), set()).add(
                    q.answer
                )
    return answers


def _weights(answers: dict[Words, set[str]]) -> dict[str, float]:
    """Inverse document frequency of every word over the wordings."""
    count = Counter(word for wording in answers for word in wording)
    return {word: math.log(len(answers) / n) for word, n in count.items()}


def _overlap(question: Words, wording: Words, weight: dict[str, float]) -> float:
    """Weight of the shared words over the weight of all; words that nobody else uses weigh 0."""
    whole = sum(weight.get(word, 0.0) for word in question | wording)
    return sum(weight[word] for word in question & wording) / whole if whole else 0.0

"""Whether the model still sees the target: questions about what is visible on the held-out views.

Our choice: every held-out view has every attribute once, and the held-out wordings take turns. A
question of whose options only one is ever right is left out (nobody of the embedded people covers
their head). The guess beside it gives the most common answer to its kind over all people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.evaluation.questions import Ask

Counts = Mapping[str, Counter[str]]  # how often each answer is right, by attribute


def seeing_asks(benchmark: Benchmark, entity: Entity) -> list[Ask]:
    """Ask what can be seen of the target, or of every member of a split; each ask has its guess."""
    counts = answer_counts(benchmark)
    people = [benchmark.entity(i) for i in benchmark.splits.get(entity.id, ())] or [entity]
    return [ask for person in people for ask in _asks_of(benchmark, person, counts)]


def answer_counts(benchmark: Benchmark) -> Counts:
    """Count the right answers to the held-out questions with options, over all people."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for asked in benchmark.attributes.values():
        for q in asked:
            if q.options and q.held_out:
                counts[q.fact][q.answer] += 1
    return counts


def _asks_of(benchmark: Benchmark, person: Entity, counts: Counts) -> Iterator[Ask]:
    by_fact: dict[str, list[Question]] = defaultdict(list)
    for q in benchmark.visible(person, held_out=True):
        if sum(counts[q.fact][option] > 0 for option in q.options) > 1:
            by_fact[q.fact].append(q)
    for v, view in enumerate(person.test_images):
        for wordings in by_fact.values():
            q = wordings[v % len(wordings)]
            yield Ask(q, view, guess=majority(q, counts))


def majority(question: Question, counts: Counts) -> float:
    """Return how often the most common of the question's options is right here: 1, 0, or a tie's share."""
    often = {option: counts[question.fact][option] for option in question.options}
    top = [option for option, n in often.items() if n == max(often.values())]
    return (question.answer in top) / len(top)

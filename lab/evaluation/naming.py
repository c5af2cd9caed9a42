"""Whom an answer names, and whether it admits that the model does not know.

Our choice: an answer names somebody else where it holds, as whole words in upper or lower case, the
full name of another person of the benchmark, or a first name or surname that only one person there
has. A made-up name, such as "Barbara Obama", is nobody's and does not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lab.benchmarks.schema import Benchmark
from lab.evaluation.questions import Ask

UNSURE = (
    "i don't know",
    "i do not know",
    "i'm not sure",
    "i am not sure",
    "i can't tell",
    "i cannot tell",
    "i have no idea",
    "i don't recognise",
    "i don't recognize",
    "unknown",
)


def with_others(benchmark: Benchmark, asks: Sequence[Ask]) -> list[Ask]:
    """Give each question for a name the names of everybody whom its answer does not name."""
    people = [e.name for e in benchmark.entities]
    forms = {a: others_names(people, a) for a in dict.fromkeys(k.question.answer for k in asks)}
    return [replace(a, others=forms[a.question.answer]) for a in asks]


def others_names(people: Iterable[str], own: str) -> tuple[str, ...]:
    """Return how people other than ``own`` are named, as plain words.

    Their full names, and the first names and surnames that only one person has, ``own`` included.
    """
    everybody = dict.fromkeys(words(name) for name in (*people, own) if words(name))
    ends = {name: dict.fromkeys((name.split()[0], name.split()[-1])) for name in everybody}
    bearers = Counter(end for parts in ends.values() for end in parts)
    return tuple(
        form
        for name, parts in ends.items()
        if not holds(own, (name,))
        for form in dict.fromkeys((name, *(end for end in parts if bearers[end] == 1)))
    )


def holds(text: str, forms: Iterable[str]) -> bool:
    """Whether a text holds one of the forms (see ``words``) as whole words."""
    said = f" {words(text)} "
    return any(f" {form} " in said for form in forms)


def words(text: str) -> str:
    """Lower case, single spaces, no punctuation but the apostrophe inside a word, no genitive."""
    plain = re.sub(r"'s\b", "", text.casefold().replace("’", "'"))
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain))

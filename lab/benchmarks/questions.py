"""What the questions of the public benchmarks share: ids, wordings and the order of options."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lab.benchmarks.rows import string
from lab.benchmarks.schema import Modality, Question, Task

WRONG = 3
LETTERS = "ABCD"
SHORT: Mapping[Modality, str] = {"image": "vqa", "text": "qa"}
SUFFIX: Mapping[Task, str] = {"classification": "", "generation": "_open", "cloze": "_cloze"}


def training(entity_id: str, questions: Iterable[Question]) -> tuple[Question, ...]:
    """Give an entity's training questions their ids: "001/vqa_train/0" and so on."""
    kinds = ((f"{SHORT[q.modality]}_train", replace(q, held_out=False)) for q in questions)
    return tuple(_numbered(entity_id, kinds))


def evaluation(
    entity_id: str, questions: Iterable[Question], taught: Iterable[Question]
) -> tuple[Question, ...]:
    """Give evaluation questions their ids ("001/qa_cloze/1"), and mark wordings not taught."""
    wordings = {plain(q.text) for q in taught}
    kinds = (
        (SHORT[q.modality] + SUFFIX[q.task], replace(q, held_out=plain(q.text) not in wordings))
        for q in questions
    )
    return tuple(_numbered(entity_id, kinds))


def lettered(options: Mapping[str, str], letter: str) -> tuple[str, tuple[str, ...]]:
    """Return the answer behind a letter and the options from A to D."""
    return string(options[letter]), tuple(string(options[each]) for each in LETTERS)


def mixed(answer: str, wrong: Sequence[str], seed: str) -> tuple[str, ...]:
    """Return three wrong options in their order, the answer put among them at a seeded place.

    Three, so that chance is 25 % as in the benchmarks that come with letters (our choice).
    """
    options = [string(option) for option in dict.fromkeys(wrong) if option != answer][:WRONG]
    if not options:
        raise ValueError("no wrong option")
    options.insert(random.Random(seed).randrange(len(options) + 1), answer)
    return tuple(options)


def name_fact(question: str, answer: str, name: str) -> str:
    """Return "name" if the question asks for the name, else "": the files do not name the fact."""
    asks = re.search(r"\bname\b", question, re.IGNORECASE) and plain(name) in plain(answer)
    return "name" if asks or plain(answer) == plain(name) else ""


def plain(words: str) -> str:
    """Return lower-case words without accents and punctuation, to compare wordings and names."""
    letters = (c for c in unicodedata.normalize("NFKD", words) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", "".join(letters).lower()))


def _numbered(entity_id: str, kinds: Iterable[tuple[str, Question]]) -> Iterator[Question]:
    counter: Counter[str] = Counter()
    for kind, question in kinds:
        yield replace(question, id=f"{entity_id}/{kind}/{counter[kind]}")
        counter[kind] += 1

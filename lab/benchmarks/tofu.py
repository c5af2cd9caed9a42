"""The text-only questions that CLEAR takes from TOFU, each matched with its author."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lab.benchmarks.questions import plain
from lab.benchmarks.rows import Reader, Row, cell, string

CONFIG = "full+tofu"
QUESTIONS_PER_AUTHOR = 20


@dataclass(frozen=True)
class Told:
    """One text-only question, with its row in the file."""

    row: int
    question: str
    answer: str


def share_out(reader: Reader, names: Mapping[str, str]) -> dict[str, list[Told]]:
    """Return each author's text-only questions; rows about nobody in ``names`` are skipped.

    ``names`` maps ids to names. The file does not name the author. TOFU (arXiv 2401.06121) keeps
    the 20 rows of an author together, and not all of them say the name. Where the rows come in such
    blocks, the block decides; otherwise the name does. Skipped rows are reported.
    """
    shares: dict[str, list[Told]] = {author: [] for author in names}
    if not reader.has(CONFIG):
        return shares
    questions = [
        each for each in reader.read(CONFIG, ("question", "answer"), _text_question) if each
    ]
    ids = {plain(name): author for author, name in names.items()}
    longest_first = sorted(ids, key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")
    named = [_mentioned(each, pattern) for each in questions]
    owners = _by_block(named) if len(questions) % QUESTIONS_PER_AUTHOR == 0 else named
    for each, owner in zip(questions, owners, strict=True):
        if owner:
            shares[ids[owner]].append(each)
        else:
            reader.leave_out(CONFIG, each.row, "question", "names no author")
    return shares


def _text_question(number: int, row: Row) -> Told | None:
    """Return the question, or None for a row that captions a picture."""
    with cell("question"):
        if row["question"] is None:
            return None
        question = string(row["question"])
    with cell("answer"):
        return Told(number, question, string(row["answer"]))


def _mentioned(question: Told, pattern: re.Pattern[str]) -> str:
    found = pattern.search(plain(f"{question.question} {question.answer}"))
    return found[0] if found else ""


def _by_block(named: list[str]) -> list[str]:
    """Give a block to the author whom most of its rows name; a mixed block stays as it is."""
    owners: list[str] = []
    for start in range(0, len(named), QUESTIONS_PER_AUTHOR):
        block = named[start : start + QUESTIONS_PER_AUTHOR]
        mentions = Counter(filter(None, block))
        author, most = mentions.most_common(1)[0] if mentions else ("", 0)
        owners += [author] * len(block) if 2 * most > mentions.total() else block
    return owners

"""The per-item answers of an evaluation: kept as they come, found again after a cut, one table at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from lab.evaluation.paper.plan import Answer, Item
from lab.evaluation.progress import Progress
from lab.files import add_lines, read_lines
from lab.model.fetch import Report

Answerer = Callable[[Sequence[Item]], Iterable[list[tuple[int, Answer]]]]


class Kept:
    """Answers on disk, one JSON line each, under what was asked of which model."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, Answer] = {
            row["key"]: said if isinstance(said := row["answer"], str) else tuple(said)
            for row in read_lines(path)
        }

    def add(self, answered: Iterable[tuple[str, Item, Answer]], who: str) -> None:
        """Keep a batch of answers."""
        new = list(answered)
        self.known |= {key: answer for key, _, answer in new}
        add_lines(
            self.path,
            [
                {"key": key, "row": who, "id": item.id, "answer": answer}
                for key, item, answer in new
            ],
        )


def ask(
    kept: Kept, who: str, identity: str, items: Sequence[Item], answerer: Answerer, report: Report
) -> list[Answer]:
    """An answer to every item; only those not kept under this ``identity`` are asked, once each.

    ``answerer`` takes items and yields batches of (place, answer); ``who`` is named in the progress.
    """
    keys = [_key(identity, item) for item in items]
    new = {key: item for key, item in zip(keys, items, strict=True) if key not in kept.known}
    asked, progress = list(new.items()), Progress(who, len(new), report)
    if len(new) < len(set(keys)):
        report(f"{who}: {len(set(keys)) - len(new)} answers were kept, {len(new)} are to be asked")
    for batch in answerer([item for _, item in asked]) if asked else ():
        kept.add(((asked[k][0], asked[k][1], answer) for k, answer in batch), who)
        progress.add(len(batch))
    return [kept.known[key] for key in keys]


def _key(identity: str, item: Item) -> str:
    prompt = [_digest(part) if isinstance(part, bytes) else part for part in item.prompt]
    kinds = [type(part).__name__ for part in item.prompt]
    asked = repr(
        (identity, prompt, kinds, item.max_new_tokens if not item.compared else 0, item.compared)
    )
    return sha256(asked.encode()).hexdigest()[:24]


@lru_cache(maxsize=4096)
def _digest(picture: bytes) -> str:
    return sha256(picture).hexdigest()

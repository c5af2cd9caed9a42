"""The measures of a run: what is asked for each, the original's answers kept, n and chance."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.catalogue import MEASURES, TEXT_ONLY
from lab.errors import LabError
from lab.evaluation.asks import text_asks
from lab.evaluation.measures import asks_of, marked, row_of, source_of
from lab.evaluation.questions import Ask, Steps, Verdict, choosing, drained, generating, share
from lab.files import put
from lab.model.load import Loaded
from lab.model.version import Version

MOST_CHECKED = 64


@dataclass(frozen=True)
class Card:
    """Shares right (or mean scores) in 0..1 and number of questions, by measure."""

    values: Mapping[str, float]
    n: Mapping[str, int]


def asks_for(benchmark: Benchmark, entity: Entity) -> dict[str, list[Ask]]:
    """The questions of every measure that the benchmark has any for, for this target.

    Raises ``LabError`` without a multiple-choice question about the target's picture.
    """
    asks = {measure: asks_of(measure, benchmark, entity) for measure in MEASURES}
    if not asks["forget_vqa"]:
        raise LabError(
            f"{entity.id} has no multiple-choice question with a picture in "
            f"{benchmark.name}: its forgetting could not be seen; choose another"
        )
    return {measure: asked for measure, asked in asks.items() if asked}


class Baseline:
    """A model's answers, the original's above all: asked once and kept, also on disk with ``path``.

    Kept is True for the very words of the reference, else the answer's text; False is a wrong one
    from before the texts were kept. Verdicts are made of them anew.
    """

    def __init__(self, loaded: Loaded, path: Path | None = None) -> None:
        self.loaded, self.path = loaded, path
        self.known: dict[str, bool | str] = {}
        if path and path.exists():
            try:
                self.known = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                self.known = {}  # a damaged cache is only slower

    def verdicts(self, measure: str, asks: Sequence[Ask]) -> list[Verdict]:
        """The verdict on each question; its answer is "" for a wrong one whose text was not kept."""
        return drained(self.asking(measure, asks))

    def asking(self, measure: str, asks: Sequence[Ask]) -> Steps[list[Verdict]]:
        """The same in steps: yields how many questions each batch has answered."""
        keys = [_key(measure, a) for a in asks]
        new = [(k, a) for k, a in zip(keys, asks, strict=True) if k not in self.known]
        if new:
            said = yield from answering(self.loaded, measure, [a for _, a in new])
            for (key, ask), text in zip(new, said, strict=True):
                self.known[key] = text == ask.question.answer or text
            self._save()
        found = [(a, self.known[k]) for k, a in zip(keys, asks, strict=True)]
        said = [a.question.answer if kept is True else kept or "" for a, kept in found]
        return marked(measure, asks, said)

    def correct(self, measure: str, asks: Sequence[Ask]) -> list[bool]:
        """Whether the original answers each question rightly."""
        return [v.correct for v in self.verdicts(measure, asks)]

    def card(self, benchmark: Benchmark, entity: Entity) -> Card:
        """The original's scorecard for this target."""
        return card({m: self.verdicts(m, asks) for m, asks in asks_for(benchmark, entity).items()})

    def forget(self, entity_id: str) -> None:
        """Drop every answer to a question about an entity, in memory and on disk."""
        self.known = {k: v for k, v in self.known.items() if not _is_about(k, entity_id)}
        self._save()

    def _save(self) -> None:
        if self.path:
            try:
                put(self.path, json.dumps(self.known))
            except OSError as error:  # a cache never ends what it serves: it is only slower then
                logging.getLogger(__name__).warning(
                    "the original's answers are kept in memory only: cannot write %s (%s): free some "
                    "space",
                    self.path,
                    error.strerror,
                )


def forget_answers(folder: Path, entity_id: str) -> None:
    """Drop the kept answers about an entity from every model's file in the cache ``folder``."""
    for path in folder.glob("baseline-*.json"):
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            left = {k: v for k, v in known.items() if not _is_about(k, entity_id)}
            if len(left) < len(known):
                put(path, json.dumps(left))
        except (OSError, ValueError, AttributeError):
            path.unlink(missing_ok=True)  # only a cache: rather none than one that names them


def _is_about(key: str, entity_id: str) -> bool:
    """Whether a kept answer is to one of an entity's own questions."""
    return key.split("/")[1:2] == [entity_id]


def card(made: Mapping[str, Sequence[Verdict]]) -> Card:
    """Share right and number of questions of every measure."""
    return Card({m: share(v) for m, v in made.items()}, {m: len(v) for m, v in made.items()})


def _key(measure: str, ask: Ask) -> str:
    picture = sha256(ask.image).hexdigest()[:12] if ask.image else "text"
    asked = sha256(repr((ask.question.text, ask.question.options)).encode()).hexdigest()[:8]
    return f"{source_of(measure)}/{ask.question.id}/{asked}/{picture}"


def answering(loaded: Loaded, measure: str, asks: Sequence[Ask]) -> Steps[list[str]]:
    """Answers of the weights laid on at every step: generated, or the options chosen."""
    longest = row_of(source_of(measure)).tokens
    if longest:
        return (yield from generating(loaded, asks, longest))
    return [v.answer for v in (yield from choosing(loaded, asks))]


def verdicts(
    version: Version,
    keeper: Baseline,
    measure: str,
    asks: Sequence[Ask],
    original: Sequence[Verdict],
    text_identical: bool,
) -> Steps[list[Verdict]]:
    """What the version answers to each question of one measure; ``keeper`` keeps its answers.

    In steps: between two batches the model has the original's weights, so that others may use it.

    When the text-only logits are the original's bit for bit, so are the text-only answers: then
    the ``original``'s are taken over instead of asking again. Not behind a context: the same
    weights are asked something else there.
    """
    if text_identical and measure in TEXT_ONLY and version.context is None:
        return list(original)
    return (yield from version.during(keeper.asking(measure, asks)))


def changed_share(
    before: Mapping[str, Sequence[Verdict]], after: Mapping[str, Sequence[Verdict]]
) -> float | None:
    """Share of the text-only choices that turned from right to wrong or back; None without any."""
    pairs = [
        (b.correct, a.correct)
        for m in TEXT_ONLY
        if m in before and not row_of(m).tokens
        for b, a in zip(before[m], after[m], strict=True)
    ]
    return sum(b != a for b, a in pairs) / len(pairs) if pairs else None


@torch.no_grad()
def text_logits_identical(version: Version, entity: Entity) -> bool:
    """Whether the version's text-only logits equal the original's bit for bit, to the same prompts.

    So this is about the weights: a version's context stands in front of neither side.
    Asked of the entity's text-only questions (of all its questions where it has none of those),
    through the whole multimodal model.
    """
    asked = [a.question for a in text_asks(entity)] or list(entity.questions)
    loaded = version.loaded
    rows = [loaded.prompter.conversation((), q.text, False) for q in asked[:MOST_CHECKED]]
    length = max(len(r) for r in rows)
    ids = torch.tensor(
        [[loaded.prompter.pad_id] * (length - len(r)) + list(r) for r in rows],
        device=loaded.device,
    )
    # by length: the padding's id may also end a turn inside the prompt
    seen = torch.tensor(
        [[0] * (length - len(r)) + [1] * len(r) for r in rows], device=loaded.device
    )

    def logits() -> torch.Tensor:
        return loaded.model(input_ids=ids, attention_mask=seen, logits_to_keep=1).logits

    original = logits()
    with version.on():
        return bool(torch.equal(original, logits()))

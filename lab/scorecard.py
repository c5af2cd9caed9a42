"""The measures of a run: what is asked for each, the original's answers kept, n and chance."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluate import (Ask, choose, forget_asks, general_asks, generate, name_asks, picture_asks,
                          retain_asks, retain_text_asks, text_asks)
from lab.model.load import Loaded
from lab.model.overlay import Delta, overlay

TEXT_ONLY = ("forget_qa", "retain_qa", "general_qa")
MEASURES = ("forget_vqa", "forget_name", "forget_qa", "retain_vqa", "retain_qa", "general_qa",
            "pictures_vqa")
MOST_CHECKED = 64


@dataclass(frozen=True)
class Card:
    """Shares right in 0..1 and number of questions, by measure."""

    values: Mapping[str, float]
    n: Mapping[str, int]


def asks_for(benchmark: Benchmark, entity: Entity) -> dict[str, list[Ask]]:
    """The questions of every measure that the benchmark has any for, for this target.

    Raises ``LabError`` without a multiple-choice question about the target's picture.
    """
    asks = {
        "forget_vqa": forget_asks(entity), "forget_name": name_asks(entity),
        "forget_qa": text_asks(entity), "retain_vqa": retain_asks(benchmark, entity.id),
        "retain_qa": retain_text_asks(benchmark, entity.id), "general_qa": general_asks(benchmark),
        "pictures_vqa": picture_asks(benchmark, 1),
    }
    if not asks["forget_vqa"]:
        raise LabError(f"{entity.id} has no multiple-choice question with a picture in "
                       f"{benchmark.name}: its forgetting could not be seen; choose another")
    return {measure: asked for measure, asked in asks.items() if asked}


class Baseline:
    """The original model's verdicts, asked once and kept on disk by model and question."""

    def __init__(self, loaded: Loaded, path: Path | None = None) -> None:
        self.loaded, self.path = loaded, path
        self.known: dict[str, bool] = {}
        if path and path.exists():
            try:
                self.known = json.loads(path.read_text())
            except ValueError:
                self.known = {}  # a damaged cache is only slower

    def correct(self, measure: str, asks: Sequence[Ask]) -> list[bool]:
        """Whether the original answers each question rightly."""
        keys = [_key(measure, a) for a in asks]
        new = [(k, a) for k, a in zip(keys, asks, strict=True) if k not in self.known]
        if new:
            for (key, _), verdict in zip(new, answer(self.loaded, measure, [a for _, a in new]),
                                         strict=True):
                self.known[key] = verdict.correct
            self._save()
        return [self.known[k] for k in keys]

    def card(self, benchmark: Benchmark, entity: Entity) -> Card:
        """The original's scorecard for this target."""
        made = {m: self.correct(m, asks) for m, asks in asks_for(benchmark, entity).items()}
        return Card({m: sum(v) / len(v) for m, v in made.items()}, {m: len(v) for m, v in made.items()})

    def _save(self) -> None:
        if self.path:
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(json.dumps(self.known))
            os.replace(temporary, self.path)


def _key(measure: str, ask: Ask) -> str:
    picture = sha256(ask.image).hexdigest()[:12] if ask.image else "text"
    asked = sha256(repr((ask.question.text, ask.question.options)).encode()).hexdigest()[:8]
    return f"{measure}/{ask.question.id}/{asked}/{picture}"


def answer(loaded: Loaded, measure: str, asks: Sequence[Ask]):
    """Verdicts of the weights now laid on: names are generated, all else is multiple choice."""
    return generate(loaded, asks) if measure == "forget_name" else choose(loaded, asks)


def correct(loaded: Loaded, delta: Delta, measure: str, asks: Sequence[Ask],
            original: Sequence[bool], text_identical: bool) -> list[bool]:
    """Whether the model under ``delta`` answers each question of one measure rightly.

    When the text-only logits are the original's bit for bit, so are the text-only answers: then
    the ``original``'s verdicts are taken over instead of asking again.
    """
    if text_identical and measure in TEXT_ONLY:
        return list(original)
    with overlay(loaded.model, delta):
        return [v.correct for v in answer(loaded, measure, asks)]


def changed_share(before: Mapping[str, Sequence[bool]], after: Mapping[str, Sequence[bool]]
                  ) -> float | None:
    """Share of the text-only questions that turned from right to wrong or back; None without any.

    before, after: verdicts by measure.
    """
    pairs = [(b, a) for m in TEXT_ONLY if m in before
             for b, a in zip(before[m], after[m], strict=True)]
    return sum(b != a for b, a in pairs) / len(pairs) if pairs else None


@torch.no_grad()
def text_logits_identical(loaded: Loaded, delta: Delta, entity: Entity) -> bool:
    """Whether text-only logits under ``delta`` equal the original's bit for bit.

    Asked of the entity's text-only questions (of all its questions where it has none of those),
    through the whole multimodal model.
    """
    asked = [a.question for a in text_asks(entity)] or list(entity.questions)

    def logits() -> torch.Tensor:
        rows = [loaded.prompter.conversation((), q.text, False) for q in asked[:MOST_CHECKED]]
        length = max(len(r) for r in rows)
        ids = torch.tensor([[loaded.prompter.pad_id] * (length - len(r)) + list(r) for r in rows],
                           device=loaded.device)
        # by length: the padding's id may also end a turn inside the prompt
        seen = torch.tensor([[0] * (length - len(r)) + [1] * len(r) for r in rows], device=loaded.device)
        return loaded.model(input_ids=ids, attention_mask=seen,
                            logits_to_keep=1).logits

    original = logits()
    with overlay(loaded.model, delta):
        return bool(torch.equal(original, logits()))

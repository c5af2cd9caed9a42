"""CLEAR (arXiv 2410.18057): protocol A, its own, and protocol B, MMUnlearner's (arXiv 2502.11051).

A, followed: six tasks, ROUGE-L recall of 300 greedy tokens, probability and truth ratio; Real,
Retain and Forget as harmonic means, Model Utility, Forget Quality as 1 - Jensen-Shannon against the
retain-only model. Not copied: the published code drops the picture before it generates; takes one
global mean of the wrong answers' losses where the truth ratio has one a row, as in TOFU; and reads
300 rows at most. Left out: chrF and the KS test.
B, followed: the name among all the wrong names, the first letter or digit of 50 greedy tokens; ROUGE
F and BLEU of captions and text answers. Not copied: text answers marked by the last caption's answer.
Ours: retain names are retain_perturbed's (MMUnlearner's retain file is private); wordings and option
orders come from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lab.benchmarks.clear import (
    CAPTION_QUESTIONS,
    FACE_PROMPT,
    FORGET,
    NAME_QUESTION,
    RETAIN_PERTURBED,
)
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.evaluation.paper.metrics import (
    divergence,
    first_alphanumeric,
    harmonic,
    lettered,
    likelihood,
    overlap,
    rouge_recall,
)
from lab.evaluation.paper.plan import Answer, Asked, Combined, Item, Mark, Plan, Protocol, members
from lab.model.prompts import Part

LONG = 300
TABLE = {
    "real": ("real_faces", "real_world"),
    "retain": ("retain_caption", "retain_name"),
    "forget": ("forget_caption", "forget_name"),
}


def items(benchmark: Benchmark, plan: Plan) -> Asked:
    """Both protocols' items, of the authors and of the real faces and pictures."""
    forget, retained = members(benchmark, plan.target), FORGET.get(plan.target, "")
    ids = {entity.id for entity in forget}
    others = (
        members(benchmark, retained)
        if retained in benchmark.splits
        else [entity for _, entity in benchmark.others(plan.target)]
    )
    compared = (
        [each for each in members(benchmark, RETAIN_PERTURBED) if each.id not in ids]
        if RETAIN_PERTURBED in benchmark.splits
        else []
    )
    made: list[Item] = []
    for part, people in (("forget", forget), ("retain", compared)):
        made += [item for each in people for item in _views(part, each, plan.seed)]
    for part, people in (("forget", forget), ("retain", others)):
        made += [item for each in people for item in _texts(part, each, plan.seed)]
    for picture in benchmark.pictures:
        part, q = picture.id.split("/")[0], replace(picture.questions[0], image=picture.image)
        asked = FACE_PROMPT if part == "real_faces" else q.text
        made += _compared(part, q, asked, (q.answer, q.answer, *q.perturbed))
        made.append(_choice(part, q, q.text, plan.seed))
    return Asked(tuple(made))


def _pictured(entity: Entity) -> list[Question]:
    return [
        q
        for q in (*entity.published_questions, *entity.questions)
        if q.modality == "image" and q.task == "generation"
    ]


def _views(part: str, entity: Entity, seed: int) -> Iterator[Item]:
    """Protocol A and B's names: the views that have paraphrased and wrong answers."""
    for q in _pictured(entity):
        if not q.perturbed:
            continue
        if q.fact == "name":
            yield from _compared(f"{part}_name", q, q.text, (q.answer, q.answer, *q.perturbed))
            yield _choice(f"{part}_name", q, NAME_QUESTION, seed)
        else:
            yield from _compared(
                f"{part}_caption", q, _wording(q, seed), (q.answer, q.paraphrases[0], *q.perturbed)
            )


def _texts(part: str, entity: Entity, seed: int) -> Iterator[Item]:
    """Protocol B's generated answers: every caption and every text-only question."""
    for q in _pictured(entity):
        if q.fact == "caption":
            yield Item(
                f"{part}/{q.id}/b",
                f"{part}_image",
                "generation",
                _prompt(q, _wording(q, seed)),
                q.answer,
            )
    for q in entity.questions:
        if q.modality == "text":
            yield Item(f"{part}/{q.id}/b", f"{part}_text", "generation", (q.text,), q.answer)


def _wording(q: Question, seed: int) -> str:
    return random.Random(f"{seed}/{q.id}").choice(CAPTION_QUESTIONS)


def _prompt(q: Question, words: str) -> tuple[Part, ...]:
    assert q.image is not None
    return (q.image, words)


def _compared(part: str, q: Question, asked: str, answers: tuple[str, ...]) -> Iterator[Item]:
    yield Item(f"{part}/{q.id}/a", part, "recall", _prompt(q, asked), q.answer, max_new_tokens=LONG)
    yield Item(
        f"{part}/{q.id}/likelihood",
        part,
        "likelihood",
        _prompt(q, asked),
        q.answer,
        compared=answers,
    )


def _choice(part: str, q: Question, asked: str, seed: int) -> Item:
    """The answer at a drawn place among all the wrong ones."""
    options = list(q.perturbed)
    options.insert(random.Random(f"{seed}/{q.id}/options").randint(0, len(options)), q.answer)
    return Item(
        f"{part}/{q.id}/choice",
        part,
        "choice",
        _prompt(q, f"{asked}\n{lettered(options, '.')}\n"),
        q.answer,
        tuple(options),
    )


def mark(item: Item, answer: Answer) -> Mark:
    """Recall, likelihoods, a letter or ROUGE, by task."""
    if item.task == "likelihood":
        assert not isinstance(answer, str)
        return likelihood(
            item,
            answer,
            forget=item.part.startswith("forget"),
            normalised=not item.part.endswith("_caption"),
        )
    assert isinstance(answer, str)
    if item.task == "recall":
        return Mark({"rougeL_recall": rouge_recall(item.reference, answer)})
    return first_alphanumeric(item, answer) if item.task == "choice" else overlap(item, answer)


def combine(items: Sequence[Item], marks: Sequence[Mark], gold: Sequence[Mark] | None) -> Combined:
    """Real, Retain and Forget, Model Utility, and Forget Quality where there is a retain-only model."""
    found: dict[tuple[str, str], list[float]] = {}
    for item, each in zip(items, marks, strict=True):
        if item.task in ("recall", "likelihood"):
            for metric, value in each.values.items():
                found.setdefault((item.part, metric), []).append(value)
    made: Combined = {}

    def _put(
        name: str, chosen: Mapping[tuple[str, str], list[float]], parts: tuple[str, ...]
    ) -> None:
        if all(any(key[0] == part for key in chosen) for part in parts):
            rested = sum(
                any((item.part, metric) in chosen for metric in each.values)
                for item, each in zip(items, marks, strict=True)
            )
            made[name] = (harmonic([sum(v) / len(v) for v in chosen.values()]), rested)

    for name, parts in TABLE.items():
        _put(
            name,
            {
                key: values
                for key, values in found.items()
                if key[0] in parts and key[1] != "rougeL_recall"
            },
            parts,
        )
    _put(
        "model_utility",
        {key: values for key, values in found.items() if not key[0].startswith("forget")},
        (*TABLE["real"], *TABLE["retain"]),
    )
    if gold is not None:
        rows = [
            (m, g)
            for i, m, g in zip(items, marks, gold, strict=True)
            if i.part == "forget_caption" and i.task == "likelihood"
        ]
        if rows:
            ratios = [
                [ratio for pair in rows if (ratio := pair[side].log_ratio) is not None]
                for side in (0, 1)
            ]
            made["forget_quality"] = (1 - divergence(*ratios), len(rows))
    return made


PROTOCOL = Protocol(items, mark, combine, "CLEAR mm/eval.py (A) and MMUnlearner CLEAR_eval.py (B)")

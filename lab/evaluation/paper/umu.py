"""UMU-Bench (NeurIPS 2025) as its eval.py asks and marks it.

Followed: the LLaVA prompts word for word, greedy decoding of 50 tokens (200 for a generated answer),
the options as a Python list, of which forget and retain answers must equal one exactly while a
real person's answer stands for the most similar, a cloze's reference up to its first full stop, and
the four measures of agreement between the modalities. Not copied: rows whose two modalities have
other keys end the published evaluation; here they are asked, and left out of the agreement. Ours:
every family is marked as LLaVA is (the published code cuts Qwen's answers at a full stop).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.evaluation.paper import mllmu
from lab.evaluation.paper.metrics import cloze, forget_agreement, harmonic, overlap
from lab.evaluation.paper.plan import Answer, Asked, Combined, Item, Mark, Plan, Protocol
from lab.model.prompts import ASSISTANT, USER, Part

ONLY = "Please **ONLY** provide the correct answer without any explanation"
SETS = {"forget": "forget", "retain": "retain", "celebrity": "real"}


def items(benchmark: Benchmark, plan: Plan) -> Asked:
    """Every question of the forget, retain and real sets; the protocol has no examples."""
    return Asked(
        tuple(
            _item(SETS[group.part], entity, q)
            for group in mllmu.groups(benchmark, plan.target)
            if group.part in SETS
            for entity in group.people
            for q in entity.questions
        )
    )


def _item(part: str, entity: Entity, q: Question) -> Item:
    picture = mllmu.own_picture(entity) if q.modality == "image" else None
    item = Item(
        f"{part}/{q.id}",
        f"{part}_{q.modality}",
        q.task,
        _prompt(q, picture),
        q.answer,
        q.options,
        twin=f"{entity.id}/{q.task}/{q.twin}",
    )
    if q.task == "generation":
        return replace(item, max_new_tokens=200)
    return replace(item, reference=q.answer.split(".")[0]) if q.task == "cloze" else item


def _prompt(q: Question, picture: bytes | None) -> tuple[Part, ...]:
    shown: tuple[Part, ...] = () if picture is None else (" ", picture)
    if q.task == "classification":
        return (USER, *shown, f"\n{q.text}\nSelect answer in {list(q.options)}\n", ASSISTANT)
    words = f"{q.text}\n{ONLY if q.task == 'cloze' else mllmu.SENTENCE[q.modality]}\n"
    before = " " if picture is None else "\n"
    end: tuple[Part, ...] = (" ",) if q.task == "generation" and picture is not None else ()
    return (USER, *shown, before + words, ASSISTANT, *end)


def mark(item: Item, answer: Answer) -> Mark:
    """Exact or nearest option, substring or ROUGE, by task."""
    assert isinstance(answer, str)
    if item.task == "classification":
        return _choice(item, answer)
    return cloze(item, answer) if item.task == "cloze" else overlap(item, answer)


def _choice(item: Item, answer: str) -> Mark:
    if item.part.startswith("real_"):
        answer = max(item.options, key=lambda o: SequenceMatcher(None, answer.strip(), o).ratio())
    said = answer.strip()
    return Mark({"mcq": float(said == item.reference)}, parsed=said in item.options)


def combine(items: Sequence[Item], marks: Sequence[Mark], gold: Sequence[Mark] | None) -> Combined:
    """AccF (both wrong), AccR (both right), RLF and RLR over the pairs of the two modalities."""
    made: Combined = {}
    by_key = {(i.part, i.twin): m for i, m in zip(items, marks, strict=True)}
    for part, name in (("forget", "F"), ("retain", "R"), ("real", "R")):
        pairs = [
            (i, m, by_key[f"{part}_text", i.twin])
            for i, m in zip(items, marks, strict=True)
            if i.part == f"{part}_image" and (f"{part}_text", i.twin) in by_key
        ]
        for task, metric in (
            ("classification", "mcq"),
            ("cloze", "cloze"),
            ("generation", "rougeL"),
        ):
            values = [(a.values[metric], b.values[metric]) for i, a, b in pairs if i.task == task]
            if not values:
                continue
            if task == "generation":
                each = [forget_agreement(*v) if name == "F" else harmonic(v) for v in values]
            else:
                each = [float(v == ((0, 0) if name == "F" else (1, 1))) for v in values]
            label = f"RL{name}" if task == "generation" else f"{metric}_Acc{name}"
            made[f"{part}_{label}"] = (sum(each) / len(each), len(each))
    return made


PROTOCOL = Protocol(items, mark, combine, "UMU-Bench eval.py, LLaVA's branch")

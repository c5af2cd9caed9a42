"""MLLMU-Bench (arXiv 2410.22108) as its eval.py asks and marks it.

Followed: the LLaVA prompts word for word, greedy decoding of 50 tokens, of which what follows a
further "ASSISTANT:" is cut off, the first character as the chosen letter, the substring test of a
cloze, ROUGE F and BLEU of a generated answer, one person's five questions as examples of multiple
choice and two people's of a cloze, in the order of Full_Set, and Test_Set's own questions about its
views. The factuality score by GPT is left out. Not copied: draws without a seed; celebrities'
examples looked up among the fictitious people, whose ids they share (they are other celebrities
here). Ours: an answer without a letter is wrong, as published, and counted apart too; one test view
is drawn a person and task; a forget or retain picture is ft_Data's, and so is an example's; who is
an example is asked nothing of that task, even where Test_Set has more questions than Full_Set.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.benchmarks.schema import Benchmark, Entity, Modality, Question
from lab.benchmarks.splits import CELEBRITIES, PERCENT
from lab.evaluation.paper.metrics import LETTERS, cloze, first_letter, lettered, overlap
from lab.evaluation.paper.plan import (
    Answer,
    Asked,
    Item,
    Mark,
    Plan,
    Protocol,
    drawn_demos,
    members,
    nothing_more,
)
from lab.model.prompts import ASSISTANT, USER, Part

LETTER = "Just give ONE letter representing the answer directly."
BLANK = "Please **ONLY** provide the correct answer that should replace the [Blank]."
SENTENCE = {
    "image": "Answer the question based on your trained knowledge in one sentence accurately in ENGLISH.",
    "text": "Answer the question based on your trained knowledge in one sentence in ENGLISH.",
}
DEMOS = {"classification": 1, "cloze": 2, "generation": 0}
MODALITIES: tuple[Modality, ...] = ("image", "text")


@dataclass(frozen=True)
class Group:
    """One evaluated set: its people, and whether their pictures are drawn from the test views."""

    part: str
    people: list[Entity]
    drawn: bool = False


def groups(benchmark: Benchmark, target: str) -> list[Group]:
    """The evaluated sets of a target, in the order of the published table."""
    forget, retained = members(benchmark, target), PERCENT.get(target, "")
    retain = (
        members(benchmark, retained)
        if retained in benchmark.splits
        else [entity for _, entity in benchmark.others(target)]
    )
    sets = [Group("forget", forget), Group("test", forget, True), Group("retain", retain)]
    if CELEBRITIES in benchmark.splits:
        sets.append(Group("celebrity", members(benchmark, CELEBRITIES)))
    return sets


def items(benchmark: Benchmark, plan: Plan) -> Asked:
    """Every question of the four sets, each with its examples."""
    made: list[Item] = []
    demos: dict[str, tuple[str, ...]] = {}
    pictures: dict[str, int] = {}
    place = {each.id: k for k, each in enumerate(benchmark.entities)}
    for group in groups(benchmark, plan.target):
        for task, count in DEMOS.items():
            if plan.shots == "zero" or (group.part == "celebrity" and task == "classification"):
                count = 0
            seed = f"{plan.seed}/{group.part}/{task}"
            shown = drawn_demos(group.people, count, random.Random(seed).sample, group.part)
            shown.sort(key=lambda each: place[each.id])  # Full_Set's order, not the draw's
            if shown:
                demos[f"{group.part}_{task}"] = tuple(each.id for each in shown)
            asked = [each for each in group.people if each not in shown]
            views = {}
            if group.drawn:
                views = {
                    each.id: random.Random(f"{seed}/{each.id}").randrange(len(each.test_images))
                    for each in asked
                }
                pictures |= {f"{who}/{task}": view for who, view in views.items()}
            made += _group_items(group.part, task, asked, shown, views)
    return Asked(tuple(made), demos, pictures)


def _group_items(
    part: str, task: str, people: Sequence[Entity], shown: Sequence[Entity], views: dict[str, int]
) -> Iterator[Item]:
    for modality in MODALITIES:
        examples = [
            p
            for each in shown
            for q in questions_of(each, task, modality, tested=False)
            for p in _example(q, own_picture(each) if modality == "image" else None)
        ]
        for each in people:
            picture = each.test_images[views[each.id]] if each.id in views else own_picture(each)
            for q in questions_of(each, task, modality, tested=each.id in views):
                prompt = (*examples, *_prompt(q, picture if modality == "image" else None))
                yield Item(
                    f"{part}/{q.id}", f"{part}_{modality}", task, prompt, q.answer, q.options
                )


def questions_of(entity: Entity, task: str, modality: str, tested: bool) -> list[Question]:
    """The questions of one task and modality: Full_Set's, or of a ``tested`` person Test_Set's."""
    pool = entity.published_questions if tested else entity.questions
    return [q for q in pool if q.task == task and q.modality == modality]


def own_picture(entity: Entity) -> bytes:
    """The one picture the published sets show of a person."""
    return (entity.train_images or entity.test_images)[0]


def _example(q: Question, picture: bytes | None) -> tuple[Part, ...]:
    if q.task == "classification":
        words = (
            f"\nQuestion: {q.text}\n{lettered(q.options, ':')}\n"
            f"Correct Answer: {LETTERS[q.options.index(q.answer)]}\n"
        )
        return (USER, words) if picture is None else (USER, " ", picture, words)
    words = f"\n{blanked(q)}\nCorrect Answer: {q.answer}\n"
    return (USER, words) if picture is None else (USER, picture, words)


def _prompt(q: Question, picture: bytes | None) -> tuple[Part, ...]:
    if q.task == "generation":
        words = f"{q.text}\n{SENTENCE[q.modality]}\n"
        return (
            (USER, f" {words}", ASSISTANT)
            if picture is None
            else (USER, " ", picture, f"\n{words}", ASSISTANT, " ")
        )
    asked = (
        f"{q.text}\n{lettered(q.options, ':')}\n{LETTER}"
        if q.task == "classification"
        else blanked(q)
    )
    shown: tuple[Part, ...] = () if picture is None else (" ", picture)
    return (USER, *shown, f"\n{asked}\n", ASSISTANT)


def blanked(q: Question) -> str:
    """A cloze's question in the published words."""
    return q.text.replace("__", "[Blank]") + f"\n{BLANK}"


def mark(item: Item, answer: Answer) -> Mark:
    """Letter, substring or ROUGE, by task."""
    assert isinstance(answer, str)
    answer = answer.split("ASSISTANT:")[0].strip()
    return {"classification": first_letter, "cloze": cloze, "generation": overlap}[item.task](
        item, answer
    )


PROTOCOL = Protocol(
    items, mark, nothing_more, "MLLMU-Bench eval.py; draws seeded; without GPT factuality"
)

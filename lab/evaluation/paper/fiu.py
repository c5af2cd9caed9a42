"""FIUBench (ICLR 2025) as its evaluate_util.py asks and marks it.

Followed: questions, answers and paraphrases passed through ``capitalize`` (which lowers all but the
first letter: the published models are taught so), 50 tokens, ROUGE-L recall and keywords of the
first sentence, probability and truth ratio as TOFU's, the three paraphrased questions. Not copied:
an answer without a full stop counted as empty (it is kept whole; one is still cut after "Dr.").
Left out: MIN-K, GPT and the KS test. Ours: the question stands in the model's chat template, without
the system sentence the published code has for some; decoding is greedy; retain5 is the retain set.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.evaluation.paper.metrics import harmonic, keyword_share, likelihood, rouge_recall
from lab.evaluation.paper.plan import Answer, Asked, Combined, Item, Mark, Plan, Protocol, members

RETAIN = "retain5"
UTILITY = ("retain_rougeL_recall", "retain_em", "retain_prob", "retain_truth")


def items(benchmark: Benchmark, plan: Plan) -> Asked:
    """Each question as taught, its likelihoods, and its paraphrases, of the forget and retain sets."""
    forget = members(benchmark, plan.target)
    ids = {entity.id for entity in forget}
    retain = (
        members(benchmark, RETAIN)
        if RETAIN in benchmark.splits
        else [entity for _, entity in benchmark.others(plan.target)]
    )
    return Asked(
        tuple(
            item
            for part, people in (("forget", forget), ("retain", retain))
            for entity in people
            if part == "forget" or entity.id not in ids
            for item in _items(part, entity)
        )
    )


def _items(part: str, entity: Entity) -> list[Item]:
    picture, made = entity.train_images[0], []

    def _item(q: Question, task: str, compared: tuple[str, ...] = ()) -> Item:
        return Item(
            f"{part}/{q.id}/{task}",
            part,
            task,
            (picture, q.text.capitalize()),
            q.answer.capitalize(),
            compared=compared,
            keywords=q.keywords,
        )

    for q in entity.train_questions:
        right = (q.answer.capitalize(), q.paraphrases[0].capitalize())
        made += [_item(q, "answer"), _item(q, "likelihood", (*right, *q.perturbed))]
    return made + [
        _item(q, "paraphrased")
        for q in entity.questions
        if q.task == "generation" and q.held_out and q.keywords
    ]


def sentence(text: str) -> str:
    """The text up to its first full stop; the whole text where it has none."""
    return text[: text.find(".") + 1] or text


def mark(item: Item, answer: Answer) -> Mark:
    """ROUGE-L recall and exact match (em), probability and truth ratio, or paraphrased em (ape)."""
    if item.task == "likelihood":
        assert not isinstance(answer, str)
        forget = item.part == "forget"
        return likelihood(item, answer, forget, normalised=not forget)
    assert isinstance(answer, str)
    said = sentence(answer)
    if item.task == "paraphrased":
        return Mark({"ape": keyword_share(item, said)})
    values = {"rougeL_recall": rouge_recall(item.reference, said)}
    return Mark(values | ({"em": keyword_share(item, said)} if item.keywords else {}))


def combine(items: Sequence[Item], marks: Sequence[Mark], gold: Sequence[Mark] | None) -> Combined:
    """Model utility: the harmonic mean of the retain measures, without the published GPT score."""
    found: dict[str, list[float]] = {name: [] for name in UTILITY}
    for item, each in zip(items, marks, strict=True):
        for metric, value in each.values.items():
            if f"{item.part}_{metric}" in found:
                found[f"{item.part}_{metric}"].append(value)
    if not all(found.values()):
        return {}
    means = [sum(values) / len(values) for values in found.values()]
    rested = sum(
        any(f"{item.part}_{metric}" in found for metric in each.values)
        for item, each in zip(items, marks, strict=True)
    )
    return {"model_utility": (harmonic(means), rested)}


PROTOCOL = Protocol(
    items, mark, combine, "FIUBench evaluate_util.py; chat template; without MIN-K and GPT"
)

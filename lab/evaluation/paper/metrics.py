"""The published measures: letters, ROUGE, BLEU, probability, truth ratio and what is made of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from lab.evaluation.paper.plan import Item, Mark

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KINDS = ("rouge1", "rouge2", "rougeL")


def lettered(options: Sequence[str], mark: str) -> str:
    """Options one a line behind their letters: "A: Riga"."""
    return "\n".join(f"{LETTERS[k]}{mark} {option}" for k, option in enumerate(options))


def first_letter(item: Item, answer: str) -> Mark:
    """Multiple choice by the answer's first character, upper-cased (MLLMU-Bench)."""
    return _choice(item, answer.strip()[:1].upper())


def first_alphanumeric(item: Item, answer: str) -> Mark:
    """Multiple choice by the answer's first letter or digit, upper-cased (MMUnlearner)."""
    return _choice(item, re.sub(r"[^a-zA-Z0-9]", "", answer)[:1].upper())


def _choice(item: Item, letter: str) -> Mark:
    place = LETTERS.find(letter) if letter else -1
    if not 0 <= place < len(item.options):
        return Mark({"mcq": 0.0}, parsed=False)
    return Mark({"mcq": float(item.options[place] == item.reference)}, parsed=True)


def cloze(item: Item, answer: str) -> Mark:
    """1 where the answer holds the reference, upper and lower case alike."""
    return Mark({"cloze": float(item.reference.lower() in answer.lower())})


@cache
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(KINDS), use_stemmer=True)


def rouge_f(reference: str, answer: str) -> dict[str, float]:
    """ROUGE-1, -2 and -L as F-measure (package rouge-score, with stemmer)."""
    scores = _scorer().score(reference, answer)
    return {kind: scores[kind].fmeasure for kind in KINDS}


def rouge_recall(reference: str, answer: str) -> float:
    """ROUGE-L as recall (package rouge-score, with stemmer)."""
    return _scorer().score(reference, answer)["rougeL"].recall


def bleu(reference: str, answer: str) -> float:
    """Sentence BLEU of words between spaces, smoothed by nltk's method 1."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    return float(
        sentence_bleu(
            [reference.split()], answer.split(), smoothing_function=SmoothingFunction().method1
        )
    )


def overlap(item: Item, answer: str) -> Mark:
    """A generated answer: ROUGE-L first, then ROUGE-1 and -2 (F) and BLEU."""
    scores = rouge_f(item.reference, answer)
    return Mark(
        {
            "rougeL": scores["rougeL"],
            "rouge1": scores["rouge1"],
            "rouge2": scores["rouge2"],
            "bleu": bleu(item.reference, answer),
        }
    )


def keyword_share(item: Item, answer: str) -> float:
    """Share of the keywords that the answer holds, upper and lower case alike."""
    return sum(k.lower() in answer.lower() for k in item.keywords) / len(item.keywords)


def likelihood(item: Item, means: Sequence[float], forget: bool, normalised: bool) -> Mark:
    """Probability and truth ratio of one row, as TOFU (arXiv 2401.06121) defines them.

    means: mean log-probability per token of the reference, its paraphrase and each wrong answer.
    The probability is exp of the first, ``normalised`` its share among the wrong ones. The ratio
    R = exp(paraphrase - mean of the wrong ones) becomes min(R, 1 / R) on a ``forget`` row and
    max(0, 1 - 1 / R) elsewhere.
    """
    reference, paraphrase, *wrong = means
    log_ratio = paraphrase - sum(wrong) / len(wrong)
    truth = math.exp(-abs(log_ratio)) if forget else -math.expm1(-max(0.0, log_ratio))
    prob = _distribution((reference, *wrong))[0] if normalised else math.exp(reference)
    return Mark({"prob": prob, "truth": truth}, log_ratio=log_ratio)


def chance(item: Item, metric: str) -> float | None:
    """What blind choice scores; None where a metric has no chance line."""
    if metric == "mcq":
        return 1 / len(item.options)
    return 0.0 if metric in ("cloze", "em", "ape") else None


def harmonic(values: Sequence[float]) -> float:
    """Harmonic mean; 0 as soon as one value is 0."""
    return len(values) / sum(1 / v for v in values) if min(values) > 0 else 0.0


def forget_agreement(image: float, text: float) -> float:
    """(a² + b²) / (a + b) of the two modalities' ROUGE-L, 0 where both are 0 (UMU-Bench)."""
    return (image**2 + text**2) / (image + text) if image + text else 0.0


def divergence(first: Sequence[float], second: Sequence[float]) -> float:
    """Jensen-Shannon distance (natural logarithm) of two lists of ratios, given as logarithms.

    Each list is taken as a distribution over its rows, as scipy's ``jensenshannon`` does.
    """
    one, two = _distribution(first), _distribution(second)
    middle = [(a + b) / 2 for a, b in zip(one, two, strict=True)]

    def against(values: Sequence[float]) -> float:
        return sum(v * math.log(v / m) for v, m in zip(values, middle, strict=True) if v > 0)

    return math.sqrt(max(0.0, (against(one) + against(two)) / 2))


def _distribution(logs: Sequence[float]) -> list[float]:
    weights = [math.exp(value - max(logs)) for value in logs]  # less the largest: no overflow
    return [weight / sum(weights) for weight in weights]

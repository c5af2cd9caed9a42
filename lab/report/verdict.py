"""One sentence for a result, made from its figures, and which of the predictions came true.

The thresholds below are our choice. Every share is judged with its 95 % interval; where the
questions are too few for either answer, the sentence says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lab.catalogue import TRAINING_ATTACKS
from lab.events.relearning import fairest
from lab.report import relearned
from lab.report.certainty import difference, wilson
from lab.report.markup import percent
from lab.report.text import Text

CLEAR = 0.05  # a smaller change of a share is called none
NEAR = 0.20  # at most so far above chance is no longer recognised
ALIKE = 0.30  # a guess: with 95 % certainty by no more than this above the control
KEPT = 0.10  # others are kept if they lost no more than this, with 95 % certainty
NEARLY_ALL = 0.10  # "nearly all came back": at most this below the original

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a reader should take from a result.

    ``words``: one to four short sentences, "" where the figures are missing. ``outcome``: which of
    the step's three predictions came true (0, 1 or 2), -1 where that cannot be told. ``more``: what
    stands behind a click, for a page shows few words at once. ``brief``: of an attack, the same in
    two or three words for a table.
    """

    words: str = ""
    outcome: int = -1
    more: str = ""
    brief: str = ""


def shown(verdict: Verdict, step: int, entity: str) -> str:
    """The verdict as HTML; the page puts what was predicted for the step (from 1) beside it."""
    if not verdict.words:
        return ""
    return (
        f'<p class="lab-verdict" data-step="{step}" data-outcome="{verdict.outcome}" '
        f'data-entity="{escape(entity, quote=True)}">{escape(verdict.words)}</p>'
    )


def unlearned(result: Figures, name: str, text: Text) -> Verdict:
    """Whether the model still recognises the person, and what became of others and of text.

    The outcome is of others: 0 kept, 1 worse, 2 gone.
    """
    sides = _sides(result, "forget_vqa")
    if sides is None:
        return Verdict()
    (before, after, n), level = sides, _chance(result, "forget_vqa")
    words = text.VERDICT_FACE[recognised(before, after, n, level)].format(
        name=name, n=n, chance=percent(level, text), **_pair(before, after, text)
    )
    kind, outcome = _others(result)
    others = ""
    if kind:
        was, now, asked = _sides(result, "retain_vqa") or (0.0, 0.0, 0)
        others = text.VERDICT_OTHERS[kind].format(n=asked, **_pair(was, now, text))
    return Verdict(" ".join(filter(None, [words, others, in_text(result, text)])), outcome)


def recognised(before: float, after: float, n: int, level: float) -> str:
    """How sure it is that the person is forgotten: gone, left, unsure or nothing to forget.

    ``before``, ``after``: shares right of ``n`` questions; ``level``: what blind choice scores.
    """
    low, high = wilson(after, n)
    if wilson(before, n)[0] <= level:
        return "nothing"
    if low > level:
        return "left"
    return "gone" if high <= level + NEAR else "unsure"


def _others(result: Figures) -> tuple[str, int]:
    """What became of other people in photos, keep, lose or unsure, and which prediction that is."""
    sides = _sides(result, "retain_vqa")
    if sides is None:
        return "", -1
    before, after, n = sides
    low, high = difference((before, n), (after, n))
    if before - after >= CLEAR and low > 0:
        gone = wilson(after, n)[0] <= _chance(result, "retain_vqa")
        return "lose", 2 if gone else 1
    return ("keep", 0) if high <= KEPT else ("unsure", -1)


def in_text(result: Figures, text: Text) -> str:
    """What became of the questions in text: the same bit for bit, or the share that changed."""
    if result.get("text_logits_identical") is True and "context" not in result.get("changes", ()):
        return str(text.VERDICT_TEXT_SAME)
    changed = result.get("text_answers_changed")
    return "" if changed is None else text.VERDICT_TEXT.format(share=percent(changed, text))


def met(result: Figures, name: str, text: Text) -> Verdict:
    """The verdict of a run without figures, for the glance that has them beside it.

    The outcome is of what the model knows in text: 0 the same, 1 less, 2 nothing.
    """
    face, sides = _sides(result, "forget_vqa"), _sides(result, "forget_qa")
    if face is None:
        return Verdict()
    kind, _ = _others(result)
    words = [text.VERDICT_FACE_SHORT[recognised(*face, _chance(result, "forget_vqa"))]]
    words += [text.VERDICT_OTHERS_SHORT[kind]] if kind else []
    said = " ".join(filter(None, [*words, in_text(result, text)])).format(name=name)
    if sides is None:
        return Verdict(said)
    before, after, n = sides
    if before - after < CLEAR:
        return Verdict(said, 0)
    gone = wilson(after, n)[0] <= _chance(result, "forget_qa")
    return Verdict(said, 2 if gone else 1)


def answered(result: Figures, name: str, text: Text) -> Verdict:
    """What the changed model says to the photo, and what it still says in text.

    The outcome is the commonest answer to "who is this": 0 the right name, 1 another name, 2 that
    it does not know, -1 for anything else. A run that was not asked for names has no verdict.
    """
    after, n = result.get("after", {}), result.get("n", {}).get("forget_name", 0)
    kinds = ("forget_name", "names_other", "says_unknown")
    if not n or any(key not in after for key in kinds):
        return Verdict()
    counts = [round(after[key] * n) for key in kinds]
    rest = max(0, n - sum(counts))
    more = [text.VERDICT_NAMES.format(other=counts[1], unknown=counts[2], rest=rest)]
    sides = _sides(result, "forget_qa")
    if sides:
        before, now, asked = sides
        more.append(text.VERDICT_NO_PHOTO.format(name=name, n=asked, **_pair(before, now, text)))
    most = max(counts)
    clear = most > rest and counts.count(most) == 1
    words = text.VERDICT_NAMED.format(n=n, right=counts[0])
    return Verdict(words, counts.index(most) if clear else -1, " ".join(more))


def attacked(result: Figures, name: str, text: Text) -> Verdict:
    """Whether the person came back, and what the control says about that.

    An attack that trains is judged by how fast a person is learned beside somebody never seen
    (``lab.report.relearned``). The outcome: 0 nothing came back, 1 some of it, 2 nearly all.
    """
    before, after, n = result.get("before"), result.get("after"), result.get("n", 0)
    if before is None or after is None or not n:
        return Verdict()
    low, high = difference((after, n), (before, n))
    came_back = low > 0 and after - before >= CLEAR
    sides = {"name": name, "n": n, **_pair(before, after, text)}
    if not came_back and high > NEAR:
        words = text.VERDICT_BACK_UNSURE.format(**sides)
        return Verdict(words, brief=text.VERDICT_BRIEF["unsure"])
    judged = _judged(result, came_back)
    words = (text.VERDICT_BACK if came_back else text.VERDICT_HELD).format(**sides)
    words = f"{words} {_beside(result, judged, text)}".strip()
    all_of_it = after >= result.get("vanilla", 1.0) - NEARLY_ALL
    outcome = 2 if came_back and all_of_it else int(came_back)
    return Verdict(words, outcome, brief=text.VERDICT_BRIEF[judged])


def _judged(result: Figures, came_back: bool) -> str:
    """What it means beside the fairest control that the person came back, or "held" for away."""
    found = fairest(result)
    trains = result.get("kind") in TRAINING_ATTACKS
    if found is None or (trains and not relearned.comparable(result, found[1])):
        return "no control" if came_back else "held"
    control, n = found[1], result["n"]
    if trains:
        learned = difference((control["after"], n), (control["before"], n))[0] > 0
        return relearned.speed(result, control) if came_back or learned else "weak"
    return _guessed(result, control) if came_back else "held"


def _guessed(result: Figures, control: Figures) -> str:
    """What it means that a change of questions, pictures or bits helped: shown, guessed or close."""
    n, ends = result["n"], (result["after"], control["after"])
    low, high = difference((ends[0], n), (ends[1], n))
    if ends[0] - ends[1] >= CLEAR and low > 0:
        return "shown"
    return "guessed" if high <= ALIKE else "close"


def _beside(result: Figures, judged: str, text: Text) -> str:
    """The sentence for what ``_judged`` says, with the control's figures; "" for held."""
    if judged == "held":
        return ""
    found = fairest(result)
    if found is None or judged == "no control":
        return str(text.VERDICT_NO_CONTROL)
    if judged in text.VERDICT_SPEED:
        return relearned.sentence(result, found[1], text)
    forms = {
        "weak": text.VERDICT_WEAK,
        "shown": text.VERDICT_SHOWN,
        "guessed": text.VERDICT_GUESSED,
        "close": text.VERDICT_SPEED_UNSURE,
    }
    return str(forms[judged].format(**_pair(found[1]["before"], found[1]["after"], text)))


def several(results: Sequence[Figures], names: Mapping[str, str], text: Text) -> Verdict:
    """What all finished runs say together: the means, and the run with the best balance.

    Balance: the harmonic mean of what was forgotten and what was kept, as the comparison of the
    methods uses it. The outcome is what other faces lost on average: 0 less than 5 points, 1 up to
    20, 2 more.
    """
    kept = [r for r in results if _sides(r, "forget_vqa") and _sides(r, "retain_vqa")]
    if not kept:
        return Verdict()

    def mean(side: str, key: str) -> float:
        return math.fsum(r[side][key] for r in kept) / len(kept)

    best = max(kept, key=balance)
    form = text.VERDICT_ONE_RUN if len(kept) == 1 else text.VERDICT_RUNS
    words = form.format(
        runs=len(kept),
        people=len({r["entity"] for r in kept}),
        forget=percent(mean("after", "forget_vqa"), text),
        forget_before=percent(mean("before", "forget_vqa"), text),
        retain=percent(mean("after", "retain_vqa"), text),
        retain_before=percent(mean("before", "retain_vqa"), text),
    )
    lost = mean("before", "retain_vqa") - mean("after", "retain_vqa")
    outcome = 0 if lost < CLEAR else 1 if lost <= NEAR else 2
    if len(kept) == 1:
        return Verdict(words, outcome)
    said = text.VERDICT_BEST.format(
        method=best["method"],
        name=names.get(best["entity"], best["entity"]),
        forget=percent(best["after"]["forget_vqa"], text),
        retain=percent(best["after"]["retain_vqa"], text),
    )
    return Verdict(f"{words} {said}", outcome)


def probed(marks: Sequence[tuple[str, Sequence[bool | None]]], text: Text) -> str:
    """How many fixed questions of each group are right before and after; "" for one model alone.

    ``marks``: of each question its group, and the verdict on each model's answer, the original's
    first; a question that is not judged does not count.
    """
    groups: dict[str, list[tuple[bool, bool]]] = {}
    for group, (first, *rest) in marks:
        if first is not None and rest and rest[0] is not None:
            groups.setdefault(group, []).append((first, rest[0]))
    said = [
        text.VERDICT_PROBE_GROUP.format(
            group=text.GROUPS.get(group, group),
            before=sum(first for first, _ in pairs),
            after=sum(now for _, now in pairs),
            n=len(pairs),
        )
        for group, pairs in groups.items()
    ]
    return text.VERDICT_PROBES.format(groups=", ".join(said)) if said else ""


def balance(result: Figures) -> float:
    """The harmonic mean of what was forgotten and what was kept, in 0..1."""
    forgotten, kept = 1 - result["after"]["forget_vqa"], result["after"]["retain_vqa"]
    return 2 * forgotten * kept / (forgotten + kept) if forgotten + kept > 0 else 0.0


def _sides(result: Figures, key: str) -> tuple[float, float, int] | None:
    """Before, after and n of a measure, or None where one of them is missing."""
    before, after = result.get("before", {}).get(key), result.get("after", {}).get(key)
    n = result.get("n", {}).get(key, 0)
    return None if before is None or after is None or not n else (before, after, int(n))


def _chance(result: Figures, key: str) -> float:
    return result.get("chance", {}).get(key) or 0.0


def _pair(before: float, after: float, text: Text) -> dict[str, str]:
    return {"before": percent(before, text), "after": percent(after, text)}

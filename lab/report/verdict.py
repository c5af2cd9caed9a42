"""One sentence for a result, made from its figures: what a reader should take from the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.report.markup import percent
from lab.report.text import Text

CLEAR = 0.05  # a smaller change of a share is called none (our choice)


def unlearned(result: Mapping[str, Any], name: str, text: Text) -> str:
    """Say whether the model still recognises the person, and what became of others and of text.

    Recognised means 0.05 or more above chance (our choice). "" for a run without these figures.
    """
    before, after = result.get("before", {}), result.get("after", {})
    if "forget_vqa" not in before or "forget_vqa" not in after:
        return ""
    level = result.get("chance", {}).get("forget_vqa") or 0.0
    gone = after["forget_vqa"] < level + CLEAR
    words = [
        (text.VERDICT_GONE if gone else text.VERDICT_LEFT).format(
            name=name,
            chance=percent(level, text),
            n=result.get("n", {}).get("forget_vqa", text.UNKNOWN),
            **_pair(before, after, "forget_vqa", text),
        )
    ]
    if "retain_vqa" in before and "retain_vqa" in after:
        lost = before["retain_vqa"] - after["retain_vqa"] >= CLEAR
        form = text.VERDICT_OTHERS_LOSE if lost else text.VERDICT_OTHERS_KEEP
        words.append(form.format(**_pair(before, after, "retain_vqa", text)))
    if result.get("text_logits_identical") is True and "context" not in result.get("changes", ()):
        words.append(text.VERDICT_TEXT_SAME)
    elif (changed := result.get("text_answers_changed")) is not None:
        words.append(text.VERDICT_TEXT.format(share=percent(changed, text)))
    return " ".join(words)


def attacked(result: Mapping[str, Any], name: str, text: Text) -> str:
    """Say how much an attack brought back, beside the control; "" without figures."""
    before, after = result.get("before"), result.get("after")
    if before is None or after is None:
        return ""
    back = after - before >= CLEAR
    figures = {"before": percent(before, text), "after": percent(after, text)}
    words = (text.VERDICT_BACK if back else text.VERDICT_HELD).format(
        name=name, n=result.get("n", text.UNKNOWN), **figures
    )
    control = result.get("control")
    if not control:
        return words
    beside = text.VERDICT_CONTROL.format(
        before=percent(control["before"], text), after=percent(control["after"], text)
    )
    return f"{words} {beside}"


def _pair(
    before: Mapping[str, Any], after: Mapping[str, Any], key: str, text: Text
) -> dict[str, str]:
    return {"before": percent(before[key], text), "after": percent(after[key], text)}

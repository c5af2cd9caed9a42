"""The figures of a run in a table: before and after, beside the controls', and the checks in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from statistics import fmean
from typing import Any

from lab.catalogue import MEASURES
from lab.events import CLEAN, Answers, Event
from lab.events.controls import controls_of
from lab.report import control_columns, markup
from lab.report.text import Text


def arriving(events: Sequence[Event], text: Text) -> str:
    """Return the before/after table of the measures that have been scored so far; "" for none."""
    said = {e.measure: e for e in events if isinstance(e, Answers)}
    result = {
        "before": {m: fmean(e.right_before) for m, e in said.items()},
        "after": {m: fmean(e.right_after) for m, e in said.items()},
        "n": {m: len(e.after) for m, e in said.items()},
        "chance": {m: None if isnan(e.chance) else e.chance for m, e in said.items()},
    }
    return scores_table(result, text) if said else ""


def scores_table(result: dict[str, Any], text: Text) -> str:
    """Return the before/after table, and a note where a measure has no chance level."""
    before, after = result.get("before", {}), result.get("after", {})
    sizes, chance, found = result.get("n", {}), result.get("chance", {}), controls_of(result)
    rows = [
        (
            text.SCORES[key],
            markup.percent(before.get(key), text),
            markup.percent(after.get(key), text),
            _change(before.get(key), after.get(key), text),
            str(sizes.get(key, text.UNKNOWN)),
            text.NOTHING if chance.get(key) is None else markup.percent(chance[key], text),
            *control_columns.cells(found, key, sizes.get(key), text),
        )
        for key in MEASURES
        if key in before or key in after
    ]
    caption = text.RESULT.format(mode=result.get("mode", CLEAN))
    no_chance = markup.note(text.NO_CHANCE if None in chance.values() else "", "quiet")
    head = (*text.RESULT_HEAD, *control_columns.heads(found, text))
    about = "".join(markup.note(line, "quiet") for line in control_columns.lines(found, text))
    return markup.table(head, rows, caption) + about + no_chance


def result_html(result: dict[str, Any], text: Text) -> str:
    """Return the before/after table and the two checks in words."""
    notes = _about_text(result, text) + _check(
        result.get("base_unchanged"), text.BASE_SAME, text.BASE_DIFFERS, text.BASE_UNCHECKED
    )
    return (
        scores_table(result, text)
        + notes
        + markup.note(_details(result, text), "quiet")
        + markup.note(text.REUSED if result.get("reused") else "", "quiet")
    )


def _about_text(result: dict[str, Any], text: Text) -> str:
    """What became of the text-only answers, and whether that is what the method does or a fault."""
    changes, same = result.get("changes", ()), text.TEXT_SAME
    share = markup.percent(result.get("text_answers_changed"), text)
    if "language" in changes:
        return markup.note(text.TEXT_CHANGED.format(share=share))
    note = ""
    if "context" in changes:
        context, same = result.get("context", text.UNKNOWN), text.CONTEXT_SAME
        note = markup.note(text.CONTEXT_CHANGED.format(context=context, share=share))
    words = same, text.TEXT_DIFFERS, text.TEXT_UNCHECKED
    return note + _check(result.get("text_logits_identical"), *words)


def _change(before: float | None, after: float | None, text: Text) -> str:
    if before is None or after is None:
        return text.UNKNOWN
    return text.POINTS.format(points=100 * (after - before))


def _check(value: bool | None, good: str, bad: str, unknown: str) -> str:
    if value is None:
        return markup.note(unknown, "quiet")
    return markup.note(good, "good") if value else markup.note(bad, "bad")


def _details(result: dict[str, Any], text: Text) -> str:
    total = (result.get("seconds") or {}).get("total")
    memory, density = result.get("peak_memory_mb"), result.get("mask_density")
    return text.DETAILS.format(
        steps=result.get("steps", text.UNKNOWN),
        pruned=result.get("pruned_neurons", text.UNKNOWN),
        mask=text.IN_MASK.format(share=markup.percent(density, text)) if density else text.NO_MASK,
        seconds=markup.duration(total, text) if total is not None else text.UNKNOWN,
        memory=text.MEGABYTES.format(megabytes=memory) if memory is not None else text.UNKNOWN,
        device=result.get("device", text.UNKNOWN),
        quantization=result.get("quantization", text.UNKNOWN),
    )

"""The part of a run's report that lists its facts, in words and with units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from lab.report.markup import duration, percent
from lab.report.text import Text

STAGES = ("importance", "fisher", "train", "evaluate", "total")  # whose seconds are named, in order


def section(result: Mapping[str, Any], steps: int, text: Text) -> str:
    """The list of what the run did and what it took; every word of the result is escaped."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines(result, steps, text))}</ul>"


def lines(result: Mapping[str, Any], steps: int, text: Text) -> list[str]:
    """What the run did and what it took, one fact a line; ``steps``: how many the recipe allowed."""
    result = {**result, "stopped_because": _reason(result, steps, text)}
    return [
        text.REPORT_FACT.format(name=name, value=value)
        for key, name in text.REPORT_FACTS.items()
        if key in result and (value := _value(key, result[key], text))
    ]


def _value(key: str, value: Any, text: Text) -> str:
    return FORMS.get(key, _plain)(value, text)


def _plain(value: Any, text: Text) -> str:
    if isinstance(value, bool):
        return str(text.REPORT_YES if value else text.REPORT_NO)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or str(text.NOTHING)
    return str(text.NOTHING) if value is None else str(value)


def _reason(result: Mapping[str, Any], steps: int, text: Text) -> str:
    """Why the run ended, in words; a reason that is not of this lab is no template, but said as it is."""
    code = str(result.get("stopped_because", ""))
    form = text.REASONS.get(code)
    return form.format(step=result.get("steps"), steps=steps) if form else code


def _parts(value: Any, text: Text) -> str:
    return ", ".join(text.REPORT_PARTS.get(part, part) for part in value) or str(text.NOTHING)


def _seconds(value: Any, text: Text) -> str:
    """What each stage took, one after another."""
    return ", ".join(
        text.REPORT_STAGE.format(stage=text.REPORT_STAGES[stage], time=duration(value[stage], text))
        for stage in STAGES
        if stage in value
    )


def _megabytes(value: Any, text: Text) -> str:
    return str(text.MEGABYTES.format(megabytes=value))


FORMS: Mapping[str, Callable[[Any, Text], str]] = {
    "changes": _parts,
    "text_answers_changed": percent,
    "mask_density": percent,
    "seconds": _seconds,
    "peak_memory_mb": _megabytes,
}

"""Events as lines of JSON and back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from lab.errors import LabError
from lab.unlearn import events as kinds

KINDS = {k.__name__: k for k in (kinds.Phase, kinds.Importance, kinds.Saliency, kinds.Step,
                                 kinds.Probe, kinds.Answers, kinds.Curve, kinds.Bar, kinds.Done)}
ARRAYS = {"heat": np.float32, "edges": np.float64, "counts": np.int64, "ratio": np.float64,
          "density": np.float64}
ARRAY_TUPLES = {"forget": np.float32, "retain": np.float32, "score": np.float32, "pruned": bool}


def plain(value: Any) -> Any:
    """Arrays and tuples as lists, NaN and infinity as None: what standard JSON can hold."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 7) if math.isfinite(value) else None
    return value


def to_line(event: kinds.Event) -> str:
    """One event as one line of JSON."""
    fields = {f.name: plain(getattr(event, f.name)) for f in dataclasses.fields(event)}
    return json.dumps({"event": type(event).__name__, **fields})


def from_line(line: str) -> kinds.Event:
    """Read a line back; raises ``LabError`` when it is not an event of this lab."""
    try:
        data = json.loads(line)
        kind = KINDS[data.pop("event")]
        return kind(**{k: _value(kind, k, v) for k, v in data.items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LabError("events.jsonl holds a line that is no event of this lab: download the run "
                       "again") from None


def _value(kind: type, name: str, value: Any) -> Any:
    if kind in (kinds.Importance, kinds.Saliency):
        if kind is kinds.Importance and name in ARRAY_TUPLES:
            return tuple(np.array(v, ARRAY_TUPLES[name]) for v in value)
        if name in ARRAYS:
            return np.array(value, ARRAYS[name])  # None becomes NaN
    if isinstance(value, list):
        return tuple(value)
    return math.nan if value is None and name not in ("result",) else value


def curve_rows(events: Iterable[kinds.Event]) -> list[dict[str, Any]]:
    """The curves as flat rows: one a step, probe or attack point."""
    rows: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, kinds.Step):
            rows.append({"step": event.step, "forget_loss": event.forget_loss,
                         "retain_loss": event.retain_loss, "vkd_loss": event.vkd_loss,
                         "total": event.total, "seconds": event.seconds})
        elif isinstance(event, kinds.Probe):
            rows.append({"step": event.step, "forget_accuracy": event.forget,
                         "retain_accuracy": event.retain})
        elif isinstance(event, kinds.Curve):
            rows.append({"step": event.step, f"attack_{event.who}": event.forget})
    return rows

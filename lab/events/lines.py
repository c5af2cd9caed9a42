"""Events as lines of JSON and back."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from lab import events as kinds
from lab.catalogue import CONTROLS, NEVER_KNEW
from lab.errors import LabError
from lab.events.relearning import renewed

KINDS = {
    k.__name__: k
    for k in (
        kinds.Phase,
        kinds.Importance,
        kinds.Saliency,
        kinds.Glow,
        kinds.NeuronFisher,
        kinds.Step,
        kinds.Probe,
        kinds.Ready,
        kinds.Answers,
        kinds.Curve,
        kinds.Bar,
        kinds.Done,
    )
}
ARRAYS = {
    "heat": np.float32,
    "edges": np.float64,
    "counts": np.int64,
    "ratio": np.float64,
    "density": np.float64,
    "shares": np.float64,
    "thresholds": np.float64,
    "maps": np.float32,
}
ARRAY_TUPLES = {
    "forget": np.float32,
    "retain": np.float32,
    "score": np.float32,
    "pruned": bool,
    "mean": np.float32,
    "most": np.float32,
    "median": np.float32,
    "fill": np.int16,
    "mark": np.int16,
}
LONGEST = 32 * 2**20  # characters; by count, MANU's scores on a 7B model take 25 million
MOST_LISTS = 100_000  # in one line: two characters each there, sixty bytes each in memory
DEEPEST = 10  # levels of a result; the lab's own have four
WORDS = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": int | float,
    "bool | float": bool | int | float,
}
RELEARNED = ("unlearned", *CONTROLS)  # the models that an attack has a curve of


def plain(value: Any) -> Any:
    """Turn arrays and tuples into lists, and NaN and infinity into None, as standard JSON needs."""
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
        if len(line) > LONGEST or line.count("[") + line.count("{") > MOST_LISTS:
            raise ValueError
        data = json.loads(line)
        if re.search(r"\\u[dD][89a-fA-F]", line):  # half a character could not be written again
            json.dumps(data, ensure_ascii=False).encode()
        kind = KINDS[data.pop("event")]
        types = {f.name: str(f.type) for f in dataclasses.fields(kind)}
        event = kind(**{k: _value(k, types[k], v) for k, v in data.items()})
        _check_shapes(event)
        return _renewed(event)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
    ):
        raise LabError(
            "events.jsonl holds a line that is no event of this lab: download the run again"
        ) from None


def _renewed(event: kinds.Event) -> kinds.Event:
    """An event of an earlier version, which had one control, as it is written now."""
    if isinstance(event, kinds.Curve | kinds.Bar) and event.who == "control":
        return dataclasses.replace(event, who=NEVER_KNEW)
    if isinstance(event, kinds.Done):
        return dataclasses.replace(event, result=renewed(event.result))
    return event


def _value(name: str, type_name: str, value: Any) -> Any:
    """The value of a field of the type ``type_name``; raises TypeError if it has another type."""
    if type_name == "np.ndarray":
        return np.array(value, ARRAYS[name])  # None becomes NaN
    if type_name == "tuple[np.ndarray, ...]":
        return tuple(np.array(v, ARRAY_TUPLES[name]) for v in value)
    if type_name.startswith("tuple"):
        first, second = type_name.removeprefix("tuple[").removesuffix("]").split(", ")
        if not isinstance(value, list) or second != "..." and len(value) != 2:
            raise TypeError
        return tuple(_word(first, v) for v in value)
    if type_name in WORDS:
        return _word(type_name, value)
    if not isinstance(value, dict) or _depth(value) > DEEPEST:
        raise TypeError
    return value


def _word(type_name: str, value: Any) -> Any:
    """Check one text, truth value or number; a float may be missing."""
    if value is None and type_name == "float":
        return math.nan
    if (
        not isinstance(value, WORDS[type_name])
        or isinstance(value, bool)
        and "bool" not in type_name
    ):
        raise TypeError
    if isinstance(value, int) and abs(value) >= 2**63:
        raise OverflowError
    return value


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _check_shapes(event: kinds.Event) -> None:
    """Raise ValueError where the arrays of an event do not fit together."""
    if isinstance(event, kinds.Importance):
        sides = zip(event.forget, event.retain, event.score, event.pruned, strict=True)
        fits = _alike(sides, 1, len(event.layers)) and event.heat.ndim == 2
    elif isinstance(event, kinds.Saliency):
        cells = (len(event.layers), len(event.groups))
        fits = event.ratio.shape == event.density.shape == cells and event.counts.shape == (
            *cells,
            len(event.edges) - 1,
        )
    elif isinstance(event, kinds.Glow):
        fits = _one_each(event.maps, event.shares)
    elif isinstance(event, kinds.NeuronFisher):
        figures = zip(event.mean, event.most, event.median, strict=True)
        pictures = zip(event.fill, event.mark, strict=True)
        fits = (
            _alike(figures, 1, len(event.layers))
            and _alike(pictures, 2, len(event.layers))
            and len(event.inputs) == len(event.layers)
            and _one_each(event.maps, event.thresholds)
        )
    elif isinstance(event, kinds.Answers):
        said = (event.before, event.right_before, event.after, event.right_after)
        fits = len({len(part) for part in said}) == 1
    else:
        return
    if not fits:
        raise ValueError


def _alike(sides: Iterable[tuple[np.ndarray, ...]], axes: int, layers: int) -> bool:
    """Whether there is something of every layer, of one shape a layer, with so many axes."""
    found = [{a.shape for a in layer} for layer in sides]
    return len(found) == layers > 0 and all(
        len(shapes) == 1 and len(min(shapes)) == axes and all(min(shapes)) for shapes in found
    )


def _one_each(maps: np.ndarray, stops: np.ndarray) -> bool:
    """Whether there is one square map a stop, and a stop at least."""
    return stops.ndim == 1 and maps.ndim == 3 and len(maps) == len(stops) > 0


def curve_rows(events: Iterable[kinds.Event]) -> list[dict[str, Any]]:
    """The curves as a flat table: one row for each step, probe or attack point."""
    rows: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, kinds.Step):
            rows.append(
                {
                    "step": event.step,
                    "forget_loss": event.forget_loss,
                    "retain_loss": event.retain_loss,
                    "vkd_loss": event.vkd_loss,
                    "total": event.total,
                    "seconds": event.seconds,
                }
            )
        elif isinstance(event, kinds.Probe):
            rows.append(
                {
                    "step": event.step,
                    "forget_accuracy": event.forget,
                    "retain_accuracy": event.retain,
                }
            )
        elif isinstance(event, kinds.Curve) and event.who in RELEARNED:
            rows.append({"step": event.step, f"attack_{event.who}": event.forget})
    return rows

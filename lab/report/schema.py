"""The form of the result of a run and of an attack; what is read from disk is checked for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from lab.catalogue import CONTROLS
from lab.events.relearning import ALREADY, AT_LEAST, AT_MOST, LEVEL_NAMES, NEITHER

MOST_TEXT, MOST_WORDS = 200, 2**14
Form = Mapping[str, Callable[[Any], bool]]


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_TEXT


def _words(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_WORDS


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _numbers(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_text(k) and _number(v) for k, v in value.items())


def _shares(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_text(k) and _share(v) for k, v in value.items())


def _levels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _text(k) and _maybe(_share)(v) for k, v in value.items()
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_text, value))


def _points(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(p, list | tuple) and len(p) == 2 and all(map(_number, p)) for p in value
    )


def _maybe(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or form(value)


def _rows(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(row, Mapping)
        and not _misfit(row, dict.fromkeys(("file", "person", "column"), _text), {})
        and not _misfit(row, {"row": _maybe(_count), "reason": _words}, {})
        for row in value
    )


def _left_out(value: Any) -> bool:
    needed = {"count": _count, "files": _numbers, "people": _texts, "rows": _rows}
    return (
        isinstance(value, Mapping)
        and not _misfit(value, needed, {})
        and isinstance(value.get("splits"), Mapping)
        and all(_text(split) and _texts(lost) for split, lost in value["splits"].items())
    )


def _control(value: Any) -> bool:
    needed = {"entity": _text, "name": _text, "before": _share, "after": _share, "gain": _number}
    more = {"curve": _maybe(_curve), "probability": _curve, "reused": _flag}
    more |= {"made_on": _text}
    return isinstance(value, Mapping) and not _misfit(value, needed, more)


def _curve(value: Any) -> bool:
    """Points whose steps rise, at least one."""
    return bool(
        _points(value)
        and value
        and all(a[0] < b[0] for a, b in pairwise(value))
        and value[0][0] == 0
    )


def _by_control(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(who in CONTROLS and form(v) for who, v in value.items())
    )


def _delays(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and tuple(value) == LEVEL_NAMES
        and all(
            isinstance(told, Mapping) and not _misfit(told, DELAY, {}) for told in value.values()
        )
    )


def _gains(value: Any) -> bool:
    return _numbers(value) and "unlearned" in value


def _controls(value: Any) -> bool:
    figures = {"scores": _shares, "n": _numbers}
    return isinstance(value, Mapping) and all(
        who in CONTROLS
        and (told is None or isinstance(told, Mapping) and not _misfit(told, figures, {}))
        and (told is None or told["scores"].keys() == told["n"].keys())
        for who, told in value.items()
    )


DELAY: Form = {
    "unlearned": _maybe(_number),
    "control": _maybe(_number),
    "ratio": _maybe(_number),
    "bound": lambda value: value in ("", AT_LEAST, AT_MOST),
    "why": lambda value: value in ("", NEITHER, ALREADY),
}


def _patched(value: Any) -> bool:
    shares = ("forget", "forget_probability", "others", "others_probability")
    return _whole(value, {"name": _text, **dict.fromkeys(shares, _number)})


def _patching(value: Any) -> bool:
    return _whole(
        value, {"into": _text, "source": _text, "unpatched": _patched, "depths": _each(_patched)}
    ) and bool(value["depths"])


def _line(value: Any) -> bool:
    lists = ("at", "forget", "others")
    barriers = ("barrier_forget", "barrier_others")
    return (
        _whole(value, {**dict.fromkeys(lists, _each(_number)), **dict.fromkeys(barriers, _number)})
        and len({len(value[name]) for name in lists}) == 1
        and len(value["at"]) > 1
    )


def _layer(value: Any) -> bool:
    named = isinstance(value, list | tuple) and len(value) == 2
    return named and _text(value[0]) and _number(value[1])


def _where(value: Any) -> bool:
    counts, levels = ("n_forget", "n_others"), ("chance_forget", "chance_others")
    distance = partial(_whole, form={"whole": _number, "layers": _each(_layer)})
    form = {"entity": _text, "lost": _patching, "back": _patching, "line": _line}
    sizes = dict.fromkeys(counts, _count) | dict.fromkeys(levels, _number)
    return _whole(value, {**form, "distance": distance, **sizes}) and (
        [d["name"] for d in value["lost"]["depths"]] == [d["name"] for d in value["back"]["depths"]]
    )


def _each(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(form, value))


def _whole(value: Any, form: Form) -> bool:
    """Whether a mapping has exactly these keys, each with a value of its form."""
    return (
        isinstance(value, Mapping) and value.keys() == form.keys() and not _misfit(value, form, {})
    )


RUN: Form = {
    "entity": _text,
    "method": _text,
    "seed": _count,
    "steps": _count,
    "stopped_because": _text,
    "before": _shares,
    "after": _shares,
    "n": _numbers,
    "chance": _levels,
    "base_unchanged": _flag,
    "text_logits_identical": _flag,
    "pruned_neurons": _count,
    "mask_density": _number,
    "seconds": _numbers,
    "peak_memory_mb": _number,
    "device": _text,
    "quantization": _text,
}
RUN_MORE: Form = {
    "micro_batch": _count,
    "mask_overlap": _maybe(_number),
    "mask_overlap_chance": _maybe(_number),
    "mode": _text,
    "changes": _texts,
    "context": _words,
    "text_answers_changed": _maybe(_number),
    "trainable_share": _number,
    "reused": _texts,
    "cpu_seconds": _number,
    "model": _text,
    "left_out": _left_out,
    "controls": _controls,
    "where": _where,
}
ATTACK: Form = {
    "kind": _text,
    "entity": _text,
    "seed": _count,
    "before": _share,
    "after": _share,
    "gain": _number,
    "vanilla": _share,
    "vanilla_gap": _number,
    "n": _count,
    "chance": _share,
}
ATTACK_MORE: Form = {
    "share": _number,
    "scope": _text,
    "steps": _count,
    "lr": _number,
    "batch": _count,
    "rows": _count,
    "curve": _curve,
    "probability": _curve,
    "controls": _by_control(_control),
    "recovery": _by_control(_maybe(_number)),
    "delay": _maybe(_by_control(_delays)),
    "robustness": _by_control(_maybe(_number)),
    "gain_untrained": _maybe(_gains),
    "seconds": _number,
    "highest": _text,
    "of": _count,
}


def run_misfit(result: Mapping[str, Any]) -> str:
    """Why this is not the result of a run, in a few words; "" if it is one.

    Fields that older versions did not write may be missing. Every field that is there must have the
    right kind of value.
    """
    wrong = _misfit(result, RUN, RUN_MORE)
    if wrong or not result["after"]:
        return wrong  # a run that was stopped before it was scored has no scores
    if "total" not in result["seconds"]:
        return "seconds lacks total"
    for name in ("before", "n", "chance"):
        if result["after"].keys() - result[name].keys():
            return f"{name} lacks {min(result['after'].keys() - result[name].keys())}"[:MOST_TEXT]
    return ""


def attack_misfit(result: Mapping[str, Any]) -> str:
    """Why this is not the result of an attack, in a few words; "" if it is one."""
    if wrong := _misfit(result, ATTACK, ATTACK_MORE):
        return wrong
    controls = result.get("controls", {})
    for name in ("recovery", "delay", "robustness", "gain_untrained"):
        if result.get(name) and controls.keys() - result[name].keys():
            return f"{name} lacks {min(controls.keys() - result[name].keys())}"
    if result.get("probability") and not all("probability" in c for c in controls.values()):
        return "a control lacks probability"
    return ""


def _misfit(result: Mapping[str, Any], needed: Form, more: Form) -> str:
    for key, fits in needed.items():
        if key not in result:
            return f"{key} is missing"
        if not fits(result[key]):
            return f"{key} has a value of the wrong kind"
    return next(
        (
            f"{k} has a value of the wrong kind"
            for k, fits in more.items()
            if k in result and not fits(result[k])
        ),
        "",
    )

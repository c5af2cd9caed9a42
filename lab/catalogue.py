"""The tables of methods, attacks and measures; ``lab.report.text`` has them in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

Trials = tuple[dict[str, Any], ...]

# The softer first: go on until the probed forget accuracy is at chance, or at nothing.
STOPS = (0.2, 0.0)
VISION_RATES, LANGUAGE_RATES = (5e-5, 1e-4, 2e-4), (3e-4, 1e-3, 3e-3)


@dataclass(frozen=True)
class MethodRow:
    """One method, which is ``METHOD`` in ``lab/unlearn/NAME.py``.

    ``visual``: it never changes the language model, whatever the recipe. ``trials``: the settings
    that the fair comparison begins to tune it by (our choice), each as changes to the recipe.
    ``settings``: the recipe's keys that it uses, beside those that every method uses.
    """

    visual: bool
    trials: Trials = field(repr=False)
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttackRow:
    """One attack, which is in ``lab/attack/NAME.py``.

    ``trains``: it trains the model on the ``rows`` that the file draws; otherwise the file says by
    which ``variants`` the model is asked.
    """

    trains: bool


@dataclass(frozen=True)
class MeasureRow:
    """One measure of lab mode; ``ASKS`` of ``lab/evaluation/measures.py`` has its questions.

    ``text_only``: it asks without a picture. ``tokens``: how long a generated answer may get; 0
    means multiple choice. ``mark``: the entry of ``MARKS`` there that judges an answer. ``chance``:
    whether blind choice has a level to compare with. ``of``: the measure whose answers this one
    judges, all of them or some, so that nothing is asked twice. ``usual``: every run takes it;
    ``evaluate``, and a run with ``measures=all``, take the others too.
    """

    text_only: bool = False
    tokens: int = 0
    mark: str = "same"
    chance: bool = True
    of: str = ""
    usual: bool = True


def _rates(key: str, rates: Sequence[float]) -> Trials:
    return tuple({key: rate, "stop_forget": stop} for rate, stop in product(rates, STOPS))


def _each(one: tuple[str, Sequence[float]], other: tuple[str, Sequence[float]]) -> Trials:
    return tuple({one[0]: a, other[0]: b} for a, b in product(one[1], other[1]))


def _scopes(**rates: Sequence[float]) -> Trials:
    """A grid for each of MMUnlearner's scopes: its published commands use the language mask."""
    keys = {"vision": "lr", "language": "adapter_lr"}
    return tuple(
        {"scope": scope, **trial}
        for scope, values in rates.items()
        for trial in _rates(keys[scope], values)
    )


_LANGUAGE = _rates("adapter_lr", LANGUAGE_RATES)
EVERY_METHOD = ("seed", "measures")
_TRAINS = ("steps", "batch", "probe_every", "forget_weight")
_STOPS = (*_TRAINS, "stop_forget", "stop_retain_drop")
_ADAPTS = (*_STOPS, "adapter_lr")
_CAPPED = (*_ADAPTS, "ascent_cap", "preserve_weight")
_MASK = ("mask_threshold", "estimate", "fisher_samples", "blocks")
_VKD_RATES = ("retain_weight", "ascent_cap", "lr", "retain_batch")
_VKD = ("prune_share", "mask_mode", "beta", "distil", "distance", "destination")
METHOD_ROWS: dict[str, MethodRow] = {
    "vkd": MethodRow(
        True,
        _rates("lr", VISION_RATES),
        (*_MASK, *_VKD, *_STOPS, *_VKD_RATES),
    ),
    "mmunlearner": MethodRow(
        False,
        _scopes(vision=VISION_RATES, language=LANGUAGE_RATES),
        ("scope", *_MASK, *_CAPPED, "lr"),
    ),
    "vgid": MethodRow(False, _LANGUAGE, ("noise", *_ADAPTS, "preserve_weight")),
    "manu": MethodRow(
        False,
        _each(("prune_share", (0.02, 0.05, 0.10)), ("blocks", (4, 12))),
        ("prune_share", "blocks", "fisher_samples"),
    ),
    "grad_ascent": MethodRow(False, _LANGUAGE, (*_ADAPTS, "ascent_cap")),
    "grad_diff": MethodRow(False, _LANGUAGE, _CAPPED),
    "kl_min": MethodRow(False, _LANGUAGE, _CAPPED),
    "npo": MethodRow(False, _LANGUAGE, (*_ADAPTS, "preserve_weight", "npo_beta")),
    "undo": MethodRow(
        True,
        _each(("undo_alpha", (0.1, 0.3, 0.5)), ("undo_beta", (0.1, 1.0))),
        (
            *("undo_alpha", "undo_beta", "undo_share", "undo_steps", "undo_lr"),
            *(*_MASK, *_VKD, *_STOPS, *_VKD_RATES),
        ),
    ),
    "vkd_sam": MethodRow(
        True,
        _each(("sam_rho", (0.003, 0.01, 0.03)), ("stop_forget", STOPS)),
        (*("sam_rho", *_MASK, *_VKD, *_STOPS), *_VKD_RATES),
    ),
    "mudman": MethodRow(
        True,
        _each(("mudman_rate", (0.1, 0.2, 0.4)), ("mudman_adversary", (1e-3, 1e-2))),
        (
            *("mudman_rate", "mudman_adversary", "mudman_fork", "mudman_momentum"),
            *("blocks", "beta", "distil", "distance", *_VKD_RATES),
            *("steps", "batch", "probe_every", "stop_forget", "stop_retain_drop"),
        ),
    ),
    # it has no rule of when to stop
    "silence": MethodRow(
        True,
        _each(("silence_lr", (1e-4, 3e-4, 6e-4)), ("beta", (60.0, 120.0))),
        (
            *(*_TRAINS, "blocks", "beta", "distil", "retain_batch"),
            *("margin", "silence_share", "silence_lr"),
        ),
    ),
    # it has two forms, and no number to be tuned
    "icu": MethodRow(
        False, tuple({"context": context} for context in ("noise", "instruction")), ("context",)
    ),
}
METHODS = tuple(METHOD_ROWS)
VISUAL_METHODS = tuple(name for name, row in METHOD_ROWS.items() if row.visual)

ATTACK_ROWS: dict[str, AttackRow] = {
    "relearn": AttackRow(True),
    "benign": AttackRow(True),
    "facts": AttackRow(True),
    "quantize": AttackRow(False),
    "prompts": AttackRow(False),
    "images": AttackRow(False),
}
ATTACKS = tuple(ATTACK_ROWS)
TRAINING_ATTACKS = tuple(name for name, row in ATTACK_ROWS.items() if row.trains)

LONGEST = 50  # tokens of a written answer, as MLLMU-Bench generates
# A benchmark has those it has questions for. Shown in this order.
MEASURE_ROWS: dict[str, MeasureRow] = {
    "forget_vqa": MeasureRow(),
    "forget_name": MeasureRow(tokens=12, mark="name"),
    "names_other": MeasureRow(mark="other", chance=False, of="forget_name"),
    "says_unknown": MeasureRow(mark="unsure", chance=False, of="forget_name"),
    "still_sees": MeasureRow(),
    "forget_qa": MeasureRow(text_only=True),
    "retain_vqa": MeasureRow(),
    "retain_qa": MeasureRow(text_only=True),
    "celebrity_vqa": MeasureRow(),
    "celebrity_qa": MeasureRow(text_only=True),
    "general_qa": MeasureRow(text_only=True),
    "pictures_vqa": MeasureRow(),
    "real_faces_vqa": MeasureRow(of="pictures_vqa"),
    "real_world_vqa": MeasureRow(of="pictures_vqa"),
    **{
        f"{who}_{kind}_{mark}": MeasureRow(kind == "qa", LONGEST, mark, chance=False, usual=False)
        for mark in ("rouge", "cloze")
        for who in ("forget", "retain", "celebrity")
        for kind in ("vqa", "qa")
    },
}
MEASURES = tuple(MEASURE_ROWS)
# Models taught without some people: neither their pictures nor their text, or their text alone.
CONTROLS = NEVER_KNEW, TEXT_TAUGHT = "never_knew", "text_only"
TEXT_ONLY = tuple(name for name, row in MEASURE_ROWS.items() if row.text_only)

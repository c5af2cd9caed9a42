"""Which failure signature a run shows, by its figures, and the two settings to change next.

That Forget VQA does not fall enough where the distillation is too strong or the thresholds are too
conservative, so that beta is lowered or more is pruned, is said in a public summary of VKD's paper.
The other signatures, every threshold and every proposed value are our choice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.catalogue import METHOD_ROWS
from lab.events.relearning import fairest
from lab.recipe import Recipe
from lab.report.certainty import difference
from lab.report.markup import percent
from lab.report.relearned import HIDDEN, speed
from lab.report.text import Text
from lab.report.verdict import CLEAR, recognised

NARROW = 0.05  # a mask that lets fewer of the weights through is too conservative
CHANGES = 2  # settings that are proposed
EARLY = "forget accuracy reached"  # why a run ended whose probes had forgotten before its measures

Result = Mapping[str, Any]
Sides = tuple[float, float, int]  # before, after, n


@dataclass(frozen=True)
class Diagnosis:
    """What a scored run shows: a signature, "" for none; the figures of its words; what to change.

    ``figures``: shares ``before`` and ``after`` with ``n``, and ``chance``. ``changes``: settings of
    the recipe with the values to try, at most ``CHANGES`` of those that the method has.
    """

    signature: str
    figures: Mapping[str, float] = dataclasses.field(default_factory=dict)
    changes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One signature: what it is seen by, and the settings to change, the likeliest first.

    ``shows``: the figures that show it, or None. ``remedies``: (key, what to do with its value).
    """

    signature: str
    shows: Callable[[Result, Sequence[Result]], Mapping[str, float] | None]
    remedies: tuple[tuple[str, str], ...]


def diagnosed(result: Result, recipe: Recipe, attacks: Sequence[Result] = ()) -> Diagnosis | None:
    """The first signature that a run shows, the worst before others; None for a run without scores.

    ``recipe``: the run's. ``attacks``: the results of the attacks on it that are known.
    """
    if _sides(result, "forget_vqa") is None:
        return None
    for rule in RULES:
        figures = rule.shows(result, attacks)
        if figures is not None:
            remedies = (*_first(rule.signature, result, recipe), *rule.remedies)
            return Diagnosis(rule.signature, figures, tuple(_changes(remedies, recipe)))
    return Diagnosis("")


def in_words(found: Diagnosis, text: Text) -> str:
    """The signature in one sentence with its figures."""
    if not found.signature:
        return str(text.DIAGNOSIS_NONE)
    figures = {k: percent(v, text) for k, v in found.figures.items() if k != "n"}
    words = text.DIAGNOSIS[found.signature].format(n=int(found.figures["n"]), **figures)
    return str(text.DIAGNOSIS_LINE.format(words=words))


def change_in_words(key: str, value: Any, recipe: Recipe, text: Text) -> str:
    """A proposed change as the words of its button: the setting, its value now, and the new one."""
    return str(text.DIAGNOSIS_TRY.format(**setting(key, value, recipe, text)))


def setting(key: str, value: Any, recipe: Recipe, text: Text) -> dict[str, str]:
    """A change in words: the setting's name, what it is in the recipe, and the new value."""
    name = text.FIELDS["Recipe"][key][0]
    return {
        "setting": name,
        "now": _short(getattr(recipe, key), text),
        "new": _short(value, text),
    }


def changes_in_words(found: Diagnosis, recipe: Recipe, text: Text) -> str:
    """All proposed changes in one sentence."""
    parts = [
        text.DIAGNOSIS_CHANGE.format(**setting(key, value, recipe, text))
        for key, value in found.changes
    ]
    return str(text.DIAGNOSIS_CHANGES.format(changes=", ".join(parts)))


def as_json(found: Diagnosis | None, text: Text) -> dict[str, Any] | None:
    """The diagnosis as the command line prints it; None for a run without scores."""
    if found is None:
        return None
    words = in_words(found, text)
    return {"signature": found.signature, "words": words, "changes": dict(found.changes)}


def _short(value: Any, text: Text) -> str:
    return str(text.NUMBER.format(number=value)) if isinstance(value, float) else str(value)


# -- what shows a signature -------------------------------------------------------------------


def _sides(result: Result, key: str) -> Sides | None:
    before, after = result.get("before", {}).get(key), result.get("after", {}).get(key)
    n = result.get("n", {}).get(key, 0)
    return None if before is None or after is None or not n else (before, after, int(n))


def _figures(sides: Sides, chance: float = 0.0) -> dict[str, float]:
    before, after, n = sides
    return {"before": before, "after": after, "n": n, "chance": chance}


def _fell(result: Result, key: str) -> dict[str, float] | None:
    """A measure's figures where it fell by at least ``CLEAR``, with 95 % certainty."""
    sides = _sides(result, key)
    if sides is None:
        return None
    before, after, n = sides
    certain = difference((before, n), (after, n))[0] > 0
    return _figures(sides) if before - after >= CLEAR and certain else None


def _kept(result: Result) -> dict[str, float] | None:
    """Forget VQA's figures where its interval still begins above chance."""
    sides = _sides(result, "forget_vqa")
    chance = result.get("chance", {}).get("forget_vqa") or 0.0
    if sides is None or recognised(*sides, chance) != "left":
        return None
    return _figures(sides, chance)


def _text_changed(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _fell(result, "forget_qa") or _fell(result, "retain_qa")


def _sees_worse(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _fell(result, "pictures_vqa") if _fell(result, "retain_vqa") else None


def _tangled(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _fell(result, "retain_vqa") if _kept(result) else None


def _retain_fell(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _fell(result, "retain_vqa")


def _forget_high(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _kept(result)


def _sees_less(result: Result, _: Sequence[Result]) -> Mapping[str, float] | None:
    return _fell(result, "still_sees")


def _came_back(_: Result, attacks: Sequence[Result]) -> Mapping[str, float] | None:
    """The first relearning that brought the person back faster than it taught the fairest control."""
    for attack in attacks:
        found = fairest(attack)
        if attack.get("kind") != "relearn" or not found or not attack.get("curve"):
            continue
        before, after, n = attack["before"], attack["after"], attack["n"]
        back = after - before >= CLEAR and difference((after, n), (before, n))[0] > 0
        if back and found[1].get("curve") and speed(attack, found[1]) == HIDDEN:
            return _figures((before, after, n), attack.get("chance") or 0.0)
    return None


# Worst first: a run that fails at several things is told the one to mend before the others.
RULES = (
    Rule(
        "text_changed",
        _text_changed,
        (("scope", "vision"), ("adapter_lr", "less"), ("method", "vkd"), ("steps", "less")),
    ),
    Rule(
        "sees_worse",
        _sees_worse,
        (("lr", "less"), ("adapter_lr", "less"), ("ascent_cap", "less"), ("steps", "less")),
    ),
    Rule(
        "tangled",
        _tangled,
        (("mask_threshold", "more"), ("lr", "less"), ("adapter_lr", "less"), ("batch", "more")),
    ),
    Rule(
        "retain_fell",
        _retain_fell,
        (
            ("beta", "more"),
            ("prune_share", "less"),
            ("forget_weight", "less"),
            ("preserve_weight", "more"),
            ("adapter_lr", "less"),
            ("steps", "less"),
        ),
    ),
    Rule(
        "forget_high",
        _forget_high,
        (
            ("beta", "less"),
            ("prune_share", "more"),
            ("forget_weight", "more"),
            ("lr", "more"),
            ("adapter_lr", "more"),
            ("steps", "more"),
            ("blocks", "more"),
        ),
    ),
    Rule(
        "sees_less",
        _sees_less,
        (
            ("destination", "unknown"),
            ("ascent_cap", "less"),
            ("forget_weight", "less"),
            ("adapter_lr", "less"),
            ("steps", "less"),
        ),
    ),
    Rule(
        "came_back",
        _came_back,
        (("prune_share", "more"), ("blocks", "more"), ("steps", "more"), ("beta", "less")),
    ),
)


# -- what to change ---------------------------------------------------------------------------


def _first(signature: str, result: Result, recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What comes before a rule's own remedies, because this run says why it forgot too little."""
    if signature != "forget_high":
        return
    if result.get("stopped_because") == EARLY:
        yield "stop_forget", "less"
    if 0 < (result.get("mask_density") or 0.0) < NARROW:
        yield "mask_threshold", "less"


def _changes(remedies: Sequence[tuple[str, str]], recipe: Recipe) -> Iterator[tuple[str, Any]]:
    """The first remedies that the run's method has and that still change something."""
    usable = {"method", *METHOD_ROWS[recipe.method].settings} - _idle(recipe)
    specs = {f.name: f for f in dataclasses.fields(Recipe)}
    left = CHANGES
    for key, what in remedies:
        now = getattr(recipe, key)
        new = _new(now, what, specs[key]) if what in ("less", "more") else what
        if key in usable and new != now and left:
            left -= 1
            yield key, new


def _idle(recipe: Recipe) -> set[str]:
    """Settings of a recipe that change nothing in it.

    Towards strangers beta weighs both terms of the loss alike, and nothing is capped.
    """
    idle = {"mask_threshold"} if recipe.mask_mode == "off" else set()
    chosen = "destination" in METHOD_ROWS[recipe.method].settings
    moves = chosen and recipe.destination.startswith("stranger")
    return idle | ({"beta", "ascent_cap"} if moves else set())


def _new(now: float, what: str, spec: dataclasses.Field[Any]) -> float:
    """Half or twice a value, on its steps and within what the page offers; from 0 its default."""
    meta, whole = spec.metadata, isinstance(now, int)
    wanted = now / 2 if what == "less" else 2 * now or spec.default
    stops = round((wanted - meta["low"]) / meta["step"])
    value = round(meta["low"] + stops * meta["step"], 9)
    # Who has gone beyond what is offered is not sent back: "more" is never less.
    value = min(max(value, meta["low"]), max(meta["offered"], now))
    return int(value) if whole else float(value)

"""How much of a run is done, and how long the rest takes on this machine, scoring included."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

from lab.catalogue import METHOD_ROWS, TRAINING_ATTACKS
from lab.events import Answers, Curve, Phase, Ready, Step, last_result
from lab.recipe import Recipe
from lab.serve.views import RunView, Usual

STAGES = ("importance", "fisher", "train", "evaluate")  # of a run, in the order in which they come
WARM_UP = 3  # steps: the first ones are slower
RECENT = 10  # steps whose pace is taken
LIKE_IT = 3  # runs of this machine by which the next one is estimated


@dataclass(frozen=True)
class Left:
    """What is left of a run: its seconds, and which share of the whole is done, in 0..1."""

    seconds: float
    share: float


def usual(method: str, here: Iterable[RunView], recorded: Iterable[RunView]) -> Usual | None:
    """What a run of a method takes: as the newest ones of this machine, else as a recorded one.

    A run whose measurements were reused says too little about what they take, so those that
    measured them come first. Of up to three such runs each stage takes its median (the lower one of
    two): a run that something else on the machine had slowed down says little about the next.
    """
    for views, is_here in ((list(here)[::-1], True), (list(recorded), False)):
        scored = [
            ((view.recipe.method != method, bool(result.get("reused"))), result)
            for view in views
            if view.kind == "unlearn" and _timed(result := last_result(view.events))
        ]
        if scored:
            likest = min(kind for kind, _ in scored)
            alike = [result for kind, result in scored if kind == likest]
            return _typical(alike[: LIKE_IT if is_here else 1], is_here)
    return None


def _timed(result: Mapping[str, Any]) -> bool:
    """Whether a result is of a run that was scored, with the seconds that it took."""
    seconds = result.get("seconds") or {}
    return bool(result.get("after")) and "train" in seconds and "evaluate" in seconds


def _typical(results: Sequence[Mapping[str, Any]], here: bool) -> Usual:
    """What such runs take, with as many steps as the newest did."""
    steps = int(results[0].get("steps", 0))

    def took(stage: str) -> float:
        times = [float(result["seconds"].get(stage, 0.0)) for result in results]
        if stage == "train" and steps:
            done = [int(result.get("steps", 0)) for result in results]
            times = [of * steps / n for of, n in zip(times, done, strict=True) if n]
        return median_low(times)

    return Usual({stage: took(stage) for stage in STAGES}, steps, here)


def planned(recipe: Recipe) -> int:
    """How many steps a run trains at most, those of UNDO's second training among them."""
    twice = "undo_steps" in METHOD_ROWS[recipe.method].settings
    return recipe.steps + (recipe.undo_steps if twice else 0)


def step_pace(view: RunView) -> float:
    """Seconds per step over the last steps, with the chats that were answered between them."""
    steps = [e for e in view.events if isinstance(e, Step)]
    stamps = [
        stamp
        for stamp, event in zip(view.stamps, view.events, strict=False)
        if isinstance(event, Step)
    ][-RECENT:]
    if len(stamps) > 1:
        return (stamps[-1] - stamps[0]) / (len(stamps) - 1)
    return steps[-1].seconds if steps else 0.0


def left(view: RunView, now: float) -> Left | None:
    """What is left of a run that is under way, at ``now`` (``time.time()``); None where unknown.

    Training counts with all its steps, so that a run that ends early has been estimated too long
    rather than too short.
    """
    if view.state != "running":
        return None
    gone = max(0.0, now - view.started) if view.started else 0.0
    if view.kind == "attack":
        share = _attack_share(view)
        return None if not share or not gone else Left(gone * (1 - share) / share, share)
    rest = _looking(view, gone) if view.kind == "inspect" else _unlearning(view, gone)
    return None if rest is None else Left(rest, gone / (gone + rest) if gone + rest else 0.0)


def takes(view: RunView, here: Sequence[RunView]) -> float | None:
    """Seconds that a run takes which has not begun, by the newest ``here`` that is like it.

    Training is in proportion to its steps. None where this machine has done nothing like it.
    """
    if view.kind == "unlearn":
        before = usual(view.recipe.method, here, ())
        if before is None or not before.steps:
            return None
        rest = sum(seconds for stage, seconds in before.seconds.items() if stage != "train")
        return rest + before.seconds["train"] * planned(view.recipe) / before.steps
    for other in reversed(here):
        if other.kind != view.kind or other.state != "finished" or not other.started:
            continue
        seconds = other.ended - other.started
        if view.attack is None or other.attack is None:
            return seconds
        if other.attack.kind == view.attack.kind:
            trains = view.attack.kind in TRAINING_ATTACKS
            return seconds * (view.attack.steps / other.attack.steps if trains else 1.0)
    return None


def begins(
    under_way: Iterable[RunView],
    ahead: Iterable[RunView],
    whole: Callable[[RunView], float | None],
    now: float,
    hands: int = 1,
) -> float | None:
    """Seconds until it is a run's turn: until the first of so many ``hands`` is free for it.

    Each of what is ``ahead`` begins when the first one is free. ``whole``: seconds that a run takes.
    None where one of them cannot be told.
    """
    free: list[float] = []  # after how many seconds each is
    for view in under_way:
        rest = left(view, now)
        if rest is not None:
            free.append(rest.seconds)
        elif (seconds := whole(view)) is not None:
            free.append(max(0.0, seconds - max(0.0, now - view.started)))
        else:
            return None
    free += [0.0] * (hands - len(free))
    heapq.heapify(free)
    for view in ahead:
        if (seconds := whole(view)) is None:
            return None
        heapq.heapreplace(free, free[0] + seconds)
    return free[0]


def _looking(view: RunView, gone: float) -> float | None:
    """Seconds of looking inside that are left: by the samples behind it, else as it usually takes."""
    counted = [(k, e) for k, e in enumerate(view.events) if isinstance(e, Phase) and e.done]
    if counted and len(view.stamps) > counted[-1][0]:
        (first, _), (last, phase) = counted[0], counted[-1]
        took = view.stamps[last] - view.stamps[max(0, first - 1)]  # what came before ended then
        return took * (phase.total - phase.done) / phase.done
    if view.usual is None or not view.usual.here:
        return None
    rest = view.usual.seconds["importance"] + view.usual.seconds["fisher"] - gone
    return rest if rest > 0 else None  # it takes longer than usual: nobody knows how long


def _unlearning(view: RunView, gone: float) -> float | None:
    steps = [e for e in view.events if isinstance(e, Step)]
    told = view.usual
    ready = next((k for k, e in enumerate(view.events) if isinstance(e, Ready)), None)
    if ready is not None:
        return _scoring(view, ready)
    if len(steps) >= WARM_UP:
        pace = step_pace(view)
        return pace * (steps[-1].steps - steps[-1].step) + _after(told, pace)
    if told is None or not told.here:
        return None
    of_a_step = told.seconds["train"] / told.steps if told.steps else 0.0
    training = of_a_step * (planned(view.recipe) - (steps[-1].step if steps else 0))
    before = told.seconds["importance"] + told.seconds["fisher"]
    return training + told.seconds["evaluate"] + (0.0 if steps else max(0.0, before - gone))


def _after(told: Usual | None, pace: float) -> float:
    """Seconds of scoring; of a run of another machine in proportion to the pace of its steps."""
    if told is None:
        return 0.0
    if told.here:
        return told.seconds["evaluate"]
    other = told.seconds["train"] / told.steps if told.steps else 0.0
    return told.seconds["evaluate"] * pace / other if other else told.seconds["evaluate"]


def _scoring(view: RunView, ready: int) -> float | None:
    """Seconds of scoring that are left: by the questions behind it, else as it usually takes."""
    finished, total, seen = 0, 0, [0]
    for event in view.events[ready:]:
        if isinstance(event, Answers):
            finished += len(event.after)
            seen = [finished]
        elif isinstance(event, Phase) and event.total:
            total = event.total
            seen.append(event.done)
    # Every question is put to two models, one after the other: the count then falls back.
    second = any(now < before for before, now in itertools.pairwise(seen))
    done = finished + seen[-1] + (max(seen) - finished if second else 0)
    if done and total and len(view.stamps) > ready:
        return (view.stamps[-1] - view.stamps[ready]) * (2 * total - done) / done
    return view.usual.seconds["evaluate"] if view.usual else None


def _attack_share(view: RunView) -> float:
    """How much of an attack is done: the attacked model first, then each control in its turn.

    A control whose curve is there already takes no time, and its phase counts no models.
    """
    if view.attack is None:
        return 0.0
    if view.attack.kind in TRAINING_ATTACKS:
        phases = [e for e in view.events if isinstance(e, Phase)]
        training = next((e for e in reversed(phases) if e.total), None)
        if training is None:
            return 0.0
        last = view.events[-1]
        step = last.step if isinstance(last, Curve) else 0
        part = min(1.0, step / view.attack.steps) if training is phases[-1] else 1.0
        return (training.done + part) / training.total
    tried = [e for e in view.events if isinstance(e, Phase) and e.total]
    return tried[-1].done / tried[-1].total if tried else 0.0

"""A whole unlearning run: score, inspect, tune, score again; ends with the result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import torch

from lab.benchmarks.left_out import as_json, left_out
from lab.catalogue import MEASURE_ROWS, MEASURES
from lab.device import device_name, peak_memory_mb, reset_peak, trim
from lab.evaluation.measures import chances
from lab.evaluation.models import UNLEARNED
from lab.evaluation.questions import Ask, Steps, Verdict
from lab.evaluation.scores import (
    Baseline,
    asks_for,
    card,
    changed_share,
    text_logits_identical,
    verdicts,
)
from lab.events import CLEAN, Answers, Done, Event, Phase, Ready
from lab.model.context import context_of, context_part
from lab.model.load import Loaded
from lab.model.low_memory import explained
from lab.model.overlay import language_part, visual_part, weights_hash
from lab.model.version import Version
from lab.unlearn.loop import inspect, tune
from lab.unlearn.outcome import Outcome
from lab.unlearn.task import Task

Scored = dict[str, tuple[list[Verdict], list[Verdict]]]  # before and after, by measure
PRUNED = "pruned: this method trains nothing"
PUT_IN_FRONT = "put in front: this method trains nothing"
STAGES = (
    "importance",
    "fisher",
    "train",
    "ready",
    "evaluate",
    "total",
)  # a method need not have them all


def unlearn(
    loaded: Loaded,
    task: Task,
    baseline: Baseline,
    outcome: Outcome,
    base_hash: str,
    stopped: Callable[[], bool],
    measures: Sequence[str] = MEASURES,
) -> Iterator[Event]:
    """Carry out the task; a stop ends it within a step, keeps the delta so far and skips the scores.

    ``measures``: which scores are taken, of those the benchmark has questions for and the recipe
    asks for. Between two events the model has the original's weights, so that a chat can be answered
    there; from ``Ready`` on, a chat with the unlearned model has its last weights. A run that leaves
    no weights is never ready. The last result is the object that ``python -m lab run --json`` prints.
    """
    begun, busy = time.perf_counter(), time.process_time()
    reset_peak(loaded.device)
    yield from _forget(loaded, task, baseline, outcome, stopped)
    trim()  # the steps needed more than the scores will, and a chat may come any time
    scored, busy = time.perf_counter(), time.process_time() - busy
    if outcome.delta:
        outcome.seconds["ready"] = scored - begun
        yield Ready(round(scored - begun, 2))
    asks_of = asks_for(task.rows.benchmark, task.entity)
    wanted = [m for m in measures if task.recipe.measures == "all" or MEASURE_ROWS[m].usual]
    asked = {m: asks for m, asks in asks_of.items() if m in wanted}
    left = Version(UNLEARNED, loaded, outcome.delta)
    identical = text_logits_identical(left, task.entity)
    made = yield from _score(left, baseline, asked, identical, stopped)
    if stopped():
        outcome.reason, made = "stopped", {}
    outcome.seconds["evaluate"] = time.perf_counter() - scored
    outcome.seconds["total"] = time.perf_counter() - begun
    same = weights_hash(loaded.model) == base_hash
    yield Done(
        outcome.reason,
        result(loaded, task, outcome, made, identical, same)
        | {"chance": chances({m: asked[m] for m in made}), "cpu_seconds": round(busy, 2)},
    )


def _forget(
    loaded: Loaded, task: Task, baseline: Baseline, outcome: Outcome, stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Inspect and tune; puts the weights and the reason why it ended into ``outcome``.

    What fails or is stopped before its first update leaves no weights: an attack on them would
    measure nothing.
    """
    try:
        with explained():
            yield from inspect(loaded, task, outcome, stopped)
            if stopped():
                outcome.reason = "stopped"
            elif task.method.losses is None:
                outcome.reason = PUT_IN_FRONT if context_of(outcome.delta) else PRUNED
            else:
                yield from tune(loaded, task, baseline, outcome, stopped)
    except Exception:
        if not outcome.steps:
            outcome.leave_nothing()
        raise
    if outcome.reason == "stopped" and not outcome.steps:
        outcome.leave_nothing()


def _score(
    left: Version,
    baseline: Baseline,
    asked: Mapping[str, Sequence[Ask]],
    identical: bool,
    stopped: Callable[[], bool],
) -> Generator[Event, None, Scored]:
    """The original's and the unlearned model's verdicts of every measure, until stopped.

    Says after every batch how many questions are behind it, and after every measure what came out.
    """
    made: Scored = {}
    keeper, total, done = Baseline(left.loaded), sum(map(len, asked.values())), 0
    for measure, asks in asked.items():
        yield Phase("evaluate", done, total)
        before = yield from _batches(baseline.asking(measure, asks), done, total, stopped)
        if before is None:
            break
        steps = verdicts(left, keeper, measure, asks, before, identical)
        after = yield from _batches(steps, done, total, stopped)
        if after is None:
            break
        made[measure], done = (before, after), done + len(asks)
        level = chances({measure: asks})[measure]
        level = math.nan if level is None else level
        yield Answers(measure, *_told(before), *_told(after), level)
    return made


def _batches(
    steps: Steps[list[Verdict]], done: int, total: int, stopped: Callable[[], bool]
) -> Generator[Event, None, list[Verdict] | None]:
    """The verdicts, with an event after every batch; None when stopped before."""
    while not stopped():
        try:
            done += next(steps)
        except StopIteration as end:
            return list(end.value)
        yield Phase("evaluate", done, total)
    return None


def _told(made: Sequence[Verdict]) -> tuple[tuple[str, ...], tuple[bool | float, ...]]:
    return tuple(v.answer for v in made), tuple(v.mark for v in made)


def result(
    loaded: Loaded, task: Task, outcome: Outcome, made: Scored, identical: bool, unchanged: bool
) -> dict[str, Any]:
    """The JSON object of a run (keys: see docs/guide.md).

    ``text_answers_changed``: share of the text-only choices that turned from right to wrong or
    back, 0 where the text-only logits are the original's and no context stands in front; None where
    no such question was asked. ``context``: the words in front of every question, where there are.
    ``mask_overlap``: how far the masks of two halves of the samples agree; None without a mask, and
    where a side has but one sample.
    ``reused``: stages whose measurements an earlier inspection or run had left in the cache.
    ``cpu_seconds``, put to it later: what the processor worked before scoring, all threads
    together, which hardly depends on what else the machine does.
    """
    before, after = (card({m: sides[k] for m, sides in made.items()}) for k in (0, 1))
    changed = changed_share(
        {m: b for m, (b, _) in made.items()}, {m: a for m, (_, a) in made.items()}
    )
    overlap, overlap_chance = outcome.mask_stability or (None, None)
    parts = {
        "vision": visual_part(outcome.delta),
        "language": language_part(outcome.delta),
        "context": context_part(outcome.delta),
    }
    context = context_of(outcome.delta)
    return {
        "entity": task.recipe.entity,
        "method": task.recipe.method,
        "seed": task.recipe.seed,
        "steps": outcome.steps,
        "micro_batch": outcome.micro_batch,
        "stopped_because": outcome.reason,
        "mode": CLEAN,
        "before": dict(before.values),
        "after": dict(after.values),
        "n": dict(before.n),
        "changes": [name for name, part in parts.items() if part],
        **({"context": context.instruction} if context else {}),
        "text_logits_identical": identical,
        "text_answers_changed": None if changed is None else round(changed, 4),
        "base_unchanged": unchanged,
        "pruned_neurons": outcome.pruned_neurons,
        "mask_density": round(outcome.mask_density, 4),
        "mask_overlap": None if overlap is None else round(overlap, 4),
        "mask_overlap_chance": None if overlap_chance is None else round(overlap_chance, 4),
        "trainable_share": trainable_share(loaded, task, outcome),
        "reused": list(dict.fromkeys(outcome.reused)),
        "seconds": {k: round(outcome.seconds.get(k, 0.0), 2) for k in STAGES},
        "peak_memory_mb": peak_memory_mb(loaded.device),
        "device": device_name(loaded.device),
        "quantization": loaded.quantization,
        "model": loaded.name,
        "left_out": as_json(left_out(task.rows.benchmark)),
    }


def trainable_share(loaded: Loaded, task: Task, outcome: Outcome) -> float:
    """How many weights the run could change, over all weights of the model; 0 trains nothing.

    A LoRA counts its own weights. Pruned neurons and what a mask over both losses shuts do not
    count; a mask over the forget term alone leaves every weight to the other term, and so does a
    second training without one.
    """
    if task.method.losses is None:
        return 0.0
    trainings = [t for t in (task.method, task.method.second) if t is not None]
    masked = all(t.gates(task.recipe) == "all" for t in trainings)
    shut = outcome.mask if masked else {}
    free = sum(int(shut[n].sum()) if n in shut else t.numel() for n, t in outcome.delta.items())
    free -= sum(int(p.sum()) for n, p in outcome.pruned.items() if n not in shut)
    return free / sum(map(_size, loaded.model.parameters()))


def _size(weight: torch.Tensor) -> int:
    """Number of weights; a 4-bit tensor packs two in a byte and knows its true shape."""
    state = getattr(weight, "quant_state", None)
    return math.prod(state.shape) if state is not None else weight.numel()

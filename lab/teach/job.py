"""A whole teaching: scores before, updates with checkpoints, scores after, the folder written."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.benchmarks.schema import Benchmark
from lab.device import device_name, peak_memory_mb
from lab.errors import LabError
from lab.evaluation.questions import Ask
from lab.model.checkpoint import WEIGHTS, Taught, taught, write_taught
from lab.model.load import Loaded
from lab.model.overlay import load_delta
from lab.recipe import Preset, TeachRecipe
from lab.teach.lessons import Lessons
from lab.teach.measures import asks_of, levels, probes, scores, sizes
from lab.teach.own_answers import own_answers
from lab.teach.teacher import Teacher, read_checkpoint

CHECKPOINT = "checkpoint.safetensors"
# What a folder was begun with that does not know all of today's keys.
EARLIER = {
    "left_out_pictures": "",
    "start": "",
    "tower": "",
    "projector": "",
    "recipe": dataclasses.asdict(TeachRecipe()),
}


@dataclass(frozen=True)
class Plan:
    """All that a teaching is told; a folder that was begun goes on only under the same plan.

    ``left_out``: an entity or split of which nothing is shown; ``left_out_pictures``: one of which
    no picture is, text alone; ``focus``: one that is shown more often; ``start``: the folder of a
    taught model to go on from, of the same base; all "" for none. ``tower``, ``projector``: the
    model's parts as named by hand.
    """

    base: str
    processor: str
    quantization: str
    benchmark: str
    data: str
    left_out: str
    focus: str
    recipe: TeachRecipe
    tower: str = ""
    projector: str = ""
    left_out_pictures: str = ""
    start: str = ""


@dataclass(frozen=True)
class Taken:
    """One update: its loss (nats per token) and how long the rest will take, in seconds."""

    step: int
    steps: int
    loss: float
    left: float


@dataclass(frozen=True)
class Heard:
    """A probe after ``step`` updates: accuracy on held-out wordings, n and chance by measure."""

    step: int
    accuracy: Mapping[str, float]
    n: Mapping[str, int]
    chance: Mapping[str, float]


@dataclass(frozen=True)
class Finished:
    """The end: the JSON object that ``python -m lab teach --json`` prints."""

    result: dict[str, Any]


def plan_of(
    preset: Preset,
    benchmark: Benchmark,
    left_out: str,
    focus: str,
    recipe: TeachRecipe,
    left_out_pictures: str = "",
    start: str = "",
) -> Plan:
    """The plan of a command line; ``LabError`` for an unknown entity or a split to refuse."""
    for who in (left_out, left_out_pictures, focus):
        if who:
            benchmark.target(who)
    return Plan(
        preset.base or preset.model,
        preset.processor,
        preset.quantization,
        preset.benchmark,
        preset.data,
        left_out,
        focus,
        recipe,
        preset.tower,
        preset.projector,
        left_out_pictures,
        start,
    )


def check_same(plan: Plan, told: Mapping[str, Any], folder: Path) -> None:
    """Raise ``LabError`` naming the first difference to the plan a folder was begun with."""
    begun = _flat(EARLIER) | _flat(told)
    for name, value in _flat(dataclasses.asdict(plan)).items():
        before = begun.get(name)
        if before != value:
            raise LabError(
                f"{folder} was begun with {name} {before!r}, not {value!r}: give another --out"
            )


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in told.items() if k != "recipe"}, **told.get("recipe", {})}


def teach(
    loaded: Loaded,
    benchmark: Benchmark,
    plan: Plan,
    folder: Path,
    stopped: Callable[[], bool],
    say: Callable[[str], None],
) -> Iterator[Taken | Heard | Finished]:
    """Teach by the plan into ``folder``, from its checkpoint where it has one.

    A stop ends it within a step with the checkpoint kept, and skips the scores. Going on gives the
    weights of an uninterrupted teaching, bit for bit on the same machine.
    """
    asks, recipe = (
        asks_of(benchmark, plan.left_out, plan.left_out_pictures, plan.focus),
        plan.recipe,
    )
    left_out, unseen, focus = (
        members(benchmark, who) for who in (plan.left_out, plan.left_out_pictures, plan.focus)
    )
    prompts = benchmark.prompts if recipe.general else ()
    general = own_answers(loaded, prompts, recipe.answer_tokens, say)
    lessons = Lessons(benchmark, left_out, focus, recipe, unseen, general)
    teacher = Teacher(loaded, lessons, recipe)
    about = _begin(teacher, plan, asks, folder, say)
    probe = probes(asks, plan.recipe.seed)
    yield from _updates(teacher, about, probe, folder / CHECKPOINT, stopped)
    unknown = never_shown((*left_out, *unseen), plan.start)
    yield Finished(_end(teacher, about, plan, asks, unknown, folder, say))


def _begin(
    teacher: Teacher,
    plan: Plan,
    asks: Mapping[str, Sequence[Ask]],
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """What the checkpoint tells, with the teacher where it was; else the base's scores."""
    path = folder / CHECKPOINT
    if path.exists():
        about = read_checkpoint(path)
        check_same(plan, about["plan"], folder)
        teacher.restore(path)
        say(f"Going on from step {teacher.step} of {teacher.steps} …")
        return about
    if plan.start:
        teacher.start_from(load_delta(Path(plan.start) / WEIGHTS, teacher.loaded.base), plan.start)
    if not (before := _scored_already(plan)):
        say(f"Asking the base {sum(map(len, asks.values()))} questions …")
        before = scores(teacher, asks, say)
    about = {
        "plan": dataclasses.asdict(plan),
        "seconds": 0.0,
        "loss": None,
        "before": before,
    }
    teacher.save(path, about)
    return about


def _scored_already(plan: Plan) -> dict[str, float]:
    """The scores that the start's teaching ended with, where it was asked the very same; else none."""
    start = taught(Path(plan.start)) if plan.start else None
    model = ("base", "processor", "quantization")
    asked = (*model, "benchmark", "data", "left_out", "left_out_pictures", "focus")
    if start and all(start.plan.get(key) == getattr(plan, key) for key in asked):
        return dict(start.result["after"])
    return {}


def _updates(
    teacher: Teacher,
    about: dict[str, Any],
    probe: Mapping[str, Sequence[Ask]],
    path: Path,
    stopped: Callable[[], bool],
) -> Iterator[Taken | Heard]:
    """Updates until the steps are done or a stop is asked for; the last state is always kept."""
    recipe, before, first = teacher.recipe, about["seconds"], teacher.step
    begun = time.perf_counter()
    while teacher.step < teacher.steps and not stopped():
        about["loss"] = teacher.update()
        spent = time.perf_counter() - begun
        about["seconds"] = before + spent
        yield Taken(
            teacher.step,
            teacher.steps,
            about["loss"],
            spent / (teacher.step - first) * (teacher.steps - teacher.step),
        )
        if teacher.step % recipe.save_every == 0:
            teacher.save(path, about)
        if teacher.step % recipe.probe_every == 0 and teacher.step < teacher.steps:
            yield Heard(teacher.step, scores(teacher, probe), sizes(probe), levels(probe))
    teacher.save(path, about)


def _end(
    teacher: Teacher,
    about: Mapping[str, Any],
    plan: Plan,
    asks: Mapping[str, Sequence[Ask]],
    unknown: Sequence[str],
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The result; of a teaching that is through also the scores after it and the folder.

    ``unknown``: ids of the people whose pictures were never shown.
    """
    through = teacher.step == teacher.steps
    started = time.perf_counter()
    after = scores(teacher, asks, say) if through else {}
    result = {
        "base": plan.base,
        "quantization": plan.quantization,
        "benchmark": plan.benchmark,
        "people": len(teacher.lessons.people),
        "views": len(teacher.lessons.views),
        "unknown": list(unknown),
        "focus": plan.focus,
        "seed": plan.recipe.seed,
        "steps": teacher.step,
        "stopped_because": "steps done" if through else "stopped: the same command goes on",
        "before": about["before"],
        "after": after,
        "n": sizes(asks),
        "chance": levels(asks),
        "loss": about["loss"],
        "trained_parameters": sum(w.numel() for w in teacher.weights.values()),
        "seconds": {
            "teach": round(about["seconds"], 2),
            "evaluate": round(time.perf_counter() - started, 2),
        },
        "peak_memory_mb": peak_memory_mb(teacher.loaded.device),
        "device": device_name(teacher.loaded.device),
    }
    if through:
        told = Taught(plan.base, plan.processor, tuple(unknown), dataclasses.asdict(plan), result)
        write_taught(folder, teacher.delta(), told)
        (folder / CHECKPOINT).unlink()
    return result


def never_shown(left_out: Sequence[str], start: str) -> tuple[str, ...]:
    """Of who was left out now, those whom the model that teaching began with never saw either."""
    before = taught(Path(start)) if start else None
    return tuple(who for who in left_out if before is None or who in before.unknown)


def members(benchmark: Benchmark, who: str) -> tuple[str, ...]:
    """The ids of a split, or the one id; none for ""."""
    return tuple(benchmark.splits.get(who, (who,))) if who else ()

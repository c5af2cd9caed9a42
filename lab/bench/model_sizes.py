"""Time and memory of a model of a published size: random weights, real work (bench --random)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from lab.bench import random_model
from lab.benchmarks.people import load_people
from lab.benchmarks.schema import Entity
from lab.device import device_name, peak_memory_mb, reset_peak
from lab.errors import LabError
from lab.experiments.full_step import FullStep
from lab.experiments.in_turn import interleaved
from lab.model.load import Loaded
from lab.model.low_memory import attempt, explained
from lab.model.memory import available_mb, needed_bytes
from lab.model.version import Version
from lab.recipe import Recipe
from lab.serve.chat import answers
from lab.serve.views import ORIGINAL, Turn
from lab.unlearn.loop import inspect
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import Task, task_of

QUESTION = Turn("Describe what is in the picture in one sentence.")
ANSWER_TOKENS = 16
FULL_BYTES = 16  # a trained float32 weight: itself, its gradient and AdamW's two


@dataclass(frozen=True)
class Full:
    """Seconds of a full fine-tuning step, or why there are none."""

    seconds: float | None
    reason: str = ""


@explained()
def measure(
    name: str, quantization: str, rounds: int, limit_gb: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Build the model, do the steps of a run on one of the 40 people, and return what they took.

    ``rounds`` steps and answers are timed, after one that is not. ``limit_gb``: how much of the
    GPU's memory may be used, 0 for all of it. Raises ``LabError`` if the device is too small.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    _limit(device, limit_gb)
    say(f"making {name} ({quantization}) …")
    loaded, load = _timed(lambda: random_model.make(name, quantization, device), device)
    benchmark = load_people()
    entity = benchmark.entities[0]
    recipe = replace(
        Recipe(),
        entity=entity.id,
        ascent_cap=20.0,  # random weights are above the usual
        blocks=min(Recipe().blocks, len(loaded.vision.blocks)),
    )
    outcome = Outcome()
    say("importance and Fisher …")
    for _ in inspect(loaded, task_of(benchmark, recipe), outcome, lambda: False):
        pass
    say("VKD steps …")
    student, prepare, step = _steps(loaded, task_of(benchmark, recipe), outcome, rounds)
    say("answers side by side …")
    spoken = _answers(loaded, entity, outcome, rounds)
    peak = peak_memory_mb(device)
    recomputed, micro = student.recompute, outcome.micro_batch
    del student
    say("full fine-tuning …")
    full = _full_step(loaded, task_of(benchmark, recipe), rounds)
    seconds = {
        "load": load,
        **outcome.seconds,
        "prepare": prepare,
        "vkd_step": step,
        "full_step": full.seconds,
    }
    return {
        **_described(loaded, name),
        "seconds": {k: v and round(v, 4) for k, v in seconds.items()},
        "full_step_reason": full.reason,
        "tokens_per_second": round(spoken, 2),
        "peak_memory_mb": peak,
        "n": {
            "steps": rounds,
            "answers": rounds,
            "fisher_samples": recipe.fisher_samples,
            "batch": recipe.batch,
            "retain_batch": recipe.retain_batch,
        },
        "micro_batch": micro,
        "recomputed": recomputed,
        "limit_gb": limit_gb or None,
    }


def _limit(device: torch.device, limit_gb: float) -> None:
    """Use no more of a GPU's memory than this, and start a new measurement of the peak."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        if limit_gb:
            torch.cuda.set_per_process_memory_fraction(
                min(1.0, limit_gb * 1e9 / total), device.index
            )
    elif limit_gb:
        raise LabError("--memory holds on a GPU only, and there is none: leave it out")
    reset_peak(device)


def _timed(work: Callable[[], Any], device: torch.device) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return result, time.perf_counter() - started


def _steps(
    loaded: Loaded, task: Task, outcome: Outcome, rounds: int
) -> tuple[Student, float, float]:
    """The student after its steps, seconds to prepare it, and the median seconds of a step."""
    rows, recipe = task.rows, task.recipe
    student = Student(loaded, task.method, recipe, outcome)
    _, prepare = _timed(lambda: list(student.prepare(rows)), loaded.device)
    (step,) = interleaved([lambda _: student.update(rows.draw(recipe))], rounds, loaded.device)
    student.keep()
    return student, prepare, step


def _answers(loaded: Loaded, entity: Entity, outcome: Outcome, rounds: int) -> float:
    """Tokens a second of both sides' answers together, the picture's reading included."""
    sides = [Version(ORIGINAL, loaded), Version("run", loaded, outcome.delta)]
    spoken: list[int] = []

    def both(_: int) -> None:
        steps = sum(1 for _ in answers(sides, [QUESTION], entity.test_images[0], ANSWER_TOKENS))
        spoken.append(len(sides) * steps)

    (seconds,) = interleaved([both], rounds, loaded.device)
    return spoken[-1] / seconds


def _full_step(loaded: Loaded, task: Task, rounds: int) -> Full:
    """A step that trains every weight, as ``lab.experiments.full_step`` does it, where it fits."""
    if loaded.quantization != "none":
        return Full(None, "quantised weights cannot be trained")
    needed = FULL_BYTES * sum(p.numel() for p in loaded.model.parameters()) / 2**30
    there = available_mb(loaded.device) / 2**10
    if needed > there:
        return Full(
            None, f"needs {needed:.1f} GB for weights, gradients and AdamW, {there:.1f} are free"
        )
    rows, recipe = task.rows, task.recipe
    drawn = [
        (rows.forget_batch(recipe.batch), rows.retain_rows(recipe.batch)) for _ in range(rounds + 1)
    ]

    def timed() -> list[float]:
        full = FullStep(loaded, recipe.lr)
        return interleaved([lambda turn: full.update(*drawn[turn])], rounds, loaded.device)

    taken = attempt(timed)
    return Full(taken[0]) if taken else Full(None, "out of memory during the step")


def _described(loaded: Loaded, name: str) -> dict[str, Any]:
    """The model that was built, and the device it is on."""
    model, visual = loaded.model, set(loaded.vision.names())
    counted = needed_bytes(model.config, loaded.quantization, loaded.device)
    shape = random_model.shape_of(name)
    return {
        "model": name,
        "weights": "random",
        "source": shape.source,
        "quantization": loaded.quantization,
        "device": device_name(loaded.device),
        "parameters": random_model.parameters(shape),
        "visual_parameters": sum(model.get_parameter(n).numel() for n in visual),
        "tokens_per_picture": loaded.prompter.image_prefix.count(model.config.image_token_id),
        "weights_mb": round(counted / 2**20, 1),
    }


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table of one row."""
    s, n = result["seconds"], result["n"]
    full = result["full_step_reason"] or f"{s['full_step']:.2f} s"
    micro = f"{result['micro_batch']} of {n['batch']}"
    cells = {
        "model, random weights": result["model"],
        "language model": result["quantization"],
        "parameters": f"{result['parameters'] / 1e6:,.1f} M",
        "load": f"{s['load']:.1f} s",
        "importance": f"{s['importance']:.1f} s",
        f"Fisher, {n['fisher_samples']} a side": f"{s['fisher']:.1f} s",
        f"VKD step (n = {n['steps']})": f"{s['vkd_step']:.2f} s",
        "rows at a time": micro,
        "full fine-tuning step": full,
        f"both answers (n = {n['answers']})": f"{result['tokens_per_second']:.1f} tokens/s",
        "weights by count": f"{result['weights_mb'] / 1024:.2f} GiB",
        "peak": f"{result['peak_memory_mb'] / 1024:.2f} GiB",
    }
    return "\n".join(
        [
            result["device"],
            "| " + " | ".join(cells) + " |",
            "|---" * len(cells) + "|",
            "| " + " | ".join(map(str, cells.values())) + " |",
        ]
    )

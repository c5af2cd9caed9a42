"""The speed of what the lab does, each as a ratio to something else (python -m lab bench)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from lab.bench.aims import BOTH_TO_ONE
from lab.bench.baselines import in_bfloat16, in_float32, language_floor, looped_fisher
from lab.bench.ratios import Ratio
from lab.bench.room import room
from lab.bench.scaling import growth
from lab.bench.start import starting
from lab.device import device_name, peak_memory_mb
from lab.evaluation.asks import forget_asks, text_asks
from lab.evaluation.questions import choose
from lab.evaluation.session import Workbench
from lab.experiments.full_step import FullStep, check_plain
from lab.experiments.in_turn import interleaved
from lab.model.load import Loaded
from lab.model.overlay import overlay
from lab.model.sparse import Sparse, to_delta, to_sparse
from lab.model.version import Version
from lab.recipe import Recipe
from lab.saliency.fisher import squared_gradients
from lab.serve.chat import answers
from lab.serve.views import ORIGINAL, Turn
from lab.unlearn.loop import inspect
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of

ANSWER_TOKENS = 16


def bench(work: Workbench, entity: str, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything on one entity; returns the object that ``--json`` prints."""
    loaded = work.loaded
    check_plain(loaded, "bench")
    recipe = replace(work.preset.recipe, entity=entity, fisher_samples=8)
    outcome = Outcome()
    say("inspect …")
    for _ in inspect(loaded, task_of(work.benchmark, recipe), outcome, lambda: False):
        pass
    ratios: list[Ratio] = []
    # saliency first: a run takes its Fisher at the pruned weights, before any step
    for name, part in (
        ("saliency", saliency),
        ("step", steps),
        ("answers", both_answers),
        ("precision", precision),
    ):
        say(f"{name} …")
        ratios += part(work, recipe, outcome, rounds)
    say("room …")
    ratios += room(work, outcome)
    say("overlay, start …")
    packed = to_sparse(outcome.delta, loaded.base.visual)
    return {
        "device": device_name(loaded.device),
        "quantization": loaded.quantization,
        "entity": entity,
        "ratios": [r.row() for r in ratios],
        "overlay_ms": round(overlay_ms(loaded, packed), 3),
        "run_mb": round(packed.megabytes(), 2),
        **starting(),
        "growth": growth(work, recipe, say),
        "peak_memory_mb": peak_memory_mb(loaded.device),
    }


def steps(work: Workbench, recipe: Recipe, outcome: Outcome, rounds: int) -> list[Ratio]:
    """A VKD step against a full fine-tuning step with grad_diff, and against its floor.

    The floor is a bare forward and backward of the frozen language model on the forget batch.
    """
    loaded, task = work.loaded, task_of(work.benchmark, recipe)
    rows = task.rows
    drawn = [rows.draw(recipe) for _ in range(rounds + 1)]
    retain = [rows.retain_rows(recipe.batch) for _ in drawn]
    student = Student(loaded, task.method, recipe, outcome)
    full = FullStep(loaded, recipe.lr)
    for _ in student.prepare(rows):
        pass
    times = interleaved(
        [
            lambda turn: student.update(drawn[turn]),
            lambda turn: full.update(drawn[turn].forget, retain[turn]),
            lambda turn: language_floor(loaded, drawn[turn].forget),
        ],
        rounds,
        loaded.device,
    )
    student.keep()  # what follows is measured on a trained delta
    what = f"VKD step, {recipe.batch} forget and {recipe.retain_batch} retain pictures"
    return [
        Ratio(
            "vkd_step_to_full",
            what,
            times[0],
            "full fine-tuning step with grad_diff, the "
            f"same {recipe.batch} forget rows and {recipe.batch} retain rows",
            times[1],
            rounds,
            "at most 0.2",
        ),
        Ratio(
            "vkd_step_to_floor",
            what,
            times[0],
            "forward and backward of the frozen language model on the same forget batch",
            times[2],
            rounds,
            "at most 1.35",
        ),
    ]


def both_answers(work: Workbench, recipe: Recipe, outcome: Outcome, rounds: int) -> list[Ratio]:
    """Both sides' streamed answers against one answer of transformers' generate."""
    loaded, entity = work.loaded, work.benchmark.entity(recipe.entity)
    image, question = entity.test_images[0], "Describe what is in the picture in one sentence."
    prompt = loaded.prompter.conversation((), question, True)
    ids = torch.tensor([prompt], device=loaded.device)
    counts, flow = dict[str, int](), loaded.vision.family.flow
    token: Any = loaded.model.config.image_token_id
    sides = [Version(ORIGINAL, loaded), Version("run", loaded, outcome.delta)]

    def _both(_: int) -> None:
        counts["steps"] = sum(1 for _ in answers(sides, [Turn(question)], image, ANSWER_TOKENS))

    def _single(_: int) -> None:
        with torch.no_grad():
            pixels = loaded.prompter.pictures([image])
            tokens = loaded.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                **flow.given(pixels),
                **flow.marks(ids, token),
                min_new_tokens=counts["steps"],
                max_new_tokens=counts["steps"],
                do_sample=False,
            )
        assert tokens.shape[1] == ids.shape[1] + counts["steps"]

    times = interleaved([_both, _single], rounds, loaded.device)
    return [
        Ratio(
            "both_answers_to_one",
            f"both answers, {counts['steps']} tokens each",
            times[0],
            "one answer of the same length by generate of transformers",
            times[1],
            rounds,
            f"at most {BOTH_TO_ONE}",
        )
    ]


def saliency(work: Workbench, recipe: Recipe, outcome: Outcome, rounds: int) -> list[Ratio]:
    """Exact per-sample Fisher in one batched pass against one backward pass a sample."""
    loaded = work.loaded
    samples = task_of(work.benchmark, recipe).rows.fisher_samples(8)[0]
    layers = loaded.vision.trained(recipe.blocks)
    full = in_float32(loaded)  # bfloat16 rounds a batch in another way than a row
    with overlay(full.model, outcome.delta):
        batched, looped = (
            squared_gradients(full, full.vision.trained(recipe.blocks), samples),
            looped_fisher(full, recipe.blocks, samples),
        )
        worst = max(float((batched[n] - looped[n]).norm() / looped[n].norm()) for n in looped)
    with overlay(loaded.model, outcome.delta):
        times = interleaved(
            [
                lambda _: squared_gradients(loaded, layers, samples),
                lambda _: looped_fisher(loaded, recipe.blocks, samples),
            ],
            max(1, rounds // 2),
            loaded.device,
        )
    return [
        Ratio(
            "fisher_to_loop",
            f"per-sample Fisher of {len(samples)} samples in one pass "
            f"(relative difference in float32 {worst:.1e})",
            times[0],
            "a loop of single-sample backward passes of transformers",
            times[1],
            max(1, rounds // 2),
            "at most 0.33",
        )
    ]


def precision(work: Workbench, recipe: Recipe, outcome: Outcome, rounds: int) -> list[Ratio]:
    """bfloat16 against float32 in the language model: speed, and how many answers are the same."""
    full, half = in_float32(work.loaded), in_bfloat16(work.loaded)
    task = task_of(work.benchmark, recipe)
    asks = forget_asks(task.entity) + text_asks(task.entity)
    same = [
        a.answer == b.answer for a, b in zip(choose(full, asks), choose(half, asks), strict=True)
    ]
    rows = task.rows.forget_batch(recipe.batch)
    times = interleaved(
        [lambda _: language_floor(half, rows), lambda _: language_floor(full, rows)],
        rounds,
        full.device,
    )
    return [
        Ratio(
            "bfloat16_to_float32",
            "language model in bfloat16, forward and backward; "
            f"{sum(same)} of {len(same)} answers the same",
            times[0],
            "in float32",
            times[1],
            rounds,
            "chosen where the CPU has AVX512-BF16 or AMX",
        )
    ]


def overlay_ms(loaded: Loaded, packed: Sparse, rounds: int = 20) -> float:
    """Median milliseconds to unpack an ended run's delta, lay it on and take it off."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        with overlay(loaded.model, to_delta(packed, loaded.base.visual)):
            pass
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table with its device line."""
    lines = [
        f"{result['device']}, {result['quantization']}, medians",
        "| what | seconds | against | seconds | ratio | asked | n |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['what']} | {r['seconds']:.3f} | {r['against']} | {r['against_seconds']:.3f} | "
        f"{r['ratio']:.2f} | {r['target']} | {r['n']} |"
        for r in result["ratios"]
    ]
    lines += [
        f"delta unpacked, on and off: {result['overlay_ms']} ms; an ended run keeps "
        f"{result['run_mb']} MB of weights",
        f"start to an answering page: {result['start_seconds']} s, the lab's own "
        f"imports {result['own_import_seconds']} s",
    ]
    for name, points in result["growth"].items():
        lines += [
            "",
            f"| {name.replace('_', ' ')} | seconds | MB kept | ms for the page |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {p['n']:,} | {p['seconds']} | {_or_dash(p['megabytes'])} | "
            f"{_or_dash(p['page_ms'])} |"
            for p in points
        ]
    return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return "–" if value is None else str(value)

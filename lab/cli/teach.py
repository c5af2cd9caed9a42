"""python -m lab teach: make a model that knows a benchmark's people; resumable."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lab.cli import log_to
from lab.cli.common import add_model, add_settings, preset_of, say, say_left_out, typed
from lab.errors import LabError
from lab.recipe import TeachRecipe, load_teaching, revise

HELP = "teach a model the people of a benchmark; can be resumed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    log_to.add_log(parser)
    parser.add_argument(
        "--leave-out",
        default="",
        metavar="SPLIT",
        help="an entity or split that is never shown, neither pictures nor text",
    )
    parser.add_argument(
        "--leave-out-pictures",
        default="",
        metavar="SPLIT",
        help="an entity or split of which no picture is shown; what is written about them is taught",
    )
    parser.add_argument(
        "--focus",
        default="",
        metavar="SPLIT",
        help="an entity or split that is shown more often (focus_share)",
    )
    parser.add_argument(
        "--start",
        default="",
        metavar="FOLDER",
        help="a model that was taught before, of the same base, to go on from with other lessons",
    )
    parser.add_argument(
        "--lessons", default="", help="a recipe in presets/teaching/ that replaces the preset's"
    )
    parser.add_argument("--steps", help="the number of updates (the same as --set steps=N)")
    parser.add_argument("--seed", help="the random seed (default: the recipe's)")
    parser.add_argument(
        "--out", type=Path, required=True, help="the folder to create, or to continue with"
    )
    add_settings(parser, TeachRecipe)


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Teach to the end or to Ctrl-C, which keeps a checkpoint to go on from."""
    from lab.evaluation.session import read_benchmark
    from lab.files import make_writable
    from lab.model.checkpoint import taught
    from lab.teach.job import check_same, plan_of

    log_to.check(options)
    preset = preset_of(options)
    given = {"steps": options.steps, "seed": options.seed}
    changes = typed(options.set) | {k: v for k, v in given.items() if v}
    lessons = load_teaching(options.lessons) if options.lessons else preset.teach
    recipe = revise(lessons, changes)
    benchmark = read_benchmark(preset)
    plan = plan_of(
        preset,
        benchmark,
        options.leave_out,
        options.focus,
        recipe,
        options.leave_out_pictures,
        options.start,
    )
    say_left_out(benchmark)
    if done := taught(options.out):
        check_same(plan, done.plan, options.out)
        say(f"{options.out} is taught already")
        return {"model": str(options.out), **done.result}
    if (options.out / "config.json").exists():
        raise LabError(f"{options.out} holds a model of another kind: give another --out")
    make_writable(options.out)
    name = f"teach-{options.out.resolve().name}"
    with log_to.log_of(options, name, dataclasses.asdict(plan.recipe)) as log:
        result = teach_into(plan, benchmark, options.out, options.threads, log.put)
        log.end(result)
    return {"model": str(options.out), **result}


def teach_into(
    plan: Any,
    benchmark: Any,
    folder: Path,
    threads: int,
    put: Callable[[int, Mapping[str, float]], None] = lambda step, values: None,
) -> dict[str, Any]:
    """Teach by the plan into a folder, saying how it goes; returns what ``--json`` prints.

    ``put``: who is told the step and what was measured at it, by name, besides.
    """
    import torch

    from lab.evaluation.session import check_blocks
    from lab.model.families import Parts
    from lab.model.load import load
    from lab.teach.job import Finished, Heard, teach
    from lab.unlearn.foreground import interruptible

    if threads:
        torch.set_num_threads(threads)
    parts = Parts(plan.tower, plan.projector)
    loaded = load(plan.base, plan.quantization, report=say, processor=plan.processor, parts=parts)
    check_blocks(loaded, plan.recipe.blocks)
    event: Any = None
    with interruptible() as stopped:
        for event in teach(loaded, benchmark, plan, folder, stopped, say):
            if isinstance(event, Heard):
                put(event.step, {f"teach/{m}": a for m, a in event.accuracy.items()})
                say(
                    "  "
                    + ", ".join(
                        f"{m} {a:.2f} (n {event.n[m]}, chance {event.chance[m]:.2f})"
                        for m, a in event.accuracy.items()
                    )
                )
            elif not isinstance(event, Finished):
                put(event.step, {"teach/loss": event.loss})
                say(
                    f"step {event.step}/{event.steps}  loss {event.loss:.3f}  "
                    f"{event.left / 60:.1f} min left"
                )
    return event.result

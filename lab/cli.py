"""The command line: python -m lab people | run | evaluate | attack | identity | compare | bench."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.recipe import METHODS, STRENGTHS, AttackRecipe, Preset, Recipe, load_preset, revise

COMMANDS: dict[str, Callable[[argparse.Namespace], Any]] = {}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a mistake ends with exit code 2 and one line on stderr."""
    try:
        options = _parser().parse_args(arguments)
        if getattr(options, "seed", 0) is None:
            options.seed = 0
        result = COMMANDS[options.command](options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("lab: stopped", file=sys.stderr)
        raise SystemExit(130) from None
    if options.json:
        from lab.eventlog import plain

        print(json.dumps(plain(result)))
    else:
        print(_readable(result))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, help: str, **defaults: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help)
        sub.add_argument("--preset", default=defaults.get("preset", "demo"))
        sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        sub.add_argument("--model", help="a model folder in place of the preset's")
        sub.add_argument("--quantization", help="gguf-q4, int8, nf4 or none")
        sub.add_argument("--benchmark", help="people, mllmu, clear, umu or fiu")
        sub.add_argument("--data", help="the benchmark's folder or dataset id")
        sub.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch's choice)")
        return sub

    add("people", "list who can be forgotten")
    run = add("run", "forget one entity and write a run folder")
    run.add_argument("--entity", required=True)
    run.add_argument("--method", default="vkd")
    run.add_argument("--strength", default="Standard", help=", ".join(STRENGTHS))
    run.add_argument("--seed", default="0")
    run.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help=_fields(Recipe))
    run.add_argument("--out", type=Path, required=True)
    evaluate = add("evaluate", "score the original, or a run")
    evaluate.add_argument("--run", type=Path)
    evaluate.add_argument("--entity")
    attack = add("attack", "relearn a run's target from a share of its samples")
    attack.add_argument("--run", type=Path, required=True)
    for spec in dataclasses.fields(AttackRecipe):
        attack.add_argument(f"--{spec.name.replace('_', '-')}", default=str(spec.default),
                            help=f"{spec.metadata['help']} (default {spec.default})")
    identity = add("identity", "tell at which depth a run's target is still recognised")
    identity.add_argument("--run", type=Path, required=True)
    compare = add("compare", "run methods over entities and seeds; resumable")
    compare.add_argument("--methods", default="vkd")
    compare.add_argument("--entities", type=int, default=4)
    compare.add_argument("--seeds", type=int, default=1)
    compare.add_argument("--strength", default="Standard", help=", ".join(STRENGTHS))
    compare.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    compare.add_argument("--out", type=Path, required=True)
    measure = add("bench", "measure speed as ratios")
    measure.add_argument("--entity", help="whom to measure on (default: the first)")
    measure.add_argument("--rounds", type=int, default=7)
    return parser


def _fields(kind: type) -> str:
    return "; ".join(f"{f.name}: {f.metadata['help']} (default {f.default})".replace("%", "%%")
                     for f in dataclasses.fields(kind) if f.name not in ("entity", "method", "seed"))


def _command(function: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], Any]:
    COMMANDS[function.__name__.removeprefix("_")] = function
    return function


def _preset(options: argparse.Namespace) -> Preset:
    from lab.workbench import with_options

    return with_options(load_preset(options.preset), options.model, options.quantization,
                        options.benchmark, options.data)


def recipe_from(preset: Preset, entity: str, method: str, strength: str, seed: str | int,
                pairs: Sequence[str]) -> Recipe:
    """Build a checked recipe from command-line words; raises ``LabError``."""
    if method not in METHODS:
        raise LabError(f"unknown method {method!r}: valid methods are {', '.join(METHODS)}")
    if strength not in STRENGTHS:
        raise LabError(f"unknown strength {strength!r}: valid are {', '.join(STRENGTHS)}")
    changes: dict[str, Any] = {**STRENGTHS[strength]}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise LabError(f"--set {pair!r}: write KEY=VALUE")
        changes[key] = value
    return revise(preset.recipe, {**changes, "entity": entity, "method": method, "seed": seed})


@_command
def _people(options: argparse.Namespace) -> list[dict[str, Any]]:
    from lab.workbench import read_benchmark

    benchmark = read_benchmark(_preset(options))
    return [{"id": e.id, "name": e.name, "benchmark": benchmark.name,
             "images": len(e.train_images) + len(e.test_images)} for e in benchmark.entities]


@_command
def _run(options: argparse.Namespace) -> dict[str, Any]:
    from lab.report import make_writable, write_run
    from lab.unlearn.loop import Outcome
    from lab.workbench import open_workbench, read_benchmark

    preset = _preset(options)
    recipe = recipe_from(preset, options.entity, options.method, options.strength, options.seed,
                         options.set)
    read_benchmark(preset).entity(recipe.entity)
    make_writable(options.out)
    bench = open_workbench(preset, _say, options.threads)
    outcome, events = Outcome(), []
    try:
        run_recipe(bench, recipe, outcome, events)
    finally:  # a run that failed keeps its last good delta too
        if outcome.delta:
            write_run(options.out, recipe, events, outcome.delta, bench.benchmark, preset.name)
    return events[-1].result


def run_recipe(bench, recipe: Recipe, outcome, events: list) -> None:
    """Run one recipe to its end into ``outcome`` and ``events``; Ctrl-C stops it within a step."""
    import signal

    from lab.unlearn.events import Phase, Probe
    from lab.unlearn.job import unlearn
    from lab.workbench import recipe_for

    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        for event in unlearn(bench.loaded, bench.benchmark, bench.baseline, recipe_for(bench, recipe),
                             outcome, bench.base_hash, lambda: bool(pressed)):
            events.append(event)
            if isinstance(event, Probe):
                _say(f"step {event.step}: forget {event.forget:.2f} retain {event.retain:.2f}")
            elif isinstance(event, Phase) and event.done == 0:
                _say(f"{event.name} …")
    finally:
        signal.signal(signal.SIGINT, previous)


@_command
def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    from lab.evaluate import chance
    from lab.report import check_folder, read_run
    from lab.scorecard import Card, asks_for, correct, text_logits_identical
    from lab.workbench import open_workbench, read_benchmark

    preset = _preset(options)
    if options.run:
        check_folder(options.run)
    elif options.entity:
        read_benchmark(preset).entity(options.entity)
    bench = open_workbench(preset, _say, options.threads)
    delta: dict = {}
    who = options.entity or bench.benchmark.entities[0].id
    if options.run:
        recipe, _, delta = read_run(options.run, bench.loaded.model, bench.benchmark)
        who = recipe.entity
    entity = bench.benchmark.entity(who)
    asked = asks_for(bench.benchmark, entity)
    card = bench.baseline.card(bench.benchmark, entity)
    if delta:
        same = text_logits_identical(bench.loaded, delta, entity)
        right = {m: correct(bench.loaded, delta, m, asks, bench.baseline.correct(m, asks), same)
                 for m, asks in asked.items()}
        card = Card({m: sum(r) / len(r) for m, r in right.items()}, card.n)
    return {"entity": who, "scores": dict(card.values), "n": dict(card.n),
            "chance": {m: chance(asks) for m, asks in asked.items()}}


@_command
def _attack(options: argparse.Namespace) -> dict[str, Any]:
    from lab.attack import Relearned, Victim, attack, control_victim
    from lab.report import check_folder, read_run
    from lab.scorecard import asks_for
    from lab.unlearn.events import Curve
    from lab.workbench import open_workbench

    plan = revise(AttackRecipe(), {f.name: getattr(options, f.name)
                                   for f in dataclasses.fields(AttackRecipe)})
    check_folder(options.run)
    bench = open_workbench(_preset(options), _say, options.threads)
    recipe, _, delta = read_run(options.run, bench.loaded.model, bench.benchmark)
    entity = bench.benchmark.entity(recipe.entity)
    reference, unknown = bench.reference(_say)
    verdicts = bench.baseline.correct("forget_vqa", asks_for(bench.benchmark, entity)["forget_vqa"])
    event: Any = None
    for event in attack(Victim("unlearned", bench.loaded, delta, entity),
                        control_victim(reference, unknown, bench.benchmark, entity.id),
                        sum(verdicts) / len(verdicts), plan, recipe.blocks, Relearned(), lambda: False):
        if isinstance(event, Curve) and event.forget == event.forget:
            _say(f"{event.who} step {event.step}: forget {event.forget:.2f}")
    return event.result


@_command
def _identity(options: argparse.Namespace) -> dict[str, Any]:
    from lab.attack import control_victim
    from lab.identity import curves
    from lab.report import check_folder, read_run
    from lab.workbench import open_workbench

    check_folder(options.run)
    bench = open_workbench(_preset(options), _say, options.threads)
    recipe, _, delta = read_run(options.run, bench.loaded.model, bench.benchmark)
    entity = bench.benchmark.entity(recipe.entity)
    control = control_victim(*bench.reference(_say), bench.benchmark, entity.id)
    made = curves(bench.loaded, bench.benchmark, entity,
                  [("original", {}), ("unlearned", delta)], control)
    return {"entity": entity.id, "control_entity": control.entity.id if control else None,
            "curves": [dataclasses.asdict(c) for c in made]}


@_command
def _compare(options: argparse.Namespace) -> dict[str, Any]:
    from lab.sweep import sweep

    preset = _preset(options)
    for name in ("entities", "seeds"):
        if getattr(options, name) < 1:
            raise LabError(f"--{name} must be 1 or more")
    methods = options.methods.split(",")
    recipes = [recipe_from(preset, "", m, options.strength, 0, options.set) for m in methods]
    return sweep(preset, recipes, options.entities, options.seeds, options.out, options.threads, _say)


@_command
def _bench(options: argparse.Namespace) -> dict[str, Any] | str:
    from lab.bench import bench, table
    from lab.workbench import open_workbench, read_benchmark

    preset = _preset(options)
    if options.rounds < 1:
        raise LabError("--rounds must be 1 or more")
    who = options.entity or read_benchmark(preset).entities[0].id
    read_benchmark(preset).entity(who)
    result = bench(open_workbench(preset, _say, options.threads), who, options.rounds, _say)
    return result if options.json else table(result)


def _readable(result: Any) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, list):
        return "\n".join("  ".join(str(v) for v in row.values()) for row in result)
    return "\n".join(f"{k}: {json.dumps(v) if isinstance(v, dict | list) else v}"
                     for k, v in result.items())

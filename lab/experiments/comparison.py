"""The fair comparison: every method tuned by as many trials, frozen, then run on other people.

Our choice, as no paper's protocol fits the embedded model: six trials a method on four tuning
people, judged by ``objective``; then twelve other people x two seeds with the best settings; one
relearning attack a person. The same loop, stop rule, judge and attacker for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

from lab.attack import Relearned, Scene, attack, scene_of
from lab.benchmarks.schema import Benchmark
from lab.catalogue import METHOD_ROWS, STOPS
from lab.errors import LabError
from lab.evaluation.models import UNLEARNED
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Done
from lab.events.lines import plain
from lab.experiments.sweep import Say, one_run, run_all
from lab.model.version import Version
from lab.recipe import AttackRecipe, Preset, Recipe, revise
from lab.unlearn.loop import FORGOTTEN
from lab.unlearn.outcome import Outcome

TUNING_PEOPLE, TEST_PEOPLE, SEEDS = 4, 12, 2
JUDGED = ("forget_vqa", "forget_qa", "retain_vqa", "retain_qa")
KEPT = JUDGED[1:]
# The same attacker for all: it may train whatever a method may have changed.
ATTACK = AttackRecipe(share=0.2, steps=20, scope="both", probe_every=10)


TRIALS = {name: row.trials for name, row in METHOD_ROWS.items()}


@dataclass(frozen=True)
class People:
    """Whom a comparison tunes on and whom it reports on; no one is in both."""

    tuning: tuple[str, ...]
    test: tuple[str, ...]


def people(benchmark: Benchmark, unknown: Sequence[str]) -> People:
    """Four tuning people evenly over the benchmark; twelve others, evenly, with the unknown ones.

    ``unknown``: those the retain-only model never saw: only for them is it the exact reference.
    Raises ``LabError`` where the benchmark has fewer than sixteen people.
    """
    ids = [e.id for e in benchmark.entities]
    if len(ids) < TUNING_PEOPLE + TEST_PEOPLE:
        raise LabError(
            f"the protocol needs {TUNING_PEOPLE + TEST_PEOPLE} people and "
            f"{benchmark.name} has {len(ids)}: use compare without --protocol"
        )
    rest = [i for i in ids if i not in unknown]
    tuning = _evenly(rest, TUNING_PEOPLE)
    others = [i for i in rest if i not in tuning]
    own = [i for i in unknown if i in ids][:TEST_PEOPLE]
    return People(tuning, (*own, *_evenly(others, TEST_PEOPLE - len(own))))


def _evenly(items: Sequence[str], n: int) -> tuple[str, ...]:
    return tuple(items[(2 * k + 1) * len(items) // (2 * n)] for k in range(n))


def objective(result: Mapping[str, Any]) -> float:
    """How good a trial is, 0 to 1: harmonic mean of what was forgotten and what was kept.

    Forgotten: the fall of Forget VQA over the fall to chance, at most 1 (below chance is not
    better). Kept: the mean of what is left above chance of Retain VQA, Retain QA and Forget QA, since
    what is written about the person is to stay. A failed run is worth 0. Our choice.
    """
    if "failed" in result:
        return 0.0

    def left(measure: str) -> float:
        chance = result["chance"][measure]
        return _within((result["after"][measure] - chance) / (result["before"][measure] - chance))

    forgotten = 1 - left("forget_vqa")
    kept = sum(map(left, KEPT)) / len(KEPT)
    return harmonic_mean((forgotten, kept))


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def tune(
    bench: Workbench, preset: Preset, method: str, who: Sequence[str], out: Path, say: Say
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The best of the method's trials, and every trial with its settings and score.

    A run that never met the first stop rule is the same under the second, and is not made twice.
    """
    trials: list[dict[str, Any]] = []
    twins: dict[Recipe, dict[str, Any]] = {}  # ended by something else than the rule

    def work(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
        return twins.get(replace(recipe, stop_forget=STOPS[0])) or judge(
            bench, recipe, outcome, say
        )

    for changes in TRIALS[method]:
        plan = [revise(preset.recipe, {**changes, "entity": e, "method": method}) for e in who]
        found = run_all(bench, preset, plan, out, say, work, "tune")
        twins |= {
            r: m
            for r, m in zip(plan, found, strict=True)
            if m.get("stopped_because", FORGOTTEN) != FORGOTTEN
        }
        trials.append(
            {
                "method": method,
                **changes,
                "n": len(found),
                "failed": sum("failed" in r for r in found),
                "score": sum(map(objective, found)) / len(found),
            }
        )
    place = max(range(len(trials)), key=lambda k: trials[k]["score"])
    return TRIALS[method][place], trials


def judge(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """A trial: the run with the scores that ``objective`` asks for."""
    return one_run(bench, recipe, outcome, say, JUDGED)


def run_and_attack(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """A run with every score; at seed 0 its result is then attacked, under ``attack``."""
    result = one_run(bench, recipe, outcome, say)
    if recipe.seed == 0:
        say("attack …")
        left = Version(UNLEARNED, bench.loaded, outcome.delta)
        result["attack"] = _attacked(scene_of(bench, recipe, left, say), recipe)
    return result


def control(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """The model that never knew ``recipe.entity``, scored and then attacked under the same budget."""
    reference, _ = bench.reference(say)
    assert reference is not None
    scene = scene_of(bench, recipe, Version("control", reference), say)
    card = Baseline(reference).card(bench.benchmark, scene.unlearned.entity)
    return {"after": dict(card.values), "n": dict(card.n), "attack": _attacked(scene, recipe)}


def _attacked(scene: Scene, recipe: Recipe) -> dict[str, Any]:
    """Without the control: it is attacked once, not once a method."""
    alone, budget = replace(scene, control=None), replace(ATTACK, seed=recipe.seed)
    *_, done = attack(alone, budget, Relearned(), lambda: False)
    assert isinstance(done, Done)
    return plain(done.result)


def protocol(
    bench: Workbench, preset: Preset, methods: Sequence[str], out: Path, say: Say
) -> Iterator[dict[str, Any]]:
    """Tune, freeze, run, attack; yields the trials, the settings and every result so far.

    Yields after each method's runs of a seed, so that a table can be had before all is done; the
    last is the whole. Resumable at every single run. Seed 0 of every method comes before any seed 1.
    """
    reference, unknown = bench.reference(say)
    who = people(bench.benchmark, unknown)
    trials_in_all = sum(len(TRIALS[m]) for m in methods) * len(who.tuning)
    say(
        f"{trials_in_all} trials, then {len(methods) * SEEDS * len(who.test)} runs; what {out} holds "
        "already is not done again"
    )
    chosen: dict[str, dict[str, Any]] = {}
    trials: list[dict[str, Any]] = []
    for method in methods:
        chosen[method], tried = tune(bench, preset, method, who.tuning, out, say)
        trials += tried
    results: list[dict[str, Any]] = []
    if reference:
        plan = [revise(preset.recipe, {"entity": e}) for e in unknown if e in who.test]
        results += _labelled(
            "retain_only", plan, run_all(bench, preset, plan, out, say, control, "control")
        )
    for seed, method in product(range(SEEDS), methods):
        plan = [
            revise(preset.recipe, {**chosen[method], "entity": e, "method": method, "seed": seed})
            for e in who.test
        ]
        made = run_all(bench, preset, plan, out, say, run_and_attack, "compare")
        results += _labelled(method, plan, made)
        yield {
            "people": {"tuning": who.tuning, "test": who.test},
            "chosen": chosen,
            "trials": trials,
            "results": results,
        }


def _labelled(
    method: str, plan: Sequence[Recipe], made: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Results under whose they are: a failed one does not say it itself, and has to be counted."""
    return [
        {**m, "method": method, "seed": r.seed, "entity": r.entity}
        for r, m in zip(plan, made, strict=True)
    ]

"""The fair comparison: every method tuned by as many trials, frozen, then run on other people.

Our choice, as no paper's protocol fits the embedded model: six trials a method (or as many as its
row of the catalogue has) on four tuning people, judged by ``objective``, and more where the best
lies at an edge of its grid (``lab.experiments.widening``); then twelve other people x two seeds
with the best settings; one relearning attack a person. The same loop, stop rule, judge and attacker
for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

from lab.attack import Relearned, Scene, attack, scene_of
from lab.benchmarks.schema import Benchmark
from lab.catalogue import METHOD_ROWS, NEVER_KNEW, TEXT_TAUGHT
from lab.errors import LabError
from lab.evaluation.controls import files_hash, folders, loaded_control
from lab.evaluation.models import UNLEARNED
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench, unknown_to
from lab.events import Done
from lab.events.lines import plain
from lab.experiments.claims import shared
from lab.experiments.result_file import edition
from lab.experiments.sweep import Say, one_run, run_all
from lab.experiments.widening import MOST, edges, wider
from lab.model.loaded import Loaded
from lab.model.version import Version
from lab.recipe import AttackRecipe, Preset, Recipe, revise
from lab.unlearn.loop import FORGOTTEN
from lab.unlearn.outcome import Outcome

TUNING_PEOPLE, TEST_PEOPLE, SEEDS = 4, 12, 2
# On whom, by the benchmark's name, weights of ours were chosen by hand (``lab.unlearn.unknown``,
# ``lab.unlearn.vkd``): figures about them would help our methods and no rival.
CHOSEN_ON = {"people": ("001", "011", "021", "031")}
JUDGED = ("forget_vqa", "forget_qa", "retain_vqa", "retain_qa")
KEPT = JUDGED[1:]
OF_OTHERS = JUDGED[2:]  # without what is written about the person
# The same attacker for all: both modules, and as many vision blocks as the preset's own recipe.
ATTACK = AttackRecipe(share=0.2, steps=20, scope="both", probe_every=10)
# How a control is called in the table's rows, and its work in the kept lines; older files have one.
REFERENCES = {NEVER_KNEW: "retain_only", TEXT_TAUGHT: "text_only"}
KEPT_AS = {NEVER_KNEW: "control", TEXT_TAUGHT: "control text_only"}
TRIALS = {name: row.trials for name, row in METHOD_ROWS.items()}


@dataclass(frozen=True)
class People:
    """Whom a comparison tunes on and whom it reports on; no one is in both."""

    tuning: tuple[str, ...]
    test: tuple[str, ...]


def people(benchmark: Benchmark, unknown: Sequence[str]) -> People:
    """Four tuning people evenly over the benchmark; twelve others, evenly, with the unknown ones.

    ``unknown``: those the retain-only model never saw: only for them is it the exact reference. Of
    those in ``CHOSEN_ON`` nobody is reported on.
    Raises ``LabError`` where the benchmark has too few people for that.
    """
    ids = [e.id for e in benchmark.entities]
    rest = [i for i in ids if i not in unknown]
    chosen_on = CHOSEN_ON.get(benchmark.name, ())
    tuning = _evenly(rest, TUNING_PEOPLE) if len(rest) >= TUNING_PEOPLE else ()
    others = [i for i in rest if i not in (*tuning, *chosen_on)]
    own = [i for i in unknown if i in ids and i not in chosen_on][:TEST_PEOPLE]
    if not tuning or len(own) + len(others) < TEST_PEOPLE:
        raise LabError(
            f"the protocol needs {TUNING_PEOPLE} people to tune on and {TEST_PEOPLE} others and "
            f"{benchmark.name} has {len(ids)} in all: use compare without --protocol"
        )
    return People(tuning, (*own, *_evenly(others, TEST_PEOPLE - len(own))))


def _evenly(items: Sequence[str], n: int) -> tuple[str, ...]:
    return tuple(items[(2 * k + 1) * len(items) // (2 * n)] for k in range(n))


def objective(result: Mapping[str, Any], kept: Sequence[str] = KEPT) -> float:
    """How good a trial is, 0 to 1: harmonic mean of what was forgotten and what was kept.

    Forgotten: the fall of Forget VQA over the fall to chance, at most 1 (below chance is not
    better). Kept: the mean of what is left above chance of Retain VQA, Retain QA and Forget QA, since
    what is written about the person is to stay; ``kept`` can leave one out. A failed run is worth 0.
    Our choice.
    """
    if "failed" in result:
        return 0.0

    def left(measure: str) -> float:
        chance = result["chance"][measure]
        return _within((result["after"][measure] - chance) / (result["before"][measure] - chance))

    forgotten = 1 - left("forget_vqa")
    return harmonic_mean((forgotten, sum(map(left, kept)) / len(kept)))


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class Tuned:
    """How a method was tuned: the best settings, and every trial with its settings and score.

    ``widened``: how often its grid was. ``at_edge``: where the best still lies at an edge, in
    words; "" where it lies inside.
    """

    chosen: dict[str, Any]
    trials: list[dict[str, Any]]
    widened: int
    at_edge: str


def tune(
    bench: Workbench, preset: Preset, method: str, who: Sequence[str], out: Path, say: Say
) -> Tuned:
    """Try a method's grid, and a wider one while the best of its trials lies at an edge.

    Resumable within every widening: the next grid follows from the scores that are kept.
    """
    tried: list[tuple[dict[str, Any], dict[str, Any]]] = []
    judge, todo, widened = Judge(), list(TRIALS[method]), 0
    while True:
        for changes in todo:
            plan = [revise(preset.recipe, {**changes, "entity": e, "method": method}) for e in who]
            found = run_all(bench, preset, plan, out, say, judge, "tune")
            judge.remember(plan, found)
            tried.append((changes, _trial(method, changes, widened, found)))
        grid, trials = [changes for changes, _ in tried], [trial for _, trial in tried]
        best = _best(grid, [trial["score"] for trial in trials])
        todo = wider(grid, best)
        if not todo or widened == MOST:
            return Tuned(best, trials, widened, "; ".join(map(str, edges(grid, best))))
        widened += 1
        say(f"{method}: its best trial lies at an edge, so its grid has {len(todo)} trials more")


def _best(grid: Sequence[dict[str, Any]], scores: Sequence[float]) -> dict[str, Any]:
    """The trial of the highest score; of equals one that has the fewest sides to grow on."""
    equals = [t for t, score in zip(grid, scores, strict=True) if score == max(scores)]
    return min(equals, key=lambda t: sum(e.beyond is not None for e in edges(grid, t)))


def _trial(
    method: str, changes: dict[str, Any], widening: int, found: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A trial's row; ``widening`` 0 is the grid as it was laid out.

    ``score_of_others``: what the score would be if the person's text did not count. Methods that
    change the language model lose by it, so the table has both.
    """
    return {
        "method": method,
        **changes,
        "widening": widening,
        "n": len(found),
        "failed": sum("failed" in r for r in found),
        "score": sum(map(objective, found)) / len(found),
        "score_of_others": sum(objective(r, OF_OTHERS) for r in found) / len(found),
    }


class Judge:
    """Carries out trials: runs with the scores that ``objective`` asks for.

    A run that never met a stop rule is the same under a lower one, and is not made twice.
    """

    def __init__(self) -> None:
        self._unstopped: dict[Recipe, tuple[float, dict[str, Any]]] = {}

    def __call__(
        self, bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say
    ) -> dict[str, Any]:
        """The run's result, or that of the same run under a higher stop rule."""
        level, found = self._unstopped.get(_unruled(recipe), (recipe.stop_forget, {}))
        if level > recipe.stop_forget:
            return found
        return one_run(bench, recipe, outcome, say, JUDGED)

    def remember(self, plan: Sequence[Recipe], found: Sequence[dict[str, Any]]) -> None:
        """Keep the runs that ended by something else than the stop rule on the forget accuracy."""
        for recipe, result in zip(plan, found, strict=True):
            level, _ = self._unstopped.get(_unruled(recipe), (recipe.stop_forget, {}))
            if result.get("stopped_because", FORGOTTEN) != FORGOTTEN:
                highest = max(level, recipe.stop_forget)
                self._unstopped[_unruled(recipe)] = (highest, result)


def _unruled(recipe: Recipe) -> Recipe:
    return replace(recipe, stop_forget=Recipe().stop_forget)


def run_and_attack(bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say) -> dict[str, Any]:
    """A run with every score; at seed 0 its result is then attacked, under ``attack``."""
    result = one_run(bench, recipe, outcome, say)
    if recipe.seed == 0:
        say("attack …")
        left = Version(UNLEARNED, bench.loaded, outcome.delta)
        result["attack"] = _attacked(bench, scene_of(bench, recipe, left, say), recipe)
    return result


def control(
    opened: Callable[[], Loaded], bench: Workbench, recipe: Recipe, outcome: Outcome, say: Say
) -> dict[str, Any]:
    """A model that never saw ``recipe.entity``, scored and then attacked under the same budget.

    ``opened``: loads it, or has it loaded already.
    """
    model = opened()
    scene = scene_of(bench, recipe, Version("control", model), say)
    card = Baseline(model).card(bench.benchmark, scene.unlearned.entity)
    return {
        "after": dict(card.values),
        "n": dict(card.n),
        "attack": _attacked(bench, scene, recipe),
    }


def _controls(
    bench: Workbench, preset: Preset, test: Sequence[str], out: Path, say: Say
) -> Iterator[dict[str, Any]]:
    """The results of each control about the people of ``test`` whom it was not shown."""
    for who, folder in folders(bench).items():
        lacking = [e for e in unknown_to(folder, bench.benchmark) if e in test]
        plan = [revise(preset.recipe, {"entity": e}) for e in lacking]
        work = partial(control, cache(partial(loaded_control, bench, who, say)))
        shipped = edition(folder.parent)
        what = KEPT_AS[who] if shipped else f"{KEPT_AS[who]} {files_hash(folder)}"
        made = run_all(bench, preset, plan, out, say, work, what)
        yield from _labelled(REFERENCES[who], plan, made)


def _attacked(bench: Workbench, scene: Scene, recipe: Recipe) -> dict[str, Any]:
    """Without the control: it is attacked once, not once a method.

    A method that changes more blocks than others (MANU) meets no attacker who trains more.
    """
    alone = replace(scene, controls=(), blocks=bench.preset.recipe.blocks)
    budget = replace(ATTACK, seed=recipe.seed)
    *_, done = attack(alone, budget, Relearned(), lambda: False)
    assert isinstance(done, Done)
    return plain(done.result)


def protocol(
    bench: Workbench, preset: Preset, methods: Sequence[str], out: Path, say: Say
) -> Iterator[dict[str, Any]]:
    """Tune, freeze, run, attack; yields how each method was tuned and every result so far.

    Yields after each method's runs of a seed, so that a table can be had before all is done; the
    last is the whole. Resumable at every single run. Seed 0 of every method comes before any seed 1.
    """
    who = people(bench.benchmark, bench.never_knew())
    trials_in_all = sum(len(TRIALS[m]) for m in methods) * len(who.tuning)
    say(
        f"{trials_in_all} trials or more, as grids may be widened, then "
        f"{len(methods) * SEEDS * len(who.test)} runs; what {out} holds already is not done again"
    )
    order = turned(methods)
    found = {m: tune(bench, preset, m, who.tuning, out, say) for m in order}
    tuned = {m: found[m] for m in methods}
    results = list(_controls(bench, preset, who.test, out, say))
    for seed, method in product(range(SEEDS), order):
        plan = [
            revise(
                preset.recipe,
                {**tuned[method].chosen, "entity": e, "method": method, "seed": seed},
            )
            for e in who.test
        ]
        made = run_all(bench, preset, plan, out, say, run_and_attack, "compare")
        results += _labelled(method, plan, made)
        yield {
            "people": {"tuning": who.tuning, "test": who.test},
            "tuned": {name: asdict(how) for name, how in tuned.items()},
            "results": results,
        }


def turned(methods: Sequence[str]) -> list[str]:
    """The methods, in each of several processes beginning with another one, so that none waits."""
    claims = shared()
    first = claims.place % len(methods) if claims else 0
    return [*methods[first:], *methods[:first]]


def _labelled(
    method: str, plan: Sequence[Recipe], made: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Results under whose they are: a failed one does not say it itself, and has to be counted."""
    return [
        {**m, "method": method, "seed": r.seed, "entity": r.entity}
        for r, m in zip(plan, made, strict=True)
    ]

"""Runs a study on chosen people and writes its answer: NAME.csv and NAME-runs.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lab.benchmarks.changes import CHANGES
from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.experiments import alignment, frozen, neurons, redrawn
from lab.experiments.csv_tables import guarded
from lab.experiments.records import Records, key_of
from lab.experiments.result_file import devices
from lab.experiments.studies import CHOICES, TRAINED, VISION, Study, Variant
from lab.experiments.summary import answer
from lab.experiments.sweep import Say, Work, flat, one_run, run_all
from lab.recipe import Preset, Recipe, revise

FIRST, STRIDE = 5, 10  # places in the benchmark, the first of which is 1
RULE = (
    f"by place in the benchmark: {FIRST}, {FIRST + STRIDE}, {FIRST + 2 * STRIDE}, … (every {STRIDE}th), "
    f"then {FIRST + 1}, {FIRST + 1 + STRIDE}, …; the first of these"
)


@dataclass(frozen=True)
class Plan:
    """One run of a study: the variant it belongs to and its recipe."""

    variant: Variant
    recipe: Recipe


def chosen(benchmark: Benchmark, count: int) -> list[Entity]:
    """The first ``count`` people by ``RULE``; raises ``LabError`` when there are not so many."""
    people = benchmark.entities
    if not 1 <= count <= len(people):
        raise LabError(
            f"--entities {count} is not possible: give a number from 1 to {len(people)}, "
            f"because {benchmark.name} has {len(people)} people"
        )
    order = sorted(range(len(people)), key=lambda k: ((k + 1 - FIRST) % STRIDE, k))
    return [people[k] for k in order[:count]]


def planned(
    study: Study, preset: Preset, people: Sequence[Entity], seeds: int, live: int
) -> list[Plan]:
    """Every run of the study, person by person; recipes for more than ``live`` blocks are out."""
    recipes = [(v, revise(preset.recipe, dict(v.changes))) for v in study.variants]
    return [
        Plan(v, replace(r, method="vkd", entity=e.id, seed=s))
        for s in range(seeds)
        for e in people
        for v, r in recipes
        if r.blocks <= live
    ]


def carry_out(
    study: Study, bench: Workbench, count: int, seeds: int, out: Path, command: str, say: Say
) -> dict[str, Any]:
    """Do the missing runs of the study, write both tables into ``out`` and return the answer."""
    people = chosen(bench.benchmark, count)
    plan = planned(study, bench.preset, people, seeds, len(bench.loaded.vision.blocks))
    recipes = [p.recipe for p in plan]
    work, what = work_of(study, bench.benchmark)
    results = run_all(bench, bench.preset, recipes, out, say, work, what)
    pairs = list(zip(plan, results, strict=True))
    if study.kind == "redrawn":
        rows = list(_redrawn_rows(plan, results, _control(bench, out, say)))
    elif study.kind in ROWS:
        rows = [row for p, r in pairs for row in ROWS[study.kind](p, r)]
    else:
        rows = [_row(p, r) for p, r in pairs]
    runs = pd.DataFrame(rows)
    table = answer(runs, list(dict.fromkeys(runs["variant"])))
    table.insert(0, "study", study.name)
    changes = {
        p.variant.name: " ".join(f"{k}={v}" for k, v in p.variant.changes.items()) for p in plan
    }
    table.insert(2, "changes", table["variant"].map(changes).fillna(""))
    done = [r for r in results if "failed" not in r]
    machine = done[0] if done else {}
    facts = {
        "people": " ".join(e.id for e in people),
        "seeds": seeds,
        "choice": RULE,
        **{k: machine.get(k, "") for k in ("model", "quantization")},
        "device": devices(done),
        "command": command,
    }
    path = out / f"{study.name}.csv"
    guarded(table.assign(**facts)).to_csv(path, index=False)
    guarded(runs).to_csv(out / f"{study.name}-runs.csv", index=False)
    return {
        "study": study.name,
        **facts,
        "runs": len(results),
        "failed": sum("failed" in r for r in results),
        "csv": str(path),
        "variants": table.drop(columns="study").to_dict("records"),
    }


def work_of(study: Study, benchmark: Benchmark) -> tuple[Work, str]:
    """What is done on each recipe of the study, and the name under which its results are kept."""
    if study.kind == "redrawn":
        return redrawn.run_redrawn, f"redrawn {redrawn.fingerprint(benchmark)}"
    kinds: dict[str, tuple[Work, str]] = {
        "runs": (one_run, "run"),
        "aligned": (alignment.run_aligned, "aligned"),
        "pruned": (neurons.run_pruned, "pruned"),
        "timed": (frozen.run_timed, "timed"),
    }
    return kinds[study.kind]


def _row(plan: Plan, result: dict[str, Any]) -> dict[str, Any]:
    """One run as a row of the runs table."""
    head = _head(plan.variant.name, plan, result)
    if "failed" in result:
        return head
    return head | flat(result) | {f"chance_{k}": v for k, v in result["chance"].items()}


def _head(variant: str, plan: Plan, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "variant": variant,
        "entity": plan.recipe.entity,
        "seed": plan.recipe.seed,
        "failed": result.get("failed", ""),
    }


def _pruned_rows(plan: Plan, result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for every choice of neurons, also of a run that failed."""
    for share in neurons.SHARES:
        for which in CHOICES:
            row = _head(neurons.named(share, which), plan, result)
            if "failed" not in result:
                told = result["pruned"][row["variant"]]
                row["fires"] = told["fires"]
                for measure in ("forget_vqa", "retain_vqa"):
                    row |= {f"{part}_{measure}": v for part, v in told[measure].items()}
            yield row


def _timed_rows(plan: Plan, result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for every part of the model that a step trains; ``times``: as long as VKD's step."""
    for name in TRAINED:
        row = _head(name, plan, result)
        if "failed" not in result:
            taken = result["timed"]
            row |= {"step_seconds": taken[name], "times": taken[name] / taken[VISION]}
        yield row


ROWS = {"pruned": _pruned_rows, "timed": _timed_rows}


def _redrawn_rows(
    plan: Sequence[Plan], results: Sequence[dict[str, Any]], controls: dict[str, dict[str, float]]
) -> Iterator[dict[str, Any]]:
    """A row for every run and way of drawing; the control's figures stand in each."""
    for one, result in zip(plan, results, strict=True):
        for name in (redrawn.PLAIN, *CHANGES):
            row = _head(name, one, result)
            if "failed" not in result:
                scores = result["redrawn"][name]
                row |= {
                    "before_forget_vqa": scores["before"],
                    "after_forget_vqa": scores["after"],
                    "n_forget_vqa": scores["n"],
                    "chance_forget_vqa": scores["chance"],
                }
            if name in controls:
                row |= {
                    "control_forget_vqa": controls[name]["control"],
                    "control_n": controls[name]["n"],
                }
            yield row


def _control(bench: Workbench, out: Path, say: Say) -> dict[str, dict[str, float]]:
    """The control's figures, measured once and kept beside the runs."""
    records = Records(out / "runs.jsonl")
    key = key_of(
        bench.preset,
        bench.preset.recipe,
        what=f"redrawn control {redrawn.fingerprint(bench.benchmark)}",
        weights=bench.base_hash,
    )
    found = records.find(key)
    if found is None:
        say("the control that never knew …")
        found = records.add(key, redrawn.control(bench, say))
    return found

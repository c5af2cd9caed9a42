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
from lab.experiments import redrawn
from lab.experiments.csv_tables import guarded
from lab.experiments.records import Records, key_of
from lab.experiments.studies import Study, Variant
from lab.experiments.summary import answer
from lab.experiments.sweep import Say, flat, run_all
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
    if study.redrawn:
        what = f"redrawn {redrawn.fingerprint(bench.benchmark)}"
        results = run_all(bench, bench.preset, recipes, out, say, redrawn.run_redrawn, what)
        rows = list(_redrawn_rows(plan, results, _control(bench, out, say)))
    else:
        results = run_all(bench, bench.preset, recipes, out, say)
        rows = [_row(p, r) for p, r in zip(plan, results, strict=True)]
    runs = pd.DataFrame(rows)
    table = answer(runs, list(dict.fromkeys(runs["variant"])))
    table.insert(0, "study", study.name)
    changes = {
        p.variant.name: " ".join(f"{k}={v}" for k, v in p.variant.changes.items()) for p in plan
    }
    table.insert(2, "changes", table["variant"].map(changes).fillna(""))
    machine = next((r for r in results if "failed" not in r), {})
    facts = {
        "people": " ".join(e.id for e in people),
        "seeds": seeds,
        "choice": RULE,
        **{k: machine.get(k, "") for k in ("model", "quantization", "device")},
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


def _row(plan: Plan, result: dict[str, Any]) -> dict[str, Any]:
    """One run as a row of the runs table."""
    head = {
        "variant": plan.variant.name,
        "entity": plan.recipe.entity,
        "seed": plan.recipe.seed,
        "failed": result.get("failed", ""),
    }
    if "failed" in result:
        return head
    return head | flat(result) | {f"chance_{k}": v for k, v in result["chance"].items()}


def _redrawn_rows(
    plan: Sequence[Plan], results: Sequence[dict[str, Any]], controls: dict[str, dict[str, float]]
) -> Iterator[dict[str, Any]]:
    """A row for every run and way of drawing; the control's figures stand in each."""
    for one, result in zip(plan, results, strict=True):
        head = {
            "entity": one.recipe.entity,
            "seed": one.recipe.seed,
            "failed": result.get("failed", ""),
        }
        for name in (redrawn.PLAIN, *CHANGES):
            row = {"variant": name, **head}
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
    )
    found = records.find(key)
    if found is None:
        say("the control that never knew …")
        found = records.add(key, redrawn.control(bench, say))
    return found

"""The controls' curves under the default budgets, for the file of them that comes with the lab."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from lab.attack import lesson
from lab.attack.control_curve import ControlCurve, rows_of
from lab.attack.scene import Control, controls_beside
from lab.benchmarks.schema import Benchmark
from lab.catalogue import CONTROLS, TRAINING_ATTACKS
from lab.device import device_name
from lab.evaluation.session import Workbench
from lab.experiments.result_file import ResultFile
from lab.experiments.sweep import Say
from lab.recipe import AttackRecipe

BUDGETS = {kind: AttackRecipe(kind=kind) for kind in TRAINING_ATTACKS}


def measure(
    opened: Callable[[], Workbench], people: Sequence[str], blocks: int, file: ResultFile, say: Say
) -> None:
    """Add the curve of every control and budget, person by person, that the file lacks.

    ``people``: ids of those whom the controls never knew. Nothing is added on a GPU, or of controls
    that are not the shipped ones.
    """
    for person in people:
        if all(file.has(_id(who, person, kind)) for who in CONTROLS for kind in BUDGETS):
            continue
        bench = opened()
        device = device_name(bench.loaded.device)
        for control in controls_beside(bench, person, say):
            if not control.weights:
                say(f"{control.who}: only curves of the shipped models on a CPU come with the lab")
                return
            for kind, budget in BUDGETS.items():
                if not file.has(row := _id(control.who, person, kind)):
                    say(f"{row} …")
                    file.add(row, _row(bench.benchmark, control, budget, blocks), device)


def _id(who: str, person: str, kind: str) -> str:
    return f"{who}/{person}/{kind}"


def _row(
    benchmark: Benchmark, control: Control, budget: AttackRecipe, blocks: int
) -> dict[str, Any]:
    """A curve and its name; of this machine's cache where it has it, and never of the old file."""
    taught = lesson(benchmark, control.entity, budget)
    curve = ControlCurve(control, budget, blocks, taught)
    points = () if curve.made_on else curve.points
    if not points:
        points = tuple(curve.attacker().curve(lambda: False))
        curve.keep(points)
    rows = [[None if math.isnan(value) else value for value in row] for row in rows_of(points)]
    return {"curve": curve.shipped_as, "points": rows}

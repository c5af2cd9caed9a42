"""Engines with replicas for tests: in threads of this process, or as Ray actors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model import tiny_models
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.serve import common
from lab.serve.cluster import Lost, RayCluster
from lab.serve.orders import Plan
from lab.serve.ray_engine import RayEngine
from lab.serve.replica import Replica
from lab.serve.views import ENDED
from tests.unit import tiny as make
from tests.unit.served import PRESET, until

ONE_AT_A_TIME = threading.Lock()  # the tiny model is drawn from the one generator of this process


def tiny_bench(preset: Preset, report: Callable[[str], None], threads: int) -> Workbench:
    """A workbench of its own over the tiny model: no two replicas share weights."""
    with ONE_AT_A_TIME:
        loaded = tiny_models.tiny("dinov2")
    return Workbench(preset, make.benchmark(), loaded, Baseline(loaded), weights_hash(loaded.model))


class NearFar:
    """A replica in this process. Ended, it cannot be reached, as a killed process cannot."""

    def __init__(self, plan: Plan) -> None:
        self.replica, self.over = Replica(plan), threading.Event()

    def ask(self, name: str, *given: object) -> Any:
        """Call a method of the replica."""
        if self.over.is_set():
            raise Lost("it was ended")
        found = getattr(self.replica, name)(*given)
        if self.over.is_set():
            raise Lost("it was ended")
        return found

    def end(self) -> None:
        """End it; its thread stops its run, which a killed process would do by itself."""
        self.over.set()
        for run in self.replica._store.all():
            run.stop.set()


class NearCluster:
    """Lends replicas in this process."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.lent = plan, list[NearFar]()

    def hire(self) -> NearFar:
        """Start one more."""
        self.lent.append(NearFar(self.plan))
        return self.lent[-1]

    def close(self) -> None:
        """End all."""
        for far in self.lent:
            far.end()
        until(lambda: all(r.state in ENDED for f in self.lent for r in f.replica._store.all()))


def replicated(
    kind: str, runs: Path, replicas: int = 2, said: list[str] | None = None, ready: int = 2
) -> RayEngine:
    """An engine with replicas of the tiny model, ``ready`` of them; ``kind``: threads or ray."""
    cluster = NearCluster if kind == "threads" else lambda plan: RayCluster(plan, replicas, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "read_benchmark", lambda preset: make.benchmark())
        engine = RayEngine(
            PRESET,
            cluster,
            replicas,
            1,
            (said if said is not None else []).append,
            runs,
            tiny_bench,
        )
    until(lambda: sum(hand.ready for hand in engine.fleet.routes.hands) >= ready)
    return engine

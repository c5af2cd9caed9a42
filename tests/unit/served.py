"""The local engine over the tiny model, for tests: opened, waited for, and its worker held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model.cache import Cache
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.report.text import Text
from lab.serve import common, local
from lab.serve.views import RunView
from lab.unlearn import loop

PRESET = Preset("demo", "tiny", "tiny", "none")
PATIENCE = 120.0


def until(holds: Callable[[], object]) -> None:
    """Wait for something the worker does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "the worker did not get there"
        time.sleep(0.005)


def wait(engine: local.LocalEngine, run_id: str) -> RunView:
    """Wait for a run's end and return its view."""
    until(lambda: engine.run(run_id).ended)
    return engine.run(run_id)


def opened(
    model,
    people,
    runs: Path,
    said: list[str] | None = None,
    answers: Path | None = None,
    text: Text | None = None,
    cache: Cache | None = None,
    preset: Preset | None = None,
    remember: bool = False,
) -> local.LocalEngine:
    """A ready engine with its runs in ``runs``; ``said`` takes what it reports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "read_benchmark", lambda preset: people)
        engine = local.LocalEngine(
            preset or PRESET,
            report=(said if said is not None else []).append,
            runs=runs,
            open_bench=lambda preset, report, threads: Workbench(
                preset, people, model, Baseline(model, answers), weights_hash(model.model), cache
            ),
            text=text,
            remember=remember,
        )
    until(lambda: engine.status().ready)
    return engine


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch):
    """Hold every update of an unlearning run until the event is set; at the end it is."""
    go, own = threading.Event(), loop.Student.update
    monkeypatch.setattr(
        loop.Student, "update", lambda self, rows: (go.wait(PATIENCE), own(self, rows))[1]
    )
    try:
        yield go
    finally:
        go.set()

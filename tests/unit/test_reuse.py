"""What is measured once and taken again: neurons, Fisher sums; always the bits of a new measurement."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.evaluation.scores import Baseline
from lab.events import Done, Importance, Saliency
from lab.model.cache import Cache, forget_measured
from lab.model.overlay import tensors_hash, weights_hash
from lab.saliency import fisher
from lab.unlearn import reuse
from lab.unlearn.job import unlearn
from lab.unlearn.loop import inspect
from lab.unlearn.outcome import Outcome
from lab.unlearn.task import task_of
from tests.unit import tiny as make
from tests.unit.served import opened, wait


@pytest.fixture
def kept(tiny, tmp_path: Path) -> Cache:
    """An empty cache of measurements of the tiny model."""
    return Cache(tmp_path / "measured", tiny, weights_hash(tiny.model))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names every pass of a measurement as it is made."""
    passes: list[str] = []
    squared, mean = fisher.squared_gradients, reuse.mean_activation

    def squaring(*args):
        passes.append("fisher")
        return squared(*args)

    def averaging(*args):
        passes.append("importance")
        return mean(*args)

    monkeypatch.setattr(fisher, "squared_gradients", squaring)
    monkeypatch.setattr(reuse, "mean_activation", averaging)
    return passes


def run_of(tiny, four, plan, cache: Cache | None):
    """One whole run with a cache, or with none: (outcome, events)."""
    outcome, task = Outcome(cache=cache), task_of(four, plan)
    steps = unlearn(tiny, task, Baseline(tiny), outcome, weights_hash(tiny.model), lambda: False)
    return outcome, list(steps)


def looked(tiny, four, plan, cache: Cache | None) -> tuple[Outcome, list]:
    outcome = Outcome(cache=cache)
    return outcome, list(inspect(tiny, task_of(four, plan), outcome, lambda: False))


def same_event(one, other) -> bool:
    pairs = [(getattr(one, f), getattr(other, f)) for f in vars(one)]
    return all(
        np.array_equal(a, b, equal_nan=True)
        if isinstance(a, np.ndarray | float)
        else all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
        if isinstance(a, tuple)
        else a == b
        for a, b in pairs
    )


@pytest.mark.slow
@pytest.mark.parametrize("estimate", ["neuron", "weight", "batch"])
@pytest.mark.parametrize("method", ["vkd", "mmunlearner"])
def test_a_run_after_an_inspection_measures_nothing_and_has_the_same_bits(
    tiny, four, kept: Cache, measured: list[str], method: str, estimate: str
) -> None:
    plan = make.recipe(method=method, estimate=estimate, scope="both")
    anew, events = run_of(tiny, four, plan, None)
    looked(tiny, four, plan, kept)
    measured.clear()
    again, later = run_of(tiny, four, plan, kept)
    assert measured == []
    assert tensors_hash(again.delta) == tensors_hash(anew.delta)
    assert tensors_hash(again.mask) == tensors_hash(anew.mask)
    for kind in (Importance, Saliency):
        pairs = [[e for e in found if isinstance(e, kind)] for found in (events, later)]
        assert all(same_event(*pair) for pair in zip(*pairs, strict=True))
    stages = ["importance", "fisher"] if method == "vkd" else ["fisher"]
    assert events[-1].result["reused"] == [] and later[-1].result["reused"] == stages
    for key in ("after", "mask_density", "mask_overlap", "pruned_neurons"):
        assert later[-1].result[key] == events[-1].result[key]


def test_another_threshold_needs_no_measurement_another_share_only_the_mask_s(
    tiny, four, kept: Cache, measured: list[str]
) -> None:
    looked(tiny, four, make.recipe(), kept)
    measured.clear()
    for changes, passes in (({"mask_threshold": 2.0}, set()), ({"prune_share": 0.1}, {"fisher"})):
        plan = make.recipe(**changes)
        anew, _ = looked(tiny, four, plan, None)
        measured.clear()
        again, _ = looked(tiny, four, plan, kept)
        assert set(measured) == passes  # the mask is measured at the pruned weights
        assert tensors_hash(again.mask) == tensors_hash(anew.mask)
        assert tensors_hash(again.delta) == tensors_hash(anew.delta)


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"entity": "p1"}, {"blocks": 1}, {"fisher_samples": 4}, {"estimate": "batch"}],
)
def test_what_changes_a_measurement_measures_anew(
    tiny, four, kept: Cache, changes: dict[str, object]
) -> None:
    looked(tiny, four, make.recipe(), kept)
    outcome, _ = looked(tiny, four, make.recipe(**changes), kept)
    assert "fisher" not in outcome.reused


def test_other_weights_threads_and_programs_measure_anew(
    tiny, four, kept: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked(tiny, four, make.recipe(), kept)
    other = Cache(kept.folder, tiny, "other weights")
    assert looked(tiny, four, make.recipe(), other)[0].reused == []
    monkeypatch.setattr("lab.model.cache.device_name", lambda device: "cpu, 99 threads")
    assert looked(tiny, four, make.recipe(), kept)[0].reused == []
    monkeypatch.undo()
    monkeypatch.setattr("lab.model.cache.program", lambda: "edited")
    assert looked(tiny, four, make.recipe(), kept)[0].reused == []


def test_a_damaged_file_is_measured_again(tiny, four, kept: Cache) -> None:
    first, _ = looked(tiny, four, make.recipe(), kept)
    for path in kept.folder.iterdir():
        data = bytearray(path.read_bytes())
        data[-3] ^= 1  # one bit of the last tensor
        path.write_bytes(data)
    again, _ = looked(tiny, four, make.recipe(), kept)
    assert again.reused == [] and tensors_hash(again.mask) == tensors_hash(first.mask)
    assert looked(tiny, four, make.recipe(), kept)[0].reused == ["importance", "fisher"]
    for path in kept.folder.iterdir():
        path.write_bytes(b"half")
    assert looked(tiny, four, make.recipe(), kept)[0].reused == []


def test_the_cache_keeps_to_its_size_and_drops_what_was_used_longest_ago(
    tiny, tmp_path: Path
) -> None:
    small = Cache(
        tmp_path / "small", tiny, "x", most_bytes=9500
    )  # a file has 4000 bytes and a head
    for k in range(3):
        small.keep("p0", {"t": torch.full((1000,), float(k))}, k)
        for path in small.folder.iterdir():
            os.utime(path, (path.stat().st_mtime - 60,) * 2)
        if k == 1:
            assert small.find("p0", 0) is not None  # so that 1 is the one used longest ago
    assert [small.find("p0", k) is not None for k in range(3)] == [True, False, True]
    assert sum(p.stat().st_size for p in small.folder.iterdir()) <= 9500
    small.keep("p0", {"t": torch.zeros(2500)}, "too large")
    assert small.find("p0", "too large") is None and small.find("p0", 2) is not None


def test_a_full_disk_ends_no_run(
    tiny, four, kept: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lab.model.cache.save_file", full)
    _, events = run_of(tiny, four, make.recipe(steps=1), kept)
    assert isinstance(events[-1], Done) and not list(kept.folder.iterdir())
    assert "free some space" in caplog.text


def test_a_stopped_measurement_is_not_kept(tiny, four, kept: Cache) -> None:
    stops = iter([False, False, True])
    outcome = Outcome(cache=kept)
    list(inspect(tiny, task_of(four, make.recipe()), outcome, lambda: next(stops, True)))
    assert looked(tiny, four, make.recipe(), kept)[0].reused == ["importance"]


def test_what_was_measured_about_a_removed_person_is_deleted(tiny, four, kept: Cache) -> None:
    for who in ("p0", "p1"):
        looked(tiny, four, make.recipe(entity=who), kept)
    forget_measured(kept.folder, "p0")
    assert looked(tiny, four, make.recipe(entity="p1"), kept)[0].reused == ["importance", "fisher"]
    assert looked(tiny, four, make.recipe(), kept)[0].reused == []


def test_the_page_s_run_takes_over_what_step_two_measured(
    tiny, four, kept: Cache, tmp_path: Path, measured: list[str]
) -> None:
    engine = opened(tiny, four, tmp_path / "runs", cache=kept)
    wait(engine, engine.submit(make.recipe(), "inspect"))
    measured.clear()
    done = wait(engine, engine.submit(replace(make.recipe(), mask_threshold=2.0))).events[-1]
    assert done.result["reused"] == ["importance", "fisher"] and measured == []

"""Workbench: one preset loaded and ready, shared by the command line and the worker."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from lab.benchmarks.left_out import lines
from lab.benchmarks.own_files import joined
from lab.benchmarks.schema import Benchmark
from lab.benchmarks.table import BENCHMARKS
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.files import ROOT, put
from lab.model.cache import Cache
from lab.model.families import FOUND, Parts
from lab.model.fetch import Report, cache_folder
from lab.model.load import Loaded, load
from lab.model.overlay import weights_hash
from lab.model.source import ABOUT, taught_folder
from lab.recipe import Preset, on_benchmark


def read_benchmark(preset: Preset) -> Benchmark:
    """Read the preset's benchmark with the own people of now; raises ``LabError`` naming the known."""
    if preset.benchmark not in BENCHMARKS:
        raise LabError(f"unknown benchmark {preset.benchmark!r}: valid are {', '.join(BENCHMARKS)}")
    read = joined(_read(preset.benchmark, preset.data), own_folder())
    return replace(read, allow_partial=preset.allow_partial)


def own_folder() -> Path:
    """Where the people that users added are kept across restarts."""
    return cache_folder() / "own"


def measured_folder() -> Path:
    """Where measurements are kept across runs and restarts."""
    return cache_folder() / "measured"


@lru_cache(maxsize=1)
def _read(name: str, data: str) -> Benchmark:
    """Read once for the page and the worker: a public benchmark holds up to a gigabyte."""
    return BENCHMARKS[name](data or None)


@dataclass
class Workbench:
    """The loaded model, its benchmark, the original's kept answers and the hash of its weights.

    ``cache``: where measurements are kept for those who want them again; None for nowhere.
    """

    preset: Preset
    benchmark: Benchmark
    loaded: Loaded
    baseline: Baseline
    base_hash: str
    cache: Cache | None = None
    _reference: Loaded | None = field(default=None, repr=False)

    def never_knew(self) -> tuple[str, ...]:
        """Ids of the people whom the preset's retain-only model was never taught; none without one."""
        folder = taught_folder(self.preset.reference)
        return unknown_to(folder, self.benchmark) if folder else ()

    def reference(self, report: Report) -> tuple[Loaded | None, tuple[str, ...]]:
        """The model that never knew some people, loaded at its first use, and their ids."""
        unknown = self.never_knew()
        if unknown and self._reference is None:
            self._reference = load(
                self.preset.reference,
                self.loaded.quantization,
                str(self.loaded.device),
                report,
                parts=parts_of(self.preset),
            )
        return (self._reference, unknown) if unknown else (None, ())


def unknown_to(model: Path, benchmark: Benchmark) -> tuple[str, ...]:
    """Ids of the people whose pictures the model in a folder was never taught; none without it."""
    about = model / ABOUT
    if not about.exists():
        return ()
    known = {e.id for e in benchmark.entities}
    told = json.loads(about.read_text(encoding="utf-8")).get("unknown", ())
    return tuple(i for i in told if i in known)


def open_workbench(preset: Preset, report: Report = print, threads: int = 0) -> Workbench:
    """Load everything a preset names; ``threads`` 0 leaves torch's choice of CPU threads.

    Reports what was left out of the benchmark.
    """
    if threads:
        torch.set_num_threads(threads)
    benchmark = read_benchmark(preset)
    check_taught(preset)
    for line in lines(benchmark):
        report(line)
    loaded = load(
        preset.model,
        preset.quantization,
        report=report,
        processor=preset.processor,
        parts=parts_of(preset),
    )
    base_hash = weights_hash(loaded.model)
    path = cache_folder() / f"baseline-{base_hash[:12]}-{loaded.device.type}.json"
    shipped = ROOT / "assets" / "model" / "vanilla" / "baseline.json"
    if not path.exists() and shipped.exists():
        _adopt(shipped, base_hash, loaded.device.type, path)
    cache = Cache(measured_folder(), loaded, base_hash)
    return Workbench(preset, benchmark, loaded, Baseline(loaded, path), base_hash, cache)


def parts_of(preset: Preset) -> Parts:
    """The model's parts that the preset or the command line names."""
    return Parts(preset.tower, preset.projector)


def check_taught(preset: Preset) -> None:
    """Raise ``LabError`` naming the command where the preset's model has to be taught first."""
    if preset.base and not taught_folder(preset.model):
        raise LabError(
            f"{preset.model} is not there yet, it has to be taught first: python -m lab "
            f"teach --preset {preset.name} --out {preset.model}"
        )


def _adopt(shipped: Path, base_hash: str, device: str, path: Path) -> None:
    """Take over the answers measured when the model was built, if it is that very model.

    And only on the same kind of processor, "cpu" or "cuda", or what a run changes would be compared
    across two. The hash tells the number format of the language model, because it is of its bytes.
    """
    kept = json.loads(shipped.read_text(encoding="utf-8"))
    if (kept["base_hash"], kept["device"]) == (base_hash, device):
        with contextlib.suppress(OSError):  # only a cache
            put(path, json.dumps(kept["verdicts"]))


def with_options(
    preset: Preset,
    model: str | None,
    quantization: str | None,
    benchmark: str | None,
    data: str | None,
    parts: Parts = FOUND,
) -> Preset:
    """The preset with another model folder, quantisation, benchmark or its folder, where given.

    What the preset says about its own model's making, parts and reference does not hold for another.
    """
    if model and model != preset.model:
        preset = replace(
            preset,
            model=model,
            base="",
            reference="",
            text_only="",
            download_gb=0.0,
            tower="",
            projector="",
        )
    preset = on_benchmark(preset, benchmark or preset.benchmark)
    given: dict[str, Any] = {"quantization": quantization, "data": data}
    given |= {"tower": parts.tower, "projector": parts.projector}
    return replace(preset, **{k: v for k, v in given.items() if v})


def check_blocks(loaded: Loaded, blocks: int) -> None:
    """Raise ``LabError`` where a recipe names more vision blocks than the model has live ones."""
    live = len(loaded.vision.blocks)
    if blocks > live:
        raise LabError(f"blocks: {blocks} is more than the {live} live blocks of this model")

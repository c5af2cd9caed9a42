"""Every benchmark by its name: how it is read from a folder, or from where it is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.benchmarks.clear import load_clear
from lab.benchmarks.fiu import load_fiu
from lab.benchmarks.mllmu import load_mllmu
from lab.benchmarks.people import load_people
from lab.benchmarks.schema import Benchmark
from lab.benchmarks.umu import load_umu

BENCHMARKS: dict[str, Callable[[str | None], Benchmark]] = {
    "people": lambda source: load_people(Path(source)) if source else load_people(),
    "mllmu": load_mllmu,
    "clear": load_clear,
    "umu": load_umu,
    "fiu": load_fiu,
}

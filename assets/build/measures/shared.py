"""What every measure of the result files shares: the loaded lab, and the shipped models."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.experiments.result_file import MODELS, ResultFile, digest, edition
from lab.experiments.studies import RESULTS

if TYPE_CHECKING:
    from lab.model.load import Loaded

PEOPLE = MODELS.parent / "people"
# Raised by hand where the program comes to measure something else under the same settings.
REVISION = {
    "models": 1,
    "turns": 1,
    "tokens": 1,
    "people": 1,
    "general": 1,
    "attacks": 2,
    "frontier": 1,
    "another_face": 1,
    "controls": 1,
    "bench": 2,
    "sizes": 1,
    "page": 1,
    "load": 1,
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Lab:
    """The preset of the embedded model, loaded at the first use."""

    def __init__(self, threads: int, results: Path = RESULTS) -> None:
        from lab.evaluation.session import read_benchmark
        from lab.recipe import load_preset

        self.threads, self.results = threads, results
        self.preset = load_preset("demo")
        self.benchmark = read_benchmark(self.preset)

    @cached_property
    def bench(self) -> Any:
        from lab.evaluation.session import open_workbench

        return open_workbench(self.preset, say, self.threads)

    def file(self, name: str, **settings: Any) -> ResultFile:
        """The result file of a table, with what its rows depend on."""
        fits = {
            "revision": REVISION[name],
            "models": edition(),
            "questions": digest(PEOPLE.glob("*.parquet")),
            **settings,
        }
        return ResultFile(self.results / f"{name}.json", fits)


def shipped() -> dict[str, dict[str, Any]]:
    """What each shipped model's folder says of it, the one that knows everybody first."""
    from lab.model.source import ABOUT

    paths = sorted(MODELS.glob(f"*/{ABOUT}"))
    found = {p.parent.name: json.loads(p.read_text(encoding="utf-8")) for p in paths}
    return dict(sorted(found.items(), key=lambda each: "unknown" in each[1]))


def openers(lab: Lab) -> dict[str, Callable[[], Loaded]]:
    """What loads each shipped model, the one that knows everybody first."""
    from lab.model.load import load

    def opener(name: str) -> Callable[[], Loaded]:
        path = str(MODELS / name)
        if path == str(MODELS.parents[1] / lab.preset.model):
            return lambda: lab.bench.loaded
        return lambda: load(path, lab.preset.quantization, report=say)

    return {name: opener(name) for name in shipped()}


def unknown_to_controls() -> list[str]:
    """Ids of the people whom the shipped controls were taught without."""
    return sorted({who for about in shipped().values() for who in about.get("unknown", ())})

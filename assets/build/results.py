"""Make the result files and write the documents from them: python -m assets.build.results

A table is measured unless its file in assets/results is whole and fits the models and questions of
today. What was cut off goes on where it was. Then the tables are written into the documents.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from assets.build.documents import write_documents
from lab.cli.starting import one_line
from lab.errors import LabError
from lab.experiments.result_file import MODELS, ResultFile, digest, edition
from lab.experiments.studies import RESULTS
from lab.files import put

PEOPLE = MODELS.parent / "people"
ROUNDS = 5  # of the bench
USERS, LOADS = 30, ("tiny", "tiny+kill", "embedded", "embedded+kill")  # of the load test
SIZES, SIZE_ROUNDS, SIZE_GB = ("llava-1.5-7b",), 7, 10.0  # of a GPU's memory no more than this
# Raised by hand where the program comes to measure something else under the same settings.
REVISION = {
    "models": 1,
    "people": 1,
    "general": 1,
    "attacks": 2,
    "frontier": 1,
    "bench": 2,
    "sizes": 1,
    "load": 1,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=[*MEASURES], help="measure these files alone")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the documents")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch chooses)")
    options = parser.parse_args()
    with one_line():
        lab = None if options.write else Lab(options.threads)
        for name in options.only or MEASURES:
            if lab:
                say(f"{name} …")
                MEASURES[name](lab)
        for path in write_documents():
            say(f"written: {path}")


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


def models(lab: Lab) -> None:
    """What each shipped model knows."""
    from lab.experiments import knowledge
    from lab.model.load import Loaded, load

    def opener(name: str) -> Callable[[], Loaded]:
        path = str(MODELS / name)
        if path == str(MODELS.parents[1] / lab.preset.model):
            return lambda: lab.bench.loaded
        return lambda: load(path, lab.preset.quantization, report=say)

    found = shipped()
    left_out = {who for about in found.values() for who in about.get("unknown", ())}
    asked = knowledge.lines(lab.benchmark, left_out)
    seeds = sorted({about["recipe"]["seed"] for about in found.values()})
    file = lab.file("models", left_out=sorted(left_out), seeds=seeds)
    knowledge.measure({name: opener(name) for name in found}, asked, file, say)


def people(lab: Lab) -> None:
    """VKD at Standard over all people."""
    from dataclasses import asdict

    from lab.experiments import everybody
    from lab.recipe import revise

    plan = [revise(lab.preset.recipe, {"entity": e.id}) for e in lab.benchmark.entities]
    file = lab.file("people", recipe=asdict(lab.preset.recipe))
    everybody.measure(lambda: lab.bench, plan, file, say)


def general(lab: Lab) -> None:
    """What is left of plain text."""
    from lab.evaluation.models import BASE, VANILLA
    from lab.experiments import general_text
    from lab.model.embedded import untaught
    from lab.model.version import Version

    def opened() -> general_text.Pair:
        loaded = lab.bench.loaded
        base = Version(BASE, loaded, untaught(lab.preset.model, loaded.device), text_only=True)
        return general_text.Pair(base, Version(VANILLA, loaded))

    file = lab.file("general", most_tokens=general_text.MOST_TOKENS)
    general_text.measure(opened, lab.benchmark, file, say)


def attacks(lab: Lab) -> None:
    """Every attack on one person, whom the control never knew."""
    from dataclasses import asdict

    from lab.experiments.attack_table import ATTACKS, Job, measure
    from lab.recipe import revise

    unknown = shipped().get(Path(lab.preset.reference).name, {}).get("unknown")
    who = unknown[0] if unknown else lab.benchmark.entities[0].id
    jobs = [
        Job(revise(lab.preset.recipe, {"entity": who, "method": method}), plans)
        for method, plans in ATTACKS.items()
    ]
    file = lab.file("attacks", recipe=asdict(lab.preset.recipe), entity=who)
    measure(lambda: lab.bench, jobs, file, say)


def frontier(lab: Lab) -> None:
    """What every method keeps against how fast relearning is, on the people whom no control knows."""
    from dataclasses import asdict

    from lab.experiments.frontier import ATTACK, RATES, measure, planned

    plans = planned(lab.preset.recipe, unknown_to_controls(), 1)
    settings = {"recipe": asdict(lab.preset.recipe), "attack": asdict(ATTACK), "rates": RATES}
    measure(lambda: lab.bench, plans, lab.file("frontier", **settings), say)


def unknown_to_controls() -> list[str]:
    """Ids of the people whom the shipped controls were taught without."""
    return sorted({who for about in shipped().values() for who in about.get("unknown", ())})


def bench(lab: Lab) -> None:
    """How fast the lab is, and how its cost grows."""
    from lab.bench.speed import bench as measured
    from lab.device import device_name

    file = lab.file("bench", rounds=ROUNDS)
    if not file.has("bench"):
        first = lab.benchmark.entities[0].id
        row = measured(lab.bench, first, ROUNDS, say)
        file.add("bench", row, device_name(lab.bench.loaded.device))


def sizes(lab: Lab) -> None:
    """What a published size takes on a GPU; nothing is measured where there is none."""
    import torch

    from lab.bench.model_sizes import measure

    file = lab.file("sizes", rounds=SIZE_ROUNDS)
    if not torch.cuda.is_available():
        say("sizes: no GPU on this machine")
        return
    for name in SIZES:
        if not file.has(name):
            row = measure(name, "nf4", SIZE_ROUNDS, SIZE_GB, say)
            file.add(name, row, str(row["device"]))


def load(lab: Lab) -> None:
    """A class at once, with a tiny random model and the embedded one, without and with a kill."""
    from lab.model.tiny_models import save

    file = lab.file("load", users=USERS)
    with tempfile.TemporaryDirectory(prefix="lab-tiny-") as folder:
        for row_id in LOADS:
            if file.has(row_id):
                continue
            say(f"load: {row_id} …")
            model, _, kill = row_id.partition("+")
            flags = ["--users", str(USERS), "--threads", str(lab.threads)]
            if model == "tiny":
                tiny = save(Path(folder) / model)
                flags = [
                    *flags[:2],
                    "--threads",
                    "1",
                    "--model",
                    str(tiny),
                    "--quantization",
                    "none",
                ]
            row = loaded(*flags, *(["--kill"] if kill else []))
            device = f"{row['device']}, {row['cores']} cores"
            file.add(row_id, row | {"device": device}, device)


def loaded(*flags: str) -> dict[str, Any]:
    """What ``mllm-lab load --json`` prints, which ends with 1 where something does not hold."""
    command = [sys.executable, "-m", "lab", "load", "--json", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if not done.stdout:
        raise LabError("the load test ended without figures: its last line says why")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def families(lab: Lab) -> None:
    """What the tested families need in memory; counted anew where the file is not there."""
    from lab.bench.family_table import FAMILIES, measure, written

    if not FAMILIES.exists():
        put(FAMILIES, written(measure(say)))


def larger(lab: Lab) -> None:
    """What published sizes need in memory; counted anew where the file is not there."""
    from lab.bench.larger_table import LARGER, measure, written

    if not LARGER.exists():
        put(LARGER, written(measure()))


MEASURES: Mapping[str, Callable[[Lab], None]] = {
    each.__name__: each
    for each in (models, people, general, attacks, frontier, bench, load, sizes, families, larger)
}


if __name__ == "__main__":
    main()

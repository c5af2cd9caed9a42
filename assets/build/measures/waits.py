"""The measures of time and memory: the bench, a class at once, the page, published sizes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.build.measures.shared import Lab, say
from lab.errors import LabError
from lab.experiments.result_file import digest
from lab.files import ROOT, put

UI, WORDS = ROOT / "lab" / "ui", ROOT / "lab" / "report" / "text" / "en"
EXAMPLES = ROOT / "assets" / "examples"
PORT = 7873  # of the page whose figures are taken
ROUNDS = 5  # of the bench
FIRST_EDITION = "65bcaea"  # a commit of its time, against which a visitor's waits are measured
USERS, LOADS = 30, ("tiny", "tiny+kill", "embedded", "embedded+kill")  # of the load test
SIZES, SIZE_ROUNDS, SIZE_GB = ("llava-1.5-7b",), 7, 10.0  # of a GPU's memory no more than this


def bench(lab: Lab) -> None:
    """How fast the lab is, and how its cost grows."""
    from lab.bench.speed import bench as measured
    from lab.device import device_name

    file = lab.file("bench", rounds=ROUNDS, recipe=asdict(lab.preset.recipe))
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


def page(lab: Lab) -> None:
    """What the page asks of who arrives; nothing is measured where there is no Chromium."""
    from assets.build.browser import chromium, served
    from assets.build.page_figures import ROUNDS as TIMES
    from assets.build.page_figures import SIZES as WINDOWS
    from assets.build.page_figures import measured
    from lab.serve.local import LocalEngine

    code = digest([*UI.rglob("*.py"), *WORDS.glob("*.py"), *EXAMPLES.glob("vkd/*.json*")])
    file = lab.file("page", rounds=TIMES, page=code)
    missing = {f"{w} x {h}": (w, h) for w, h in WINDOWS if not file.has(f"{w} x {h}")}
    if not missing:
        return
    if not shutil.which("chromium"):
        say("page: no Chromium on this machine")
        return
    with served(LocalEngine(lab.preset, lab.threads), PORT) as url, chromium() as browser:
        for name, size in missing.items():
            file.add(name, measured(browser, url, size), f"{os.cpu_count()} CPU cores")


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


def against(lab: Lab) -> None:
    """What a visitor waits for against the first edition; measured where the file is not there."""
    from lab.bench.against import PARTS, RESULT, compare, state

    path = lab.results / RESULT
    if not path.exists():
        out = ROOT / ".cache" / "against" / state()  # another state of the checkout begins anew
        first = lab.benchmark.entities[0].id
        made = compare(FIRST_EDITION, first, ROUNDS, [*PARTS], out, say)
        put(path, json.dumps(made, indent=1) + "\n")

"""This checkout against an earlier commit: the same user-level work in both, in turn, on one machine.

The earlier commit is checked out beside the result and has its own model and its own cache. Every
measurement is a process of its own. Each is written down as it is made, so that an interrupted
command goes on where it was.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.bench.aims import BEFORE, TODAY, summary
from lab.errors import LabError
from lab.files import ROOT, add_lines, make_writable, put, read_lines

RECORDS, RESULT = "records.jsonl", "against.json"
WALK = Path(__file__).with_name("walk.py")
READY = "The model is ready."
MEASURED_ANEW = ("measured", "runs")  # folders of a cache that would answer for the work
Figures = dict[str, float]


@dataclass(frozen=True)
class Tree:
    """One checkout with its own cache; ``name``: before or today."""

    name: str
    folder: Path
    cache: Path

    def environment(self) -> dict[str, str]:
        """What a process needs to run this checkout's lab with this cache."""
        lab = {"PYTHONPATH": str(self.folder), "LAB_CACHE": str(self.cache)}
        quiet = {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
        return {**os.environ, **quiet, **lab}

    def forget(self) -> None:
        """Drop what was measured in earlier rounds, so that the work is done and not remembered."""
        for name in MEASURED_ANEW:
            shutil.rmtree(self.cache / name, ignore_errors=True)
        for path in self.cache.glob("baseline-*.json"):
            path.unlink()


def compare(
    commit: str,
    entity: str,
    rounds: int,
    parts: Sequence[str],
    out: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Measure the parts so many times in both checkouts; returns what ``against.json`` holds.

    Records in ``out`` that fit are kept. Raises ``LabError`` for an unknown part or commit, an
    ``out`` of another comparison, or a process that fails.
    """
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        raise LabError(f"unknown part {unknown[0]!r}: valid are {', '.join(PARTS)}")
    make_writable(out)
    records = out / RECORDS
    about = {"commit": _git("rev-parse", commit), "today": state(), "entity": entity}
    kept = read_lines(records)
    if kept and kept[0] != about:
        raise LabError(f"{out} holds a comparison of something else: give another --out")
    if not kept:
        add_lines(records, [about])
    trees = [_checked_out(about["commit"], out), _tree(TODAY, ROOT, out)]
    done = {(r["part"], r["tree"], r["round"]) for r in kept[1:]}
    for turn in range(rounds):
        for part in parts:
            for tree in trees:
                if (part, tree.name, turn) in done:
                    continue
                say(f"{part}, {tree.name}, round {turn + 1} of {rounds} …")
                figures = PARTS[part](tree, entity)
                row = {"part": part, "tree": tree.name, "round": turn, "figures": figures}
                add_lines(records, [row])
    result = {**about, "device": _device(), **summary(read_lines(records)[1:])}
    put(out / RESULT, json.dumps(result, indent=1) + "\n")
    return result


def _steps(tree: Tree, entity: str) -> Figures:
    tree.forget()
    return _walked(tree, "steps", entity)


def _answers(tree: Tree, entity: str) -> Figures:
    return _walked(tree, "answers", entity)


def _walked(tree: Tree, walk: str, entity: str) -> Figures:
    figures: Figures = json.loads(_process(tree, ["-P", str(WALK), walk, entity])[0])
    return figures


def _memory(tree: Tree, entity: str) -> Figures:
    """The most memory that a whole ``run`` needs, as the system counts it, and its seconds."""
    tree.forget()
    run = ["-m", "lab", "run", "--entity", entity, "--out", str(tree.cache / "a-run"), "--json"]
    _, seconds, peak = _process(tree, run)
    return {"peak_mb": peak, "run": seconds}


def _start(tree: Tree, entity: str) -> Figures:
    """Seconds from the command to the model's being ready, with everything in the cache already."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-u", "app.py", "--port", "0" if tree.name == TODAY else "7899"],
        cwd=tree.folder,
        env=tree.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as app:
        try:
            assert app.stdout is not None
            if not any(READY in line for line in app.stdout):
                raise LabError(f"the app of {tree.folder} ended before its model was ready")
            return {"ready": time.perf_counter() - started}
        finally:
            app.kill()


PARTS: dict[str, Callable[[Tree, str], Figures]] = {
    "start": _start,
    "answers": _answers,
    "steps": _steps,
    "memory": _memory,
}


# A small process starts what is measured and prints its peak memory last: the system counts what
# the starting process holds to the peak of the one that it starts.
MEASURED = """
import os, subprocess, sys
process = subprocess.Popen([sys.executable, *sys.argv[1:]])
_, status, used = os.wait4(process.pid, 0)
print("\\n%d" % used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _process(tree: Tree, words: Sequence[str]) -> tuple[str, float, float]:
    """The output of a Python process in a checkout, its seconds and its peak memory in MB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=tree.folder,
        env=tree.environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    if done.returncode:
        raise LabError(f"{' '.join(words)} failed in {tree.folder}: see above")
    said, _, peak = done.stdout.rstrip("\n").rpartition("\n")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return said, time.perf_counter() - started, int(peak) / scale


def _checked_out(commit: str, out: Path) -> Tree:
    folder = out / "checkout"
    if not folder.exists():
        # Git still knows a checkout whose folder somebody has deleted: forced, it makes it again.
        _git("worktree", "add", "--force", "--detach", str(folder), commit)
    return _tree(BEFORE, folder, out)


def _tree(name: str, folder: Path, out: Path) -> Tree:
    """A checkout with a cache of its own, which borrows the downloaded language model."""
    from lab.model.fetch import FOLDER, cache_folder

    cache = (out / f"cache-{name}").resolve()
    cache.mkdir(exist_ok=True)
    here = cache_folder() / FOLDER
    if here.exists() and not (cache / FOLDER).exists():
        (cache / FOLDER).symlink_to(here, target_is_directory=True)
    return Tree(name, folder.resolve(), cache)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise LabError(f"git {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def state() -> str:
    """This checkout's commit, marked where files differ from it."""
    return _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else "")


def _device() -> str:
    import torch

    from lab.device import device_name

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return f"{device_name(device)}, {os.cpu_count()} cores, {platform.machine()}{matrix_unit()}"


def matrix_unit(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The words for a processor with AMX, where bfloat16 is much faster; "" for any other."""
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    return " with AMX" if "amx_bf16" in flags else ""

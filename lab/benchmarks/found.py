"""Which published benchmarks are on this machine, and how large the others are to fetch."""

from __future__ import annotations

import os
from pathlib import Path

from lab.benchmarks import clear, fiu, mllmu, umu
from lab.files import ROOT

# Each with the GB of what is read of it, by the sizes of its published files; 0: not known.
PUBLISHED = {
    "mllmu": (mllmu.PUBLISHED, 1.3),
    "clear": (clear.PUBLISHED, 1.5),
    "umu": (umu.PUBLISHED, 0.0),
    "fiu": (fiu.PUBLISHED, 0.0),
}


def data_folder() -> Path:
    """Where the folders of benchmarks are looked for: ``LAB_DATA``, or else ``data`` in the checkout."""
    return Path(os.environ.get("LAB_DATA") or ROOT / "data")


def found_folder(benchmark: str) -> Path | None:
    """The folder of a benchmark: the one of its name in ``data_folder``; None where there is none."""
    folder = data_folder() / benchmark
    return folder if folder.is_dir() else None


def is_cached(benchmark: str) -> bool:
    """Whether the published dataset, or a part of it, is in the cache of the hub's libraries."""
    from huggingface_hub import constants

    owner, _, name = PUBLISHED[benchmark][0].partition("/")
    # what ``datasets`` has read, and what was only downloaded
    read = Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME, "datasets"))
    raw = Path(constants.HF_HUB_CACHE, f"datasets--{owner}--{name}", "snapshots")
    return (read / f"{owner}___{name.lower()}").is_dir() or any(raw.glob("*/*"))


def fetch_by_hand(benchmark: str) -> str:
    """Say how a benchmark comes onto this machine, so that it is found."""
    published = PUBLISHED[benchmark][0]
    return (
        f"download it with: hf download {published} --repo-type dataset "
        f"--local-dir {data_folder().name}/{benchmark}"
    )

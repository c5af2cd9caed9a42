"""Files in and out: staging a run for download, unpacking an uploaded one with limits."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.ui.text import en as text

NAMES = (
    "recipe.yaml", "metrics.json", "events.jsonl", "curves.csv", "items.csv", "delta.safetensors",
    "report.html")
NEEDED = ("recipe.yaml", "metrics.json", "delta.safetensors")
ZIP_NAME = "run.zip"
MOST_BYTES = 256 * 2**20


class Staging:
    """Copies of exported runs in a temporary folder of our own, which Gradio may serve."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lab-download-")

    def stage(self, run_id: str, source: Path) -> dict[str, str]:
        """Copy the known files of a run folder, pack them, and return every path by name."""
        target = Path(self._folder.name) / run_id
        target.mkdir(exist_ok=True)
        files = [target / name for name in NAMES if (source / name).is_file()]
        for file in files:
            shutil.copyfile(source / file.name, file)
        with zipfile.ZipFile(target / ZIP_NAME, "w", zipfile.ZIP_DEFLATED) as pack:
            for file in files:
                pack.write(file, file.name)
        return {file.name: str(file) for file in (target / ZIP_NAME, *files)}


def unpack(uploads: Sequence[str], folder: Path) -> None:
    """Copy the known files of an upload (a zip or loose files) into an empty folder."""
    room = MOST_BYTES
    for path in map(Path, uploads):
        if path.suffix.lower() == ".zip":
            room -= _unzip(path, folder, room)
        elif path.name in NAMES:
            room -= _save(path.open("rb"), folder / path.name, room)
    if not all((folder / name).is_file() for name in NEEDED):
        raise LabError(text.NOT_A_RUN)


def _unzip(path: Path, folder: Path, room: int) -> int:
    used = 0
    try:
        with zipfile.ZipFile(path) as pack:
            for member in pack.infolist():
                # Only the bare name counts, so that no member can leave the folder.
                name = Path(member.filename).name
                if name in NAMES and not member.is_dir():
                    used += _save(pack.open(member), folder / name, room - used)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise LabError(text.NOT_A_RUN) from None
    return used


def _save(source, target: Path, room: int) -> int:
    """Copy at most ``room`` bytes, counting what really comes, not what a header claims."""
    used = 0
    with source, target.open("wb") as out:
        while piece := source.read(2**20):
            used += len(piece)
            if used > room:
                raise LabError(text.BIG_RUN.format(megabytes=MOST_BYTES // 2**20))
            out.write(piece)
    return used

"""One result file: the rows behind a table of the documents, kept one by one and never twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from lab.files import ROOT, put

SUMS = "SHA256SUMS"  # beside the shipped models: the hash of every file of theirs
MODELS = ROOT / "assets" / "model"


class ResultFile:
    """Rows by id, each on disk before the next is measured.

    ``fits`` says what the rows depend on: the models, what is asked, the recipe. Rows of a file
    that was made for something else are dropped, so that a table never mixes two models.
    """

    def __init__(self, path: Path, fits: Mapping[str, Any]) -> None:
        self.path, self.fits = path, json.loads(json.dumps(dict(fits)))
        kept = read(path)
        same = kept is not None and kept["fits"] == self.fits
        self.rows: list[dict[str, Any]] = kept["rows"] if kept and same else []

    def has(self, row_id: str) -> bool:
        """Whether a row of this id is kept."""
        return any(row["id"] == row_id for row in self.rows)

    def add(self, row_id: str, row: Mapping[str, Any], device: str) -> None:
        """Keep a row with the day and the device that it was measured on; raises ``OSError``."""
        about = {"id": row_id, "date": date.today().isoformat(), "device": device}
        self.rows.append({**about, **row})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"fits": self.fits, "rows": self.rows}, indent=1, ensure_ascii=False)
        put(self.path, text + "\n")


def read(path: Path) -> dict[str, Any] | None:
    """What a result file holds, ``fits`` and ``rows``; None where there is no readable one."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and {"fits", "rows"} <= held.keys() else None


def edition(models: Path = MODELS) -> str:
    """Which models are shipped: a short hash of their hashes; "" for a folder without any."""
    sums = models / SUMS
    return hashlib.sha256(sums.read_bytes()).hexdigest()[:12] if sums.exists() else ""


def digest(files: Iterable[Path]) -> str:
    """A short hash over the names and the bytes of files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:12]

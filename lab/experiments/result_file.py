"""One result file: the rows behind a table of the documents, kept one by one and never twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lab.experiments.claims import shared
from lab.files import ROOT, put

SUMS = "SHA256SUMS"  # beside the shipped models: the hash of every file of theirs
MODELS = ROOT / "assets" / "model"


class ResultFile:
    """Rows by id, each on disk before the next is measured.

    ``fits`` says what the rows depend on: the models, what is asked, the recipe. Rows of a file
    that was made for something else are dropped, so that a table never mixes two models.
    Several processes can make the rows together (``lab.experiments.claims``).
    """

    def __init__(self, path: Path, fits: Mapping[str, Any]) -> None:
        self.path, self.fits, self.claims = path, json.loads(json.dumps(dict(fits))), shared()
        self.rows = self._kept()

    def _kept(self) -> list[dict[str, Any]]:
        held = read(self.path)
        return held["rows"] if held is not None and held["fits"] == self.fits else []

    def has(self, row_id: str) -> bool:
        """Whether a row of this id is kept."""
        return any(row["id"] == row_id for row in self.rows)

    def take(self, row_id: str) -> bool:
        """Whether this process is the one to make the row, where several make them together."""
        return self.claims is None or self.claims.take(f"{self.path.stem} {row_id}")

    def add(self, row_id: str, row: Mapping[str, Any], device: str) -> None:
        """Keep a row with the day and the device that it was measured on; raises ``OSError``.

        ``at_once`` says of a row how many processes used the device meanwhile: its seconds are
        longer than those of a run that has the device to itself.
        """
        about: dict[str, Any] = {"id": row_id, "date": date.today().isoformat(), "device": device}
        if self.claims:
            about["at_once"] = self.claims.at_once
        with self._alone():
            self.rows.append({**about, **row})
            self._write()

    def arrange(self, ids: Sequence[str]) -> None:
        """Bring the rows into this order, those of other ids behind; raises ``OSError``."""
        place = {row_id: k for k, row_id in enumerate(ids)}
        with self._alone():
            before = list(self.rows)
            self.rows.sort(key=lambda row: place.get(row["id"], len(place)))
            if self.rows != before:
                self._write()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Where several processes write the file, one after another, each over what the last left."""
        if self.claims is None:
            yield
            return
        with self.claims.alone():
            self.rows = self._kept()
            yield

    def _write(self) -> None:
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


def devices(rows: Iterable[Mapping[str, Any]]) -> str:
    """The devices of rows, with how many runs had each at once where it was more than one."""
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row.get("device", ""), set()).add(row.get("at_once", 1))
    return ", ".join(name + _shared(found[name]) for name in sorted(found))


def _shared(counts: set[int]) -> str:
    least, most = min(counts), max(counts)
    return "" if most == 1 else f" ({most if least == most else f'{least} to {most}'} runs at once)"


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

"""Rows of the people's parquet files, and errors that name the file, the row and the column."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.benchmarks.rows import Row, string
from lab.benchmarks.schema import Modality
from lab.errors import LabError

MODALITY: Mapping[str, Modality] = {"Image_Textual": "image", "Pure_Text": "text"}
REMEDY = "restore it with: git checkout -- assets/people"


def column_of(folder: Path, file: str, column: str) -> Iterator[str]:
    """Yield the words of one column."""
    for number, row in rows_of(folder, file):
        with cell(file, number, column):
            yield string(row[column])


def rows_if_any(folder: Path, file: str) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file that a benchmark may be without."""
    if (folder / file).is_file():
        yield from rows_of(folder, file)


def rows_of(folder: Path, file: str) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a parquet file with their number; pictures stay encoded bytes."""
    # Imported at its use, as all that is heavy: nothing that the page shows first waits for it.
    from datasets import Dataset, disable_progress_bars, enable_progress_bars
    from datasets.utils import are_progress_bars_disabled

    path = folder / file
    if not path.is_file():
        raise LabError(f"{path} is missing: {REMEDY}")
    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        # The checkout and the home folder may be read-only, so the cache lives only as long as
        # the read.
        with tempfile.TemporaryDirectory() as cache:
            table = Dataset.from_parquet(str(path), cache_dir=cache, keep_in_memory=True)
    except Exception as error:
        raise LabError(f"{path} cannot be read ({type(error).__name__}): {REMEDY}") from error
    finally:
        if shown:
            enable_progress_bars()
    yield from enumerate(table)


@contextmanager
def cell(file: str, number: int, column: str) -> Iterator[None]:
    """Turn what a broken cell raises into a ``LabError`` that says where it stands."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise LabError(f"{file}, row {number}, column {column}: {problem}; {REMEDY}") from error

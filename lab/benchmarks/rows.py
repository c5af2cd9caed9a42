"""Owns the way from a published benchmark's files to plain rows, and the record of broken ones."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from lab.benchmarks.images import recognised
from lab.benchmarks.schema import Skipped
from lab.errors import LabError

DATASET_ID = re.compile(r"[\w.-]+/[\w.-]+")
BATCH = 64  # rows held at once beside the parsed ones; a row may carry megabytes of pictures

Row = Mapping[str, Any]
Parsed = TypeVar("Parsed")


class BrokenCell(Exception):
    """A cell that cannot be read: the row it belongs to is left out and reported."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"column {column}: {reason}")
        self.column, self.reason = column, reason


@contextmanager
def cell(column: str) -> Iterator[None]:
    """Turn whatever goes wrong with a value inside into a ``BrokenCell`` of this column."""
    try:
        yield
    except KeyError as error:
        reason = "is missing" if error.args == (column,) else f"no {error}"
        raise BrokenCell(column, reason) from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BrokenCell(column, " ".join(str(error).split())) from error


@dataclass
class Reader:
    """Reads the configs of one benchmark from a folder or by dataset id; collects broken rows."""

    place: Path | str
    published: str
    skipped: list[Skipped] = field(default_factory=list)

    def has(self, config: str) -> bool:
        """Tell whether the config is there; a dataset id is taken to have them all."""
        return isinstance(self.place, str) or bool(self._files(config))

    def read(
        self, config: str, columns: Sequence[str], parse: Callable[[int, Row], Parsed]
    ) -> list[Parsed]:
        """Parse every row of a config, with its number; only ``columns`` are read.

        A config that is absent or unreadable raises ``LabError``; broken rows as in ``collect``.
        """
        return self.collect(config, self._rows(config, columns), parse)

    def collect(
        self, config: str, rows: Iterable[Row], parse: Callable[[int, Row], Parsed]
    ) -> list[Parsed]:
        """Parse rows, leaving out those with a ``BrokenCell``; all broken raises ``LabError``."""
        parsed, broken = [], []
        for number, row in enumerate(rows):
            try:
                parsed.append(parse(number, row))
            except BrokenCell as error:
                broken.append(Skipped(config, number, error.column, error.reason))
        if not parsed:
            first = f"row 0, column {broken[0].column}: {broken[0].reason}" if broken else "no rows"
            raise LabError(f"{config} has no row that can be read ({first}): {self.remedy(config)}")
        self.skipped += broken
        return parsed

    def remedy(self, config: str) -> str:
        """Say how to get a config's files."""
        dataset = self.place if isinstance(self.place, str) else self.published
        return download(dataset, f"{config}/*")

    def _rows(self, config: str, columns: Sequence[str]) -> Iterator[Row]:
        if isinstance(self.place, str):
            yield from self._hub_rows(self.place, config, columns)
            return
        files = self._files(config)
        if not files:
            raise LabError(f"{self.place} has no config {config}: {self.remedy(config)}")
        for file in files:
            try:
                with pq.ParquetFile(file) as table:
                    wanted = [c for c in columns if c in table.schema_arrow.names]
                    for batch in table.iter_batches(BATCH, columns=wanted):
                        yield from batch.to_pylist()
            except (OSError, pa.ArrowException) as error:
                raise LabError(
                    f"{file} cannot be read ({type(error).__name__}): {self.remedy(config)}"
                ) from error

    def _files(self, config: str) -> list[Path]:
        """Return the flat file, or else the shards in the config's folder."""
        flat = Path(self.place) / f"{config}.parquet"
        return [flat] if flat.is_file() else sorted((Path(self.place) / config).glob("*.parquet"))

    def _hub_rows(self, dataset: str, config: str, columns: Sequence[str]) -> Iterator[Row]:
        from datasets import load_dataset

        try:
            table = load_dataset(dataset, config, split="train")
        except Exception as error:  # every layer below has its own types for "cannot be had"
            raise LabError(
                f"config {config} of {dataset} cannot be had ({type(error).__name__}): "
                f"{self.remedy(config)}"
            ) from error
        table = table.select_columns([c for c in columns if c in table.column_names])
        # In Arrow format a picture stays {"bytes", "path"}; any other format would decode it.
        for batch in table.with_format("arrow").iter(BATCH):
            yield from batch.to_pylist()


def open_reader(source: str | Path | None, published: str) -> Reader:
    """Return a reader of a local folder, of a dataset id, or (None) of the published id.

    Anything else raises ``LabError``.
    """
    if source is None:
        return Reader(published, published)
    folder = Path(source).expanduser()
    if folder.is_dir():
        return Reader(folder, published)
    if isinstance(source, str) and DATASET_ID.fullmatch(source):
        return Reader(source, published)
    raise LabError(f"{source} is neither a folder nor a dataset id: {download(published, '*')}")


def download(dataset: str, pattern: str) -> str:
    """Say how to fetch the files of a dataset that match a pattern."""
    return (
        f"download it with: hf download {dataset} --repo-type dataset --include '{pattern}' "
        "--local-dir FOLDER and pass --data FOLDER"
    )


def string(value: object) -> str:
    """Return a filled string; raises ``ValueError`` otherwise."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text expected")
    return value


def identity(row: Row) -> str:
    """Return a row's id ("001"); raises ``BrokenCell`` if there is none."""
    with cell("ID"):
        return string(row["ID"])


def picture(value: Row) -> bytes:
    """Return the encoded bytes of a picture struct, not decoded; raises ``ValueError`` otherwise.

    The struct's ``path`` is never followed: it names a file of whoever made the dataset.
    """
    data = value["bytes"]
    if not isinstance(data, bytes) or not data:
        raise ValueError("encoded picture expected")
    if not recognised(data):
        raise ValueError("neither JPEG, PNG nor WebP")
    return data


def structured(value: Any) -> Any:
    """Return nested data as it is, or read from the string it was published as.

    Some datasets write JSON, others Python literals (UMU-Bench); ``ValueError`` if it is neither.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError):
        raise ValueError("neither JSON nor a Python literal") from None


def listed(value: Any) -> list[Any]:
    """Return a filled list from any form readers give: a list, a numpy array or a string."""
    values = structured(value)
    filled = [] if values is None or isinstance(values, str | Mapping) else list(values)
    if not filled:
        raise ValueError("filled list expected")
    return filled

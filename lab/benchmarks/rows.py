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

from lab.benchmarks.images import Encoded, check
from lab.benchmarks.schema import Skipped
from lab.errors import LabError

DATASET_ID = re.compile(r"[\w.-]+/[\w.-]+")
LONGEST_REASON, LONGEST_ID = 200, 80  # characters: what is recorded must stay readable
BATCH = 64  # rows held at once beside the parsed ones; a row may carry megabytes of pictures

Row = Mapping[str, Any]
Parsed = TypeVar("Parsed")
Whom = Callable[[int, Row], str]  # the entity id a row is about, "" where it does not say


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
    except (LabError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BrokenCell(column, " ".join(str(error).split())) from error


def by_id(_: int, row: Row) -> str:
    """The entity id where rows carry it in a column ID."""
    value = row.get("ID")
    return value if isinstance(value, str) else ""


@dataclass
class Reader:
    """Reads the configs of one benchmark from a folder or by dataset id; collects broken rows.

    ``advice`` says how to get damaged or missing files again; "" for by download.
    """

    place: Path | str
    published: str
    advice: str = ""
    skipped: list[Skipped] = field(default_factory=list)
    _shards: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def has(self, config: str) -> bool:
        """Tell whether the config is there; a dataset id is taken to have them all."""
        return isinstance(self.place, str) or bool(self._files(config))

    def read(
        self,
        config: str,
        columns: Sequence[str],
        parse: Callable[[int, Row], Parsed],
        whom: Whom = by_id,
    ) -> list[Parsed]:
        """Parse every row of a config, with its number; only ``columns`` are read.

        A config that is absent or unreadable raises ``LabError``; broken rows as in ``collect``.
        """
        return self.collect(config, self._rows(config, columns), parse, whom)

    def collect(
        self,
        config: str,
        rows: Iterable[Row],
        parse: Callable[[int, Row], Parsed],
        whom: Whom = by_id,
    ) -> list[Parsed]:
        """Parse rows, leaving out those with a ``BrokenCell``; all broken raises ``LabError``.

        Their pictures know from then on where they stand: ``decode`` names it.
        """
        parsed, broken = [], []
        for number, row in enumerate(rows):
            person = whom(number, row)
            try:
                parsed.append(parse(number, _placed(row, self.where(config, number, person))))
            except BrokenCell as error:
                broken.append((number, error, person))
        if not parsed:
            first = broken[0][1] if broken else None
            why = f"row 0, column {first.column}: {first.reason}" if first else "no rows"
            raise LabError(f"{config} has no row that can be read ({why}): {self.remedy(config)}")
        for number, fault, person in broken:
            self.leave_out(config, number, fault.column, fault.reason, person)
        return parsed

    def leave_out(
        self, config: str, number: int, column: str, reason: str, person: str = ""
    ) -> None:
        """Record that a row is not used; ``number`` counts over all files of the config."""
        shard, row = self._in_file(config, number)
        self.skipped.append(
            Skipped(config, row, column, reason[:LONGEST_REASON], person[:LONGEST_ID], shard)
        )

    def where(self, config: str, number: int, person: str = "") -> str:
        """Name a row by its file, its number there and its person."""
        shard, row = self._in_file(config, number)
        file = f"{config}/{shard}" if shard else config
        return f"{file}, row {row}{f' ({person})' if person else ''}"

    def remedy(self, config: str) -> str:
        """Say how to get a config's files."""
        dataset = self.place if isinstance(self.place, str) else self.published
        return self.advice or download(dataset, f"{config}/*")

    def _in_file(self, config: str, number: int) -> tuple[str, int]:
        """The file, where a config has several, and the row's number in it."""
        shards = self._shards.get(config, [])
        start, name = next((s for s in reversed(shards) if s[0] <= number), (0, ""))
        return name, number - start

    def _rows(self, config: str, columns: Sequence[str]) -> Iterator[Row]:
        if isinstance(self.place, str):
            yield from self._hub_rows(self.place, config, columns)
            return
        files = self._files(config)
        if not files:
            raise LabError(f"{self.place} has no config {config}: {self.remedy(config)}")
        begun = 0
        for file in files:
            if len(files) > 1:
                self._shards.setdefault(config, []).append((begun, file.name))
            try:
                with pq.ParquetFile(file) as table:
                    begun += table.metadata.num_rows
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
    """Return the encoded bytes of a picture struct; raises what ``cell`` takes for one that is none.

    It is checked (``lab.benchmarks.images.check``) and stays encoded. The struct's ``path`` is never
    followed: it names a file of whoever made the dataset.
    """
    data = value["bytes"]
    if not isinstance(data, bytes) or not data:
        raise ValueError("encoded picture expected")
    check(data)
    return data


def _placed(value: Any, place: str) -> Any:
    """A row or cell as it is, its pictures with the place where they stand."""
    if isinstance(value, list):
        return [_placed(v, place) for v in value]
    if isinstance(value, dict):
        return {k: _placed(v, place) for k, v in value.items()}
    return Encoded(value, place) if isinstance(value, bytes) else value


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

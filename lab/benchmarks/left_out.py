"""What a benchmark lost on reading: counted by file, and whom the forget splits lack by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.benchmarks.schema import Benchmark, Skipped

FIRST = 3  # rows that a line names
MOST_ROWS = 1000  # rows in a run's files: a benchmark of a wrong form would leave out every one


@dataclass(frozen=True)
class LeftOut:
    """The rows left out of a benchmark, the people who are lost by that, and the splits they are of.

    ``people``: ids that rows name and that are not among the entities. ``splits``: of each forget
    split that lost members their ids, or "row 3" where the row itself cannot be read.
    """

    rows: tuple[Skipped, ...] = field(default=(), repr=False)
    people: tuple[str, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, int]:
        """Number of rows by file, in the order of reading."""
        return dict(Counter(row.file for row in self.rows))

    @property
    def by_file(self) -> str:
        """The same in words, such as "Full_Set 3, Test_Set 1"."""
        return ", ".join(f"{file} {count}" for file, count in self.files.items())

    @property
    def first(self) -> str:
        """The first few rows in words, with their reasons."""
        rest = ["…"] if len(self.rows) > FIRST else []
        return "; ".join([*map(str, self.rows[:FIRST]), *rest])


def left_out(benchmark: Benchmark) -> LeftOut:
    """What was left out of a benchmark and of the users' own people."""
    if not benchmark.skipped:
        return LeftOut()
    there = {e.id for e in (*benchmark.entities, *benchmark.own)}
    named = dict.fromkeys(s.person for s in benchmark.skipped if s.person)
    lost = {split: benchmark.lost(split) for split in benchmark.targets}
    return LeftOut(
        benchmark.skipped,
        tuple(person for person in named if person not in there),
        {split: members for split, members in lost.items() if members},
    )


def lines(benchmark: Benchmark) -> list[str]:
    """What the terminal says: the rows, the lost people and each split that lost members."""
    left = left_out(benchmark)
    if not left.rows:
        return []
    count = len(left.rows)
    said = [f"left out: {count} row{'s' * (count > 1)} ({left.by_file}; {left.first})"]
    if left.people:
        said.append(f"lost by that: {len(left.people)} of the people ({some(left.people)})")
    return said + [benchmark.partial(split) for split in left.splits]


def some(words: tuple[str, ...], most: int = 12) -> str:
    """The first of many words."""
    return ", ".join([*words[:most], *(["…"] if len(words) > most else [])])


def as_json(left: LeftOut) -> dict[str, Any]:
    """The value of "left_out" in what ``--json`` prints and in metrics.json."""
    return {
        "count": len(left.rows),
        "files": left.files,
        "people": list(left.people),
        "splits": {split: list(members) for split, members in left.splits.items()},
        "rows": [
            {
                "file": s.file,
                "row": s.row,
                "person": s.person,
                "column": s.column,
                "reason": s.reason,
            }
            for s in left.rows[:MOST_ROWS]
        ],
    }

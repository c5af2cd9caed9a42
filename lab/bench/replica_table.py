"""The table of an engine with replicas: its rows as CSV and as Markdown, read without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.bench.rows import from_csv, markdown, to_csv


@dataclass(frozen=True)
class Row:
    """One engine, every figure as text.

    ``runs_per_minute``: of ``runs`` that are all there at once; ``first_word_ms``: median over
    ``chats`` one after another; ``goes_on_s``: from the end of a replica to the next step of its run;
    ``whole_again_s``: until every replica is ready again. The last two are "" for the local engine.
    """

    engine: str
    replicas: str
    runs: str
    runs_per_minute: str
    chats: str
    first_word_ms: str
    goes_on_s: str
    whole_again_s: str
    device: str


HEADS = (
    "engine",
    "replicas",
    "runs a minute (n runs)",
    "first word, ms (median of n)",
    "run goes on after, s",
    "all replicas again, s",
    "device",
)


def written(rows: Sequence[Row]) -> str:
    """The rows as CSV."""
    return to_csv(rows, Row)


def read(text: str) -> list[Row]:
    """The rows of such a file."""
    return from_csv(text, Row)


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    return markdown(
        HEADS,
        (
            (
                r.engine,
                r.replicas,
                f"{r.runs_per_minute} (n = {r.runs})",
                f"{r.first_word_ms} (n = {r.chats})",
                r.goes_on_s or "-",
                r.whole_again_s or "-",
                r.device,
            )
            for r in rows
        ),
    )

"""A class at once: the tables of load.json, whose rows are what the command load prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, Row, table, under
from lab.experiments.result_file import read

HEAD = ("load", "step", "n", "waits: median", "worst", "takes: median", "worst", "alone")
HOLDS = {True: "yes", False: "**no**", None: "not measured"}


def load(folder: Path) -> str:
    """What each step took under every load, and what the server and its turns came to."""
    held = read(folder / "load.json")
    if not held or not held["rows"]:
        return ""
    rows = held["rows"]
    steps = [_step(row["id"], step) for row in rows for step in row["crowd"]["table"]]
    facts = [[what, *(tell(row) for row in rows)] for what, tell in FACTS.items()]
    first = rows[0]
    words = f"{first['users']} visitors, {first['steps']} steps a run and an attack, measured once;"
    found = table(["what", *(row["id"] for row in rows)], facts)
    return f"{table(HEAD, steps)}\n\n{found}\n\n{under(held, words)}"


def _step(load: str, step: Row) -> list[str]:
    waited, served = step["waited"], step["served"]
    waits = [_seconds(waited[k]) if waited["n"] else NONE for k in ("median", "worst")]
    takes = (_seconds(value) for value in (served["median"], served["worst"], step["alone"]))
    return [load, step["name"], str(served["n"]), *waits, *takes]


def _memory(row: Row) -> str:
    kept = _kept(row["memory_mb"], ("ready", "alone", "worst", "after"))
    growth = row["memory_growth"]
    return kept if growth is None else f"{kept} ({growth:.2f} times one visitor's)"


def _idle(row: Row) -> str:
    idle = row["idle"]
    shares = " and ".join(
        NONE if idle[k] is None else f"{100 * idle[k]:.1f} %"
        for k in ("cpu_share", "cpu_share_alone")
    )
    return f"{idle['streams']} streams, {idle['requests_a_second']:.1f} a second, {shares}"


def _killed(row: Row) -> str:
    kill = row["kill"]
    return f"{kill['runs_before']} runs, {_seconds(kill['seconds'])}" if kill else NONE


FACTS: dict[str, Callable[[Row], str]] = {
    "all of it took": lambda row: _seconds(row["seconds"]),
    "went the whole way": lambda row: f"{row['crowd']['finished']} of {row['users']}",
    "Jain's index of the waiting, of the work": lambda row: (
        f"{row['crowd']['fair_waiting']:.2f}, {row['crowd']['fair_served']:.2f}"
    ),
    "overtaken at most": lambda row: str(row["crowd"]["overtaken"]),
    "errors, lost runs": lambda row: f"{len(row['crowd']['errors'])}, {len(row['lost'])}",
    "requests cut, runs begun again": lambda row: (
        f"{row['crowd']['cut']}, {row['crowd']['begun_again']}"
    ),
    "killed after, ready again after": _killed,
    "MB ready, after one visitor, at worst, afterwards": _memory,
    "open files after one visitor, at worst, afterwards": lambda row: _kept(
        row["files"], ("alone", "worst", "after")
    ),
    "idle room: streams, requests, share of a core with pages and without": _idle,
    "everybody did all": lambda row: HOLDS[row["holds"]["everybody_did_all"]],
    "nothing lost": lambda row: HOLDS[row["holds"]["nothing_lost"]],
    "nobody starved": lambda row: HOLDS[row["holds"]["nobody_starved"]],
    "memory back to within 10 %": lambda row: HOLDS[row["holds"]["memory_back"]],
}


def _kept(kept: Row, moments: Sequence[str]) -> str:
    return ", ".join(NONE if kept[k] is None else f"{kept[k]:,.0f}" for k in moments)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"

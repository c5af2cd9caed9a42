"""The figures of a load test, from what each visitor's way took, and the table that shows them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.bench.load.idle import Idle
from lab.bench.load.walk import KINDS, QUESTIONS, SHORT, Ran, Walked
from lab.bench.rows import markdown

MOST_GROWTH = 1.10  # of memory, against the moment after one visitor had gone the whole way
MOST_OVERTAKEN = 2  # long runs of one other visitor during a wait: turns allow one, clocks differ


@dataclass(frozen=True)
class Times:
    """Seconds of ``n`` things: the middle one and the worst; 0 of none."""

    n: int
    median: float
    worst: float


@dataclass(frozen=True)
class Step:
    """One step of all visitors: what they waited, what it took, and what it took one alone."""

    name: str
    waited: Times
    served: Times
    alone: float


@dataclass(frozen=True)
class Kept:
    """What a server takes: ready, after one visitor had gone the whole way, at worst, afterwards.

    None where this system or another machine does not say.
    """

    ready: float | None
    alone: float | None
    worst: float | None
    after: float | None

    @property
    def growth(self) -> float | None:
        """What is there afterwards, as a multiple of what was there after one visitor."""
        return self.after / self.alone if self.after and self.alone else None


@dataclass(frozen=True)
class Kill:
    """``kill -9`` and a restart: how many runs had ended, and the seconds until it was ready again."""

    runs_before: int
    seconds: float


@dataclass(frozen=True)
class Crowd:
    """What all visitors at once came to.

    ``finished``: how many went the whole way. ``fair_waiting`` and ``fair_served``: Jain's index
    over the seconds that each visitor waited and was served. ``overtaken``: the most long runs that
    one visitor began while another's long run waited. ``cut``: requests that the server did not
    answer; ``begun_again``: inspections that a killed server forgot once they had ended;
    ``turned_away``: how often there was no room for a run.
    """

    finished: int
    table: tuple[Step, ...]
    page: Times
    fair_waiting: float
    fair_served: float
    overtaken: int
    errors: tuple[str, ...]
    cut: int
    begun_again: int
    turned_away: int


@dataclass(frozen=True)
class Load:
    """What a load test came to.

    ``seconds``: from the first visitor's entry to the last one's end. ``lost``: ids of runs that
    had finished and are not there afterwards.
    """

    users: int
    steps: int
    model: str
    device: str
    cores: int
    seconds: float
    crowd: Crowd
    lost: tuple[str, ...]
    memory_mb: Kept
    files: Kept
    idle: Idle
    kill: Kill | None

    @property
    def holds(self) -> dict[str, bool | None]:
        """What a load test is for, each with whether it holds; None where it could not be measured."""
        growth, all_through = self.memory_mb.growth, self.crowd.finished == self.users
        return {
            "everybody_did_all": all_through and not self.crowd.errors,
            "nothing_lost": not self.lost,
            "nobody_starved": all_through and self.crowd.overtaken <= MOST_OVERTAKEN,
            "memory_back": None if growth is None else growth <= MOST_GROWTH,
        }


def as_json(load: Load) -> dict[str, Any]:
    """All figures as plain values, with what holds."""
    return {**asdict(load), "memory_growth": load.memory_mb.growth, "holds": load.holds}


def crowd_of(walks: Sequence[Walked], alone: Walked) -> Crowd:
    """The figures of all visitors; ``alone``: the way of the one who went before them."""
    return Crowd(
        finished=sum(1 for walk in walks if walk.seconds),
        table=table_of(walks, alone),
        page=times([walk.page for walk in walks if walk.page]),
        fair_waiting=jain([sum(r.waited for r in walk.ran) for walk in walks]),
        fair_served=jain([sum(r.served for r in walk.ran) for walk in walks]),
        overtaken=overtaken(r for walk in walks for r in walk.ran),
        errors=tuple(f"visitor {walk.n}: {walk.error}" for walk in walks if walk.error),
        cut=sum(walk.cut for walk in walks),
        begun_again=sum(walk.again for walk in walks),
        turned_away=sum(walk.turned_away for walk in walks),
    )


def kept_of(
    ready: float | None, alone: float | None, seen: Sequence[float | None], after: float | None
) -> Kept:
    """What a server took; ``seen``: while all visitors were there."""
    there = [value for value in (ready, alone, *seen, after) if value is not None]
    return Kept(ready, alone, max(there, default=None), after)


def jain(values: Sequence[float]) -> float:
    """Jain's index of fairness: 1 where all have the same, 1/n where one has everything.

    (sum x)^2 / (n sum x^2); Jain, Chiu and Hawe, DEC-TR-301 (1984). 1 where nobody has anything.
    """
    squares = len(values) * sum(x * x for x in values)
    return sum(values) ** 2 / squares if squares else 1.0


def overtaken(runs: Iterable[Ran]) -> int:
    """The most long runs that one other visitor began while somebody's long run waited.

    Looking inside is short and comes first, so it is not counted.
    """
    long = [r for r in runs if r.kind != SHORT]
    most = 0
    for waits in long:
        others = [r.visitor for r in long if waits.sent < r.began < waits.began]
        for visitor in {*others} - {waits.visitor}:
            most = max(most, others.count(visitor))
    return most


def times(values: Sequence[float]) -> Times:
    """Seconds of some things."""
    if not values:
        return Times(0, 0.0, 0.0)
    return Times(len(values), statistics.median(values), max(values))


def table_of(walks: Sequence[Walked], alone: Walked) -> tuple[Step, ...]:
    """The steps in the order of the way; of a question only its whole time can be told."""
    runs, first = [r for w in walks for r in w.ran], {r.kind: r.served for r in alone.ran}
    steps = [
        Step(
            name,
            times([r.waited for r in runs if r.kind == kind]),
            times([r.served for r in runs if r.kind == kind]),
            first.get(kind, 0.0),
        )
        for kind, name in KINDS.items()
    ]
    asked = times([s for w in walks for s in w.answers])
    question = Step("question", times([]), asked, times(alone.answers).median)
    return (*steps[:2], question, *steps[2:])


def shown(load: Load) -> str:
    """The figures for a reader: a table, and a line for each of the others."""
    heads = ("step", "n", "waits: median", "worst", "takes: median", "worst", "alone")
    rows = [
        (
            step.name,
            str(step.served.n),
            _seconds(step.waited.median) if step.waited.n else "",
            _seconds(step.waited.worst) if step.waited.n else "",
            _seconds(step.served.median),
            _seconds(step.served.worst),
            _seconds(step.alone),
        )
        for step in load.crowd.table
    ]
    return "\n".join([_head(load), "", markdown(heads, rows), "", *_crowd(load), *_server(load)])


def _head(load: Load) -> str:
    return (
        f"{load.users} visitors with {load.model} on {load.device} of {load.cores} cores: each "
        f"looked inside, unlearned ({load.steps} steps), asked {len(QUESTIONS)} questions and "
        f"attacked ({load.steps} steps). All of it took {_seconds(load.seconds)}."
    )


def _crowd(load: Load) -> list[str]:
    crowd = load.crowd
    return [
        f"did all: {crowd.finished} of {load.users}",
        f"the page came in {_seconds(crowd.page.median)}, at worst in {_seconds(crowd.page.worst)}",
        f"Jain's index: {crowd.fair_waiting:.2f} of the waiting, {crowd.fair_served:.2f} of the work",
        f"overtaken: while a long run waited, no visitor began more than {crowd.overtaken}",
        f"errors: {len(crowd.errors)}; requests cut: {crowd.cut}; looked inside "
        f"again: {crowd.begun_again}; turned away: {crowd.turned_away}; lost: {len(load.lost)}",
        *(f"  {line}" for line in crowd.errors),
    ]


def _server(load: Load) -> list[str]:
    idle = load.idle
    lines = [
        "memory in MB: " + _kept(load.memory_mb),
        "open files: " + _kept(load.files),
        f"idle: {idle.pages} open pages held {idle.streams} streams and asked "
        f"{idle.requests_a_second:.1f} times a second for {_seconds(idle.seconds)}, {idle.failed} "
        f"in vain; {_share(idle.cpu_share)} of a core, {_share(idle.cpu_share_alone)} with no page",
    ]
    if load.kill:
        lines.append(
            f"killed after {load.kill.runs_before} runs, ready again after "
            f"{_seconds(load.kill.seconds)}"
        )
    words = {True: "yes", False: "NO", None: "not measured"}
    return [*lines, *(f"{name.replace('_', ' ')}: {words[v]}" for name, v in load.holds.items())]


def _kept(kept: Kept) -> str:
    said = ", ".join(
        f"{name} {'not measured' if value is None else f'{value:.0f}'}"
        for name, value in (
            ("ready", kept.ready),
            ("after one visitor", kept.alone),
            ("at worst", kept.worst),
            ("afterwards", kept.after),
        )
    )
    return said if kept.growth is None else f"{said} ({kept.growth:.2f} times that of one visitor)"


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{100 * value:.1f} %"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"

"""What forgetting should look like: our aims over the 40 people, and whether they are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.build.tables.knowledge import controls
from assets.build.tables.markdown import NONE, Row, mean, percent, points, table, under, wrapped
from assets.build.tables.people import MEASURES, read_people, told

CLOSE = 1e-9  # by how much a mean of rounded shares may be off
IDENTICAL = "text_logits_identical"
NAMES = MEASURES | {IDENTICAL: "Text-only logits"}


@dataclass(frozen=True)
class Aim:
    """At most so much, in 0..1: on average, and of every person where ``worst`` is told.

    ``lost``: what counts is how far a person's share fell, and not the share after.
    """

    words: str
    most: float
    worst: float | None = None
    lost: bool = False


@dataclass(frozen=True)
class Found:
    """What was measured of an aim, and whether it is reached."""

    measure: str
    aim: str
    measured: str
    reached: bool


AIMS: Mapping[str, Aim] = {
    "forget_vqa": Aim("at most 15 %", 0.15),
    "forget_name": Aim("0 % of everybody", 0.0, worst=0.0),
    "names_other": Aim("at most 10 %", 0.1),
    "still_sees": Aim("at most 5 points lost", 0.05, lost=True),
    "retain_vqa": Aim("at most 1 point lost, 3 at worst", 0.01, worst=0.03, lost=True),
}


def aims(folder: Path) -> str:
    """Every aim beside what was measured."""
    people = read_people(folder)
    if not people:
        return ""
    held, done = people
    beside, words = controls(folder, held["fits"]["models"])
    rows = []
    for found in findings(done):
        each = [[row[when].get(found.measure) for row in done] for when in ("before", "after")]
        means = [percent(mean(values)) if None not in values else NONE for values in each]
        reached = f"{'yes' if found.reached else '**no**'}: {found.measured}"
        theirs = (percent(shares.get(found.measure)) for shares in beside.values())
        rows.append([NAMES[found.measure], *means, *theirs, found.aim, reached])
    head = ["measure", "original", "unlearned", *beside, "aim", "reached"]
    return f"{table(head, rows)}\n\n{under(held, f'{told(held, done)} {words}'.strip())}"


def missed(folder: Path) -> str:
    """A line of a list: which aims are missed, and by how much."""
    people = read_people(folder)
    if not people:
        return ""
    found = list(findings(people[1]))
    gone = [f for f in found if not f.reached]
    said = (f" {NAMES[f.measure]}: {f.measured}; the aim is {f.aim}." for f in gone)
    head = (
        f"* VKD misses {len(gone)} of {len(found)} aims over {len(people[1])} people: "
        "[what forgetting should look like](#vkd-on-all-40-people)."
    )
    return wrapped(head + "".join(said)).replace("\n", "\n  ")


def findings(done: Sequence[Row]) -> Iterator[Found]:
    """Every aim with what the rows of people say of it."""
    for measure, aim in AIMS.items():
        figures = [row["after"][measure] for row in done]
        if aim.lost:
            figures = [row["before"][measure] - f for row, f in zip(done, figures, strict=True)]
        within = mean(figures) <= aim.most + CLOSE
        reached = within and (aim.worst is None or max(figures) <= aim.worst + CLOSE)
        unit = "points lost" if aim.lost else "%"
        measured = f"{points(mean(figures))} {unit}, {points(max(figures))} at worst"
        yield Found(measure, aim.words, measured, reached)
    same = sum(row[IDENTICAL] for row in done)
    measured = f"{same} of {len(done)}"
    yield Found(IDENTICAL, "the original's, bit for bit", measured, same == len(done))

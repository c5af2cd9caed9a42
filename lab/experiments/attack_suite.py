"""The attack suite: every attacker with its controls, at several rates, and the worst case of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.attack import Relearned, Scene, attack
from lab.catalogue import ATTACKS, CONTROLS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Done, Event
from lab.events.lines import plain
from lab.events.relearning import AT_LEAST, AT_MOST, LEVEL_NAMES
from lab.experiments.records import Key, Records, key_of
from lab.files import make_writable
from lab.recipe import AttackRecipe, Preset, Recipe, revise

RATES = (1, 3, 10)  # times the budget's learning rate
# Attackers that train, as changes to the budget; the scope is the budget's where none is named.
ATTACKERS: dict[str, dict[str, str]] = {
    **{kind: {"kind": kind} for kind in TRAINING_ATTACKS},
    "projector": {"kind": "relearn", "scope": "projector"},
}
LOOKS = tuple(kind for kind in ATTACKS if kind not in TRAINING_ATTACKS)
FORMULAS = {
    "recovery": "(1/T) x integral from 0 to T of (unlearned - control) over the steps, straight "
    "lines between the probes, T = 20 or the last step: a difference of shares, 0.01 is one point. "
    "Of an attack that does not train: accuracy after - the control's",
    "delay": "T_x(unlearned) / T_x(control), T_x the first step with x % right, on straight lines "
    "between the probes; below 1 the unlearned model is faster",
    "gain_untrained": "accuracy after - before on the facts that the attacker did not train",
    "gain": "accuracy after - accuracy before: AG as we read it, lower is better",
    "vanilla_gap": "the original's accuracy - accuracy after: the other reading, higher is better",
    "robustness": "R of OpenUnlearning, min((control before - after) / (unlearned before - after), "
    "1); null where the unlearned model gained nothing",
    "probability": "exp(right) / sum of exp(option) over the options' mean token log-probabilities, "
    "the mean over the questions, at every probe",
    "worst": "over all attackers that train and all rates: the highest recovery, the lowest delay, "
    "and the highest gain on untrained facts minus the control's, each with the row it is from",
}
Row = dict[str, Any]
Hear = Callable[[Event], None]


@dataclass(frozen=True)
class Plan:
    """One row of the suite: an attacker at a multiple of the budget's learning rate."""

    attacker: str
    rate: int
    recipe: AttackRecipe

    @property
    def name(self) -> str:
        """The row in a few words."""
        return (
            f"{self.attacker}, rate x{self.rate}" if self.attacker in ATTACKERS else self.attacker
        )


@dataclass(frozen=True)
class Book:
    """Where finished rows are kept; ``key`` tells the run apart from all others."""

    records: Records
    key: Key

    def place(self, plan: Plan) -> Key:
        """The key of one row."""
        settings = {f"attack.{n}": v for n, v in vars(plan.recipe).items()}
        return self.key | settings | {"attacker": plan.attacker}


def book_of(preset: Preset, recipe: Recipe, version: str, out: Path, weights: str = "") -> Book:
    """The book of one run in a folder; ``version`` identifies the weights that the run left.

    ``weights``: hashes of the original and the controls, as of ``key_of``.
    """
    make_writable(out)
    key = key_of(preset, recipe, what="suite", weights=weights) | {"version": version}
    return Book(Records(out / "suite.jsonl"), key)


def plans(budget: AttackRecipe) -> list[Plan]:
    """Every attacker at every rate, then what only looks; raises ``LabError`` for too high a rate."""
    return [
        Plan(name, rate, revise(budget, {**changes, "lr": rate * budget.lr}))
        for name, changes in ATTACKERS.items()
        for rate in RATES
    ] + [Plan(kind, 1, replace(budget, kind=kind)) for kind in LOOKS]


def suite(
    scene: Scene,
    budget: AttackRecipe,
    stopped: Callable[[], bool] = lambda: False,
    hear: Hear = lambda _: None,
    begin: Callable[[Plan, int, int], None] = lambda *_: None,
    book: Book | None = None,
) -> list[Row]:
    """One row for every attacker and rate on one unlearned model, with all controls beside.

    The controls' curves are kept in their caches: a second run of the same person trains the
    unlearned model alone. A row of ``book`` is not made again; ``begin`` is told each that is, with
    its place and how many there are, and ``hear`` its events. A row that failed says ``failed``.
    Raises ``KeyboardInterrupt`` within a step where it is ``stopped``; that row is not kept.
    """
    rows, all_of_it = [], plans(budget)
    for place, plan in enumerate(all_of_it, start=1):
        row = book.records.find(book.place(plan)) if book else None
        if row is None:
            begin(plan, place, len(all_of_it))
            row = _carried_out(scene, plan, stopped, hear)
            if book:
                book.records.add(book.place(plan), row)
        rows.append(row)
    return rows


def _carried_out(scene: Scene, plan: Plan, stopped: Callable[[], bool], hear: Hear) -> Row:
    head: Row = {"attacker": plan.attacker, "rate": plan.rate, "kind": plan.recipe.kind}
    result: dict[str, Any] = {}
    try:
        for event in attack(scene, plan.recipe, Relearned(), stopped):
            hear(event)
            if isinstance(event, Done):
                result = event.result
    except LabError as error:  # counted: the other attackers still tell something
        return head | {"lr": plan.recipe.lr, "failed": str(error)}
    if stopped():
        raise KeyboardInterrupt
    return head | plain(result)


def worst(rows: Sequence[Row]) -> dict[str, Any]:
    """The worst case over all rows that trained, by measure and control, with its row."""
    done = [r for r in rows if r["attacker"] in ATTACKERS and "failed" not in r]
    names = dict.fromkeys(who for r in done for who in r["controls"])
    return {
        "recovery": {who: _most(_recoveries(done, who)) for who in names},
        "delay": {who: {x: _least(_delays(done, who, x)) for x in LEVEL_NAMES} for who in names},
        "gain_untrained": {who: _most(_untrained(done, who)) for who in names},
    }


Found = Iterator[dict[str, Any]]


def _recoveries(rows: Sequence[Row], who: str) -> Found:
    for row in rows:
        if row["recovery"].get(who) is not None:
            yield {"value": row["recovery"][who], **_from(row)}


def _delays(rows: Sequence[Row], who: str, level: str) -> Found:
    for row in rows:
        told = row["delay"].get(who, {}).get(level)
        if told and told["ratio"] is not None:
            yield {"value": told["ratio"], "bound": told["bound"], **_from(row)}


def _untrained(rows: Sequence[Row], who: str) -> Found:
    for row in rows:
        gains = row["gain_untrained"]
        if gains and who in gains:
            ours, theirs = gains["unlearned"], gains[who]
            yield {"value": ours - theirs, "unlearned": ours, "control": theirs, **_from(row)}


def _from(row: Row) -> dict[str, Any]:
    return {"attacker": row["attacker"], "rate": row["rate"]}


def _most(found: Found) -> dict[str, Any] | None:
    return max(found, key=lambda f: f["value"], default=None)


def _least(found: Found) -> dict[str, Any] | None:
    return min(found, key=lambda f: f["value"], default=None)


def told(rows: Sequence[Row], entity: str, seconds: float) -> dict[str, Any]:
    """The JSON object of the suite on one run: its rows, the worst case, and every formula."""
    return {
        "kind": "suite",
        "entity": entity,
        "rows": list(rows),
        "worst": worst(rows),
        "failed": sum("failed" in row for row in rows),
        "formulas": FORMULAS,
        "seconds": round(seconds, 2),
    }


def means(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the worst cases over several runs, in their form; ``n`` is how many have one.

    Of a delay, ``at_least`` and ``at_most``: how many of these are bounds, because a curve did not
    reach its level, so that the mean is one of bounds too.
    """
    cases = [result["worst"] for result in each]
    return {
        "recovery": {who: _mean(c["recovery"].get(who) for c in cases) for who in CONTROLS},
        "delay": {
            who: {
                x: _mean_delay([c["delay"].get(who, {}).get(x) for c in cases]) for x in LEVEL_NAMES
            }
            for who in CONTROLS
        },
        "gain_untrained": {
            who: _mean(c["gain_untrained"].get(who) for c in cases) for who in CONTROLS
        },
    }


def _mean_delay(cases: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    bounds = [case["bound"] for case in cases if case]
    counts = {"at_least": bounds.count(AT_LEAST), "at_most": bounds.count(AT_MOST)}
    return {**_mean(cases), **counts}


def _mean(cases: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    values = [case["value"] for case in cases if case]
    return {"value": sum(values) / len(values) if values else None, "n": len(values)}

"""Attacks on one person: the tables of attacks.json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, Held, Row, percent, points, table, under
from lab.catalogue import CONTROLS, NEVER_KNEW, TEXT_TAUGHT
from lab.events.relearning import AT_LEAST, AT_MOST, LEVEL_NAMES
from lab.experiments.result_file import read

NAMES = {NEVER_KNEW: "never knew", TEXT_TAUGHT: "text only"}
MEASURES = (
    "method",
    "attacker",
    "recovery over never knew, text only",
    "delay to 50 %",
    "delay to 80 %",
    "R",
    "gain on untrained facts: unlearned, never knew, text only",
)


def attacks(folder: Path) -> str:
    """Every kind of attack on VKD; the harder attackers stand in the table of ``attackers``."""
    held = read(folder / "attacks.json")
    rows, usual_n = [], _runs(held)[0]["n"]["forget_vqa"] if held else 0
    for r in held["rows"] if held else []:
        usual = r.get("attack") == "vision" or r.get("kind") not in (None, "relearn")
        if usual and r["method"] == "vkd":
            name = "relearn" if r["attack"] == "vision" else r["attack"]
            highest = f" ({r['highest']})" if "highest" in r else ""
            name += "" if r.get("n", usual_n) == usual_n else f" (n {r['n']})"
            controls = [_control(r, who) for who in CONTROLS]
            rows.append([name, percent(r["before"]), percent(r["after"]) + highest, *controls])
    if not held or not rows:
        return ""
    beside = [f"{NAMES[who]}: before, after" for who in CONTROLS]
    head = ["attack", "unlearned", "after the attack", *beside]
    return f"{table(head, rows)}\n\n{under(held, _attacked(held))}"


def _control(row: Row, who: str) -> str:
    control = row["controls"].get(who)
    if not control:
        return NONE
    highest = f" ({control['highest']})" if control.get("highest") else ""
    return f"{percent(control['before'])}, {percent(control['after'])}{highest}"


def _attacked(held: Held) -> str:
    run = _runs(held)[0]
    n, chance = run["n"]["forget_vqa"], percent(run["chance"]["forget_vqa"])
    return f"Forget VQA of person {run['entity']}, seed {run['seed']}; n {n}, chance {chance};"


def _runs(held: Held) -> list[Row]:
    """The runs themselves, without the attacks on them and their depths."""
    return [r for r in held["rows"] if "after" in r and "attack" not in r]


def depths(folder: Path) -> str:
    """At which depth held-out views are nearest to the person's own, of every model."""
    held = read(folder / "attacks.json")
    found = {r["method"]: r["depths"] for r in held["rows"] if "depths" in r} if held else {}
    if not held or not found:
        return ""
    first = next(iter(found.values()))
    curves = {"original": first["original"]}
    curves |= {f"`{method}`": each["unlearned"] for method, each in found.items()}
    curves |= {NAMES[who]: first[who] for who in CONTROLS if who in first}
    names = [depth["name"] for depth in first["original"]["depths"]]
    rows = [
        [name, *(percent(curve["depths"][k]["nearest"]) for curve in curves.values())]
        for k, name in enumerate(names)
    ]
    run, asked = _runs(held)[0], first["original"]
    words = (
        f"Person {run['entity']}, seed {run['seed']}; n {asked['n_target']}, chance "
        f"{percent(asked['chance_nearest'])};"
    )
    return f"{table(['after', *curves], rows)}\n\n{under(held, words)}"


def attackers(folder: Path) -> str:
    held = read(folder / "attacks.json")
    curves = [r for r in held["rows"] if "curve" in r] if held else []
    methods = list(dict.fromkeys(r["method"] for r in curves))
    names = [r["attack"] for r in curves if r["method"] == methods[-1]] if methods else []
    if not held or not names:
        return ""
    rows = [[name, *_curves(name, methods, curves)] for name in names]
    steps = ", ".join(str(step) for step, _ in curves[0]["curve"])
    head = ["attacker", *NAMES.values(), *methods]
    words = f"After {steps} steps. {_attacked(held)}"
    kept = table(["", "Forget VQA", "Retain VQA", "plain pictures"], _kept(held))
    beside = table(MEASURES, [_measures(row) for row in curves])
    parts = (
        table(head, rows),
        f"Beside the controls:\n\n{beside}",
        f"What the runs keep:\n\n{kept}",
    )
    return "\n\n".join((*parts, under(held, words)))


def _measures(row: Row) -> list[str]:
    """One attacker on one method: every measure, never-knew first where there are two figures."""
    recovery, robust = (
        [row[key].get(who) for who in CONTROLS] for key in ("recovery", "robustness")
    )
    delays = [[_delay(row["delay"].get(who), level) for who in CONTROLS] for level in LEVEL_NAMES]
    gains = row["gain_untrained"] or {}
    untrained = [gains.get(who) for who in ("unlearned", *CONTROLS)] if gains else []
    return [
        f"`{row['method']}`",
        row["attack"],
        _both(recovery, points),
        *map(", ".join, delays),
        _both(robust, lambda value: f"{value:.2f}"),
        _both(untrained, points) if untrained else NONE,
    ]


def _both(values: Sequence[float | None], written: Callable[[float], str]) -> str:
    return ", ".join(NONE if value is None else written(value) for value in values)


def _delay(told: Row | None, level: str) -> str:
    if not told or told[level]["ratio"] is None:
        return NONE
    sign = {AT_LEAST: "≥ ", AT_MOST: "≤ "}.get(told[level]["bound"], "")
    return f"{sign}{told[level]['ratio']:.2f}"


def _curves(name: str, methods: Sequence[str], curves: Sequence[Row]) -> Iterator[str]:
    found = {r["method"]: r for r in curves if r["attack"] == name}
    first = next(iter(found.values()))
    controls = (first["controls"].get(who) for who in CONTROLS)
    for row in (*controls, *(found.get(method) for method in methods)):
        shares = [f"{100 * share:.0f}" for _, share in row["curve"]] if row else []
        yield f"{', '.join(shares)} %" if shares else NONE


def _kept(held: Held) -> Iterator[list[str]]:
    measures = ("forget_vqa", "retain_vqa", "pictures_vqa")
    runs = _runs(held)
    yield ["original", *(percent(runs[0]["before"][m]) for m in measures)]
    for run in runs:
        yield [f"`{run['method']}`", *(percent(run["after"][m]) for m in measures)]

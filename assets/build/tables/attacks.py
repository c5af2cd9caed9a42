"""Attacks on one person: the tables of attacks.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from assets.build.tables.markdown import NONE, Held, Row, percent, table, under
from lab.experiments.result_file import read


def attacks(folder: Path) -> str:
    """Every kind of attack on VKD; the harder attackers stand in the table of ``attackers``."""
    held = read(folder / "attacks.json")
    rows = []
    for r in held["rows"] if held else []:
        usual = r.get("attack") == "vision" or r.get("kind") not in (None, "relearn")
        if usual and r["method"] == "vkd":
            name = "relearn" if r["attack"] == "vision" else r["attack"]
            highest = f" ({r['highest']})" if "highest" in r else ""
            rows.append([name, percent(r["before"]), percent(r["after"]) + highest, _control(r)])
    if not held or not rows:
        return ""
    head = ["attack", "unlearned", "after the attack", "control: before, after"]
    return f"{table(head, rows)}\n\n{under(held, _attacked(held))}"


def _control(row: Row) -> str:
    control = row["control"]
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
    curves |= {"control": first["control"]} if "control" in first else {}
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
    head = ["attacker", "control", *methods]
    words = f"After {steps} steps. {_attacked(held)}"
    kept = table(["", "Forget VQA", "Retain VQA", "plain pictures"], _kept(held))
    return f"{table(head, rows)}\n\nWhat the runs keep:\n\n{kept}\n\n{under(held, words)}"


def _curves(name: str, methods: Sequence[str], curves: Sequence[Row]) -> Iterator[str]:
    found = {r["method"]: r for r in curves if r["attack"] == name}
    control = next((r["control"] for r in found.values() if r["control"]), None)
    for row in (control, *(found.get(method) for method in methods)):
        shares = [f"{100 * share:.0f}" for _, share in row["curve"]] if row else []
        yield f"{', '.join(shares)} %" if shares else NONE


def _kept(held: Held) -> Iterator[list[str]]:
    measures = ("forget_vqa", "retain_vqa", "pictures_vqa")
    runs = _runs(held)
    yield ["original", *(percent(runs[0]["before"][m]) for m in measures)]
    for run in runs:
        yield [f"`{run['method']}`", *(percent(run["after"][m]) for m in measures)]

"""From the protocol's results to its table: one row a method, means over people with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lab.catalogue import MEASURES
from lab.experiments.comparison import ATTACK, REFERENCES
from lab.experiments.csv_tables import guarded
from lab.experiments.result_file import devices
from lab.experiments.statistics import interval

SINGLE = ("steps", "cpu_seconds", "trainable_share", "peak_memory_mb")


def write_tables(made: Mapping[str, Any], out: Path, command: str = "") -> pd.DataFrame:
    """Write ``methods.csv`` (returned), ``trials.csv`` and ``runs.csv`` of ``protocol``'s result.

    ``command``: how the table was made, for whoever reads it; it stands in every row of it.
    """
    rows = [row(r) for r in made["results"]]
    table = pd.DataFrame(summarised(rows, made["tuned"])).assign(**_told(made, command))
    trials = [trial for how in made["tuned"].values() for trial in how["trials"]]
    guarded(pd.DataFrame(trials)).to_csv(out / "trials.csv", index=False)
    guarded(pd.DataFrame(rows)).to_csv(out / "runs.csv", index=False)
    guarded(table).to_csv(out / "methods.csv", index=False)
    return table


def _told(made: Mapping[str, Any], command: str) -> dict[str, Any]:
    """What must be known to read the table: on whom, how attacked, on what machine."""
    done = [r for r in made["results"] if "chance" in r]
    machine = done[0] if done else {}
    return {
        **{f"{part}_people": " ".join(who) for part, who in made["people"].items()},
        "seeds": len({r["seed"] for r in made["results"]}),
        **{f"chance_{m}": _chance(done, m) for m in ("forget_vqa", "still_sees")},
        "attack": f"{ATTACK.scope}, {ATTACK.share:.0%} of the rows, {ATTACK.steps} steps",
        **{k: machine.get(k, "") for k in ("model", "quantization")},
        "device": devices(done),
        "command": command,
    }


def _chance(results: Sequence[Mapping[str, Any]], measure: str) -> float | None:
    """The mean chance of a measure; None where no run has it."""
    levels = [r["chance"][measure] for r in results if measure in r["chance"]]
    return sum(levels) / len(levels) if levels else None


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """One run as one flat row; the gains and ``vanilla_gap`` are of its attack, where there was one.

    ``gain_half``: the gain when half of the attacker's steps were done.
    """
    flat = {k: result.get(k) for k in ("method", "entity", "seed")} | {
        "failed": result.get("failed", "")
    }
    if flat["failed"]:
        return flat
    flat |= {k: result.get(k) for k in (*SINGLE, "text_logits_identical", "stopped_because")}
    for when in ("before", "after", "n"):
        flat |= {f"{when}_{m}": v for m, v in result.get(when, {}).items() if m in MEASURES}
    attack = result.get("attack", {})
    half = [accuracy for step, accuracy in attack.get("curve", ()) if 2 * step == attack["steps"]]
    return flat | {
        "gain_half": half[0] - attack["before"] if half else None,
        **{k: attack.get(k) for k in ("gain", "vanilla_gap")},
    }


def summarised(
    rows: Sequence[Mapping[str, Any]], tuned: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every method's row, then the references: the models that never saw the people, the original.

    ``tuned``: how each method was, as ``protocol`` says it. ``widened``: how often its grid was;
    ``at_edge``: where its settings lie at an edge of that all the same, "" where nowhere.
    NAME_ci is half of the 95 % t interval of NAME's mean over people (a person's seeds are
    averaged first, as they are not independent), of three people and more. Failed runs are
    counted and not averaged.
    """
    frame = pd.DataFrame(rows)
    made = []
    for method in (*tuned, *REFERENCES.values()):
        own = frame[frame["method"] == method]
        if len(own):
            made.append(
                {"method": method, **_tuning(tuned.get(method)), **_means(own, "after")},
            )
    if tuned and made:
        original = frame[frame["method"].isin(tuned)]
        made.append({"method": "vanilla", **_tuning(None), **_means(original, "before")})
    return made


def _tuning(how: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings that were chosen and how; a reference was not tuned."""
    if how is None:
        return {"settings": "", "widened": None, "at_edge": ""}
    settings = [f"{k}={v if isinstance(v, str) else f'{v:g}'}" for k, v in how["chosen"].items()]
    return {"settings": ", ".join(settings)} | {k: how[k] for k in ("widened", "at_edge")}


def _means(own: pd.DataFrame, when: str) -> dict[str, Any]:
    done = own[own["failed"] == ""]
    made: dict[str, Any] = {
        "people": done["entity"].nunique(),
        "runs": len(done),
        "failed": len(own) - len(done),
    }
    columns = {m: f"{when}_{m}" for m in MEASURES}
    if when == "after":
        columns |= {k: k for k in (*SINGLE, "gain_half", "gain", "vanilla_gap")}
    for name, column in columns.items():
        means = done.groupby("entity")[column].mean().dropna() if column in done else ()
        if values := [float(v) for v in means]:
            made[name], half = interval(values)
            made[f"{name}_ci"] = None if math.isnan(half) else half
    for measure in MEASURES:
        if f"n_{measure}" in done and done[f"n_{measure}"].notna().any():
            made[f"n_{measure}"] = int(done[f"n_{measure}"].max())
    return made

"""VKD over all people: the tables of people.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assets.build.tables.knowledge import controls
from assets.build.tables.markdown import NONE, Held, Row, mean, percent, points, table, timed, under
from lab.experiments.result_file import read

Pick = Callable[[Sequence[float]], float]
COLUMNS: tuple[tuple[str, str, str, Pick], ...] = (  # its name, when, the measure, what is worst
    ("Forget VQA", "after", "forget_vqa", max),
    ("name exact", "after", "forget_name", max),
    ("names somebody else", "after", "names_other", max),
    ("does not know", "after", "says_unknown", min),
    ("still sees, before", "before", "still_sees", min),
    ("after", "after", "still_sees", min),
    ("Retain VQA, before", "before", "retain_vqa", min),
    ("after", "after", "retain_vqa", min),
)


MEASURES = {  # as the summary names them
    "forget_vqa": "Forget VQA",
    "forget_name": "Name said exactly",
    "names_other": "Names somebody else",
    "says_unknown": "Says that it does not know",
    "still_sees": "Still sees what is visible",
    "forget_qa": "Forget QA, text only",
    "retain_vqa": "Retain VQA",
    "retain_qa": "Retain QA, text only",
    "general_qa": "General text",
    "pictures_vqa": "Plain pictures",
}


def read_people(folder: Path) -> tuple[Held, list[Row]] | None:
    """The result file and its rows that did not fail; None without any."""
    held = read(folder / "people.json")
    done = [row for row in held["rows"] if "failed" not in row] if held else []
    return (held, done) if held and done else None


def told(held: Held, done: Sequence[Row]) -> str:
    """How the rows were measured, for the line under a table."""
    n, failed = done[0]["n"], len(held["rows"]) - len(done)
    seeds = sorted({row["seed"] for row in done})
    return (
        f"VKD at strength Standard, {len(done)} people one at a time, {failed} failed, "
        f"seed {', '.join(map(str, seeds))}; n a person: Forget VQA {n['forget_vqa']}, "
        f"name {n['forget_name']}, still sees {_asked(done, 'still_sees')}, "
        f"Retain VQA {n['retain_vqa']};"
    )


def _asked(done: Sequence[Row], measure: str) -> str:
    """How many questions a measure asks about a person; their range where it is not the same."""
    counts = {row["n"][measure] for row in done}
    return str(max(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def people(folder: Path) -> str:
    found = read_people(folder)
    if not found:
        return ""
    held, done = found
    figures = [[row[when][measure] for row in done] for _, when, measure, _ in COLUMNS]
    said = ["yes" if row["text_logits_identical"] else "no" for row in done]
    rows = [
        [row["id"], *(percent(column[k]) for column in figures), said[k]]
        for k, row in enumerate(done)
    ]
    worst = [percent(pick(c)) for c, (*_, pick) in zip(figures, COLUMNS, strict=True)]
    identical = f"{said.count('yes')} of {len(done)}"
    rows += [
        ["**mean**", *(percent(mean(column)) for column in figures), identical],
        ["**worst**", *worst, ""],
    ]
    head = ["person", *(name for name, *_ in COLUMNS), "text identical"]
    return f"{table(head, rows)}\n\n{_falls(done)}\n\n{under(held, told(held, done))}"


def _falls(done: Sequence[Row]) -> str:
    """How far each person's figures fell: the worst row's before and after may be two people's."""
    words = []
    for measure, name in (("still_sees", "still sees"), ("retain_vqa", "Retain VQA")):
        falls = [row["before"][measure] - row["after"][measure] for row in done]
        words.append(
            f"{name} by {points(mean(falls))} points on average, {points(max(falls))} at most"
        )
    return f"What should stay falls: {'; '.join(words)}."


def people_summary(folder: Path) -> str:
    found = read_people(folder)
    if not found:
        return ""
    held, done = found
    worst = {"forget_vqa": max, "forget_name": max, "names_other": max, "retain_vqa": min}
    beside, words = controls(folder, held["fits"]["models"])
    identical = all(r["text_logits_identical"] for r in done)
    rows = []
    for measure, name in MEASURES.items():
        before, after = ([r[when][measure] for r in done] for when in ("before", "after"))
        said = percent(mean(after))
        if measure in worst:
            said += f" (worst {percent(worst[measure](after))})"
        if measure in ("forget_qa", "retain_qa", "general_qa") and identical:
            said += ", logits identical"
        level = done[0]["chance"].get(measure)
        chance = NONE if level is None else percent(mean([r["chance"][measure] for r in done]))
        theirs = (percent(shares.get(measure)) for shares in beside.values())
        n = _asked(done, measure)
        rows.append([name, chance, percent(mean(before)), said, *theirs, n])
    head = ["measure", "chance", "original", "unlearned", *beside, "n a person"]
    made = under(held, f"{len(done)} people, seed {done[0]['seed']}; {words}".strip())
    return f"{table(head, rows)}\n\n{made}"


def people_times(folder: Path) -> str:
    found = read_people(folder)
    if not found:
        return ""
    (held, done), rows = found, []
    alone = timed(done)
    for part in ("importance", "fisher", "train", "evaluate", "ready", "total"):
        taken = [r["seconds"][part] for r in alone if part in r["seconds"]]
        if taken:
            rows.append([part, f"{mean(taken):.1f} s", f"{max(taken):.1f} s"])
    steps, density = [r["steps"] for r in done], [r["mask_density"] for r in done]
    rows.append(["steps", f"{mean(steps):.1f}", f"{max(steps)}"])
    rows.append(["weights in the mask", percent(mean(density)), percent(max(density))])
    words = f"{len(done)} runs;"
    if len(alone) < len(done):
        words = f"{len(done)} runs, the seconds of {len(alone)} that had the device to themselves;"
    return f"{table(['part', 'mean', 'most'], rows)}\n\n{under(held, words)}"

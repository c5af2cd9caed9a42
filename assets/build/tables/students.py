"""How many students one GPU carries: arithmetic over the seconds in people.json and sizes.json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assets.build.tables.markdown import mean, table, timed, under
from assets.build.tables.people import read_people
from lab.experiments.result_file import read
from lab.recipe import Recipe

STUDENTS, DEVICES, MOST_MINUTES = 30, 4, 10  # our choice: a class, some GPUs, and its patience
STEPS = Recipe().steps
HEAD = (
    *("what each student does", "takes", "n", f"the last of {STUDENTS} is done after"),
    *(f"with {DEVICES} GPUs", f"students a GPU in {MOST_MINUTES} minutes"),
)


def students(folder: Path) -> str:
    """A row for each thing that was timed; "" where nothing was."""
    parts = [*_demo(folder), *_larger(folder)]
    if not parts:
        return ""
    rows = [row for found, _ in parts for row in found]
    return "\n\n".join([table(HEAD, rows), *(line for _, line in parts)])


def _demo(folder: Path) -> Iterator[tuple[list[list[str]], str]]:
    """A whole run of the demo with its scores, as the mean over all people."""
    found = read_people(folder)
    if found and (done := timed(found[1])):
        held = {**found[0], "rows": done}
        seconds = [row["seconds"]["total"] for row in done]
        what = "the demo: a run at Standard with its scores"
        words = f"The demo: VKD, the mean of {len(done)} people;"
        yield [_row(what, mean(seconds), str(len(seconds)))], under(held, words)


def _larger(folder: Path) -> Iterator[tuple[list[list[str]], str]]:
    """A published size: looking inside alone, and with the steps of a run, which has no scores."""
    held = read(folder / "sizes.json")
    if not held or not held["rows"]:
        return
    rows, names = [], []
    for row in held["rows"]:
        name, taken, n = f"`{row['model']}`", row["seconds"], row["n"]["steps"]
        look = taken["importance"] + taken["fisher"]
        run = look + taken["prepare"] + STEPS * taken["vkd_step"]
        rows.append(_row(f"{name}: looking inside", look, "1"))
        rows.append(_row(f"{name}: the same and {STEPS} steps, no scores", run, f"1, {n} steps"))
        names.append(f"{name} with random weights, `{row['quantization']}`")
    yield rows, under(held, f"{', '.join(names)};")


def _row(what: str, seconds: float, n: str) -> list[str]:
    last = STUDENTS * seconds / 60
    carried = int(60 * MOST_MINUTES / seconds)
    return [
        *(what, f"{seconds:.1f} s", n, f"{last:.1f} min"),
        *(f"{last / DEVICES:.1f} min", str(carried)),
    ]

"""What the controls answer to a run's questions: asked once a person, kept, and in no run's way.

A control was taught as the model was, but for some people: ``never_knew`` had neither their
pictures nor their text, ``text_only`` their text alone. For all others it is no control.

Our choice: a run never asks them itself. It is ready, scored and ended as if there were none, so
that nobody waits longer to chat, to attack, or for a turn. Whoever shows the figures asks for them
afterwards, as the page does once a run has ended. What is kept is found without loading a control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import torch

from lab.catalogue import NEVER_KNEW, TEXT_TAUGHT
from lab.evaluation.questions import Ask, Steps
from lab.evaluation.scores import Baseline, asks_for
from lab.evaluation.session import Workbench, parts_of, unknown_to
from lab.events import Done
from lab.events.controls import Control, with_controls
from lab.model.cache import Cache
from lab.model.checked import edition_of
from lab.model.fetch import Report, cache_folder
from lab.model.load import Loaded, load
from lab.model.source import taught_folder

Marks = list[float]  # what each answer to a measure's questions scores, in their order


def folders(bench: Workbench) -> dict[str, Path]:
    """Where the preset's controls are, of those that are on this machine."""
    named = {NEVER_KNEW: bench.preset.reference, TEXT_TAUGHT: bench.preset.text_only}
    return {who: folder for who, path in named.items() if (folder := taught_folder(path))}


def fits(bench: Workbench, folder: Path, target: str) -> bool:
    """Whether a control was taught without anybody of the target."""
    members = bench.benchmark.splits.get(target, (target,))
    return set(members) <= set(unknown_to(folder, bench.benchmark))


def loaded_control(bench: Workbench, who: str, report: Report) -> Loaded:
    """A control that the preset has; only the one that attacks need too stays loaded."""
    if who == NEVER_KNEW and (model := bench.reference(report)[0]):
        return model
    where, parts = str(folders(bench)[who]), parts_of(bench.preset)
    device = str(bench.loaded.device)
    return load(where, bench.loaded.quantization, device, report, parts=parts)


def beside(bench: Workbench, done: Done) -> Done:
    """The end of a run with the controls' figures, where all are kept already; loads no model."""
    scored = tuple(done.result.get("after", ()))
    found = kept(bench, done.result["entity"], scored) if scored else None
    return done if found is None else with_controls(done, found)


def kept(bench: Workbench, target: str, measures: Sequence[str]) -> list[Control] | None:
    """The figures of every control in these measures; None where one has still to be asked."""
    found = []
    for who, folder in folders(bench).items():
        shelf = _Kept(bench, folder, target) if fits(bench, folder, target) else None
        marks = {m: shelf.find(m) for m in measures} if shelf else {}
        whole = {m: own for m, own in marks.items() if own is not None}
        if len(whole) < len(marks):
            return None
        found.append(_control(who, whole, shelf is not None))
    return found


def measuring(
    bench: Workbench, target: str, measures: Sequence[str], report: Report
) -> Steps[list[Control]]:
    """The same, and what is not kept is asked: yields how many questions each batch has answered."""
    found = []
    for who, folder in folders(bench).items():
        marks: dict[str, Marks] = {}
        fitting = fits(bench, folder, target)
        if fitting:
            shelf, keeper = _Kept(bench, folder, target), None
            asked = asks_for(bench.benchmark, bench.benchmark.entity(target))
            for measure in (m for m in measures if m in asked):
                known = shelf.find(measure)
                if known is None:
                    keeper = keeper or Baseline(loaded_control(bench, who, report))
                    known = yield from _marks(keeper, measure, asked[measure])
                    shelf.keep(measure, known)
                marks[measure] = known
        found.append(_control(who, marks, fitting))
    return found


def _marks(keeper: Baseline, measure: str, asks: Sequence[Ask]) -> Steps[Marks]:
    verdicts = yield from keeper.asking(measure, asks)
    return [float(v.mark) for v in verdicts]


def _control(who: str, marks: Mapping[str, Marks], fitting: bool) -> Control:
    scored = {m: own for m, own in marks.items() if own}
    means = {m: sum(own) / len(own) for m, own in scored.items()}
    return Control(who, means, {m: len(own) for m, own in scored.items()}, fitting)


def cache_of(bench: Workbench, folder: Path) -> Cache | None:
    """Where measurements of a control are kept, found without loading it; None for nowhere.

    The key holds the bytes of the control's files in place of the weights, which are only known
    once they are loaded, and the original's weights, over which they may be stored.
    """
    weights = f"{bench.base_hash} {files_hash(folder)}"
    return Cache(bench.cache.folder, bench.loaded, weights) if bench.cache else None


def shipped_weights(bench: Workbench, folder: Path) -> str:
    """What names a control's weights where its curves come with the lab; "" for every other model.

    Those curves are of a CPU. On a GPU there are none, or two kinds of processor would be compared.
    """
    edition = edition_of(folder, cache_folder()) if bench.loaded.device.type == "cpu" else ""
    return edition and f"{edition} {bench.loaded.quantization}"


class _Kept:
    """A control's marks about one target in the workbench's cache; nothing is kept without one."""

    def __init__(self, bench: Workbench, folder: Path, target: str) -> None:
        self._cache = cache_of(bench, folder)
        self._target, self._content = target, bench.benchmark.content(target)

    def find(self, measure: str) -> Marks | None:
        words = ("control marks", measure, self._content)
        found = self._cache.find(self._target, *words) if self._cache else None
        return None if found is None else found["marks"].tolist()

    def keep(self, measure: str, marks: Marks) -> None:
        """Keep them in float64, so that every figure keeps its bits."""
        if self._cache:
            tensor = torch.tensor(marks, dtype=torch.float64)
            self._cache.keep(
                self._target, {"marks": tensor}, "control marks", measure, self._content
            )


def files_hash(folder: Path) -> str:
    """SHA-256 over the bytes and the names of a folder's files."""
    digest = sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
        digest.update(path.name.encode())
    return digest.hexdigest()

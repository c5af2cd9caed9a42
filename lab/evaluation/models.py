"""The models to score side by side: original, run, retain-only model, model before teaching."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lab.catalogue import NEVER_KNEW
from lab.errors import LabError
from lab.evaluation.controls import fits, folders, loaded_control
from lab.evaluation.session import Workbench, parts_of
from lab.model.embedded import untaught
from lab.model.fetch import Report
from lab.model.load import Loaded, load
from lab.model.overlay import Delta, tensors_hash, weights_hash
from lab.model.version import Version

EMBEDDED = "people"  # the one benchmark that the embedded model was taught
VANILLA, UNLEARNED, RETAIN_ONLY, BASE = "vanilla", "unlearned", "retain_only", "base"


@dataclass(frozen=True)
class Others:
    """Model folders or ids to score as well: one that never knew, and one that was never taught."""

    retain_only: str | None = None
    base: str | None = None


def lineup(
    bench: Workbench, target: str, delta: Delta, others: Others, report: Report
) -> Iterator[Version]:
    """Yield a version a row, the original first; a further model is loaded only when its turn comes.

    Without a retain-only model given, the preset's is taken where it never knew anyone of the
    target, and its text-only model where that never saw them; without a base, the one that the
    preset names, if it is on this machine. The embedded model's base is the language model alone,
    as it was before it was taught anybody.
    """
    yield Version(VANILLA, bench.loaded, identity=_identity(bench.loaded, bench.base_hash))
    if delta:
        identity = _identity(bench.loaded, bench.base_hash, tensors_hash(delta))
        yield Version(UNLEARNED, bench.loaded, delta, identity=identity)
    if others.retain_only:
        yield _further(bench, RETAIN_ONLY, others.retain_only, report)
    for who, folder in folders(bench).items():
        if fits(bench, folder, target) and not (who == NEVER_KNEW and others.retain_only):
            row = RETAIN_ONLY if who == NEVER_KNEW else who
            yield _plain(row, loaded_control(bench, who, report))
    if others.base:
        yield _further(bench, BASE, others.base, report)
    else:
        yield from _own_base(bench, report)


def _own_base(bench: Workbench, report: Report) -> Iterator[Version]:
    """The base that the preset names; left out, with a message, if it cannot be loaded."""
    preset = bench.preset
    named = preset.base or preset.processor  # a vanilla without a processor has its base's
    if named:
        try:
            yield _further(bench, BASE, named, report)
        except LabError as error:
            report(f"no row for the base: {error}")
    elif preset.benchmark == EMBEDDED and (delta := untaught(preset.model, bench.loaded.device)):
        identity = _identity(bench.loaded, bench.base_hash, tensors_hash(delta))
        yield Version(BASE, bench.loaded, delta, identity=identity, text_only=True)


def _further(bench: Workbench, name: str, path: str, report: Report) -> Version:
    preset, parts = bench.preset, parts_of(bench.preset)
    model = load(path, preset.quantization, report=report, processor=preset.processor, parts=parts)
    return _plain(name, model)


def _plain(name: str, model: Loaded) -> Version:
    """A model as it was loaded."""
    return Version(name, model, identity=_identity(model, weights_hash(model.model)))


def _identity(loaded: Loaded, *hashes: str) -> str:
    """Identifies weights and chat template: if either changes, answers may change."""
    template = loaded.prompter.processor.template
    return hashlib.sha256("".join((*hashes, template)).encode()).hexdigest()[:16]

"""What can be loaded: the presets, the models found on this machine and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lab.benchmarks import found as data
from lab.benchmarks.table import BENCHMARKS
from lab.errors import LabError
from lab.evaluation.session import check_taught, parts_of, with_options
from lab.model import found
from lab.model.memory import available_mb
from lab.model.source import HUB_ID, SNAPSHOTS, local_folder
from lab.recipe import PRESETS, QUANTIZATIONS, Preset, load_preset, on_benchmark
from lab.serve.menu import Choice, Need, Offer, Source

BASE = "demo"  # whose recipe a model without a preset gets
GONE = "{what} is not on this machine: {remedy}"


@dataclass(frozen=True)
class _Model:
    """One model of the list: the preset that loads it, and what is wrong with it, or ""."""

    preset: Preset
    problem: str = ""


class Offers:
    """Lists what can be chosen, and makes the preset of a choice from the list's ids alone.

    ``current``: the preset that is loaded now, if ``holds`` says that a model is in memory.
    """

    def __init__(self, current: Preset, holds: Callable[[], bool]) -> None:
        self.current, self._holds = current, holds
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def chosen(self) -> Choice:
        """What is loaded now."""
        return Choice(id_of(self.current), self.current.benchmark, self.current.quantization)

    def models(self) -> list[Offer]:
        """The loaded model first, then the presets, then what was found; each with what it needs."""
        return [
            Offer(choice, self._need(model, choice))
            for name, model in self._listed().items()
            for choice in [Choice(name, model.preset.benchmark, model.preset.quantization)]
        ]

    def benchmarks(self) -> list[Source]:
        """The benchmarks in the order of the command line's."""
        return [self._source(name) for name in BENCHMARKS]

    def need(self, choice: Choice) -> Need:
        """What a choice needs, benchmark included; raises ``LabError`` for an unknown id."""
        return self._need(self._chosen(choice), choice)

    def preset(self, choice: Choice) -> Preset:
        """The preset that loads a choice; raises ``LabError`` for an unknown id."""
        preset = self._chosen(choice).preset
        if choice.benchmark == self.current.benchmark:
            preset = replace(preset, data=self.current.data)
        elif choice.benchmark != preset.benchmark or not preset.data:
            folder = data.found_folder(choice.benchmark)
            preset = replace(preset, data=str(folder) if folder else "")
        return replace(
            on_benchmark(preset, choice.benchmark),
            quantization=choice.quantization,
            allow_partial=self.current.allow_partial,
        )

    def memory_gb(self, preset: Preset) -> float:
        """GB that a preset's weights take; 0 where that is not known."""
        try:
            return found.needed_gb(preset.model, preset.quantization, self.device, parts_of(preset))
        except LabError:
            size = preset.name.rpartition("-")[0]
            return found.published_gb(size, preset.quantization, self.device)

    def free_gb(self) -> float:
        """GB that are free on the device now."""
        return available_mb(self.device) / 2**10

    # -- the lists ----------------------------------------------------------------------------

    def _listed(self) -> dict[str, _Model]:
        loaded = {id_of(self.current): _Model(self.current)}
        presets = {p.name: _Model(p) for p in map(load_preset, _preset_names())}
        taken = {d.preset.model for d in (*loaded.values(), *presets.values())}
        taken |= {str(local_folder(path)) for path in taken}
        base = load_preset(BASE)
        others = {
            m.name: _Model(with_options(base, m.path, "none", None, None), m.problem)
            for m in found.found_models()
            if m.path not in taken
        }
        return loaded | {n: d for n, d in (presets | others).items() if n not in loaded}

    def _chosen(self, choice: Choice) -> _Model:
        """The model of a choice, all three of whose words are in the lists; else ``LabError``."""
        listed = self._listed()
        for what, word, valid in (
            ("model", choice.model, listed),
            ("benchmark", choice.benchmark, BENCHMARKS),
            ("quantization", choice.quantization, QUANTIZATIONS),
        ):
            if word not in valid:
                raise LabError(f"unknown {what} {word[:80]!r}: valid are {', '.join(valid)}")
        return listed[choice.model]

    def _need(self, model: _Model, choice: Choice) -> Need:
        preset = replace(model.preset, quantization=choice.quantization)
        download, problem = self._missing(preset)
        source = self._source(choice.benchmark)
        return Need(
            self.memory_gb(preset),
            # what is loaded now can make room
            self.free_gb() + (self.memory_gb(self.current) if self._holds() else 0.0),
            str(self.device),
            download + source.download_gb,
            model.problem or problem or source.problem,
        )

    def _missing(self, preset: Preset) -> tuple[float, str]:
        """GB to fetch before the preset's model can be loaded, and why it cannot be, or ""."""
        try:
            check_taught(preset)
        except LabError as error:
            return 0.0, str(error)
        model, size = local_folder(preset.model), preset.download_gb
        problem = found.problem_of(model) if model else _gone(preset.model)
        if not problem and preset.processor and not local_folder(preset.processor):
            problem = _gone(preset.processor)
        elif problem and model and model.parent.name != SNAPSHOTS:
            return 0.0, problem  # a folder that no download mends
        if not problem and model and found.needs_language_model(model):
            return size, ""
        return (size, "") if problem and size and not _offline() else (0.0, problem)

    def _source(self, name: str) -> Source:
        here = name == self.current.benchmark or name not in data.PUBLISHED
        if here or data.found_folder(name) or data.is_cached(name):
            return Source(name)
        size = data.PUBLISHED[name][1]
        if size and not _offline():
            return Source(name, size)
        return Source(name, 0.0, GONE.format(what=name, remedy=data.fetch_by_hand(name)))


def id_of(preset: Preset) -> str:
    """The name of a preset's model in the list: the preset's, unless it has another's model."""
    names = _preset_names()
    if preset.name in names and load_preset(preset.name).model == preset.model:
        return preset.name
    folder = local_folder(preset.model)
    of_hub = folder is None or folder.parent.name == SNAPSHOTS
    return preset.model if of_hub and HUB_ID.fullmatch(preset.model) else Path(preset.model).name


def _preset_names() -> Sequence[str]:
    return sorted(p.stem for p in PRESETS.glob("*.yaml"))


def _gone(path: str) -> str:
    online = " or start the lab with HF_HUB_OFFLINE=0" * _offline()
    return GONE.format(what=path, remedy=f"fetch it with hf download {path}{online}")


def _offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)

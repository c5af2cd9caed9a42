"""The menu protocol: which model and benchmark are loaded, which others there are, what they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Choice:
    """What is loaded, or is to be: the ids of a model and of a benchmark, and a quantisation."""

    model: str
    benchmark: str
    quantization: str


@dataclass(frozen=True)
class Need:
    """What a choice needs, and what there is: GB of memory on a device, GB to download.

    ``memory_gb``: 0 where it is not known. ``problem``: why it cannot be loaded at all, or "".
    """

    memory_gb: float
    free_gb: float
    device: str
    download_gb: float = 0.0
    problem: str = ""

    @property
    def fits(self) -> bool:
        """Whether the weights fit into the memory that can be free for them."""
        return self.memory_gb <= self.free_gb


@dataclass(frozen=True)
class Offer:
    """A model that can be chosen, with the benchmark and quantisation it is meant for."""

    choice: Choice
    need: Need


@dataclass(frozen=True)
class Source:
    """A benchmark that can be chosen: its id, GB to download, and why it cannot be read, or ""."""

    id: str
    download_gb: float = 0.0
    problem: str = ""


class Menu(Protocol):
    """Which model and benchmark are loaded, and which others there are. Raises ``LabError``.

    ``open``: whether the page may change them. ``edition``: how often that was done since the start.
    Only ids that ``models`` and ``benchmarks`` name are taken.
    """

    open: bool
    edition: int

    @property
    def loaded(self) -> Choice:
        """What is loaded now, or is being loaded at the start."""

    def models(self) -> Sequence[Offer]:
        """The presets and the models found on this machine, what is loaded among them."""

    def benchmarks(self) -> Sequence[Source]:
        """The benchmarks, what is loaded among them."""

    def need(self, choice: Choice) -> Need:
        """What a choice needs, benchmark included."""

    def change(self, choice: Choice, download_gb: float, visitor: str) -> str:
        """Queue a change behind every run that waits; returns the id under which it can be followed.

        ``download_gb``: what the visitor has agreed to; refused where it is not what is needed. New
        runs are refused until the change has ended. If it fails, all is as before.
        """

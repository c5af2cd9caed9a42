"""What an engine has done on a device: by the worker of this process, or by replicas elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from lab.evaluation.session import Workbench
from lab.events import Identity
from lab.model.base import Base
from lab.model.cache import Cache
from lab.serve.closer import Inside
from lab.serve.runs import Run
from lab.serve.views import ProbeRow, Turn

T = TypeVar("T")
UNCHANGED = "this run has not changed the model yet: wait until its training has begun"


@dataclass(frozen=True)
class Facts:
    """What every thread may know of the loaded model: its weights, its device and its name.

    ``cache``: where measurements are kept; other threads only form its keys.
    """

    base: Base = field(repr=False)
    device: str
    model: str
    cache: Cache | None = field(default=None, repr=False)


class Device(Protocol):
    """Whoever holds the loaded model and does the runs and the jobs on it."""

    facts: Facts | None
    phase: str
    error: str

    def ready(self) -> Facts:
        """The facts of the loaded model; raises ``LabError`` while there is none."""

    def wake(self) -> None:
        """Tell it that there may be a run."""

    def ensure(self) -> None:
        """Make sure that it is alive."""

    def call(self, job: Callable[[Workbench], T], visitor: str = "") -> T:
        """Return what ``job`` returns, or raise what it raises; it may be done in another process."""

    def swap(self, new: Callable[[], Workbench], old: Callable[[], Workbench], beside: bool) -> str:
        """Put another model in the place of this one; returns why that failed, or ""."""


class Asked(Protocol):
    """Chats, fixed questions and depths of sides; see ``Engine``."""

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str
    ) -> Iterator[tuple[str, ...]]:
        """Stream the growing answers to the last turn, one string a side."""

    def probes(self, sides: Sequence[str], entity: str, visitor: str) -> list[ProbeRow]:
        """Answer the entity's fixed probe questions with every side."""

    def identity(self, sides: Sequence[str], entity: str, visitor: str) -> list[Identity]:
        """At which depth the entity is still recognised."""


class Controls(Protocol):
    """Puts the controls' figures beside a run."""

    def put(self, run: Run, visitor: str) -> None:
        """Wait until the controls are asked, unless the run has their figures or was not scored."""


@dataclass(frozen=True)
class Hands:
    """The parts of an engine that need the model.

    ``forget``: drops what the device remembers of an own person.
    """

    worker: Device
    sides: Asked
    beside: Controls
    inside: Inside
    forget: Callable[[str], None]

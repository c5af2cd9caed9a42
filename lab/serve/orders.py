"""What the page's process and a replica tell each other: plans, orders, and what has come of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.evaluation.session import Workbench, open_workbench
from lab.events import Event
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.serve.views import RunKind, RunState

Opener = Callable[[Preset, Callable[[str], None], int], Workbench]


@dataclass(frozen=True)
class Plan:
    """What every replica is told at its start.

    ``runs``: the folder that all replicas and the page's process share; ``owners``: the file that says
    whose each of them is. ``environment``: variables
    that are set in a replica as they are in the page's process.
    """

    preset: Preset
    runs: Path
    owners: Path
    threads: int = 0
    language: str = "en"
    open_bench: Opener = open_workbench
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """A run that a replica is to do; ``lost``: how often what did it has ended in the middle of it."""

    id: str
    kind: RunKind
    recipe: Recipe
    attack: AttackRecipe | None
    parent: str | None
    lost: int = 0


@dataclass(frozen=True)
class Health:
    """How a replica is: memory in MB, and what it has reported since it was last asked.

    ``weights``: the hash of its model, "" while there is none.
    """

    ready: bool
    weights: str
    phase: str
    error: str
    used_mb: float
    total_mb: float
    said: tuple[str, ...]


@dataclass(frozen=True)
class Left:
    """How a run ended and what it left. ``kept``: whether that is in the shared folder."""

    state: RunState
    error: str
    conditions: str
    weights: bool
    delta_hash: str
    kept: bool
    unkept: str


@dataclass(frozen=True)
class Heard:
    """What a run has said since, and what it left, once it has ended."""

    events: tuple[Event, ...]
    left: Left | None

"""Which models take part in an attack: the unlearned one, the original, and one that never knew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.evaluation.questions import chance, forget_asks
from lab.evaluation.scores import asks_for
from lab.evaluation.session import Workbench
from lab.model.cache import Cache
from lab.model.load import Loaded
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe


@dataclass(frozen=True)
class Victim:
    """A model under attack: a version of the model, and the entity to bring back."""

    version: Version
    entity: Entity


@dataclass
class Relearned:
    """What training leaves of the unlearned model: its delta, and a language adapter over it."""

    delta: dict[str, torch.Tensor] = field(default_factory=dict)
    adapter: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """One run under attack.

    ``vanilla``: the original's Forget VQA, a share. ``blocks``: how many of the last live vision
    blocks the run trained; an attacker of the vision trains the same. ``cache``: where what was
    measured of the control is kept; None for nowhere.
    """

    benchmark: Benchmark
    unlearned: Victim
    control: Victim | None
    vanilla: float
    blocks: int
    cache: Cache | None = None

    @property
    def original(self) -> Victim:
        """The model as it was before unlearning."""
        return replace(self.unlearned, version=Version("original", self.unlearned.version.loaded))

    def verdict(self, recipe: AttackRecipe, before: float, after: float) -> dict[str, Any]:
        """What every attack's result says, whatever its kind; shares in 0..1.

        ``gain``: accuracy after the attack minus after unlearning (the paper's AG as we read it,
        lower is better). ``vanilla_gap``: the original's accuracy minus that after the attack.
        """
        asks = forget_asks(self.unlearned.entity)
        return {
            "kind": recipe.kind,
            "entity": self.unlearned.entity.id,
            "seed": recipe.seed,
            "before": before,
            "after": after,
            "gain": after - before,
            "vanilla": self.vanilla,
            "vanilla_gap": self.vanilla - after,
            "n": len(asks),
            "chance": chance(asks),
        }

    def control_verdict(self, before: float, after: float) -> dict[str, Any]:
        """The same of the control, which may be another person's."""
        assert self.control is not None
        return {
            "entity": self.control.entity.id,
            "name": self.control.entity.name,
            "before": before,
            "after": after,
            "gain": after - before,
        }


def scene_of(
    bench: Workbench, recipe: Recipe, unlearned: Version, say: Callable[[str], None]
) -> Scene:
    """The scene of a run that left ``unlearned``; asks the original where it was not asked before."""
    entity = bench.benchmark.entity(recipe.entity)
    verdicts = bench.baseline.correct("forget_vqa", asks_for(bench.benchmark, entity)["forget_vqa"])
    return Scene(
        bench.benchmark,
        Victim(unlearned, entity),
        control_victim(*bench.reference(say), bench.benchmark, entity.id),
        sum(verdicts) / len(verdicts),
        recipe.blocks,
        bench.reference_cache(),
    )


def control_victim(
    reference: Loaded | None, unknown: tuple[str, ...], benchmark: Benchmark, entity_id: str
) -> Victim | None:
    """The model that never knew this person, or else one that never knew some other person."""
    if reference is None or not unknown:
        return None
    members = benchmark.splits.get(entity_id, (entity_id,))
    who = entity_id if set(members) <= set(unknown) else unknown[0]
    return Victim(Version("control", reference), benchmark.entity(who))

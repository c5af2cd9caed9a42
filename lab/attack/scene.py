"""Which models take part in an attack: the unlearned one, the original, and the controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.evaluation.controls import cache_of, folders, loaded_control, shipped_weights
from lab.evaluation.questions import Ask, chance
from lab.evaluation.scores import asks_for
from lab.evaluation.session import Workbench, unknown_to
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
class Control:
    """A model that was taught without ``entity``, which may be another person than the attacked.

    ``who``: "never_knew" or "text_only". ``opened``: loads it; it stays loaded as long as this
    lives. ``cache``: where what was measured of it is kept; None for nowhere. ``weights``: what names
    its weights in the curves that come with the lab; "" for a model that has none there.
    """

    who: str
    entity: Entity
    opened: Callable[[], Loaded]
    cache: Cache | None = None
    weights: str = ""

    @cached_property
    def victim(self) -> Victim:
        """The control under attack; loads it at the first use."""
        return Victim(Version(self.who, self.opened()), self.entity)

    def verdict(self, before: float, after: float) -> dict[str, Any]:
        """Its part of what every attack's result says; shares in 0..1."""
        return {
            "entity": self.entity.id,
            "name": self.entity.name,
            "before": before,
            "after": after,
            "gain": after - before,
        }


def victim_of(side: Victim | Control) -> Victim:
    """Whoever is attacked next; a control is loaded by this."""
    return side.victim if isinstance(side, Control) else side


@dataclass(frozen=True)
class Scene:
    """One run under attack.

    ``asks``: the Forget VQA questions; ``right``: whether the original has each right. ``blocks``: how
    many of the last live vision blocks the run trained; an attacker of the vision trains the same.
    """

    benchmark: Benchmark
    unlearned: Victim
    controls: tuple[Control, ...]
    asks: tuple[Ask, ...]
    right: tuple[bool, ...]
    blocks: int

    @property
    def original(self) -> Victim:
        """The model as it was before unlearning."""
        return replace(self.unlearned, version=Version("original", self.unlearned.version.loaded))

    @property
    def sides(self) -> tuple[Victim | Control, ...]:
        """Every model of the scene, the unlearned one first."""
        return (self.unlearned, self.original, *self.controls)

    @property
    def vanilla(self) -> float:
        """The original's Forget VQA, a share."""
        return sum(self.right) / len(self.right)

    def vanilla_of(self, asks: Sequence[Ask]) -> float:
        """The share that the original has right of some of the Forget VQA questions.

        Of all of them where none of ``asks`` was scored: a split's score takes a sample.
        """
        known = dict(zip(self.asks, self.right, strict=True))
        found = [known[ask] for ask in asks if ask in known]
        return sum(found) / len(found) if found else self.vanilla

    def verdict(
        self, recipe: AttackRecipe, asks: Sequence[Ask], before: float, after: float
    ) -> dict[str, Any]:
        """What every attack's result says, whatever its kind; shares in 0..1.

        ``gain``: accuracy after the attack minus after unlearning (the paper's AG as we read it,
        lower is better). ``vanilla_gap``: the original's accuracy minus that after the attack.
        """
        vanilla = self.vanilla_of(asks)
        return {
            "kind": recipe.kind,
            "entity": self.unlearned.entity.id,
            "seed": recipe.seed,
            "before": before,
            "after": after,
            "gain": after - before,
            "vanilla": vanilla,
            "vanilla_gap": vanilla - after,
            "n": len(asks),
            "chance": chance(asks),
        }


def scene_of(
    bench: Workbench, recipe: Recipe, unlearned: Version, say: Callable[[str], None]
) -> Scene:
    """The scene of a run that left ``unlearned``; asks the original where it was not asked before.

    A control is loaded only when it is asked something that is not kept.
    """
    entity = bench.benchmark.entity(recipe.entity)
    asks = asks_for(bench.benchmark, entity)["forget_vqa"]
    return Scene(
        bench.benchmark,
        Victim(unlearned, entity),
        tuple(controls_beside(bench, entity.id, say)),
        tuple(asks),
        tuple(bench.baseline.correct("forget_vqa", asks)),
        recipe.blocks,
    )


def controls_beside(
    bench: Workbench, entity_id: str, say: Callable[[str], None]
) -> Iterator[Control]:
    """The controls of an attack on an entity, or a split, in their order; none is loaded by this."""
    for who, folder in folders(bench).items():
        if unknown := unknown_to(folder, bench.benchmark):
            yield Control(
                who,
                whom(unknown, bench.benchmark, entity_id),
                partial(loaded_control, bench, who, say),
                cache_of(bench, folder),
                shipped_weights(bench, folder),
            )


def whom(unknown: tuple[str, ...], benchmark: Benchmark, entity_id: str) -> Entity:
    """Whom a control is asked about: this person where it lacks them, else the first it does lack."""
    members = benchmark.splits.get(entity_id, (entity_id,))
    return benchmark.entity(entity_id if set(members) <= set(unknown) else unknown[0])


def control_victim(
    reference: Loaded | None, unknown: tuple[str, ...], benchmark: Benchmark, entity_id: str
) -> Victim | None:
    """The model that never knew this person, or else one that never knew some other person."""
    if reference is None or not unknown:
        return None
    return Victim(Version("control", reference), whom(unknown, benchmark, entity_id))

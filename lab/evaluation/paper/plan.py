"""What a published protocol is: the items it asks, how each is marked, what is made of the marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.benchmarks.schema import Benchmark, Entity
from lab.errors import LabError
from lab.model.prompts import Part

Answer = str | tuple[float, ...]  # a generated text, or the mean log-probabilities of ``compared``


@dataclass(frozen=True)
class Plan:
    """What is evaluated: ``target`` an entity or forget split, ``shots`` "published" or "zero"."""

    target: str
    shots: str = "published"
    seed: int = 0


@dataclass(frozen=True)
class Item:
    """One thing a benchmark's evaluator asks.

    ``part`` names the evaluated set and what is shown ("forget_image"); its scores are called
    ``part`` and metric. ``task`` says how the protocol marks it. ``options`` stand in the order
    shown. With ``compared``, no text is generated: the mean log-probability per token of each of
    these answers is wanted (the reference, its paraphrase, then the wrong ones). ``keywords`` and
    ``twin`` are the question's.
    """

    id: str
    part: str
    task: str
    prompt: tuple[Part, ...] = field(repr=False)
    reference: str
    options: tuple[str, ...] = ()
    max_new_tokens: int = 50
    compared: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    twin: str = ""

    @property
    def words(self) -> str:
        """The prompt as LLaVA-1.5 reads it, each picture as "<image>"."""
        return "".join("<image>" if isinstance(p, bytes) else p for p in self.prompt)


@dataclass(frozen=True)
class Asked:
    """The items of an evaluation with what was drawn for it.

    ``demos``: ids whose questions are shown as examples, by part and task; they are not asked.
    ``pictures``: which of an entity's test views was drawn, by entity and task.
    """

    items: tuple[Item, ...]
    demos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """What an item scored, by metric; the first is the one shown beside the answer.

    ``parsed`` is False where no choice could be read from the answer (it then scores 0); None
    where there was nothing to choose from. ``log_ratio``: of a truth ratio.
    """

    values: Mapping[str, float]
    parsed: bool | None = None
    log_ratio: float | None = None


Combined = dict[str, tuple[float, int]]  # score and number of items behind it, by name


@dataclass(frozen=True)
class Protocol:
    """A benchmark's own evaluator.

    ``combine`` makes scores of more than one item out of the items, their marks and the marks of
    the retain-only model (None without one). ``source`` says what is followed and what is not.
    """

    items: Callable[[Benchmark, Plan], Asked]
    mark: Callable[[Item, Answer], Mark]
    combine: Callable[[Sequence[Item], Sequence[Mark], Sequence[Mark] | None], Combined]
    source: str


def nothing_more(
    items: Sequence[Item], marks: Sequence[Mark], gold: Sequence[Mark] | None
) -> Combined:
    """For a protocol without combined scores."""
    return {}


def members(benchmark: Benchmark, target: str) -> list[Entity]:
    """The entities of a target; raises ``LabError`` for one that is not there."""
    if target not in benchmark.splits:
        return [benchmark.entity(target)]
    by_id = {entity.id: entity for entity in benchmark.entities}
    return [by_id[each] for each in benchmark.splits[target]]


def drawn_demos(
    people: Sequence[Entity], count: int, draw: Callable[..., list[Entity]], part: str
) -> list[Entity]:
    """``count`` of the people, whose questions become examples; ``LabError`` if nobody is left."""
    if len(people) <= count:
        raise LabError(
            f"{part} has {len(people)} people and the published prompt takes {count} of them "
            "as examples: choose a larger split, or --shots zero"
        )
    return draw(people, count)

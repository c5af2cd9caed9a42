"""The forget and retain splits of the benchmarks that publish one config for each split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from lab.benchmarks.rows import Reader, Row, identity
from lab.benchmarks.schema import Benchmark, Entity

PERCENT = {"forget_5": "retain_95", "forget_10": "retain_90", "forget_15": "retain_85"}
CELEBRITIES = "retain_celebrity"


def people_and_celebrities(
    name: str, reader: Reader, people: Sequence[Entity], celebrities: Sequence[Entity]
) -> Benchmark:
    """Join taught people and, where they were read, celebrities who are only evaluated.

    So MLLMU-Bench is laid out, and UMU-Bench after it: the same forget configs by ID, no general
    questions and no plain pictures.
    """
    splits = forget_splits(reader, PERCENT, "ID", identity, (person.id for person in people))
    if celebrities:
        splits[CELEBRITIES] = tuple(person.id for person in celebrities)
    return Benchmark(
        name=name,
        entities=(*people, *celebrities),
        splits=splits,
        general=(),
        pictures=(),
        train_pictures=(),
        skipped=tuple(reader.skipped),
    )


def celebrity_id(number: int, _: Row | None = None) -> str:
    """The id of who is only evaluated: the lab's, for the published sets both count from 001."""
    return f"celebrity-{number + 1:03d}"


def forget_splits(
    reader: Reader,
    configs: Mapping[str, str],
    column: str,
    member: Callable[[Row], str],
    entities: Iterable[str],
) -> dict[str, tuple[str, ...]]:
    """Read who is in each forget config that is there; its retain split is everyone else.

    ``configs`` maps a forget config to its retain split, ``member`` gives the entity id of a row,
    which reads only ``column``. The published retain configs hold exactly the others (MLLMU-Bench:
    475, 450 and 425 of 500), so reading them too would only cost their pictures' download.
    """
    everyone = dict.fromkeys(entities)
    splits: dict[str, tuple[str, ...]] = {}
    for forget, retain in configs.items():
        if not reader.has(forget):
            continue
        gone: dict[str, None] = {}
        for row, entity_id in reader.read(forget, (column,), lambda n, row: (n, member(row))):
            if entity_id in everyone:
                gone[entity_id] = None
            else:
                reason = f"{entity_id} is not among the entities read"
                reader.leave_out(forget, row, column, reason, entity_id)
        splits[forget] = tuple(gone)
        splits[retain] = tuple(each for each in everyone if each not in gone)
    return splits

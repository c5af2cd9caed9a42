"""Owns the forget and retain splits of the benchmarks that publish one config a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lab.benchmarks.rows import Reader, Row
from lab.benchmarks.schema import Skipped


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
                reader.skipped.append(Skipped(forget, row, column, reason))
        splits[forget] = tuple(gone)
        splits[retain] = tuple(each for each in everyone if each not in gone)
    return splits

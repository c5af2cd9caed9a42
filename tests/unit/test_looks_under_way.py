"""What visitors have asked and not been told yet is known by visitor, and only as long as it lasts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lab.errors import LabError
from lab.serve.looks import Looks
from lab.serve.visit import Visit


def test_a_look_is_known_to_its_visitor_until_it_ends_or_fails() -> None:
    looks = Looks()
    with looks.during("ada", "probes"), looks.during("ada", "where"), looks.during("ada", "probes"):
        assert looks.now("ada") == ["probes", "where"] and looks.now("bo") == []
    with pytest.raises(LabError), looks.during("ada", "left"):
        raise LabError("gone")
    assert looks.now("ada") == []


def test_a_visit_notes_what_is_asked_while_it_is_answered() -> None:
    seen = []

    def identity(sides: list[str], entity: str, visitor: str) -> list[str]:
        seen.append((visitor, visit.looks()))
        return []

    def where(run_id: str, visitor: str):
        yield from (1, 2)

    inside = SimpleNamespace(where=where)
    engine = SimpleNamespace(identity=identity, inside=inside, own=None, menu=None)
    visit = Visit(engine, lambda: "ada")
    visit.identity(["original"], "p00")
    assert seen == [("ada", ["identity"])] and visit.looks() == []
    parts = visit.inside.where("r")
    assert next(parts) == 1 and visit.looks() == ["where"]
    parts.close()  # who asked has left
    assert visit.looks() == []

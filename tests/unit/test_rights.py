"""Whose a thing is, kept across restarts and processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.serve.rights import Rights


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "owners.jsonl"


def test_a_thing_is_its_makers_and_the_teachers(file: Path) -> None:
    rights = Rights(file, alone=False)
    rights.teachers = frozenset({"teacher"})
    rights.give("run", "ada")
    assert [rights.owns(who, "run") for who in ("ada", "bo", "teacher", "")] == [1, 0, 1, 1]
    assert [rights.reads(who, "run") for who in ("ada", "bo", "teacher", "")] == [1, 0, 1, 1]
    rights.share("run", True)
    assert rights.reads("bo", "run") and not rights.owns("bo", "run")
    rights.share("run", False)
    assert not rights.reads("bo", "run")
    with pytest.raises(LabError, match="this run belongs to another visitor, and only they can st"):
        rights.check_owner("bo", "run", "run", "stop")


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_nobodys_belongs_to_who_serves_this_machine_alone(file: Path, alone: bool) -> None:
    rights = Rights(file, alone)
    assert rights.reads("ada", "of before") and rights.owns("ada", "of before") == alone
    rights.give("mine", "ada")  # also on one's own machine others' things stay theirs
    assert not rights.owns("bo", "mine") and not rights.reads("bo", "mine")


def test_it_is_kept_and_other_processes_see_it(file: Path) -> None:
    first, second = Rights(file, alone=False), Rights(file, alone=False)
    assert second.whose("run").visitor == ""
    first.give("run", "ada")
    first.share("run", True)
    assert second.whose("run") == first.whose("run") and second.whose("run").shared
    assert Rights(file, alone=False).owns("ada", "run") and file.stat().st_mode & 0o777 == 0o600


def test_what_no_restart_leaves_is_not_written(file: Path) -> None:
    rights = Rights(file, alone=False)
    rights.give("look", "ada", lasting=False)
    rights.give("of the lab", "")
    assert rights.owns("ada", "look") and not rights.owns("bo", "look") and not file.exists()

"""The folders of runs: who may read while they are written, and what other processes have added."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.report.text import catalogue
from lab.serve.archive import Shelf
from lab.serve.runs import Run, RunStore, new_id
from tests.unit import tiny as make
from tests.unit.served import PATIENCE


@pytest.fixture
def shelf(four, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, RunStore(), lambda: four, "demo", catalogue(), lambda: "tiny")


@pytest.mark.parametrize("unread", [set(), {"weights"}])
def test_a_run_is_looked_at_while_its_files_are_written(
    shelf: Shelf, tmp_path: Path, unread: set[str]
) -> None:
    run = Run(new_id(), "unlearn", make.recipe(), folder=tmp_path, unread=unread)
    written, held = threading.Event(), threading.Event()

    def write() -> None:
        with shelf.hold(run.id):
            held.set()
            written.wait(PATIENCE)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(write)
        assert held.wait(PATIENCE)
        try:
            assert threads.submit(shelf.whole, run).result(timeout=5) is run
        finally:
            written.set()

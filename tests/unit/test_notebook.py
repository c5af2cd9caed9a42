"""The notebook that needs no server, on the tiny model."""

from __future__ import annotations

import pytest

from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from tests import notebooks
from tests.unit import tiny as make


def test_the_notebook_goes_the_whole_way(tiny, four, monkeypatch: pytest.MonkeyPatch) -> None:
    before = weights_hash(tiny.model)
    bench = Workbench(Preset("demo", "tiny", "tiny"), four, tiny, Baseline(tiny), before)
    monkeypatch.setattr(session, "open_workbench", lambda preset: bench)
    left = notebooks.run("without-a-server")
    assert left["result"]["entity"] == "p0" and left["result"]["steps"] >= 1
    assert len(left["said"]) == 2 and left["attacked"]["steps"] == 4
    assert {file.name for file in left["folder"].iterdir()} == make.RUN_FILES
    assert weights_hash(tiny.model) == before

"""A run that is stopped before its first update leaves nothing: no weights, no folder, no attack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.cli.attacking import scene_in
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Done, Ready, Step
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe
from lab.report.run_folder import read_run, write_run
from lab.report.text import catalogue
from lab.serve.views import ORIGINAL, RunView
from lab.ui.talk import sides
from tests.unit import tiny as make
from tests.unit.served import PRESET, opened, wait

AT_ONCE = {"stopped_because": "stopped", "steps": 0}


def folder_of(tiny, four, folder: Path, method: str = "vkd") -> Path:
    """A run's folder as it was left when a run that was stopped at once still left weights."""
    plan = make.recipe(method=method, steps=1)
    outcome, events = make.run(tiny, four, plan)
    told = [e for e in events if not isinstance(e, Step | Ready | Done)]
    told.append(Done("stopped", events[-1].result | AT_ONCE | {"before": {}, "after": {}}))
    write_run(folder, plan, told, outcome.delta, four, "demo", catalogue())
    return folder


def test_a_run_stopped_before_its_first_update_leaves_no_weights(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe(), lambda: True)
    assert outcome.delta == outcome.mask == outcome.pruned == {}
    assert events[-1].result["steps"] == 0 and events[-1].result["trainable_share"] == 0.0
    assert events[-1].result["changes"] == [] and not [e for e in events if isinstance(e, Ready)]


def test_a_folder_of_a_run_stopped_at_once_is_refused(tiny, four, tmp_path: Path) -> None:
    folder = folder_of(tiny, four, tmp_path / "run")
    bench = Workbench(PRESET, four, tiny, Baseline(tiny), weights_hash(tiny.model))
    with pytest.raises(LabError, match="before it changed anything") as refused:
        scene_in(bench, folder)
    assert "\n" not in str(refused.value) and "run it again" in str(refused.value)
    (folder / "events.jsonl").unlink()  # the summary alone says so too
    with pytest.raises(LabError, match="before it changed anything"):
        read_run(folder, tiny.base, four)


def test_a_method_that_trains_nothing_has_no_first_update(tiny, four, tmp_path: Path) -> None:
    folder = folder_of(tiny, four, tmp_path / "run", "manu")
    assert read_run(folder, tiny.base, four).delta


def test_a_restart_does_not_attack_what_was_stopped_at_once(tiny, four, tmp_path: Path) -> None:
    run_id = "0123456789abcdef"
    folder_of(tiny, four, tmp_path / run_id)
    engine = opened(tiny, four, tmp_path)
    assert engine.run(run_id).state == "stopped"
    with pytest.raises(LabError, match="unlearn first"):
        engine.submit_attack(run_id, AttackRecipe())


def test_the_page_s_run_that_is_stopped_at_once_is_no_side_of_a_chat(
    tiny, four, tmp_path: Path
) -> None:
    engine = opened(tiny, four, tmp_path)
    first = engine.submit(make.recipe(steps=1))
    wait(engine, first)
    assert sides(engine, first, "", False) == [ORIGINAL, first]
    view = engine.run(first)
    told = {
        "steps": view.events,
        "summary": (Done("stopped", {"steps": 3}),),
        "nothing": (Done("stopped", AT_ONCE),),
        "queue": (),
    }

    class Engine:
        def examples(self) -> tuple[()]:
            return ()

        def run(self, run_id: str) -> RunView:
            return replace(view, state="stopped", events=told[run_id])

    chatting = {name for name in told if len(sides(Engine(), name, "", False)) == 2}
    assert chatting == {"steps", "summary"}

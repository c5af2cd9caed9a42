"""The grid of relearning: every cell once, found again, and every reading by hand."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lab.attack import Attacker, Lesson, attacker_rows
from lab.errors import LabError
from lab.evaluation.asks import forget_asks
from lab.experiments import attack_grid as grids
from lab.experiments import claims, records
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe, Preset
from lab.report.grid_chart import read
from tests.unit import tiny as make

PRESET = Preset("demo", "tiny", "tiny")
BUDGET = AttackRecipe(steps=1, lr=1e-3, batch=1)


@pytest.fixture(scope="module")
def folders(tiny, four) -> list[grids.Folder]:
    """Two runs on two people with the same control."""
    made = []
    for who in ("p0", "p1"):
        recipe = make.recipe(entity=who, steps=1)
        delta = make.run(tiny, four, recipe)[0].delta
        scene = make.scene(tiny, four, delta, who, "p3", identity=f"delta of {who}")
        made.append(grids.Folder(recipe, scene))
    return made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two shares and two scopes; notes the cells that are carried out."""
    monkeypatch.setattr(grids, "SHARES", (0.01, 1.0))
    monkeypatch.setattr(grids, "SCOPES", ("vision", "both"))
    done: list[str] = []
    own = grids.relearned
    monkeypatch.setattr(
        grids,
        "relearned",
        lambda cell, before: (done.append(cell.who), own(cell, before))[1],
    )
    return done


def test_the_whole_grid_has_every_share_and_scope() -> None:
    cells = {(p.scope, p.share) for p in grids.plans(replace(BUDGET, kind="benign"))}
    assert cells == {
        (s, v) for s in ("vision", "language", "both") for v in (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
    }
    assert {p.kind for p in grids.plans(BUDGET)} == {"relearn"}


def test_each_cell_is_carried_out_once(tiny, folders, few, tmp_path: Path) -> None:
    before, said = weights_hash(tiny.model), []
    made = grids.grid(PRESET, folders, BUDGET, tmp_path, said.append)
    assert weights_hash(tiny.model) == before
    # both runs have the same controls
    assert sorted(few) == ["never_knew"] * 4 + ["text_only"] * 4 + ["unlearned"] * 8
    assert len(said) == 16 and said[0].startswith("cell 1 of 16") and "min left" in said[-1]
    assert made["runs"] == 2 and made["failed"] == 0 and len(made["cells"]) == 8
    assert {r["rows"] for r in made["cells"]} == {1, 24}  # never none
    assert made["paper"]["average_gain"] == 0.013 and "not the same model" in made["paper"]["said"]
    assert made["budget"] == {"steps": 1, "lr": 1e-3, "batch": 1, "seed": 0}
    table = pd.read_csv(tmp_path / "grid.csv")
    assert len(table) == 8 and set(table) >= {
        "entity",
        "scope",
        "share",
        "rows",
        "n",
        *grids.READINGS,
    }
    shown = read(tmp_path / "grid.csv")  # what the page needs is all there
    assert shown is not None and shown["entity"].tolist() == ["p0"] * 4 + ["p1"] * 4
    assert (shown["steps"][0], shown["lr"][0], shown["batch"][0]) == (1, 1e-3, 1)
    again = grids.grid(PRESET, folders, BUDGET, tmp_path, said.append)
    assert len(few) == 16 and again["cells"] == made["cells"] and len(said) == 16
    grids.grid(PRESET, folders[:1], replace(BUDGET, lr=2e-3), tmp_path, said.append)
    assert len(few) == 16 + 12  # another budget is another grid


def test_a_grid_that_was_cut_off_goes_on(folders, few, tmp_path: Path, monkeypatch) -> None:
    own = grids.relearned

    def pressed(cell, before):
        if len(few) == 3:
            raise KeyboardInterrupt
        return own(cell, before)

    monkeypatch.setattr(grids, "relearned", pressed)
    with pytest.raises(KeyboardInterrupt):
        grids.grid(PRESET, folders[:1], BUDGET, tmp_path, lambda _: None)
    monkeypatch.setattr(grids, "relearned", own)
    assert len(grids.grid(PRESET, folders[:1], BUDGET, tmp_path, lambda _: None)["cells"]) == 4
    assert len(few) == 12


def test_cells_that_another_process_makes_are_awaited(
    folders, few, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv(claims.VARIABLE, f"0 2 {tmp_path}")
    monkeypatch.setattr(records, "LOOK_SECONDS", 0.01)
    other = records.Records(tmp_path / "grid.jsonl")
    cell = grids.cells(PRESET, folders[0], grids.plans(BUDGET)[0])[0]
    assert other.take(cell.key)
    theirs = {"before": 0.5, "after": 0.75, "rows": 1, "n": 4, "chance": 0.25, "seconds": 1.0}
    later = threading.Timer(0.2, lambda: other.add(cell.key, theirs))
    later.start()
    made = grids.grid(PRESET, folders[:1], BUDGET, tmp_path, lambda _: None)
    later.join()
    assert len(few) == 11 and made["cells"][0]["gain"] == 0.25


def test_a_cell_is_a_relearning_of_the_same_budget(folders) -> None:
    plan = grids.plans(replace(BUDGET, steps=2))[-1]
    cell = grids.cells(PRESET, folders[0], plan)[0]
    made = grids.relearned(cell, 0.5)
    lesson = Lesson(attacker_rows(cell.side.entity, plan), forget_asks(cell.side.entity))
    attacker = Attacker(cell.side, plan, 2, lesson)
    *_, last = attacker.curve(lambda: False)
    assert made["after"] == last.forget and made["n"] == last.n and made["before"] == 0.5


def test_a_failed_cell_is_counted_and_left_out_of_the_means(
    folders, few, tmp_path: Path, monkeypatch
) -> None:
    def fails(self):
        raise LabError("no number")

    monkeypatch.setattr(Attacker, "update", fails)
    made = grids.grid(PRESET, folders[:1], BUDGET, tmp_path, lambda _: None)
    assert made["failed"] == 4 and made["means"] == {} and made["cells"][0]["failed"] == "no number"


def test_every_reading_by_hand(folders, tmp_path: Path) -> None:
    right = (True,) * 9 + (False,) * 3
    folder = replace(folders[0], scene=replace(folders[0].scene, right=right))
    plan = grids.plans(BUDGET)[0]
    records = grids.Records(tmp_path / "grid.jsonl")
    ours, control, text = grids.cells(PRESET, folder, plan)
    records.add(ours.key, {"before": 0.1, "after": 0.5, "rows": 1, "n": 12, "chance": 0.25})
    records.add(control.key, {"before": 0.25, "after": 0.45, "rows": 1, "n": 12, "chance": 0.25})
    records.add(text.key, {"before": 0.3, "after": 0.6, "rows": 1, "n": 12, "chance": 0.25})
    row = grids._row(PRESET, folder, plan, records)
    assert row["gain"] == pytest.approx(0.4) and row["vanilla_gap"] == pytest.approx(0.25)
    assert row["normalised"] == pytest.approx(0.4 / 0.65) and row["recovery"] == pytest.approx(0.05)
    assert row["recovery_text_only"] == pytest.approx(-0.1) and row["text_only_before"] == 0.3
    assert row["control_entity"] == row["text_only_entity"] == "p3"
    other = row | {"gain": 0.2, "normalised": None, "scope": "both", "share": 0.5}
    means = grids.means([row, other, {"failed": "x", "scope": "both", "share": 0.5}])
    assert means["all"]["cells"] == 2 and means["all"]["gain"] == pytest.approx(0.3)
    assert means["all"]["normalised"] == pytest.approx(0.4 / 0.65)  # of the one that has it
    assert means["both"]["cells"] == 1 and means["1%"]["gain"] == pytest.approx(0.4)
    assert set(means) == {"all", "vision", "both", "1%", "50%"}

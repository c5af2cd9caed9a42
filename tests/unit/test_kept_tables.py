"""The tables of kept CSV files by hand-computed values, and the mark of the first edition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from assets.build.tables import comparison, kept, markdown
from lab.experiments.result_file import edition
from lab.experiments.studies import RESULTS
from lab.report.text import catalogue
from lab.ui.steps import studies
from tests.unit.test_results import cells, known

text = catalogue()


def test_methods_are_compared_person_by_person(tmp_path: Path) -> None:
    (tmp_path / "protocol").mkdir()
    measures = ("forget_vqa", "retain_vqa", "forget_qa")
    runs = [
        {"method": method, "entity": who, "seed": seed, "failed": ""}
        | dict.fromkeys((f"after_{m}" for m in measures), value)
        for method, values in {"vkd": (0.1, 0.2, 0.3), "npo": (0.2, 0.4, 0.6)}.items()
        for who, value in zip("abc", values, strict=True)
        for seed in (0, 1)
    ]
    path = tmp_path / "protocol" / "runs.csv"
    pd.DataFrame(runs).assign(edition="first").to_csv(path, index=False)
    made = comparison.differences(tmp_path)
    # 10, 20 and 30 points: mean 20, standard deviation 10, t(2) = 4.303, over the root of three
    assert cells(made) == [["`npo`", "20.0 ± 24.8", "20.0 ± 24.8", "20.0 ± 24.8"]]
    assert markdown.FIRST_EDITION in made
    pd.DataFrame(runs).to_csv(path, index=False)
    assert markdown.FIRST_EDITION not in comparison.differences(tmp_path)


def test_how_a_method_was_tuned_is_told_with_the_edge_that_is_left(tmp_path: Path) -> None:
    (tmp_path / "protocol").mkdir()
    row = {"failed": 0, "tuning_people": "007 016", "people": 12, "seeds": 2, "n_forget_vqa": 36}
    settings = {"vkd": "lr=5e-05", "npo": "adapter_lr=0.001", "vanilla": ""}
    table = pd.DataFrame([{"method": m, "settings": s, **row} for m, s in settings.items()])
    trials = [("vkd", 0.5, 0.9), ("vkd", 0.99944, 0.8), ("npo", 0.25, 0.75)]
    columns = ["method", "score", "score_of_others"]
    kept_trials = pd.DataFrame(trials, columns=columns).assign(failed=0)
    kept_trials.to_csv(tmp_path / "protocol" / "trials.csv", index=False)
    path = tmp_path / "protocol" / "methods.csv"
    table.to_csv(path, index=False)
    plain = [["`vkd`", "lr=5e-05", "2", "0.999"], ["`npo`", "adapter_lr=0.001", "1", "0.250"]]
    assert cells(comparison.tuning(tmp_path)) == plain
    edge = "adapter_lr=0.001 (highest)"
    table.assign(widened=[0, 3, None], at_edge=["", edge, ""]).to_csv(path, index=False)
    made = comparison.tuning(tmp_path)
    assert cells(made) == [
        [*plain[0], "0.800", "0.900", "0", "–"],
        [*plain[1], "0.750", "0.750", "3", edge],
    ]
    assert "People 007, 016." in made and "0 failed" in made


def test_a_number_of_questions_is_whole_also_where_another_row_has_none(tmp_path: Path) -> None:
    (tmp_path / "protocol").mkdir()
    rows = [{"method": "vkd", "n_still_sees": 20}, {"method": "retain_only", "n_still_sees": None}]
    fixed = {"settings": "", "people": 6, "seeds": 1, "chance_forget_vqa": 0.25, "failed": 0}
    table = pd.DataFrame(rows).assign(still_sees=0.5, device="cpu", quantization="none", **fixed)
    table.to_csv(tmp_path / "protocol" / "methods.csv", index=False)
    assert "still sees 20;" in comparison.methods(tmp_path)


def test_the_grid_is_a_mean_over_shares_then_over_people(tmp_path: Path) -> None:
    rows = [
        {
            "entity": who,
            "scope": scope,
            "share": share,
            "after": after,
            "gain": after,
            "vanilla_gap": 0.0,
            "recovery": 0.1,
            "control_after": 0.2,
            "steps": 20,
            "lr": 1e-4,
            "batch": 4,
            "n": 36,
            "chance": 0.25,
            "quantization": "q",
        }
        for who, more in zip("abc", (0.0, 0.1, 0.2), strict=True)
        for scope, base in (("vision", 0.6), ("language", 0.1), ("both", 0.5))
        for share, after in ((0.1, base + more), (0.5, base + more + 0.2))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "attack-grid.csv", index=False)
    made = cells(kept.grid(tmp_path))
    assert [row[0] for row in made] == ["vision", "language", "both", "all"]
    assert made[0][1] == "80.0 ± 24.8" and made[3][1] == "60.0 ± 24.8" and made[0][3] == "10.0"
    assert cells(kept.shares(tmp_path))[0] == [
        "10 %",
        "70.0 ± 24.8 % (20.0 %)",
        "20.0 ± 24.8 % (20.0 %)",
        "60.0 ± 24.8 % (20.0 %)",
    ]


def test_the_controls_stand_beside_a_study_of_todays_models_alone(tmp_path: Path) -> None:
    shutil.copy(RESULTS / "study-destination.csv", tmp_path)
    pd.read_csv(RESULTS / "study-depth.csv").assign(edition="first").to_csv(
        tmp_path / "study-depth.csv", index=False
    )
    known(tmp_path, edition())
    made = kept.study(tmp_path, "destination")
    head = [c.strip() for c in made.splitlines()[0].split("|")[1:-1]]
    rows = {row[0]: dict(zip(head, row, strict=True)) for row in cells(made)}
    assert rows["never knew"]["still sees"] == "86.0 %" and rows["text only"]["unlearned"] == "–"
    assert "the 2 people whom they lack; made by" in " ".join(made.split())
    assert "never knew" not in kept.study(tmp_path, "depth")
    known(tmp_path, "of before")
    assert "never knew" not in kept.study(tmp_path, "destination")


def test_a_study_that_times_steps_asks_nothing_and_has_no_controls_beside_it(
    tmp_path: Path,
) -> None:
    shutil.copy(RESULTS / "study-frozen.csv", tmp_path)
    known(tmp_path, edition())
    made = kept.study(tmp_path, "frozen")
    assert "never knew" not in made and "n a row" not in made
    assert cells(made)[0] == ["the visual module (vkd)", cells(made)[0][1], "1.00 ± 0.00"]


def test_the_page_marks_what_is_of_the_first_edition_and_nothing_else() -> None:
    assert text.FIRST_EDITION in studies.compared(studies.methods_chart.read(studies.KEPT), text)[0]
    grid = studies.grid_chart.read(studies.GRID_KEPT)
    assert text.FIRST_EDITION not in studies.attacked(grid, text)[0]
    assert text.FIRST_EDITION in studies.attacked(grid.assign(edition="first"), text)[0]
    study = studies.STUDIES["depth"]
    table = studies.study_chart.read(studies.study_chart.path_of(study))
    assert table is not None
    first = table.assign(edition="first")
    assert text.FIRST_EDITION in studies.about(study, first, text)
    assert text.FIRST_EDITION not in studies.about(study, first.drop(columns="edition"), text)

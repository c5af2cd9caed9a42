"""The studies on the page, without a browser: tables read back, plots, words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lab.catalogue import METHODS
from lab.errors import LabError
from lab.experiments.studies import STUDIES, Study
from lab.report import grid_chart, methods_chart, study_chart
from lab.report.maps import MARK, method_sign
from lab.report.text import catalogue
from lab.ui.steps import studies as step

text = catalogue()

FACTS = {
    "people": "005 015",
    "seeds": 1,
    "choice": "by index",
    "model": "m",
    "quantization": "q",
    "device": "d",
    "command": "python -m lab study NAME --entities 2",
}


def kept(
    study: Study, folder: Path, variants: list[str] | None = None, **columns: object
) -> pd.DataFrame:
    """Write an answer as the command does and read it back."""
    names = variants or [v.name for v in study.variants]
    changes = {v.name: " ".join(f"{k}={x}" for k, x in v.changes.items()) for v in study.variants}
    usual = {
        "runs": 2,
        "failed": 0,
        "before_forget_vqa": 0.9,
        "after_forget_vqa": 0.1,
        "after_forget_vqa_ci": 0.3,
        "n_forget_vqa": 72,
        "chance_forget_vqa": 0.25,
        "before_retain_vqa": 1.0,
        "after_retain_vqa": 0.95,
        "after_retain_vqa_ci": 0.2,
        "steps": 4.0,
        "mask_density": 0.5,
        "seconds_total": 60.0,
    }
    table = pd.DataFrame(
        {"study": study.name, "variant": names, "changes": [changes.get(n, "") for n in names]}
    ).assign(**usual | columns | FACTS)
    table.to_csv(folder / "study.csv", index=False)
    read = study_chart.read(folder / "study.csv")
    assert read is not None
    return read


def test_an_answer_is_read_back_with_its_words(tmp_path: Path) -> None:
    table = kept(STUDIES["depth"], tmp_path)
    assert table["variant"].tolist() == ["1", "2", "4", "6", "8", "10", "12"]
    assert kept(STUDIES["ablation"], tmp_path)["changes"].tolist()[:2] == ["", "prune_share=0.0"]
    assert table["people"][0] == "005 015" and table["after_forget_vqa"].tolist() == [0.1] * 7


def test_no_answer_is_said_with_the_command(tmp_path: Path) -> None:
    assert study_chart.read(tmp_path / "study.csv") is None
    said = step.missing(
        study_chart.path_of(STUDIES["depth"]), step.USUAL.format(name="depth"), text
    )
    assert (
        "python -m lab study depth --entities 4" in said
        and "assets/results/study-depth.csv" in said
    )


@pytest.mark.parametrize(
    "content", ["", "variant,runs\na,1\n", '\x00\x01,,,\n"', "study,variant\n"]
)
def test_a_damaged_answer_is_one_clear_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "study-depth.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(LabError, match="study-depth.csv is no answer of a study"):
        study_chart.read(path)


def test_dots_show_the_means_the_original_and_bars_within_shares(tmp_path: Path) -> None:
    study = STUDIES["ablation"]
    figure = study_chart.plot(study, kept(study, tmp_path), text)
    forget, retain, chance = figure.data
    assert (forget.name, retain.name, chance.name) == ("forget VQA", "retain VQA", "chance")
    assert list(forget.x) == pytest.approx([0.9] + [0.1] * 6)
    assert list(retain.x) == pytest.approx([1.0] + [0.95] * 6)
    # 0.1 - 0.3 and 0.95 + 0.2 are no shares
    assert forget.error_x.arrayminus[1] == pytest.approx(0.1) and forget.error_x.array[
        1
    ] == pytest.approx(0.3)
    assert retain.error_x.array[1] == pytest.approx(0.05) and forget.error_x.array[0] == 0
    assert figure.layout.shapes[0].x0 == 0.25


def test_without_intervals_there_are_no_bars(tmp_path: Path) -> None:
    study = STUDIES["representation"]
    table = kept(study, tmp_path, runs=1, after_forget_vqa_ci=None, after_retain_vqa_ci=None)
    assert study_chart.plot(study, table, text).data[0].error_x.array is None
    assert study_chart.cell(table.iloc[0], "after_forget_vqa", "?", catalogue()) == "10.0%"


def test_the_redrawn_show_the_control(tmp_path: Path) -> None:
    study = STUDIES["style"]
    table = kept(study, tmp_path, ["held-out view", "grey"], control_forget_vqa=0.2, control_n=72)
    assert [t.name.split(":")[0] for t in study_chart.plot(study, table, text).data] == [
        "original",
        "unlearned",
        "control",
        "chance",
    ]
    head, rows = study_chart.table_rows(study, table, text)
    assert head[0] == "variant" and rows[1] == [
        "grey",
        "90.0%",
        "10.0%\u00a0±\u00a030.0",
        "20.0%",
        "2",
    ]
    assert "72 questions for the control" in step.about(study, table, text)


def test_thresholds_lie_in_their_cells_and_the_sensible_are_framed(tmp_path: Path) -> None:
    study = STUDIES["thresholds"]
    names = [v.name for v in study.variants]
    forget = [0.25 if n == "d_I 2%, d_F 1" else 0.26 for n in names]
    retain = [0.98 if n == "d_I 2%, d_F 1" else 0.99 for n in names]
    retain[0], forget[0] = 0.97, 0.1  # forgets, but costs three points
    figure = study_chart.plot(
        study, kept(study, tmp_path, after_forget_vqa=forget, after_retain_vqa=retain), text
    )
    left, right = figure.data[:2]
    assert list(left.x) == ["0.5", "1", "2", "4"] and list(left.y) == ["0%", "1%", "2%", "4%", "8%"]
    assert left.z[2][1] == 0.25 and left.z[0][0] == 0.1 and right.z[2][1] == 0.98
    frames = [(s.x0, s.y0, s.line.color) for s in figure.layout.shapes]
    assert frames == [(0.5, 1.5, MARK)] * 2  # column 1, row 2, once in each map


def test_how_many_and_on_what_stands_above_the_plot(tmp_path: Path) -> None:
    study = STUDIES["depth"]
    said = step.about(study, kept(study, tmp_path), text)
    for words in (
        "72 questions per row for forget VQA (chance 25%)",
        "People: 005 015",
        "Seeds: 1",
        "m, q, on d",
        "python -m lab study NAME --entities 2",
        "Failed runs in total: 0",
    ):
        assert words in said


def test_the_note_on_the_thresholds_names_what_retain_may_lose(tmp_path: Path) -> None:
    study = STUDIES["thresholds"]
    said = step.about(study, kept(study, tmp_path), text)
    assert "at most 2 points below the original model" in said and "{" not in said


def test_every_kept_answer_can_be_shown() -> None:
    for study in STUDIES.values():
        table = study_chart.read(study_chart.path_of(study), study.kind)
        if table is not None:
            assert study_chart.plot(study, table, text).data and step.about(study, table, text)
            assert (
                table["study"].eq(study.name).all()
                and f"lab study {study.name}" in table["command"][0]
            )


OUTCOMES = {"still_sees": 0.8, "names_other": 0.05, "says_unknown": 0.5}  # as measured after


def test_what_forgetting_looks_like_stands_in_a_study_with_n_and_chance(tmp_path: Path) -> None:
    study = STUDIES["depth"]
    sizes = {"n_still_sees": 100, "n_names_other": 32, "chance_still_sees": 0.6}
    columns = {f"{when}_{m}": v for m, v in OUTCOMES.items() for when in ("before", "after")}
    table = kept(study, tmp_path, **columns, **sizes)
    said = step.about(study, table, text)
    assert "100 questions per row for still sees (chance 60%)" in said
    assert "32 answers per row for names somebody else (no chance level)" in said
    head, rows = study_chart.table_rows(study, table, text)
    shown = dict(zip(head, rows[0], strict=True))
    assert (shown["still sees"], shown["names somebody else"]) == ("80.0%", "5.0%")
    for drawn in (
        study_chart.plot(study, table, text),
        study_chart.plot(STUDIES["style"], table, text),
    ):
        signs = [(t.name, t.marker.color, t.marker.symbol) for t in drawn.data[:-1]]
        assert len({sign[1:] for sign in signs}) == len(signs)
    dots = study_chart.dots(table, text.STUDY_SERIES, text.ORIGINAL, text)
    assert {"still sees", "names somebody else"} <= {trace.name for trace in dots.data}


def test_what_forgetting_looks_like_stands_in_the_comparison(tmp_path: Path) -> None:
    sizes = {"n_still_sees": 36, "n_names_other": 8, "chance_still_sees": 0.6}
    table = methods_chart.read(compared(tmp_path, **OUTCOMES, **sizes))
    words, _, html = step.compared(table, text)
    assert "up to 36 questions" in words and "60% of them" in words and "8 answers" in words
    assert "80.0%" in html and "names somebody else" in html and "does not know" in html
    assert "Still sees" not in step.compared(methods_chart.read(compared(tmp_path)), text)[0]


def compared(folder: Path, **columns: object) -> Path:
    """A table of the fair comparison as the command writes it, of two methods and the references."""
    told = {
        "tuning_people": "006 016",
        "test_people": "002 023",
        "seeds": 2,
        "attack": "both, 20 % of the rows",
        "model": "m",
        "quantization": "q",
        "device": "d",
        "command": "python -m lab compare --protocol",
        "chance_forget_vqa": 0.25,
        "n_forget_vqa": 36,
        "runs": 4,
        "failed": 0,
    }
    rows = [
        {
            "method": "vkd",
            "settings": "lr=0.0001",
            "forget_vqa": 0.1,
            "forget_vqa_ci": 0.2,
            "retain_vqa": 0.96,
            "retain_vqa_ci": 0.02,
            "gain": 0.8,
            "gain_ci": 0.1,
            "cpu_seconds": 30.0,
            "peak_memory_mb": 2300.0,
        },
        {"method": "silence", "settings": "", "forget_vqa": 0.25, "retain_vqa": 0.97, "failed": 1},
        {"method": "retain_only", "forget_vqa": 0.2, "retain_vqa": 0.88},
        {"method": "vanilla", "forget_vqa": 0.99, "retain_vqa": 0.97},
    ]
    path = folder / "methods.csv"
    pd.DataFrame([told | row | columns for row in rows]).to_csv(path, index=False)
    return path


def test_the_comparison_is_read_back_as_plot_and_table(tmp_path: Path) -> None:
    table = methods_chart.read(compared(tmp_path))
    assert table is not None
    figure = methods_chart.plot(table, text)
    assert [(t.name, t.x[0], t.y[0]) for t in figure.data] == [
        ("vkd", 0.1, 0.96),
        ("silence", 0.25, 0.97),
    ]
    assert figure.data[0].error_x.arrayminus[0] == pytest.approx(0.1)  # no bar goes below nothing
    lines = {
        a.text: s.x0 for a, s in zip(figure.layout.annotations, figure.layout.shapes, strict=True)
    }
    assert sorted(lines.values()) == [0.2, 0.25, 0.99]
    head, rows = methods_chart.table_rows(table, text)
    assert all(len(row) == len(head) for row in rows)
    assert (
        rows[0][0] == "vkd (lr=0.0001)"
        and "10.0%\u00a0±\u00a020.0" in rows[0]
        and "2,300 MB" in rows[0]
    )
    assert rows[1][-1] == "4 (1 failed)" and rows[1][-2] == "?"
    assert [row[0] for row in rows[2:]] == ["never knew", "Original"] and rows[3][-2] == "–"
    words, shown, html = step.compared(table, text)
    assert (
        shown["visible"]
        and "006 016" in words
        and "python -m lab compare --protocol" in words
        and "Original" in html
    )
    assert "These methods are not in the table yet: mmunlearner, vgid, manu" in words


def test_a_table_says_how_its_grids_were_widened_or_that_they_were_not(tmp_path: Path) -> None:
    table = methods_chart.read(compared(tmp_path))
    assert table is not None
    assert text.METHODS_NOT_WIDENED in step.compared(table, text)[0]
    table = methods_chart.read(compared(tmp_path, widened=2, at_edge="lr at its lowest"))
    assert table is not None and text.METHODS_WIDENED in step.compared(table, text)[0]
    head, rows = methods_chart.table_rows(table, text)
    assert head[1:3] == list(text.METHODS_TUNING) and rows[0][1:3] == ["2", "lr at its lowest"]
    inside = methods_chart.read(compared(tmp_path, widened=0, at_edge=""))
    assert inside is not None
    assert methods_chart.table_rows(inside, text)[1][0][1:3] == ["0", text.METHODS_INSIDE]


def test_every_method_has_a_sign_of_its_own() -> None:
    assert len({tuple(method_sign(method).values()) for method in METHODS}) == len(METHODS)


def test_no_comparison_is_said_with_the_command_and_a_damaged_one_in_a_line(tmp_path: Path) -> None:
    words, shown, html = step.compared(methods_chart.read(tmp_path / "methods.csv"), text)
    assert not shown["visible"] and html == "" and step.PROTOCOL in words
    (tmp_path / "methods.csv").write_text("method,runs\nvkd,1\n", encoding="utf-8")
    with pytest.raises(LabError, match="methods.csv is no table of the comparison"):
        methods_chart.read(tmp_path / "methods.csv")


def attacked(folder: Path, **columns: object) -> Path:
    """A grid as the command writes it: three people, two scopes, two shares, one cell failed."""
    told = {
        "method": "vkd",
        "rows": 2,
        "n": 36,
        "chance": 0.25,
        "before": 0.1,
        "vanilla": 1.0,
        "steps": 20,
        "lr": 1e-4,
        "batch": 4,
        "model": "m",
        "quantization": "q",
        "control_entity": "002",
        "control_after": 0.3,
    }
    rows = [
        told
        | {
            "entity": who,
            "scope": scope,
            "share": share,
            "after": after,
            "gain": after - 0.1,
            "vanilla_gap": 1 - after,
            "recovery": after - 0.3,
            "text_only_after": 0.35,
            "recovery_text_only": after - 0.35,
        }
        for who, more in (("003", 0.0), ("005", 0.1), ("007", 0.2))
        for scope, low in (("vision", 0.4), ("language", 0.2))
        for share, after in ((0.01, low), (1.0, low + more))
    ]
    failed = {
        k: rows[0][k] for k in ("method", "scope", "steps", "lr", "batch", "model", "quantization")
    }
    path = folder / "attack-grid.csv"
    pd.DataFrame(
        [r | columns for r in rows]
        + [failed | {"entity": "009", "share": 1.0, "failed": "out of memory"}]
    ).to_csv(path, index=False)
    return path


def test_the_grid_of_attacks_is_read_back_as_means_over_people(tmp_path: Path) -> None:
    table = grid_chart.read(attacked(tmp_path))
    assert table is not None
    traces = {t.name: t for t in grid_chart.plot(table, text).data}
    assert list(traces) == [
        "visual module",
        "visual module, never knew",
        "visual module, text only",
        "language LoRA",
        "language LoRA, never knew",
        "language LoRA, text only",
        "chance",
    ]
    ours, control = traces["visual module"], traces["visual module, never knew"]
    assert list(ours.x) == ["1%", "100%"] and list(ours.y) == pytest.approx([0.4, 0.5])
    # t(2 degrees of freedom) = 4.303, spread 0.1, three people
    assert ours.error_y.array[1] == pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-4)
    assert list(control.y) == pytest.approx([0.3, 0.3]) and control.line.dash == "dash"
    head, rows = grid_chart.table_rows(table, text)
    assert len(rows) == 4 and all(len(row) == len(head) for row in rows)
    assert head[-3:-1] == text.GRID_FAIR and rows[1][-2].startswith("15.0%")
    first = table.drop(columns=list(grid_chart.FAIR))  # as the first edition has it
    assert len(grid_chart.plot(first, text).data) == 5
    assert grid_chart.table_rows(first, text)[0] == text.GRID_HEAD
    assert (
        rows[1][:3] == ["visual module", "100% (2)", "50.0%\u00a0±\u00a024.8"]
        and rows[1][-1] == "3"
    )
    words, shown, html = step.attacked(table, text)
    assert shown["visible"] and "visual module" in html
    # gains 0.3 0.3 0.1 0.1, 0.3 0.4 0.1 0.2, 0.3 0.5 0.1 0.3
    for said in (
        "People: 003 005 007 009",
        "never knew 002",
        "Failed cells: 1",
        "20 steps",
        "25.0 points",
        "36 questions",
    ):
        assert said in words


def test_no_grid_is_said_with_the_command_and_a_damaged_one_in_a_line(tmp_path: Path) -> None:
    words, shown, html = step.attacked(grid_chart.read(tmp_path / "attack-grid.csv"), text)
    assert not shown["visible"] and html == "" and "--kind grid" in words
    (tmp_path / "attack-grid.csv").write_text("entity,after\n003,1\n", encoding="utf-8")
    with pytest.raises(LabError, match="attack-grid.csv is no grid of attacks"):
        grid_chart.read(tmp_path / "attack-grid.csv")


def test_the_kept_grid_can_be_shown() -> None:
    table = grid_chart.read(step.GRID_KEPT)
    assert (
        table is not None
        and grid_chart.plot(table, text).data
        and "20 steps" in step.attacked(table, text)[0]
    )

"""The documents are what their result files say: blocks, tables by hand-computed values."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.build import documents
from assets.build.tables import (
    aims,
    attacks,
    general,
    knowledge,
    load,
    markdown,
    page,
    people,
    speed,
    students,
)
from lab.bench.aims import AIMS, summary
from lab.bench.load.figures import Kill, as_json, crowd_of, kept_of
from lab.bench.load.walk import Walked
from lab.errors import LabError
from lab.events.relearning import measures
from lab.experiments.result_file import edition, read
from lab.experiments.statistics import bootstrap
from lab.experiments.studies import RESULTS
from tests.unit.test_load import loaded, ran, two_walks


def hold(folder: Path, name: str, rows: list[dict[str, Any]], **fits: Any) -> Path:
    """Write a result file as the command does; returns its folder."""
    about = {"date": "2026-01-02", "device": "cpu, 2 threads"}
    held = {"fits": {"models": edition()} | fits, "rows": [about | row for row in rows]}
    (folder / f"{name}.json").write_text(json.dumps(held), encoding="utf-8")
    return folder


def cells(table: str) -> list[list[str]]:
    """The rows of a Markdown table below its head."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[c.strip() for c in line.strip("|").split("|")] for line in lines[2:]]


# ---- documents and blocks


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in documents.DOCUMENTS])
def test_a_document_is_what_its_files_say(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert documents.filled(text) == text, "run: python -m assets.build.results --write"


def test_every_table_stands_in_one_document_and_every_mark_is_a_whole_block() -> None:
    texts = [p.read_text(encoding="utf-8") for p in documents.DOCUMENTS]
    shown = Counter(name for text in texts for name in documents.names(text))
    assert shown == Counter(documents.TABLES.keys())
    marks = sum(text.count("<!-- results:") + text.count("<!-- end -->") for text in texts)
    assert marks == 2 * sum(shown.values())


def test_a_changed_figure_in_a_block_is_put_right_and_text_around_it_stays(tmp_path: Path) -> None:
    text = "a 5 %\n<!-- results: grid -->\n| 99 % |\n<!-- end -->\nb"
    new = documents.filled(text, tmp_path)
    assert new == f"a 5 %\n<!-- results: grid -->\n\n{documents.NOT_YET}\n\n<!-- end -->\nb"
    assert documents.filled(new, tmp_path) == new


def test_an_unknown_table_is_named_with_the_valid_ones() -> None:
    with pytest.raises(LabError, match="no table is called 'nothing': valid are models, turns"):
        documents.filled("<!-- results: nothing -->\n<!-- end -->")


@pytest.mark.parametrize("name", documents.TABLES)
def test_a_table_without_its_file_is_empty(name: str, tmp_path: Path) -> None:
    assert documents.TABLES[name](tmp_path) == ""


def test_the_line_under_a_table_says_device_days_and_another_edition() -> None:
    rows = [{"date": "2026-01-03", "device": "b"}, {"date": "2026-01-02", "device": "a"}]
    said = markdown.under({"fits": {"models": edition()}, "rows": rows}, "n 4;")
    assert said == "n 4; a, b; 2026-01-02 to 2026-01-03; made by `make results`."
    other = markdown.under({"fits": {"models": "older"}, "rows": rows}, "n 4;")
    assert " ".join(other.split()) == markdown.OTHER_EDITION + said


def test_words_of_a_model_are_no_markup() -> None:
    assert markdown.plain("a | [b](c)\n<i> `d`") == (
        "a &#124; &#91;b&#93;(c) &lt;i&gt; &#96;d&#96;"
    )


@pytest.mark.parametrize("code", ["`python -m lab study NAME --out DIR`", "`make results`"])
def test_no_line_is_broken_within_code(code: str) -> None:
    lines = markdown.wrapped("word " * 18 + code + " end").splitlines()
    assert len(lines) == 2 and lines[1] == f"{code} end"


# ---- tables of files that are measured


def test_the_page_is_shown_by_its_words_and_its_fullest_head(tmp_path: Path) -> None:
    row = {"words": [80, 90], "above": [0.1, 0.155], "seconds": 0.84, "clicks": 0}
    hold(tmp_path, "page", [{"id": "390 x 844", **row}], rounds=5)
    assert cells(page.page(tmp_path)) == [["390 x 844", "80 / 90", "15.5 %", "0.8 s", "0"]]
    assert "the median of 5 fresh browsers" in " ".join(page.page(tmp_path).split())


def test_what_the_models_know_is_put_together_by_n_and_turned_for_strangers(tmp_path: Path) -> None:
    def row(model: str, measure: str, about: str, share: float, n: int) -> dict[str, Any]:
        return {
            "model": model,
            "measure": measure,
            "about": about,
            "share": share,
            "n": n,
            "chance": 0.25,
        }

    hold(
        tmp_path,
        "models",
        [
            row("vanilla", "forget_vqa", "everybody", 1.0, 30),
            row("vanilla", "forget_vqa", "left_out", 0.5, 10),
            row("vanilla", "names_other", "strangers", 0.1, 20),
            row("never-knew", "forget_vqa", "everybody", 0.9, 30),
        ],
        seeds=[0],
    )
    assert cells(knowledge.models(tmp_path)) == [
        ["all people", "VQA, multiple choice", "25.0 %", "40", "87.5 %", "–"],
        [
            "people whom every model met",
            "VQA, multiple choice",
            "25.0 %",
            "30",
            "100.0 %",
            "90.0 %",
        ],
        ["people left out of some models", "VQA, multiple choice", "25.0 %", "10", "50.0 %", "–"],
        ["held-out strangers", "not named as one of the people", "–", "20", "90.0 %", "–"],
    ]


MEASURED = (
    "forget_vqa",
    "forget_name",
    "names_other",
    "says_unknown",
    "still_sees",
    "forget_qa",
    "retain_vqa",
    "retain_qa",
    "general_qa",
    "pictures_vqa",
)


def person(who: str, forget: float, retain: float, identical: bool = True) -> dict[str, Any]:
    after = dict.fromkeys(MEASURED, 0.5) | {"forget_vqa": forget, "retain_vqa": retain}
    return {
        "id": who,
        "seed": 0,
        "steps": 4,
        "before": dict.fromkeys(MEASURED, 1.0),
        "after": after,
        "n": dict.fromkeys(MEASURED, 8),
        "chance": {"forget_vqa": 0.25},
        "text_logits_identical": identical,
        "mask_density": 0.5,
        "seconds": {"train": 10 + 100 * forget, "total": 60.0},
    }


def test_the_people_have_a_row_each_a_mean_and_the_worst(tmp_path: Path) -> None:
    failed = {"id": "003", "failed": "out of memory"}
    hold(tmp_path, "people", [person("001", 0.1, 0.9), failed, person("002", 0.3, 0.7, False)])
    rows = cells(people.people(tmp_path))
    assert [row[0] for row in rows] == ["001", "002", "**mean**", "**worst**"]
    assert rows[0][1] == "10.0 %" and rows[0][-1] == "yes" and rows[1][-1] == "no"
    assert rows[2][1] == "20.0 %" and rows[2][8] == "80.0 %" and rows[2][-1] == "1 of 2"
    assert rows[3][1] == "30.0 %" and rows[3][8] == "70.0 %"
    made = people.people(tmp_path)
    assert "1 failed" in made and "Retain VQA by 20.0 points on average, 30.0 at most." in made
    summary = {row[0]: row[1:] for row in cells(people.people_summary(tmp_path))}
    assert summary["Forget VQA"] == ["25.0 %", "100.0 %", "20.0 % (worst 30.0 %)", "8"]
    assert summary["Retain VQA"] == ["–", "100.0 %", "80.0 % (worst 70.0 %)", "8"]
    assert summary["Forget QA, text only"][2] == "50.0 %"  # not identical for everybody
    assert cells(people.people_times(tmp_path))[0] == ["train", "30.0 s", "40.0 s"]


def test_an_aim_is_missed_by_the_mean_or_by_one_person_where_it_says_so(tmp_path: Path) -> None:
    people_ = [person("001", 0.1, 0.97), person("002", 0.3, 0.99)]
    for row in people_:
        row["after"] |= {"still_sees": 0.95, "names_other": 0.0, "forget_name": 0.0}
        row["before"]["retain_vqa"] = 0.98
    hold(tmp_path, "people", people_)
    reached = {row[0]: row[3:] for row in cells(aims.aims(tmp_path))}
    assert reached["Forget VQA"] == ["at most 15 %", "**no**: 20.0 %, 30.0 at worst"]
    assert reached["Still sees what is visible"][1] == "yes: 5.0 points lost, 5.0 at worst"
    assert reached["Retain VQA"][1] == "yes: 0.0 points lost, 1.0 at worst"
    assert reached["Text-only logits"][1] == "yes: 2 of 2"
    said = " ".join(aims.missed(tmp_path).split())
    assert said.startswith("* VKD misses 1 of 6 aims over 2 people: ")
    assert said.endswith(" Forget VQA: 20.0 %, 30.0 at worst; the aim is at most 15 %.")
    people_[0]["after"]["retain_vqa"], people_[1]["after"]["retain_vqa"] = 0.94, 1.0
    hold(tmp_path, "people", people_)  # 1 point on average, but 4 of one person
    assert "Retain VQA: 1.0 points lost, 4.0 at worst;" in " ".join(aims.missed(tmp_path).split())


def known(folder: Path, models: str) -> Path:
    """What the controls answer about two people whom they lack, and the others about everybody."""
    rows = [
        {"model": model, "about": about, "measure": "still_sees", "share": share}
        for model, about, share in (
            ("vanilla", "left_out", 0.98),
            ("never-knew", "everybody", 0.95),
            ("never-knew", "left_out", 0.86),
            ("text-only", "left_out", 0.84),
        )
    ]
    return hold(folder, "models", rows, models=models, left_out=["001", "002"])


def test_the_controls_of_the_same_models_stand_beside_the_people(tmp_path: Path) -> None:
    hold(tmp_path, "people", [person("001", 0.1, 0.9)])
    known(tmp_path, edition())
    summary = {row[0]: row[1:] for row in cells(people.people_summary(tmp_path))}
    assert summary["Still sees what is visible"] == [
        "–",
        "100.0 %",
        "50.0 %",
        "86.0 %",
        "84.0 %",
        "8",
    ]
    assert summary["Retain VQA"][-3:-1] == ["–", "–"]
    beside = {row[0]: row for row in cells(aims.aims(tmp_path))}
    assert beside["Still sees what is visible"][3:5] == ["86.0 %", "84.0 %"]
    for made in (people.people_summary(tmp_path), aims.aims(tmp_path)):
        assert "asked about the 2 people whom they lack;" in " ".join(made.split())
    known(tmp_path, "of before")
    assert "never knew" not in people.people_summary(tmp_path) + aims.aims(tmp_path)


def test_the_students_a_gpu_carries_are_arithmetic_over_what_was_timed(tmp_path: Path) -> None:
    hold(tmp_path, "people", [person("001", 0.1, 0.9), person("002", 0.1, 0.9)])
    row = {
        "model": "big-7b",
        "quantization": "nf4",
        "seconds": {"importance": 2.0, "fisher": 13.0, "prepare": 1.0, "vkd_step": 0.5},
        "n": {"steps": 7},
    }
    hold(tmp_path, "sizes", [row])
    # 30 runs of 60 s, of 15 s, and of 15 + 1 + 20 * 0.5 s, one after another and on four GPUs
    assert [row[1:] for row in cells(students.students(tmp_path))] == [
        ["60.0 s", "2", "30.0 min", "7.5 min", "10"],
        ["15.0 s", "1", "7.5 min", "1.9 min", "40"],
        ["26.0 s", "1, 7 steps", "13.0 min", "3.2 min", "23"],
    ]
    (tmp_path / "people.json").unlink()
    assert len(cells(students.students(tmp_path))) == 2


def test_the_summary_fits_the_readme_and_says_what_is_identical(tmp_path: Path) -> None:
    hold(tmp_path, "people", [person("001", 0.1, 0.9)])
    made = people.people_summary(tmp_path)
    assert max(map(len, made.splitlines())) <= 100 and made.count("logits identical") == 3
    readme = documents.DOCUMENTS[0].read_text(encoding="utf-8")
    assert len(documents.filled(readme, tmp_path).splitlines()) <= 150


def test_general_text_is_counted_by_tokens_with_an_interval(tmp_path: Path) -> None:
    prompts = [
        {
            "id": f"prompt/{k:02d}",
            "turns": ["Hi", "Why?"],
            "untouched": ["a", "b"],
            "taught": ["c|", "d"],
            "nats": nats,
            "tokens": tokens,
        }
        for k, (nats, tokens) in enumerate([(1.0, 10), (2.0, 30), (3.0, 60)])
    ]
    asked = {
        "id": "questions",
        "untouched": [True, False, False, False],
        "taught": [True, True, False, False],
    }
    hold(tmp_path, "general", [*prompts, asked], most_tokens=64)
    rows = cells(general.general(tmp_path))
    assert rows[0][1] == "0.060" and rows[0][3] == "3 prompts, 100 tokens"  # 6 nats over 100
    low, high = map(float, rows[0][2].split(" to "))
    assert 0.05 <= low <= 0.06 <= high <= 0.1  # every prompt's own ratio lies in 0.05 to 0.1
    assert [row[1] for row in rows[1:]] == ["25.0 %", "50.0 %", "25.0"]
    assert cells(general.general_answers(tmp_path))[0] == ["Hi<br>Why?", "a<br>b", "c&#124;<br>d"]


def attacked(method: str, name: str, controls: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"id": f"{method}/{name}", "method": method, "attack": name, "before": 0.1, "after": 0.8}
    made = head | {"controls": controls, "gain_untrained": None} | more
    return made | (measures(made, controls) if "curve" in made else {})


FACES = {"original": (0.25, 1.0), "unlearned": (0.5, 0.75), "never_knew": (0.0, 0.25)}


def curve_of(who: str) -> dict[str, Any]:
    found = zip(("block 1", "projector"), FACES[who], strict=True)
    steps = [{"name": name, "nearest": share, "linear": 0.5} for name, share in found]
    return {"who": who, "depths": steps, "n_target": 4, "chance_nearest": 0.1}


def test_attacks_stand_beside_the_control(tmp_path: Path) -> None:
    run = {
        "method": "vkd",
        "entity": "002",
        "seed": 0,
        "n": {"forget_vqa": 36},
        "chance": {"forget_vqa": 0.25},
        "before": dict.fromkeys(MEASURED, 1.0),
        "after": dict.fromkeys(MEASURED, 0.5),
    }
    control = {
        "never_knew": {"before": 0.2, "after": 0.6, "curve": [[0, 0.2], [5, 0.6]]},
        "text_only": {"before": 0.2, "after": 0.7, "curve": [[0, 0.2], [5, 0.7]]},
    }
    gains = {"unlearned": 0.7, "never_knew": 0.4, "text_only": 0.5}
    curve = [[0, 0.1], [5, 0.8]]
    hold(
        tmp_path,
        "attacks",
        [
            {"id": "vkd", **run},
            attacked("vkd", "vision", control, curve=curve, kind="relearn"),
            attacked("vkd", "both", control, curve=curve, kind="facts", gain_untrained=gains),
            attacked("vkd", "images", {}, highest="sketch", kind="images"),
            {"id": "silence", **run, "method": "silence"},
            {"id": "vkd/depths", "method": "vkd", "depths": {w: curve_of(w) for w in FACES}},
            {
                "id": "silence/depths",
                "method": "silence",
                "depths": {w: curve_of(w) for w in FACES},
            },
            attacked("silence", "vision", control, curve=[[0, 0.3], [5, 0.4]], kind="relearn"),
            attacked("silence", "both", control, curve=[[0, 0.3], [5, 0.9]], kind="relearn"),
        ],
    )
    assert cells(attacks.attacks(tmp_path)) == [
        ["relearn", "10.0 %", "80.0 %", "20.0 %, 60.0 %", "20.0 %, 70.0 %"],
        ["both", "10.0 %", "80.0 %", "20.0 %, 60.0 %", "20.0 %, 70.0 %"],
        ["images", "10.0 %", "80.0 % (sketch)", "–", "–"],
    ]
    made = attacks.attackers(tmp_path)
    assert "| vision | 20, 60 % | 20, 70 % | 10, 80 % | 30, 40 % |" in made
    assert "| both | 20, 60 % | 20, 70 % | 10, 80 % | 30, 90 % |" in made
    # means over 5 steps: .45 less .4 and .45; to 50 % 2.86 steps, to 80 % 5, the controls 3.75 and 3
    row = "5.0, 0.0 | 0.76, 0.95 | ≤ 1.00, ≤ 1.00 | 0.57, 0.71 |"
    assert f"| `vkd` | vision | {row} – |" in made
    assert f"| `vkd` | both | {row} 70.0, 40.0, 50.0 |" in made
    assert "| `silence` | vision | -5.0, -10.0 | ≥ 1.33, ≥ 1.67 | –, – | 0.57, 0.71 | – |" in made
    deep = attacks.depths(tmp_path)
    assert cells(deep) == [
        ["block 1", "25.0 %", "50.0 %", "50.0 %", "0.0 %"],
        ["projector", "100.0 %", "75.0 %", "75.0 %", "25.0 %"],
    ]
    assert "| after | original | `vkd` | `silence` | never knew |" in deep
    assert "Person 002, seed 0; n 4, chance 10.0 %;" in deep
    assert "After 0, 5 steps." in made and "| `silence` | 50.0 % | 50.0 % | 50.0 % |" in made


def test_a_class_at_once_is_shown_by_load_with_what_does_not_hold(tmp_path: Path) -> None:
    found = crowd_of([Walked(0, seconds=9), Walked(1, seconds=9)], Walked(2))
    good = loaded(found, kept_of(90.0, 100.0, [130.0, None], 110.0))
    alone = Walked(2, ran=[ran(2, 0, 0, 1.5)], answers=[1.0, 3.0])
    bad = loaded(crowd_of(two_walks(), alone), kept_of(None, 100.0, [], 120.0), ("x",))
    bad = replace(bad, kill=Kill(3, 12.5))
    rows = {"tiny": as_json(good), "tiny+kill": as_json(bad)}
    plain = json.loads(json.dumps([{"id": name, **row} for name, row in rows.items()]))
    made = load.load(hold(tmp_path, "load", plain))
    steps, facts = (cells(part) for part in made.split("\n\n")[:2])
    assert len(steps) == 8 and ["tiny+kill", "unlearn", "2", "2.00 s", "3.00 s"] == steps[5][:5]
    assert steps[5][5:] == ["2.00 s", "2.00 s", "1.50 s"]
    assert ["tiny+kill", "question", "2", "–", "–", "3.00 s", "4.00 s", "2.00 s"] in steps
    told = {row[0]: row[1:] for row in facts}
    assert told["went the whole way"] == ["2 of 2", "1 of 2"]
    assert told["killed after, ready again after"] == ["–", "3 runs, 12 s"]
    assert told["errors, lost runs"] == ["0, 0", "1, 1"]
    memory = told["MB ready, after one visitor, at worst, afterwards"]
    assert memory[0] == "90, 100, 130, 110 (1.10 times one visitor's)"
    assert memory[1] == "–, 100, 120, 120 (1.20 times one visitor's)"
    assert told["memory back to within 10 %"] == ["yes", "**no**"]
    idle = next(row for name, row in told.items() if name.startswith("idle room"))
    assert idle[0] == "2 streams, 1.0 a second, 3.1 % and –"
    assert "2 visitors, 4 steps a run and an attack, measured once; cpu;" in made


def test_speed_and_growth_come_from_one_row(tmp_path: Path) -> None:
    ratio = {
        "name": "step",
        "what": "a step",
        "seconds": 1.5,
        "against": "another",
        "against_seconds": 3.0,
        "ratio": 0.5,
        "target": "at most 0.6",
        "n": 5,
    }
    point = {"n": 10, "seconds": 0.25, "megabytes": None, "page_ms": 1.5}
    row = {
        "ratios": [ratio],
        "overlay_ms": 20.4,
        "run_mb": 12.34,
        "start_seconds": 8.0,
        "own_import_seconds": 0.3,
        "peak_memory_mb": 2500,
        "quantization": "gguf-q4",
        "growth": {"stored_runs": [point, point | {"n": 1000}]},
    }
    hold(tmp_path, "bench", [row], rounds=5)
    assert cells(speed.speed(tmp_path))[0] == [
        "a step (1.50 s)",
        "another (3.00 s)",
        "0.50",
        "at most 0.6",
        "5",
    ]
    assert cells(speed.growth(tmp_path)) == [
        ["stored runs", "10 / 1,000", "0.25 / 0.25", "–", "1.5 / 1.5"]
    ]


def test_what_a_visitor_waits_for_is_told_with_aims_that_are_missed(tmp_path: Path) -> None:
    figures = {
        "before": {
            "inside": 9.0,
            "one_answer": 3.0,
            "both_answers": 6.0,
            "peak_mb": 2000,
            "ready": 9,
        },
        "today": {
            "inside": 4.0,
            "one_answer": 2.0,
            "both_answers": 2.5,
            "peak_mb": 1500,
            "ready": 7.5,
        },
    }
    records = [
        {"part": name, "tree": tree, "figures": {name: value}}
        for tree, values in figures.items()
        for name, value in values.items()
    ]
    about = {"commit": "a" * 40, "today": "b" * 40 + "+", "entity": "p0", "device": "cpu, 2 cores"}
    (tmp_path / "against.json").write_text(json.dumps({**about, **summary(records)}), "utf-8")
    made = speed.against(tmp_path)
    assert cells(made) == [
        ["looking inside", "9.00 s", "4.00 s", "2.25", "at least 2 times as fast", "yes", "1"],
        [
            "two answers beside each other",
            *("6.00 s", "2.50 s", "2.40", "at least 2 times as fast", "yes", "1"),
        ],
        [
            "one answer (ratio: two of today to one of today)",
            *("3.00 s", "2.00 s", "1.25", "both at most 1.15 times as long as one", "**no**", "1"),
        ],
        ["peak memory of a run", "2,000 MB", "1,500 MB", "0.75", "at most 60 %", "**no**", "1"],
        ["from the start to a ready model", "9.00 s", "7.50 s", "–", "at most 8 s", "yes", "1"],
    ]
    said = " ".join(made.split())
    assert "3 of 5 aims are reached." in said and "commit aaaaaaa" in said
    assert "commit bbbbbbb with changes, person p0; cpu, 2 cores;" in said


def test_every_aim_has_words_and_a_unit() -> None:
    assert [aim.name for aim in AIMS] == [*speed.WAITS]
    assert {aim.unit for aim in AIMS} == set(speed.UNITS)


def test_a_bootstrap_interval_holds_the_figure_and_is_the_same_every_time() -> None:
    def share(values: Any) -> float:
        return sum(values) / len(values)

    assert bootstrap([0.5] * 7, share) == (0.5, 0.5)
    low, high = bootstrap([0, 1] * 50, share)
    # a share of one half of 100 has a standard error of 0.05
    assert 0.38 <= low <= 0.42 and 0.58 <= high <= 0.62
    assert bootstrap([0, 1] * 50, share) == (low, high)


def test_no_step_of_the_recorded_example_has_more_words_than_asked() -> None:
    held = read(RESULTS / "page.json")
    many = [row["id"] for row in held["rows"] if max(row["words"]) > 120] if held else None
    assert many == ["1920 x 1080"]  # where the curve of step 3 stands beside the answers of step 4

"""What strangers give the lab: files that would fill the memory, run as a formula or as a script."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from lab import recipe as recipes
from lab.errors import LabError
from lab.evaluation.item_table import Line, Said, table
from lab.events import Bar, Curve, Done, Event, Importance
from lab.events.lines import KINDS, LONGEST, curve_rows, from_line, to_line
from lab.experiments.csv_tables import guarded
from lab.experiments.studies import RESULTS
from lab.files import inert
from lab.model.overlay import load_delta, save_delta
from lab.recipe import Recipe, load_preset, revise
from lab.recipe.flat_yaml import LARGEST, read_flat
from lab.recipe.run_file import read_recipe
from lab.report.page import page
from lab.report.text import catalogue
from tests.unit.test_eventlog import EVENTS

BOMB = (
    "steps: [&a [x,x,x,x,x,x,x,x,x,x]"
    + "".join(  # a million x: with three letters more, a billion
        f",&{b} [{','.join([f'*{a}'] * 10)}]" for a, b in zip("abcde", "bcdef", strict=True)
    )
    + "]\n"
)
SCRIPT = "<script>alert(1)</script>"
NINES = "9" * 5_000


def refusal(path: Path) -> str:
    with pytest.raises(LabError) as refused:
        read_recipe(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        "steps: " + NINES,
        "steps: 0x" + "f" * 60_000,
        "steps: -" + NINES,
        NINES + ": 1",
        "steps: " + "[" * 10_000,
        "steps: [1]",
        "steps: {a: 1}",
        "[" * 30_000,
        "{" * 30_000,
        "a: " * 9_000,
        "- " * 30_000,
        "? " * 30_000,
        "!" * 30_000,
        "a: !!" + "x" * 30_000,
        "a: &" + "x" * 30_000,
        "steps: *nobody",
        "steps: &here 1\nseed: *here",
        "<<: {steps: 1}",
        "1: 2",
        "? [a]\n: 1",
        "null: 1",
        "entity: 2024-01-01",
        "entity: 2024-99-99",
        "entity: !!binary aGk=",
        "entity: !!int ''",
        "entity: !!float ''",
        "entity: !!bool x",
        "entity: !!timestamp x",
        "!!set {entity}",
        "!!omap [entity: p0]",
        "entity: p0\n---\nseed: 1",
        "x" * 40_000 + ": 1",
        "entity: p0\n" + "#" * 70_000,
        "",
        "5",
        "\0",
        "entity: \xe9".encode("latin-1"),
        b"\xff\xfe",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_a_hostile_recipe_is_refused_in_one_short_line(data: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    words = refusal(path)
    assert words.isprintable() and len(words) < 600
    assert words.startswith("recipe.yaml ") or "recipe key" in words or ": " in words


def test_a_huge_recipe_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole: whoever reads it all runs out of memory
    assert f"larger than {LARGEST // 1024} KB" in refusal(path)
    assert "cannot be read" in refusal(tmp_path)


def test_a_recipe_of_the_lab_is_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("preset: demo\nentity: '001'\nlr: 1.0e-05\nsteps: 7\n", encoding="utf-8")
    assert read_recipe(path) == replace(Recipe(), entity="001", lr=1e-5, steps=7)
    assert read_flat(path)["preset"] == "demo"


@pytest.mark.parametrize(
    "changes",
    [
        {"x" * 5_000: 1},
        {"steps": "x" * 5_000},
        {"steps": NINES},
        {"steps": 10**5_000},
        {"entity": 10**5_000},
        {"lr": NINES},
        {"lr": 10**5_000},
        {"method": "v" * 5_000},
        {"mask_mode": ["x"] * 5_000},
        {"entity": ["x"] * 5_000},
        {"seed": -(10**5_000)},
        {"steps": {"a": "x" * 5_000}},
        {"steps": "\n" * 500},
        {10**5_000: 1},
        {("a", "b"): 1},
    ],
    ids=lambda changes: type(next(iter(changes.values()))).__name__,
)
def test_no_message_repeats_what_is_long(changes: dict[Any, Any]) -> None:
    with pytest.raises(LabError) as refused:
        revise(Recipe(), changes)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "not a preset"),
        ("model: x\nbenchmark: people\nrecipe: 5", "recipe"),
        ("model: x\nbenchmark: people\nrecipe: {steps: {a: 1}}", "not a preset"),
        ("model: {a: b}\nbenchmark: people", "not a preset"),
        ("model: [x]\nbenchmark: people", "not a preset"),
        (f"{'k' * 900}: x", "unknown key"),
        (f"model: {NINES}", "not a preset"),
        ("model: x\nbenchmark: people\nrecipe: {1: 2}", "not a preset"),
    ],
)
def test_a_hostile_preset_is_refused(text: str, words: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(recipes, "PRESETS", tmp_path)
    with pytest.raises(LabError, match=words) as refused:
        load_preset("mine")
    assert str(refused.value).isprintable() and len(str(refused.value)) < 600


def test_a_long_name_of_a_preset_is_cut() -> None:
    with pytest.raises(LabError) as refused:
        load_preset("x" * 5_000)
    assert len(str(refused.value)) < 600


def line(event: Event, **changes: object) -> str:
    return json.dumps({**json.loads(to_line(event)), **changes})


def of(kind: type) -> Any:
    return next(e for e in EVENTS if isinstance(e, kind))


@pytest.mark.parametrize(
    "text",
    [
        '{"event": "Curve", "who": "control", "step": '
        + NINES
        + ', "forget": 0.5, "n": 1, "chance": 0.2}',
        '{"event": "Done", "reason": "x", "result": ' + '{"a":' * 900 + "1" + "}" * 901,
        '{"event": "Done", "reason": "x", "result": ' + '{"a":' * 20 + "1" + "}" * 21,
        '{"event": "Done", "reason": "x", "result": {"a": [' + "[]," * 2_000_000 + "[]]}}",
        '{"event": "Done", "reason": "\\ud800", "result": {}}',
        '{"event": "Done", "reason": "x", "result": [1]}',
        '{"event": "Done", "reason": "x", "result": null}',
        '{"event": "Done", "reason": "' + "x" * LONGEST + '", "result": {}}',
        '{"event": ["Done"]}',
        '{"event": "Phase", "name": "x", "done": true}',
        line(of(Bar), n=SCRIPT),
        line(of(Bar), name=["x"]),
        line(of(Bar), forget="0.5"),
        line(of(Bar), n=None),
        line(of(Bar), forget=10**400),
        line(of(Curve), step=10**30),
        line(of(Curve), who={"a": 1}),
        line(of(Importance), forget=[]),
        line(of(Importance), score=[1, 2]),
        line(of(Importance), heat=1),
        line(of(Importance), layers=[], forget=[], retain=[], score=[], pruned=[]),
        line(of(Importance), layers="ab"),
        line(of(Importance), layers=[1, 2]),
        line(of(Importance), images=[1]),
        line(of(Importance), images=[1, "2"]),
        line(of(KINDS["Saliency"]), counts=[1]),
        line(of(KINDS["Saliency"]), counts=[[[1e30, 4], [0, 0]]]),
        line(of(KINDS["Saliency"]), density=[[[[0.5]]]]),
        line(of(KINDS["Saliency"]), edges=[1.0]),
        line(of(KINDS["Answers"]), right_after=["x", "y"]),
        line(of(KINDS["Answers"]), after=[1, 2]),
        line(of(KINDS["Answers"]), before=["one"]),
    ],
    ids=lambda text: text[:60],
)
def test_a_hostile_event_is_refused(text: str) -> None:
    with pytest.raises(LabError, match="no event of this lab") as refused:
        from_line(text)
    assert str(refused.value).isprintable()


def test_only_the_models_that_an_attack_has_name_columns() -> None:
    curve = of(Curve)
    assert curve_rows([replace(curve, who="=1+1"), replace(curve, who="text_only")]) == [
        {"step": curve.step, "attack_text_only": curve.forget}
    ]


def spoilt(events: list[Event], words: Any) -> list[list[Event]]:
    """Each event once for each of its fields, with ``words`` in that field."""
    return [[replace(event, **{field.name: words})] for event in events for field in fields(event)]


def results(whole: dict[str, Any], words: Any) -> list[dict[str, Any]]:
    """The result with ``words`` in place of every value, one after the other, on both levels."""
    made = [{**whole, key: words} for key in whole]
    for key, inner in whole.items():
        if isinstance(inner, dict):
            made += [{**whole, key: {**inner, k: words}} for k in inner]
            made.append({**whole, key: {**inner, SCRIPT: words}})
    return made + [{**whole, SCRIPT: words}, {k: words for k in whole}]


RESULT = {
    "mode": "clean",
    **{k: {"forget_vqa": 0.5} for k in ("before", "after", "chance")},
    "n": {"forget_vqa": 4},
    "steps": 3,
    "stopped_because": "x",
    "changes": "vision",
    "text_logits_identical": True,
    "device": "cpu",
    "text_answers_changed": 0,
    "base_unchanged": True,
    "pruned_neurons": 1,
    "mask_density": 0.5,
    "seconds": {"a": 1},
    "peak_memory_mb": 3,
    "quantization": "none",
}
ATTACKED = {
    "kind": "relearn",
    "scope": "vision",
    "rows": 3,
    "share": 0.2,
    "steps": 2,
    "after": 0.5,
    "before": 0.1,
    "gain": 0.4,
    "vanilla": 0.9,
    "vanilla_gap": 0.4,
    "n": 4,
    "chance": 0.25,
    "controls": {"text_only": {"name": "Ada", "gain": 0.5}},
}
BARRED = {
    **{k: v for k, v in ATTACKED.items() if k not in ("scope", "rows", "share", "steps")},
    "kind": "images",
    "of": 2,
    "highest": "grey",
}


@pytest.mark.parametrize("words", [SCRIPT, [SCRIPT], {SCRIPT: SCRIPT}, 10**400, None])
def test_the_report_runs_nothing_that_an_event_says(words: Any, four, monkeypatch) -> None:
    monkeypatch.setattr(
        "plotly.offline.get_plotlyjs", lambda: ""
    )  # 5 MB a page, and not what is asked
    runs = spoilt(EVENTS, words) + [[Done("x", r)] for r in results(RESULT, words)]
    attacks = [[*said, Done("x", ATTACKED)] for said in spoilt([of(Bar), of(Curve)], words)]
    attacks += [
        [of(Bar), Done("x", r)] for whole in (ATTACKED, BARRED) for r in results(whole, words)
    ]
    shown = 0
    for run, attack in [*((r, []) for r in runs), *(([], a) for a in attacks)]:
        try:
            text = page(Recipe(entity="p0"), run, attack, four, "demo", catalogue())
        except LabError as error:
            assert "\n" not in str(error)
            continue
        shown += 1
        assert "<script>alert" not in text, (run, attack)
    assert shown > 20  # most are shown, with the words as text


def test_numbers_of_the_report_look_as_before(four) -> None:
    text = page(
        Recipe(entity="p0"),
        [Done("x", RESULT)],
        [of(Bar), Done("x", ATTACKED), Done("x", BARRED)],
        four,
        "demo",
        catalogue(),
    )
    assert (
        "<th>Recognises this person in a photo (forget VQA)</th><td>50.0 %</td><td>50.0 %</td><td>50 %</td><td>4</td>"
        in text
    )
    assert (
        "scope vision, 3 rows (20 %), 2 steps: gain = 0.500 - 0.100 = 0.400; vanilla gap = 0.900 - 0.500 = 0.400; "
        "n = 4, chance 0.25; control “Text only” (Ada): gain 0.500" in text
    )
    assert "<li>Text-only logits are identical for the same prompt: yes</li>" in text
    assert "highest of 2: grey" in text and "{&#x27;" not in text
    assert "<td>original</td><td>50.0 %</td><td>18</td><td>25 %</td><td>not asked</td>" in text


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 1", "-a", "@SUM(A1)", "\tx", "\n=1", "-1.5 -2.5", "--1", "-", "-inf"]
)
def test_text_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert inert(text) == "'" + text
    made = table([Line(text, text, text, (text, "b"), text)], {text: [Said(text, text)]})
    head, row = csv.reader(io.StringIO(made, newline=""))
    assert not [c for c in (*head, *row) if c[0] in "=+-@\t\r\n"]
    frame = guarded(pd.DataFrame({"a": [text], "b": [-1.5], text: ["x"]}))
    assert frame.loc[0].tolist() == ["'" + text, -1.5, "x"] and frame.columns[2] == "'" + text


@pytest.mark.parametrize("text", ["\r=1", "Ada\r=1", "Ada\r\n=1"])
def test_no_carriage_return_begins_a_row(text: str) -> None:
    assert "\r" not in table([Line(text, text, text, (text,), text)], {text: [Said(text, text)]})
    assert "\r" not in guarded(pd.DataFrame({text: [text]})).to_csv(index=False)


@pytest.mark.parametrize(
    "value", ["-1.5", "+3", "-2e-05", "Ada", "", "a=b", "3-4", -1.5, -3, None, True]
)
def test_numbers_and_plain_text_stay_as_they_are(value: object) -> None:
    assert inert(value) is value


def test_the_kept_tables_hold_nothing_to_guard() -> None:
    paths = sorted(RESULTS.rglob("*.csv"))
    assert len(paths) > 5
    for path in paths:
        kept = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert guarded(kept).to_csv(index=False) == path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_delta_that_is_not_finite_is_refused(number: float, tiny, tmp_path: Path) -> None:
    name, weight = next(iter(tiny.base.visual.items()))
    broken = torch.zeros_like(weight)
    broken.view(-1)[-1] = number
    save_delta({name: broken}, tmp_path / "delta.safetensors")
    with pytest.raises(LabError, match="holds NaN or infinity"):
        load_delta(tmp_path / "delta.safetensors", tiny.base)

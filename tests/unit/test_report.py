"""The run folder: its files, read back as they were; the report asks nothing of the network."""

from __future__ import annotations

import dataclasses
import json
import re
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lab.attack import Relearned, attack
from lab.cli.common import recipe_from
from lab.errors import LabError
from lab.events import Answers, Done
from lab.events.lines import to_line
from lab.model.overlay import tensors_hash
from lab.recipe import (
    DEFAULT_STRENGTH,
    AttackRecipe,
    Recipe,
    load_preset,
    on_benchmark,
    revise,
)
from lab.report.page import command, page
from lab.report.run_folder import drop_additions, read_run, write_run
from lab.report.text import catalogue
from tests.unit import tiny as make

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def finished(tiny, four):
    """A run and an attack on it: (recipe, outcome, events, attack events)."""
    recipe = make.recipe()
    outcome, events = make.run(tiny, four, recipe)
    scene, plan = (
        make.scene(tiny, four, outcome.delta),
        AttackRecipe(steps=2, batch=1, probe_every=1),
    )
    attacks = [
        e
        for kind in ("quantize", "relearn")
        for e in attack(scene, replace(plan, kind=kind), Relearned(), lambda: False)
    ]
    return recipe, outcome, events, attacks


@pytest.fixture
def folder(finished, four, tmp_path: Path) -> Path:
    recipe, outcome, events, attacks = finished
    write_run(tmp_path / "run", recipe, events, outcome.delta, four, "demo", catalogue(), attacks)
    return tmp_path / "run"


def test_round_trip(finished, folder: Path, tiny, four) -> None:
    recipe, outcome, events, _ = finished
    assert {p.name for p in folder.iterdir()} == make.RUN_FILES
    stored = read_run(folder, tiny.base, four)
    delta = stored.delta
    assert stored.head.recipe == recipe and stored.head.note == ""
    assert stored.head.delta_hash == tensors_hash(outcome.delta)
    assert [to_line(e) for e in stored.events] == [to_line(e) for e in events]
    assert delta.keys() == outcome.delta.keys()
    assert all(torch.equal(t, outcome.delta[n]) for n, t in delta.items())
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["before"] == pytest.approx(events[-1].result["before"])
    assert [a["kind"] for a in metrics["attacks"]] == ["quantize", "relearn"] and metrics[
        "preset"
    ] == "demo"
    header = (folder / "curves.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"step", "forget_loss", "vkd_loss", "forget_accuracy", "attack_unlearned"} <= set(header)


def test_the_report_asks_nothing_of_other_hosts(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", text, flags=re.S)
    assert not re.search(
        r"<(script|img|iframe|link|source|video)[^>]+(src|href)\s*=\s*[\"']?(https?:)?//", markup
    )
    assert not re.search(r"<link|<iframe|@import|url\(\s*[\"']?http", markup)
    assert "data:image/jpeg;base64," in markup and "plotly" in text


def test_the_report_escapes_what_is_not_ours(finished, four) -> None:
    recipe, _, events, attacks = finished
    people = (replace(four.entities[0], name=HOSTILE), *four.entities[1:])
    done = replace(
        events[-1],
        result={
            **events[-1].result,
            "device": HOSTILE,
            **{k: {HOSTILE: 0.5} for k in ("before", "after", "chance", "n")},
        },
    )
    relearned = replace(attacks[-1], result={**attacks[-1].result, "scope": HOSTILE})
    text = page(
        recipe,
        [done],
        [*attacks[:-1], relearned],
        replace(four, entities=people),
        HOSTILE,
        catalogue(),
    )
    assert "<h3>Round the weights</h3>" in text and "<th>4 bits</th>" in text
    assert "<h3>Relearn on the person</h3>" in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_report_gives_the_command_again() -> None:
    line = command(make.recipe(steps=7), "demo", "people")
    assert "--entity p0" in line and "steps=7" in line and "--seed 0" in line


@pytest.mark.parametrize("preset", ["demo", "llava-1.5-7b-mllmu", "qwen2-vl-2b-clear"])
@pytest.mark.parametrize("benchmark", ["people", "mllmu"])
@pytest.mark.parametrize("changes", [{}, {"destination": "away", "steps": 20, "lr": 1e-4}])
def test_the_command_makes_the_very_same_recipe(
    preset: str, benchmark: str, changes: dict[str, Any]
) -> None:
    """Against the preset's own settings on the benchmark, which are not the recipe's defaults."""
    there = on_benchmark(load_preset(preset), benchmark)
    ran = revise(there.recipe, {"entity": "001", "seed": 3, **changes})
    words = command(ran, preset, benchmark).split()
    typed = words[words.index("--set") + 1 : words.index("--out")] if "--set" in words else []
    assert ("--benchmark" in words) == (benchmark != load_preset(preset).benchmark)
    assert recipe_from(there, "001", "vkd", DEFAULT_STRENGTH, 3, typed) == ran


def test_the_command_of_an_unknown_preset_names_every_setting() -> None:
    line = command(make.recipe(), "of-somebody-else", "tiny")
    assert all(f"{f.name}=" in line for f in dataclasses.fields(Recipe)[3:])


def test_a_folder_that_is_used_again_keeps_nothing_of_the_earlier_run(
    finished, four, tmp_path: Path
) -> None:
    recipe, outcome, events, _ = finished
    words = ("demo", catalogue())
    write_run(tmp_path, recipe, events, outcome.delta, four, *words)
    (tmp_path / "attacks" / "0").mkdir(parents=True)
    (tmp_path / "inside-after.jsonl").write_text("{}\n", encoding="utf-8")
    assert (tmp_path / "items.csv").is_file()
    drop_additions(tmp_path)
    unscored = [e for e in events if not isinstance(e, Answers | Done)]  # it was stopped
    write_run(tmp_path, recipe, unscored, outcome.delta, four, *words)
    assert {path.name for path in tmp_path.iterdir()} == make.RUN_FILES - {"items.csv"}


def test_a_run_that_was_not_scored_says_so(finished, four) -> None:
    recipe, _, events, _ = finished
    assert "before it was scored" in page(recipe, events[:-1], [], four, "demo", catalogue())


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("recipe.yaml", None, "recipe.yaml is missing"),
        ("delta.safetensors", None, "delta.safetensors is missing"),
        ("recipe.yaml", b"[1, 2]", "not a recipe"),
        ("recipe.yaml", b"a: [", "not a recipe"),
        ("recipe.yaml", b"", "not a recipe"),
        ("recipe.yaml", b"just words", "not a recipe"),
        ("recipe.yaml", b"\xff\xfe\x00", "not a text file"),
        ("recipe.yaml", b"!!python/object/apply:os.system ['true']", "not a recipe"),
        ("recipe.yaml", b"entity: p0\ncolour: red", "unknown recipe key"),
        ("recipe.yaml", b"entity: p99", "unknown entity"),
        ("events.jsonl", b"not json", "no event"),
        ("events.jsonl", b"\xff\xff", "not a text file"),
        ("delta.safetensors", b"not a tensor", "not a readable safetensors"),
    ],
)
def test_a_damaged_folder_is_refused(name: str, data, words: str, folder: Path, tiny, four) -> None:
    (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    with pytest.raises(LabError, match=words) as refused:
        read_run(folder, tiny.base, four)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:1], lambda t: t.half(), lambda t: t.long()],
    ids=["shape", "float16", "int64"],
)
def test_a_delta_of_another_kind_is_refused(change, folder: Path, tiny, four) -> None:
    from safetensors.torch import load_file, save_file

    delta = load_file(folder / "delta.safetensors")
    name = next(iter(delta))
    save_file({**delta, name: change(delta[name]).contiguous()}, folder / "delta.safetensors")
    with pytest.raises(LabError, match="does not fit"):
        read_run(folder, tiny.base, four)


def test_a_full_disk_leaves_nothing_half_written(finished, four, tmp_path: Path) -> None:
    recipe, outcome, events, _ = finished
    folder = tmp_path / "full"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, hard))  # the delta is larger than this
    try:
        with pytest.raises(LabError, match="free some space"):
            write_run(folder, recipe, events, outcome.delta, four, "demo", catalogue())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(folder.glob("*.tmp")) and not (folder / "delta.safetensors").exists()


def test_a_folder_that_cannot_be_made(finished, four, tmp_path: Path) -> None:
    recipe, outcome, events, _ = finished
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(LabError, match="give another folder"):
        write_run(tmp_path / "file", recipe, events, outcome.delta, four, "demo", catalogue())


def test_the_report_says_the_verdict_first_and_puts_answers_side_by_side(finished, four) -> None:
    recipe, _, events, attacks = finished
    report = page(recipe, events, attacks, four, "demo", catalogue())
    words = re.sub("<script.*?</script>", "", report, flags=re.DOTALL)
    said = words.index('<p class="verdict">')
    assert said < words.index("<h2>Scores</h2>") < words.index("<h2>Answers side by side</h2>")
    assert words.count('<p class="verdict">') >= 2  # the run and the attacks
    rows = re.search("<h2>Answers side by side</h2>.*?</table>", words, re.DOTALL)
    assert rows and "Recognises this person in a photo (forget VQA)" in rows[0]
    assert re.search("✓ right|✗ wrong", rows[0])


def test_the_report_shows_no_value_as_python_writes_it(finished, four) -> None:
    recipe, _, events, attacks = finished
    report = page(recipe, events, attacks, four, "demo", catalogue())
    words = re.sub("<(script|pre).*?</(script|pre)>", "", report, flags=re.DOTALL)
    assert "{&#x27;" not in words and "[&#x27;" not in words
    assert ": True<" not in words and ": None<" not in words
    assert re.search("<li>Time: .*training .* in total .*s</li>", words)
    assert "<li>Parts that the run changed: visual module</li>" in words


def test_the_report_writes_its_tables_numbers_as_the_language_does(finished, four) -> None:
    recipe, _, events, attacks = finished
    for language, mark in (("en", "."), ("de", ",")):
        report = page(recipe, events, attacks, four, "demo", catalogue(language))
        cells = re.findall(r"<td>(\d+[.,]\d) %</td>", report)
        assert len(cells) > 10 and {cell[-2] for cell in cells} == {mark}


def test_a_chart_of_the_report_fits_the_paper(finished, four) -> None:
    recipe, _, events, attacks = finished
    report = page(recipe, events, attacks, four, "demo", catalogue())
    assert report.count('<div class="chart">') == report.count("width:660px")

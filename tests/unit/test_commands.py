"""The command line: mistakes are exit code 2 and one line; --json is one value on stdout."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from lab.benchmarks.schema import Picture
from lab.benchmarks.table import BENCHMARKS
from lab.catalogue import METHODS, VISUAL_METHODS
from lab.cli import main
from lab.cli.common import recipe_from
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.report.schema import run_misfit
from tests.unit import public
from tests.unit import tiny as make
from tests.unit.test_text import CAPITALS, ENGLISH, english_in, words_of

RUN = ["run", "--entity", "p0", "--out", "unused"]
SHORT = ["steps=2", "blocks=2", "batch=1", "retain_batch=2", "fisher_samples=4", "stop_forget=-1"]
EVERY = [*SHORT, "measures=all"]  # a run with the measures that evaluate takes


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch, four) -> None:
    """The tiny benchmark, and a model that must not be asked for."""

    def refuse(*_, **__):
        raise AssertionError("the model must not be loaded for this")

    monkeypatch.setattr(session, "open_workbench", refuse)
    monkeypatch.setattr("lab.experiments.sweep.open_workbench", refuse)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)


@pytest.fixture
def tiny_lab(monkeypatch: pytest.MonkeyPatch, tiny, four) -> None:
    """Every command works on the tiny model, among people and one stranger."""
    four = replace(four, train_strangers=(Picture("s0/0", make.drawing("purple", 1), ()),))
    bench = Workbench(
        Preset("demo", "tiny", "tiny"), four, tiny, Baseline(tiny), weights_hash(tiny.model)
    )
    for module in ("lab.evaluation.session", "lab.experiments.sweep"):
        monkeypatch.setattr(f"{module}.open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)


def test_another_benchmark_from_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = public.mllmu(tmp_path)
    main.main(["people", "--benchmark", "mllmu", "--data", str(folder), "--json"])
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 23 and {p["benchmark"] for p in listed} == {"mllmu"}
    with pytest.raises(SystemExit) as ended:
        main.main(["people", "--benchmark", "tofu"])
    assert ended.value.code == 2 and "mllmu, clear, umu, fiu" in capsys.readouterr().err


def test_where_the_person_is_recognised(
    tiny_lab, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = str(tmp_path / "run")
    main.main([*RUN[:3], "--out", out, "--set", *SHORT])
    capsys.readouterr()
    main.main(["identity", "--run", out, "--json"])
    made = json.loads(capsys.readouterr().out)
    assert [c["who"] for c in made["curves"]] == ["original", "unlearned"] and made[
        "entity"
    ] == "p0"
    assert made["curves"][0]["depths"][-1]["name"] == "projector"


def test_where_a_run_lost_its_answers(
    tiny_lab, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    main.main([*RUN[:3], "--out", str(out), "--set", *SHORT])
    before = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    capsys.readouterr()
    main.main(["where", "--run", str(out), "--json"])
    made = json.loads(capsys.readouterr().out)
    assert made["entity"] == "p0" and made["n_forget"] == 12 and made["chance_forget"] == 0.25
    assert [d["name"] for d in made["lost"]["depths"]][-2:] == ["tower", "projector"]
    end, own = made["lost"]["depths"][-1], made["back"]["unpatched"]
    assert (end["forget"], end["others"]) == (own["forget"], own["others"])
    assert made["distance"]["whole"] > 0 and len(made["line"]["at"]) == 6
    # it is kept in the run's own files, beside all that was there
    after = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    kept = after.pop("where")
    assert kept == {k: v for k, v in made.items() if k != "left_out"} and after == before
    assert run_misfit(after | {"where": kept}) == ""
    main.main(["attack", "--run", str(out), "--kind", "quantize"])  # the folder is still whole


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", "--entity", "nobody", "--out", "x"], "p0, p1, p2, p3"),
        (["people", "--preset", "nope"], "demo"),
        ([*RUN, "--preset", "nope"], "demo"),
        ([*RUN, "--method", "magic"], "vkd"),
        ([*RUN, "--strength", "Mighty"], "Standard"),
        ([*RUN, "--set", "stepps=4"], "prune_share"),
        ([*RUN, "--set", "steps"], "KEY=VALUE"),
        ([*RUN, "--set", "steps=many"], "int"),
        ([*RUN, "--set", "steps=0"], "1 to 1000"),
        ([*RUN, "--seed", "x"], "int"),
        ([*RUN, "--language", "xx"], "unknown language 'xx': valid are de, en"),
        (["serve", "--language", "xx"], "unknown language 'xx': valid are de, en"),
        (["evaluate", "--preset", "nope"], "demo"),
        (["evaluate", "--entity", "nobody"], "p0, p1, p2, p3"),
        (["evaluate", "--run", "/nowhere"], "whole folder"),
        (["attack", "--run", "/nowhere"], "whole folder"),
        (["attack", "--run", "x", "--scope", "all"], "vision, projector, language, both"),
        (["attack", "--run", "x", "--share", "2"], "0.01 to 1.0"),
        (
            ["attack", "--run", "x", "--kind", "stare"],
            "relearn, benign, facts, quantize, prompts, images, suite, grid",
        ),
        (["attack", "--run", "x", "--kind", "grid"], "needs --out"),
        (["attack", "--run", "x", "--out", "y"], "--kind grid and --kind suite only"),
        (["compare", "--methods", "vkd,magic", "--out", "x"], "valid methods are vkd"),
        (["compare", "--strength", "Mighty", "--out", "x"], "Standard"),
        (["compare", "--entities", "0", "--out", "x"], "1 or more"),
        (["compare", "--seeds", "0", "--out", "x"], "1 or more"),
        (["compare", "--at-once", "0", "--out", "x"], "1 or more"),
        (["attack", "--run", "x", "--at-once", "2"], "--kind grid only"),
        (["study", "frozen", "--at-once", "2", "--out", "x"], "times its steps"),
    ],
)
@pytest.mark.parametrize("json_too", [False, True])
def test_a_mistake_is_exit_code_2_and_one_line(
    words, named: str, json_too: bool, no_model, capsys
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([*words, *(["--json"] if json_too else [])])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.startswith("lab: ") and said.err.count("\n") == 1
    assert named in said.err and "Traceback" not in said.err


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["run"], ["run", "--entity", "p0"], ["compare", "--entities", "x"]]
)
def test_a_missing_or_unknown_word_is_exit_code_2(words: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert ended.value.code == 2 and "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "people", "run", "evaluate", "attack", "compare", "teach"])
def test_help_can_be_printed(command: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([*([command] if command else []), "--help"])
    assert ended.value.code == 0 and "--" in capsys.readouterr().out


def test_the_help_names_the_benchmarks_of_the_table(capsys, monkeypatch) -> None:
    monkeypatch.setitem(BENCHMARKS, "pets", lambda data: None)
    with pytest.raises(SystemExit):
        main.main(["people", "--help"])
    assert f"the benchmark: {', '.join(BENCHMARKS)}" in " ".join(capsys.readouterr().out.split())


def test_a_run_writes_its_report_in_the_language_that_is_named(
    tiny_lab, tmp_path: Path, monkeypatch, capsys
) -> None:
    spoken = {"en": ENGLISH, "capitals": CAPITALS}
    monkeypatch.setattr("lab.cli.common.catalogue", lambda code="en": spoken[code])
    for code in spoken:
        main.main([*RUN[:3], "--out", str(tmp_path / code), "--language", code, "--set", *SHORT])
        report = (tmp_path / code / "report.html").read_text(encoding="utf-8")
        assert f'<html lang="{code}">' in report
        assert bool(english_in(words_of(report))) == (code == "en")


def printed(words: list[str], capsys) -> object:
    """Run a command with --json and read the one value it prints."""
    main.main([*words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.endswith("\n")
    return json.loads(out)


def test_people(no_model, capsys) -> None:
    people = printed(["people"], capsys)
    assert people[0] == {"id": "p0", "name": "Ada Almeida", "benchmark": "tiny", "images": 6}
    assert len(people) == 4
    main.main(["people"])
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_run_evaluate_attack(tiny_lab, capsys, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = printed(["run", "--entity", "p0", "--out", str(folder), "--set", *EVERY], capsys)
    assert result["entity"] == "p0" and result["steps"] == 2 and result["seed"] == 0
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[
        "after"
    ] == pytest.approx(result["after"])
    scores = printed(["evaluate", "--run", str(folder)], capsys)
    assert scores["entity"] == "p0"
    assert scores["scores"] == pytest.approx(result["after"]) and scores["n"] == result["n"]
    assert set(scores["chance"]) == set(scores["n"])
    original = printed(["evaluate", "--entity", "p0"], capsys)
    assert original["scores"] == pytest.approx(result["before"])
    attacked = printed(["attack", "--run", str(folder), "--steps", "2", "--batch", "1"], capsys)
    assert set(attacked) >= {
        "share",
        "scope",
        "steps",
        "before",
        "after",
        "gain",
        "vanilla_gap",
        "curve",
    }
    assert attacked["steps"] == 2 and attacked["before"] == pytest.approx(
        result["after"]["forget_vqa"]
    )


def test_attacks_on_two_runs(tiny_lab, capsys, tmp_path: Path, monkeypatch) -> None:
    runs = [str(tmp_path / who) for who in ("p0", "p1")]
    for folder in runs:
        printed(["run", "--entity", Path(folder).name, "--out", folder, "--set", *SHORT], capsys)
    made = printed(["attack", "--run", *runs, "--kind", "images"], capsys)
    assert made["runs"] == 2 and [r["entity"] for r in made["each"]] == ["p0", "p1"]
    assert made["mean"]["gain"] == pytest.approx(sum(r["gain"] for r in made["each"]) / 2)
    monkeypatch.setattr("lab.experiments.attack_grid.SHARES", (1.0,))
    words = [
        "attack",
        "--run",
        *runs,
        "--kind",
        "grid",
        "--out",
        str(tmp_path / "grid"),
        "--steps",
        "1",
    ]
    made = printed(words, capsys)
    assert made["runs"] == 2 and made["means"]["all"]["cells"] == 6 and made["budget"]["steps"] == 1
    assert (tmp_path / "grid" / "grid.csv").read_text(encoding="utf-8").count("\n") == 7


@pytest.mark.parametrize(
    ("method", "extra"), [("grad_diff", []), ("manu", []), ("mmunlearner", ["scope=both"])]
)
def test_a_run_that_changes_the_language_model(
    method: str, extra: list[str], tiny_lab, capsys, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    result = printed(
        [
            "run",
            "--entity",
            "p0",
            "--method",
            method,
            "--out",
            str(folder),
            "--set",
            *EVERY,
            "adapter_lr=0.05",
            "prune_share=0.1",
            *extra,
        ],
        capsys,
    )
    assert result["method"] == method and "language" in result["changes"]
    assert result["text_logits_identical"] is False and result["base_unchanged"] is True
    assert set(result["seconds"]) == {"importance", "fisher", "train", "ready", "evaluate", "total"}
    scores = printed(["evaluate", "--run", str(folder)], capsys)
    assert scores["scores"] == pytest.approx(result["after"])
    attacked = printed(["attack", "--run", str(folder), "--steps", "1", "--batch", "1"], capsys)
    assert attacked["before"] == pytest.approx(result["after"]["forget_vqa"])
    assert "Visual Knowledge" not in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_that_puts_a_context_in_front(tiny_lab, capsys, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ["run", "--entity", "p0", "--method", "icu", "--out", str(folder)]
    result = printed([*words, "--set", *EVERY, "context=instruction"], capsys)
    assert result["changes"] == ["context"] and result["text_logits_identical"] is True
    scores = printed(["evaluate", "--run", str(folder)], capsys)
    assert scores["scores"] == pytest.approx(result["after"])  # text-only answers as well
    attacked = printed(["attack", "--run", str(folder), "--steps", "1", "--batch", "1"], capsys)
    assert attacked["before"] == pytest.approx(result["after"]["forget_vqa"])


def test_compare_runs_every_method(tiny_lab, capsys, tmp_path: Path) -> None:
    words = [
        "compare",
        "--methods",
        ",".join(METHODS),
        "--entities",
        "1",
        "--out",
        str(tmp_path),
        "--set",
        *SHORT,
        "steps=1",
        "ascent_cap=20",
    ]
    made = printed(words, capsys)
    assert made.pop("failed") == 0 and made.pop("left_out")["count"] == 0
    assert set(made) == set(METHODS)
    for name, row in made.items():
        assert row["runs"] == 1 and row["base_unchanged"]
        assert row["text_logits_identical"] is (name in (*VISUAL_METHODS, "mmunlearner", "icu"))


@pytest.mark.parametrize(
    "extra", [["--set", "steps=40"], ["--strength", "Strong"], ["--seeds", "1"]]
)
def test_the_protocol_takes_no_settings(extra: list[str], no_model, capsys, tmp_path: Path) -> None:
    """They would be accepted in silence, and the preset's own tuned and reported."""
    with pytest.raises(SystemExit) as ended:
        main.main(["compare", "--protocol", "--out", str(tmp_path), *extra])
    assert ended.value.code == 2
    assert "leave out --entities, --seeds, --set and --strength" in capsys.readouterr().err


def test_settings_may_be_given_one_by_one_and_whose_words_the_command_has_are_refused(
    tiny_lab, capsys, tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "run"), "--set", *SHORT]
    made = printed([*RUN[:3], *out, "--set", "steps=1", "--set", "lr=0.002"], capsys)
    assert made["steps"] == 1
    kept = (tmp_path / "run" / "recipe.yaml").read_text(encoding="utf-8")
    assert "lr: 0.002" in kept and "fisher_samples: 16" not in kept
    for words in ("method=npo", "seed=5", "entity=p1"):
        with pytest.raises(SystemExit) as ended:
            main.main([*RUN[:3], *out, "--set", words])
        assert ended.value.code == 2
        assert "the command has words of its own" in capsys.readouterr().err


def test_compare(tiny_lab, capsys, tmp_path: Path) -> None:
    words = ["compare", "--entities", "2", "--out", str(tmp_path), "--set", *SHORT]
    made = printed(words, capsys)
    assert made["vkd"]["runs"] == 2


def test_ctrl_c_before_a_run_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, no_model, capsys
) -> None:
    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "open_workbench", pressed)
    with pytest.raises(SystemExit) as ended:
        main.main(RUN)
    assert ended.value.code == 130 and capsys.readouterr().err == "lab: stopped\n"


def test_a_preset_of_an_unknown_benchmark() -> None:
    with pytest.raises(LabError, match="valid are people"):
        session.read_benchmark(Preset("mine", "x", "nope"))


def test_recipes_are_checked_before_anything_is_loaded(four) -> None:
    recipe = recipe_from(
        Preset("demo", "m", "b", recipe=make.recipe()), "p1", "vkd", "Standard", "3", ["lr=1e-3"]
    )
    assert (recipe.entity, recipe.seed, recipe.lr) == ("p1", 3, 1e-3)


PAIRLESS = ["distance=relational", "retain_batch=1"]  # refused at its first step


def test_a_run_refused_before_training_leaves_nothing_to_attack(
    tiny_lab, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = str(tmp_path / "run")
    with pytest.raises(SystemExit) as ended:
        main.main([*RUN[:3], "--out", out, "--set", *SHORT[:3], *SHORT[4:], *PAIRLESS])
    assert ended.value.code == 2 and "larger retain_batch" in capsys.readouterr().err
    assert not list((tmp_path / "run").iterdir())
    for command in ("attack", "evaluate", "identity", "where"):
        with pytest.raises(SystemExit) as ended:
            main.main([command, "--run", out])
        assert ended.value.code == 2 and "recipe.yaml is missing" in capsys.readouterr().err


def test_the_folder_of_a_run_that_never_trained_is_refused(
    tiny_lab, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    main.main([*RUN[:3], "--out", str(out), "--set", *SHORT])
    log = out / "events.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    before = [line for line in lines if json.loads(line)["event"] not in ("Step", "Done")]
    log.write_text("".join(before), encoding="utf-8")  # as an earlier version left it
    capsys.readouterr()
    for command in ("attack", "evaluate", "identity", "where"):
        with pytest.raises(SystemExit) as ended:
            main.main([command, "--run", str(out)])
        said = capsys.readouterr().err
        assert ended.value.code == 2 and "ended before it changed anything" in said


def test_ctrl_c_before_the_first_step_leaves_nothing_to_attack(
    tiny_lab, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "run")
    monkeypatch.setattr(
        "lab.unlearn.foreground.interruptible", lambda: nullcontext(enter_result=lambda: True)
    )
    main.main([*RUN[:3], "--out", out, "--json", "--set", *SHORT])
    said = capsys.readouterr()
    assert json.loads(said.out)["steps"] == 0 and "is not written" in said.err
    with pytest.raises(SystemExit) as ended:
        main.main(["attack", "--run", out])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.err.count("\n") == 1 and "recipe.yaml" in said.err

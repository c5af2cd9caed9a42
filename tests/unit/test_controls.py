"""The controls beside a run's figures: asked once a person, kept, shown with n, and never in the way."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from assets.build.tables import comparison as compared
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import controls, session
from lab.evaluation.asks import forget_asks
from lab.evaluation.controls import beside, kept, measuring
from lab.evaluation.models import Others, lineup
from lab.evaluation.questions import choose, drained
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Done, Ready
from lab.events.controls import Control, controls_of, with_controls
from lab.experiments import comparison
from lab.experiments.comparison_table import write_tables
from lab.model import source, tiny_models
from lab.model.cache import Cache
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.report import control_columns, methods_chart
from lab.report.page import page
from lab.report.schema import run_misfit
from lab.report.text import catalogue
from lab.serve.controls import Beside
from lab.serve.ray_engine import FarControls
from lab.serve.runs import Run
from lab.ui.steps.unlearn import lacks_controls, result_html
from tests.unit import tiny as make
from tests.unit.served import opened, wait
from tests.unit.test_results import cells

PRESET = Preset("demo", "tiny", "tiny", "none", reference="never", text_only="text")
TEXT = catalogue()
ASKED = ("forget_vqa", "forget_name", "names_other", "retain_vqa", "general_qa")
SHORT = ["steps=1", "blocks=2", "batch=1", "retain_batch=2", "fisher_samples=4", "stop_forget=-1"]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two controls that were taught without p0; the list takes which folder is loaded when."""
    loads: list[str] = []

    def load(path: str, *_, **__):
        loads.append(Path(path).name)
        return tiny_models.tiny("dinov2", seed=len(loads))

    for name in ("never", "text"):
        (tmp_path / name).mkdir()
        about = {"unknown": ["p0", "somebody else"], "name": name}
        (tmp_path / name / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    for module in (controls, session):
        monkeypatch.setattr(module, "load", load)
    yield loads


def test_the_protocol_scores_and_attacks_each_control_once(
    tiny, four, models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = {"TUNING_PEOPLE": 1, "TEST_PEOPLE": 2, "SEEDS": 1, "TRIALS": {"vkd": ({"lr": 1e-3},)}}
    short = replace(comparison.ATTACK, steps=1, batch=1)
    for name, value in (alone | {"ATTACK": short, "MOST": 0}).items():
        monkeypatch.setattr(comparison, name, value)
    preset = replace(PRESET, recipe=make.recipe(steps=1, fisher_samples=4))
    bench, out = bench_of(tiny, four, None, preset), tmp_path / "protocol"
    *_, made = comparison.protocol(bench, preset, ["vkd"], out, lambda _: None)
    assert models == ["never", "text"]
    *_, again = comparison.protocol(bench, preset, ["vkd"], out, lambda _: None)
    assert models == ["never", "text"] and again == made  # nothing is done twice
    table = write_tables(made, out)
    assert list(table["method"]) == ["vkd", "retain_only", "text_only", "vanilla"]
    assert list(table["people"]) == [2, 1, 1, 2] and table["gain"].notna()[:3].all()
    assert [row[0] for row in cells(compared.methods(tmp_path))][-2:] == [
        "never knew (1 people)",
        "text only (1 people)",
    ]
    shown = methods_chart.read(out / "methods.csv")
    assert shown is not None
    _, rows = methods_chart.table_rows(shown, TEXT)
    assert [row[0] for row in rows][1:] == ["never knew", "text only", "Original"]


@pytest.fixture
def cache_of(tiny, tmp_path: Path) -> Cache:
    return Cache(tmp_path / "measured", tiny, weights_hash(tiny.model))


def bench_of(tiny, four, cache: Cache | None, preset: Preset = PRESET) -> Workbench:
    return Workbench(preset, four, tiny, Baseline(tiny), weights_hash(tiny.model), cache)


def asked(bench: Workbench, who: str = "p0", measures=ASKED) -> list[Control]:
    return drained(measuring(bench, who, measures, lambda _: None))


def test_each_control_is_asked_once_for_a_person(tiny, four, models, cache_of: Cache) -> None:
    bench = bench_of(tiny, four, cache_of)
    assert kept(bench, "p0", ASKED) is None
    first = asked(bench)
    assert models == ["never", "text"] and [c.who for c in first] == ["never_knew", "text_only"]
    asks = forget_asks(four.entities[0])
    right = [v.correct for v in choose(bench.reference(print)[0], asks)]
    assert first[0].values["forget_vqa"] == sum(right) / len(right)
    assert first[0].n["forget_vqa"] == len(asks) == 12  # 3 views, 4 facts
    assert first[0].n["names_other"] == first[0].n["forget_name"] and set(first[1].n) == set(ASKED)
    later = bench_of(tiny, four, cache_of)
    assert kept(later, "p0", ASKED) == asked(later) == first  # bit for bit, with no control loaded
    assert models == ["never", "text"]


def test_no_control_answers_where_it_lacks_other_people(tiny, four, models, cache_of) -> None:
    bench = bench_of(tiny, four, cache_of)
    none = [Control("never_knew", {}, {}, False), Control("text_only", {}, {}, False)]
    assert kept(bench, "p1", ASKED) == asked(bench, "p1") == none and models == []
    assert [c.fits for c in asked(bench, "forget_25")] == [True, True]  # the split of p0 alone
    assert (
        kept(bench_of(tiny, four, cache_of, replace(PRESET, reference="")), "p1", ASKED) == none[1:]
    )
    gone = replace(PRESET, reference="not there", text_only="")
    assert kept(bench_of(tiny, four, cache_of, gone), "p0", ASKED) == []


def test_other_files_and_other_questions_are_asked_anew(
    tiny, four, models, cache_of: Cache, tmp_path: Path
) -> None:
    asked(bench_of(tiny, four, cache_of))
    fewer = replace(four, general=four.general[1:])
    assert kept(bench_of(tiny, fewer, cache_of), "p0", ASKED) is None
    assert kept(bench_of(tiny, four, cache_of), "p0", (*ASKED, "forget_qa")) is None
    assert kept(bench_of(tiny, four, cache_of), "p0", ASKED[:2]) is not None
    (tmp_path / "text" / "adapter.safetensors").write_bytes(b"another teaching")
    again = bench_of(tiny, four, cache_of)
    assert kept(again, "p0", ASKED) is None
    models.clear()
    asked(again)
    assert models == ["text"]


def test_what_was_asked_before_a_stop_is_kept(tiny, four, models, cache_of: Cache) -> None:
    steps = measuring(bench_of(tiny, four, cache_of), "p0", ASKED, lambda _: None)
    answered = 0
    while answered < 12 + 1:  # forget VQA, and a batch of the names
        answered += next(steps)
    steps.close()
    later = bench_of(tiny, four, cache_of)
    assert kept(later, "p0", ASKED) is None
    assert controls._Kept(later, controls.folders(later)["never_knew"], "p0").find("forget_vqa")


def test_without_a_cache_the_figures_are_still_measured(tiny, four, models) -> None:
    bench = bench_of(tiny, four, None)
    assert kept(bench, "p0", ASKED) is None and asked(bench)[0].values.keys() == set(ASKED)


def test_the_run_of_the_page_is_ready_scored_and_ended_before_a_control_is_loaded(
    tiny, four, models, cache_of: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.served.PRESET", PRESET)
    engine = opened(tiny, four, tmp_path / "runs", cache=cache_of)
    first = engine.submit(make.recipe(steps=1))
    view = wait(engine, first)
    assert view.state == "finished" and any(isinstance(e, Ready) for e in view.events)
    assert models == [] and lacks_controls(view)
    shown = engine.beside_controls(first)
    assert models == ["never", "text"] and not lacks_controls(shown)
    found = controls_of(shown.events[-1].result)
    assert found[0].n == shown.events[-1].result["n"] and found[1].fits
    assert engine.run(first).events[-1] == shown.events[-1]
    report = (tmp_path / "runs" / first / "report.html").read_text(encoding="utf-8")
    assert "<th>Never knew</th><th>Text only</th>" in report
    second = wait(engine, engine.submit(make.recipe(steps=1, seed=1)))
    assert controls_of(second.events[-1].result) == found  # kept: at once, with the run's own end
    other = wait(engine, engine.submit(make.recipe(steps=1, entity="p1")))
    assert other.events[-1].result["controls"] == {"never_knew": None, "text_only": None}
    assert models == ["never", "text"]
    again = opened(tiny, four, tmp_path / "runs", cache=cache_of)
    read = controls_of(again.run(first).events[-1].result)
    assert [c.n for c in read] == [c.n for c in found]
    assert read[0].values == pytest.approx(found[0].values)  # written with seven digits
    assert again.same_run(make.recipe(steps=1)) == first  # renewed files are still the run's


@pytest.mark.parametrize("far", [False, True])
def test_what_is_noted_while_the_controls_answer_stays(far: bool) -> None:
    run = Run("a" * 32, "unlearn", make.recipe(), state="finished")
    run.events = [Done("done", {"after": {"forget_vqa": 0.5}})]
    found = [Control("text_only", {}, {}, False)]

    def ask(*_: object) -> list[Control]:
        run.events[-1] = replace(run.events[-1], result=run.events[-1].result | {"where": "here"})
        return found

    shelf = SimpleNamespace(renew=lambda run: None)
    near = Beside(shelf, SimpleNamespace(stream=lambda *given: [ask(*given)]), print)
    (FarControls(SimpleNamespace(ask=ask)) if far else near).put(run, "")
    assert run.events[-1].result["where"] == "here"
    assert controls_of(run.events[-1].result) == found


def test_what_has_no_scores_is_given_no_figures(
    tiny, four, models, cache_of: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.served.PRESET", PRESET)
    engine = opened(tiny, four, tmp_path / "runs", cache=cache_of)
    looked = wait(engine, engine.submit(make.recipe(), "inspect"))
    assert engine.beside_controls(looked.id).events[-1] == looked.events[-1] and models == []
    with pytest.raises(LabError, match="no longer here"):
        engine.beside_controls("gone")
    unscored = Done("stopped", {"entity": "p0", "after": {}})
    assert beside(bench_of(tiny, four, cache_of), unscored) is unscored


def result_of(who: dict) -> dict:
    figures = {"forget_vqa": 0.25, "general_qa": 0.5}
    sizes = {"forget_vqa": 24, "general_qa": 3}
    return {"before": figures, "after": figures, "n": sizes, "chance": figures, "controls": who}


def test_the_page_s_table_has_a_column_for_each_control() -> None:
    never = Control("never_knew", {"forget_vqa": 0.125, "general_qa": 1.0}, result_of({})["n"])
    text = Control("text_only", {"forget_vqa": 0.375}, {"forget_vqa": 16})
    done = with_controls(Done("x", result_of({})), [never, text])
    assert controls_of(done.result) == [never, text]
    shown = html.unescape(result_html(done.result, TEXT))
    for words in ('<th scope="col">Never knew</th>', "<td>12.5%</td>", "<td>37.5% (n = 16)</td>"):
        assert words in shown, words
    assert "<td>100.0%</td><td>–</td></tr>" in shown  # the other control was not asked this
    assert TEXT.CONTROL_ABOUT["text_only"] in shown and "Not a control" not in shown
    assert "Never knew" not in result_html(result_of({}), TEXT)


def test_one_line_stands_in_place_of_a_column_that_would_be_empty(four) -> None:
    never = Control("never_knew", {"forget_vqa": 0.125, "general_qa": 1.0}, result_of({})["n"])
    mixed = [never, Control("text_only", {}, {}, False)]
    neither = [replace(c, values={}, n={}, fits=False) for c in mixed]
    assert control_columns.heads(mixed, TEXT) == ("Never knew",)
    assert control_columns.heads(neither, TEXT) == ()
    line = (
        "Not a control for this person, because it lacks other people: “Never knew”, “Text only”."
    )
    assert control_columns.lines(neither, TEXT) == [line]
    assert control_columns.lines([], TEXT) == []
    for found, words in (
        (neither, "“Never knew”, “Text only”"),
        (mixed, "other people: “Text only”"),
    ):
        done = with_controls(Done("steps done", result_of({}) | {"steps": 3}), found)
        report = page(make.recipe(), [done], [], four, "demo", TEXT)
        assert words in report and words in result_html(done.result, TEXT)
        assert ("<th>Never knew</th>" in report) == (found is mixed)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"somebody": None},
        {"never_knew": 3},
        {"never_knew": {"scores": {"forget_vqa": "x"}, "n": {"forget_vqa": 1}}},
        {"never_knew": {"scores": {"forget_vqa": 0.5}, "n": {}}},
    ],
)
def test_figures_of_another_form_are_left_out(tiny, four, wrong) -> None:
    result = make.run(tiny, four, make.recipe(steps=1))[1][-1].result
    right = with_controls(Done("x", result), [Control("text_only", {}, {}, False)]).result
    assert run_misfit(right) == "" and run_misfit(right | {"controls": wrong})


@pytest.fixture
def commands(tiny, four, models, cache_of: Cache, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """Every command works on the tiny model and its controls."""
    bench = bench_of(tiny, four, cache_of)
    monkeypatch.setattr(session, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)
    return bench


def run(out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict, str]:
    main.main(
        ["run", "--entity", "p0", "--out", str(out), "--json", "--set", *SHORT, "destination=away"]
    )
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def test_the_command_asks_them_after_the_run_is_on_disk(
    commands, models, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch
) -> None:
    safe: list[bool] = []
    measure = controls.measuring

    def noting(*given):
        safe.append((tmp_path / "run" / "report.html").is_file())
        return measure(*given)

    monkeypatch.setattr("lab.cli.beside.measuring", noting)
    result, said = run(tmp_path / "run", capsys)
    assert safe == [True] and "the controls answer the same questions" in said
    assert result["controls"]["never_knew"]["n"] == result["n"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["controls"] == result["controls"] and metrics["delta_sha256"]
    again, said = run(tmp_path / "again", capsys)
    assert again["controls"] == result["controls"] and "the controls answer" not in said
    assert "Never knew" in (tmp_path / "again" / "report.html").read_text(encoding="utf-8")


def test_evaluate_has_a_row_for_each_control(commands, models) -> None:
    names = [v.name for v in lineup(commands, "p0", {}, Others(), lambda _: None)]
    assert names == ["vanilla", "retain_only", "text_only"] and models == ["never", "text"]
    assert [v.name for v in lineup(commands, "p1", {}, Others(), lambda _: None)] == ["vanilla"]

"""The controls' curves that come with the lab: taken where they fit, and made once by make results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from assets.build import results
from assets.build.measures import shared
from lab.attack import Attacker, Relearned, attack, control_curve, lesson, scene_of
from lab.attack.control_curve import ControlCurve
from lab.attack.scene import controls_beside
from lab.attack.training import CURVE_SHIPPED
from lab.catalogue import CONTROLS, TRAINING_ATTACKS
from lab.cli.attacking import report
from lab.evaluation import controls, session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Curve, Phase
from lab.events.lines import plain
from lab.experiments import control_curves
from lab.experiments.result_file import ResultFile
from lab.model import source, tiny_models
from lab.model.cache import Cache
from lab.model.checked import SHIPPED, sha256
from lab.model.overlay import weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe, Preset
from lab.report.schema import attack_misfit
from tests.unit import tiny as make

PRESET = Preset("demo", "tiny", "tiny", "none", reference="never", text_only="text")
PLAN = AttackRecipe(share=0.5, steps=3, lr=1e-3, batch=2, probe_every=2)
BLOCKS, ELSEWHERE = 2, "cpu, 64 threads"
ABOUT = json.dumps({"unknown": ["p1"]})


def quiet(_: str) -> None:
    pass


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two shipped controls that were taught without p1; the list takes which of them is loaded."""
    found: list[str] = []

    def load(path: str, *_, **__):
        found.append(Path(path).name)
        return tiny_models.tiny("dinov2", seed=len(found[-1]))  # never 5, text 4

    for name in ("never", "text"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter.json").write_text(ABOUT, encoding="utf-8")
    sign(tmp_path)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    for module in (controls, session):
        monkeypatch.setattr(module, "load", load)
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    budgets = {kind: replace(PLAN, kind=kind) for kind in TRAINING_ATTACKS}
    monkeypatch.setattr(control_curves, "BUDGETS", budgets)
    monkeypatch.setattr(control_curve, "SHIPPED", tmp_path / "controls.json")
    monkeypatch.setattr(control_curves, "device_name", lambda _: ELSEWHERE)
    yield found


def sign(models: Path, *more: str) -> None:
    """Write the sums of both controls, and more lines as of other models."""
    paths = [models / name / "adapter.json" for name in ("never", "text")]
    lines = [f"{sha256(p)}  {p.relative_to(models)}" for p in paths]
    (models / SHIPPED).write_text("\n".join([*lines, *more]) + "\n", encoding="utf-8")


@pytest.fixture
def bench_of(tiny, four, tmp_path: Path) -> Callable[[str], Workbench]:
    """A workbench with a cache of its own."""

    def bench(cache: str) -> Workbench:
        kept, weights = Cache(tmp_path / cache, tiny, "weights"), weights_hash(tiny.model)
        return Workbench(PRESET, four, tiny, Baseline(tiny), weights, kept)

    return bench


@pytest.fixture
def made(loads: list[str], bench_of, tmp_path: Path) -> ResultFile:
    """The file that comes with the lab, as made on another machine."""
    file = ResultFile(tmp_path / "controls.json", {})
    control_curves.measure(lambda: bench_of("theirs"), ["p1"], BLOCKS, file, quiet)
    loads.clear()
    return file


def found(bench: Workbench, plan: AttackRecipe = PLAN, blocks: int = BLOCKS) -> list[str]:
    """The machine that each control's curve was made on, as an attack on p1 finds it."""
    return [
        ControlCurve(c, plan, blocks, lesson(bench.benchmark, c.entity, plan)).made_on
        for c in controls_beside(bench, "p1", quiet)
    ]


# ---- taken


def test_an_attack_takes_the_shipped_curves_and_says_where_they_were_made(
    made: ResultFile,
    loads: list[str],
    tiny,
    bench_of,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained: list[str] = []
    update = Attacker.update

    def counted(self: Attacker) -> float:
        trained.append(self.victim.version.name)
        return update(self)

    def attacked(cache: str) -> list:
        scene = scene_of(bench_of(cache), recipe, Version("unlearned", tiny), quiet)
        return list(attack(scene, PLAN, Relearned(), lambda: False))

    monkeypatch.setattr(Attacker, "update", counted)
    recipe = make.recipe(entity="p1")
    events = attacked("mine")
    assert trained == ["unlearned"] * 3 and loads == []
    shipped = [e for e in events if isinstance(e, Phase) and e.name.startswith(CURVE_SHIPPED)]
    assert [e.name for e in shipped] == [f"{CURVE_SHIPPED} {who}" for who in CONTROLS]
    assert [e.total for e in events if isinstance(e, Phase)] == [1, 0, 0]  # one model is trained
    for control in events[-1].result["controls"].values():
        assert control["reused"] and control["made_on"] == ELSEWHERE
    (tmp_path / "controls.json").unlink()
    anew = attacked("other")  # the same program on the same machine: the same bits
    of_three = [(e.done, e.total) for e in anew if isinstance(e, Phase)]
    assert of_three == [(0, 3), (1, 3), (2, 3)]
    of_controls = [[repr(e) for e in each if isinstance(e, Curve)][4:] for each in (events, anew)]
    assert of_controls[0] == of_controls[1] and len(of_controls[0]) == 8
    assert not any("made_on" in c for c in anew[-1].result["controls"].values())
    result = plain(events[-1].result)
    assert attack_misfit(result) == ""
    result["controls"]["never_knew"]["made_on"] = 64
    assert "controls" in attack_misfit(result)
    report(shipped[0])
    assert "never_knew: its curve under this budget comes with the lab" in capsys.readouterr().err


def test_the_curve_of_this_machine_comes_before_the_shipped_one(made: ResultFile, bench_of) -> None:
    assert found(bench_of("mine")) == [ELSEWHERE] * 2
    assert found(bench_of("theirs")) == ["", ""]  # where they were made, they lie in the cache
    assert found(replace(bench_of("mine"), cache=None)) == ["", ""]  # times are to be true there


def test_another_budget_lesson_or_model_is_not_answered_by_them(
    made: ResultFile, bench_of, four, tmp_path: Path
) -> None:
    bench = bench_of("mine")
    for changes in ({"steps": 4}, {"lr": 1e-4}, {"seed": 1}, {"scope": "both"}):
        assert found(bench, replace(PLAN, **changes)) == ["", ""]
    assert found(bench, blocks=1) == ["", ""]
    p1 = four.entities[1]
    other = replace(p1, train_images=(four.entities[2].train_images[0], *p1.train_images[1:]))
    people = (four.entities[0], other, *four.entities[2:])
    assert found(replace(bench, benchmark=replace(four, entities=people))) == ["", ""]
    assert found(replace(bench, loaded=replace(bench.loaded, quantization="nf4"))) == ["", ""]
    on_gpu = replace(bench.loaded, device=torch.device("cuda"))
    assert [c.weights for c in controls_beside(replace(bench, loaded=on_gpu), "p1", quiet)] == [
        "",
        "",
    ]
    sign(tmp_path, f"{'0' * 64}  vanilla/vision.safetensors")
    assert found(bench) == ["", ""]
    sign(tmp_path)
    assert found(bench) == [ELSEWHERE] * 2
    (tmp_path / "text" / "adapter.json").write_text(ABOUT + " ", encoding="utf-8")
    assert found(bench) == [ELSEWHERE, ""]
    (tmp_path / SHIPPED).unlink()
    assert found(bench) == ["", ""]


@pytest.mark.parametrize("content", ["", "[]", "{}", "{not json"])
def test_a_damaged_file_is_as_none(made: ResultFile, bench_of, content: str) -> None:
    made.path.write_text(content, encoding="utf-8")
    assert found(bench_of("mine")) == ["", ""]


# ---- made


def test_every_curve_is_made_once_and_goes_on_where_it_was(
    made: ResultFile, loads: list[str], bench_of, tmp_path: Path
) -> None:
    ids = [f"{who}/p1/{kind}" for who in CONTROLS for kind in TRAINING_ATTACKS]
    assert [row["id"] for row in made.rows] == ids and len({r["curve"] for r in made.rows}) == 6
    for row in made.rows:
        assert [point[0] for point in row["points"]] == [0, 1, 2, 3] and row["device"] == ELSEWHERE
        assert [point[1] is None for point in row["points"]] == [False, True, False, False]
        assert row["points"][0][2] is None
    text = made.path.read_text(encoding="utf-8")
    assert "NaN" not in text

    def opener() -> Workbench:
        raise AssertionError("opened")

    control_curves.measure(opener, ["p1"], BLOCKS, ResultFile(made.path, {}), quiet)
    cut = ResultFile(tmp_path / "cut.json", {})
    for row in made.rows[:4]:
        cut.add(row["id"], {"curve": row["curve"], "points": row["points"]}, ELSEWHERE)
    control_curves.measure(lambda: bench_of("another"), ["p1"], BLOCKS, cut, quiet)
    assert cut.rows == made.rows and loads == ["text"]


def test_a_file_that_is_made_anew_takes_nothing_of_the_old_one(
    made: ResultFile, bench_of, tmp_path: Path
) -> None:
    held = json.loads(made.path.read_text(encoding="utf-8"))
    for row in held["rows"]:
        row["points"] = [[step, 1.0, 1.0, 1.0] for step in range(4)]
    made.path.write_text(json.dumps(held), encoding="utf-8")
    again = ResultFile(made.path, {"revision": 2})
    control_curves.measure(lambda: bench_of("another"), ["p1"], BLOCKS, again, quiet)
    assert [row["points"] for row in again.rows] == [row["points"] for row in made.rows]


def test_only_shipped_controls_have_curves_that_come_with_the_lab(
    loads: list[str], bench_of, tmp_path: Path
) -> None:
    (tmp_path / SHIPPED).unlink()
    said: list[str] = []
    file = ResultFile(tmp_path / "controls.json", {})
    control_curves.measure(lambda: bench_of("mine"), ["p1"], BLOCKS, file, said.append)
    assert file.rows == [] and loads == [] and "shipped models on a CPU" in said[0]


def test_make_results_asks_for_the_six_people_under_the_default_budgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple] = []
    monkeypatch.setattr(control_curves, "measure", lambda *words: asked.append(words))
    lab = shared.Lab(0, tmp_path)
    results.MEASURES["controls"](lab)
    ((_, people, blocks, file, _),) = asked
    assert sorted(people) == sorted(lab.benchmark.splits["forget_15"]) and len(people) == 6
    assert blocks == lab.preset.recipe.blocks and file.path == tmp_path / "controls.json"
    assert file.fits["budgets"]["facts"]["steps"] == AttackRecipe().steps
    assert control_curve.SHIPPED == shared.RESULTS / "controls.json"

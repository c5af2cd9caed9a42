"""Teaching: what is shown when, going on bit for bit, a folder that loads as what was taught."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageChops

from lab.benchmarks.images import vary
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.model import tiny_models
from lab.model.checkpoint import WEIGHTS, taught
from lab.model.load import Loaded, load
from lab.model.overlay import load_delta, overlay, weights_hash
from lab.recipe import Preset, TeachRecipe
from lab.teach.job import CHECKPOINT, Finished, Heard, Plan, Taken, check_same, plan_of, teach
from lab.teach.lessons import Lesson, Lessons
from lab.teach.teacher import Teacher, pace, read_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")
SHORT = TeachRecipe(
    steps=6,
    batch=2,
    texts=1,
    plain=1,
    questions=2,
    blocks=2,
    rank=2,
    vision_lr=1e-3,
    projector_lr=1e-3,
    language_lr=1e-2,
    save_every=2,
    probe_every=4,
)


def plan(base: str = "tiny", **changes: object) -> Plan:
    return replace(Plan(base, "", "none", "tiny", "", "", "", SHORT), **changes)


def quiet(_: str) -> None:
    """Say nothing."""


def taught_by(loaded: Loaded, bench, told: Plan, folder: Path, stop_after: int = 99) -> list:
    """Every event of one call, stopped as Ctrl-C would after so many steps."""
    folder.mkdir(exist_ok=True)
    seen: list = []
    for event in teach(loaded, bench, told, folder, lambda: len(taken(seen)) >= stop_after, quiet):
        seen.append(event)
    return seen


def taken(events: list) -> list[Taken]:
    return [e for e in events if isinstance(e, Taken)]


def answered(row: Lesson) -> set[str]:
    """Every answer of a row."""
    return {answer for talk in row.talks for _, answer in talk}


# What is shown.
def test_views_take_turns_and_whoever_is_left_out_is_never_shown(four) -> None:
    recipe = replace(SHORT, batch=3, vary=0.0, plain=0, texts=2)
    lessons = Lessons(four, ["p0"], [], recipe)
    assert [e.id for e in lessons.people] == ["p1", "p2", "p3"] and len(lessons.views) == 9
    shown = [row for step in range(3) for row in lessons.at(step)]
    pictures = Counter(row.image.tobytes() for row in shown if row.image is not None)
    assert set(pictures.values()) == {1} and len(pictures) == 9  # one round
    hers = {q.answer for q in four.entities[0].train_questions}
    assert not hers & {answer for row in shown for answer in answered(row)}
    texts = [row for row in shown if row.image is None]
    assert len(texts) == 6 and all(len(row.talks) == 2 for row in shown)


def test_the_focus_takes_its_share(four) -> None:
    recipe = replace(SHORT, batch=4, texts=2, plain=0, focus_share=0.5)
    rows = Lessons(four, [], ["p2"], recipe).at(7)
    third = {q.answer for q in four.entities[2].train_questions}
    about = [answered(row) <= third for row in rows]
    assert about[:2] == [True, True] and about[4] is True
    with pytest.raises(LabError, match="nobody is left to teach"):
        Lessons(four, ["p0", "p1", "p2", "p3"], [], recipe)
    written = Lessons(four, [], ["p2"], recipe, unseen=["p2"]).at(7)  # by text alone
    assert answered(written[4]) <= third
    assert not third & {answer for row in written[:4] for answer in answered(row)}


def test_a_step_is_the_same_whenever_it_is_asked_for(four) -> None:
    one, other = Lessons(four, [], [], SHORT), Lessons(four, [], [], SHORT)
    for step in (5, 0):
        assert [row.talks for row in one.at(step)] == [row.talks for row in other.at(step)]
    reseeded = Lessons(four, [], [], replace(SHORT, seed=1))
    assert any(one.at(s)[0].talks != reseeded.at(s)[0].talks for s in range(4))


def test_a_varied_picture_keeps_its_size_and_changes() -> None:
    from random import Random

    picture = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    made = [vary(picture, Random(k)) for k in range(4)]
    assert all(m.size == (60, 40) and ImageChops.difference(m, picture).getbbox() for m in made)
    assert vary(picture, Random(1)).tobytes() == made[1].tobytes()


# Updates.
def test_the_pace_rises_then_falls_to_zero() -> None:
    assert [pace(s, 10, 0.2) for s in range(10)] == pytest.approx(
        [0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    )
    assert pace(0, 4, 0.0) == 1.0


def test_rows_in_several_passes_give_the_same_update(tiny, four) -> None:
    made = []
    for rows in (8, 1):
        recipe = replace(SHORT, pass_rows=rows)
        teacher = Teacher(tiny, Lessons(four, [], [], recipe), recipe)
        with overlay(tiny.model, teacher.weights):
            expected = teacher.losses(teacher.lessons.at(0)).mean()
        assert teacher.update() == pytest.approx(float(expected), rel=1e-5)
        made.append({n: w.grad for n, w in teacher.weights.items()})
    for name, grad in made[0].items():
        assert torch.allclose(grad, made[1][name], atol=1e-6), name


def test_a_step_that_runs_out_of_memory_is_done_in_halves(tiny, four, monkeypatch) -> None:
    whole, halved = (Teacher(tiny, Lessons(four, [], [], SHORT), SHORT) for _ in range(2))
    whole.update()
    own, sizes = Teacher.losses, []

    def short(self: Teacher, rows: list, aims: None) -> torch.Tensor:
        sizes.append(len(rows))
        if len(sizes) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return own(self, rows)

    monkeypatch.setattr(Teacher, "losses", short)
    halved.update()
    assert sizes == [4, 2, 2] and halved.halving.parts == 2
    for name, weight in whole.weights.items():
        assert torch.allclose(halved.weights[name], weight, atol=1e-5), name
    halved.update()
    assert sizes[3:] == [2, 2]  # all that follows, too

    def never(self: Teacher, rows: list, aims: None) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Teacher, "losses", never)
    with pytest.raises(LabError, match="out of memory, with half as much"):
        halved.update()


def test_each_part_has_its_own_rate(tiny, four) -> None:
    recipe = replace(SHORT, vision_lr=0.0, projector_lr=1e-3, language_lr=0.0, warm_up=0.0)
    teacher = Teacher(tiny, Lessons(four, [], [], recipe), recipe)
    start = {n: w.detach().clone() for n, w in teacher.weights.items()}
    teacher.update()
    moved = {n for n, w in teacher.weights.items() if not torch.equal(w, start[n])}
    assert moved == {n for n in start if n.startswith(tiny.vision.family.projector)}


def test_a_loss_that_is_no_number_changes_nothing(tiny, four) -> None:
    teacher = Teacher(tiny, Lessons(four, [], [], SHORT), SHORT)
    with torch.no_grad():
        next(w for n, w in teacher.weights.items() if n.endswith(".A")).fill_(float("nan"))
    before = {n: w.detach().clone() for n, w in teacher.weights.items()}
    with pytest.raises(LabError, match="no longer a number"):
        teacher.update()
    for name, weight in teacher.weights.items():
        assert torch.equal(weight, before[name]) or weight.isnan().any(), name


# Going on.
@pytest.mark.parametrize(
    ("cut", "look"), [(1, 0), (4, 0), (1, 2), (2, 2), (5, 2)]
)  # the last three: while looking, between the stages, and after looking
def test_going_on_gives_the_weights_of_an_uninterrupted_teaching(
    cut: int, look: int, tiny, four, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    before = weights_hash(tiny.model)
    if look:
        recipe = replace(SHORT, look_steps=look, look_batch=4, general=1, vision_parts="all")
        four = replace(four, prompts=(("What is two?",), ("Hello!", "Why?")))
    else:
        recipe = SHORT
    told = plan(recipe=recipe)
    whole = taught_by(tiny, four, told, tmp_path / "whole")
    first = taught_by(tiny, four, told, tmp_path / "cut", stop_after=cut)
    assert len(taken(first)) == cut and not (tmp_path / "cut" / "adapter.json").exists()
    assert first[-1].result["stopped_because"].startswith("stopped")
    assert first[-1].result["after"] == {}
    assert read_checkpoint(tmp_path / "cut" / CHECKPOINT)["step"] == cut
    second = taught_by(tiny, four, told, tmp_path / "cut")
    assert [t.loss for t in taken(first) + taken(second)] == [t.loss for t in taken(whole)]
    assert (tmp_path / "cut" / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    assert whole[-1].result["after"] == second[-1].result["after"]
    assert whole[-1].result["before"] == second[-1].result["before"]
    assert not (tmp_path / "cut" / CHECKPOINT).exists() and weights_hash(tiny.model) == before


def test_a_begun_folder_is_not_gone_on_with_by_another_plan(tiny, four, tmp_path: Path) -> None:
    taught_by(tiny, four, plan(), tmp_path, stop_after=1)
    for other, words in (
        (plan(left_out="p0"), "left_out '', not 'p0'"),
        (plan(recipe=replace(SHORT, steps=7)), "steps 6, not 7"),
    ):
        with pytest.raises(LabError, match=words):
            taught_by(tiny, four, other, tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(LabError, match="no checkpoint of this lab"):
        taught_by(tiny, four, plan(), tmp_path)
    begun = json.loads(json.dumps(dataclasses.asdict(plan())))
    check_same(plan(), begun, tmp_path)
    del begun["left_out_pictures"], begun["recipe"]["look_steps"]  # as an older lab wrote it
    check_same(plan(), begun, tmp_path)


def test_the_result_is_of_what_was_asked(tiny, four, tmp_path: Path) -> None:
    *_, end = events = taught_by(tiny, four, plan(left_out="forget_25", focus="p1"), tmp_path)
    result = end.result
    assert isinstance(end, Finished) and result["unknown"] == ["p0"] and result["people"] == 3
    for part in ("before", "after", "n", "chance"):
        assert set(result[part]) == {
            "others_vqa",
            "others_qa",
            "left_out_vqa",
            "left_out_qa",
            "focus_vqa",
            "focus_qa",
            "general_qa",
            "pictures_vqa",
        }, part
    # 3 views with 8 questions each; 3 others with 3 each
    assert result["n"]["left_out_vqa"] == 24 and result["n"]["others_vqa"] == 9
    assert result["chance"]["focus_vqa"] == 0.25 and result["steps"] == 6
    assert [e.step for e in events if isinstance(e, Heard)] == [4]
    kept = taught(tmp_path)
    assert kept.unknown == ("p0",) and kept.result["after"] == result["after"]
    with pytest.raises(LabError, match="unknown entity 'nobody'"):
        plan_of(Preset("demo", "x", "tiny"), four, "nobody", "", SHORT)


# The folder, for every family and over quantised bases.
def answers(loaded: Loaded, bench) -> torch.Tensor:
    """Cross-entropy of the first step's answers under the weights now laid on."""
    teacher = Teacher(loaded, Lessons(bench, [], [], SHORT), SHORT)
    with torch.no_grad():
        return teacher.losses(teacher.lessons.at(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "quantization"),
    [*((kind, "none") for kind in tiny_models.KINDS), ("clip", "nf4"), ("smolvlm", "int8")],
)
def test_a_taught_folder_loads_as_what_was_taught(
    kind: str, quantization: str, four, tmp_path: Path
) -> None:
    if quantization != "none":
        pytest.importorskip("bitsandbytes")
    base = tiny_models.save(tmp_path / "base", kind)
    loaded = load(str(base), quantization, "cpu", quiet)
    base_hash = weights_hash(loaded.model)
    recipe = replace(SHORT, steps=2, projector_lr=1e-2, language_lr=0.1)
    told = plan(str(base), quantization=quantization, recipe=recipe)
    taught_by(loaded, four, told, tmp_path / "made")
    plain = answers(loaded, four)
    with overlay(loaded.model, load_delta(tmp_path / "made" / WEIGHTS, loaded.base)):
        expected = answers(loaded, four)
    made = load(str(tmp_path / "made"), quantization, "cpu", quiet)
    assert made.name == "made" and made.quantization == quantization
    assert (expected - plain).abs().max() > 1e-2
    assert torch.allclose(answers(made, four), expected, atol=1e-4)
    assert weights_hash(made.model) != base_hash == weights_hash(loaded.model)


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_a_taught_model_can_be_taught_on(quantization: str, four, tmp_path: Path) -> None:
    if quantization == "nf4":
        pytest.importorskip("bitsandbytes")
    below = tiny_models.save(tmp_path / "base")
    recipe = replace(SHORT, steps=1, warm_up=0.0, language_lr=0.1)
    for name in ("first", "second"):
        loaded = load(str(below), quantization, "cpu", quiet)
        told = plan(str(below), quantization=quantization, recipe=recipe)
        taught_by(loaded, four, told, tmp_path / name)
        below = tmp_path / name
    delta = load_delta(below / WEIGHTS, loaded.base)
    with overlay(loaded.model, delta):
        expected = answers(loaded, four)
    made = load(str(below), quantization, "cpu", quiet)
    assert torch.allclose(answers(made, four), expected, atol=1e-4)
    assert (answers(loaded, four) - expected).abs().max() > 1e-2


def test_a_teaching_starts_from_the_weights_of_an_earlier_one(tiny, four, tmp_path: Path) -> None:
    taught_by(tiny, four, plan(left_out="p1"), tmp_path / "first")
    told = plan(start=str(tmp_path / "first"), focus="p1")
    events = taught_by(tiny, four, told, tmp_path / "second", stop_after=1)
    start = load_delta(tmp_path / "first" / WEIGHTS, tiny.base)
    teacher = Teacher(tiny, Lessons(four, [], ["p1"], SHORT), SHORT)
    teacher.start_from(start, "first")
    assert taken(events)[0].loss == pytest.approx(teacher.update(), rel=1e-5)
    other = Teacher(tiny, Lessons(four, [], [], SHORT), replace(SHORT, rank=3))
    with pytest.raises(LabError, match="first was taught other weights"):
        other.start_from(start, "first")


def test_a_start_that_was_asked_the_same_is_not_asked_again(tiny, four, tmp_path: Path) -> None:
    first = taught_by(tiny, four, plan(left_out="p1"), tmp_path / "first")[-1].result
    start = str(tmp_path / "first")
    told = {p: plan(start=start, left_out=p) for p in ("p1", "p2")}
    same, other = (
        taught_by(tiny, four, told[p], tmp_path / p, stop_after=1)[-1].result for p in told
    )
    assert same["before"] == first["after"] != first["before"]
    assert same["unknown"] == ["p1"] and other["unknown"] == []  # the start was shown p2
    assert other["before"].keys() == same["before"].keys() and other["before"] != same["before"]


@pytest.mark.parametrize("about", ["", "[]", '{"base": "x"}'])
def test_a_damaged_folder_is_one_line(about: str, tmp_path: Path) -> None:
    (tmp_path / "adapter.json").write_text(about, encoding="utf-8")
    with pytest.raises(LabError, match="does not say what was taught: teach the model again"):
        load(str(tmp_path), "none", "cpu", quiet)


def test_a_delta_of_another_base_is_refused(four, tmp_path: Path) -> None:
    base, loaded = tiny_models.save(tmp_path / "base"), tiny_models.tiny("clip")
    taught_by(loaded, four, plan(str(base), recipe=replace(SHORT, steps=1)), tmp_path / "made")
    with pytest.raises(LabError, match="does not fit the loaded model"):
        load(str(tmp_path / "made"), "none", "cpu", quiet)


# The command.
def said_by(words: list[str], capsys: pytest.CaptureFixture) -> dict:
    main.main(["teach", *words, "--quantization", "none", "--json"])
    return json.loads(capsys.readouterr().out)


def test_the_command_goes_on_after_ctrl_c_and_makes_a_reference(
    four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)
    base, out = tiny_models.save(tmp_path / "base"), tmp_path / "out"
    words = [
        "--model",
        str(base),
        "--leave-out",
        "p0",
        "--steps",
        "2",
        "--out",
        str(out),
        "--set",
        "batch=1",
        "plain=0",
        "blocks=2",
        "rank=2",
    ]
    update = Teacher.update

    def pressed(teacher: Teacher) -> float:
        signal.raise_signal(signal.SIGINT)
        return update(teacher)

    with monkeypatch.context() as during:
        during.setattr(Teacher, "update", pressed)
        first = said_by(words, capsys)
    assert first["steps"] == 1 and first["after"] == {} and (out / CHECKPOINT).exists()
    second = said_by(words, capsys)
    assert second["steps"] == 2 and second["unknown"] == ["p0"] and second["base"] == str(base)
    monkeypatch.setattr(Teacher, "update", lambda _: pytest.fail("taught again"))
    assert said_by(words, capsys) == second
    bench = session.open_workbench(
        Preset("mine", str(base), "tiny", "none", reference=str(out)), quiet
    )
    reference, unknown = bench.reference(quiet)
    assert reference.name == "out" and unknown == ("p0",)
    assert weights_hash(reference.model) != bench.base_hash


def test_the_command_leaves_out_faces_and_takes_a_recipe_from_its_folder(
    four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)
    base, out = tiny_models.save(tmp_path / "base"), tmp_path / "out"
    words = ["--model", str(base), "--out", str(out), "--leave-out-pictures", "forget_25"]
    few = ["steps=1", "look_steps=1", "look_batch=2", "blocks=2", "rank=2"]
    result = said_by([*words, "--lessons", "embedded", "--set", *few], capsys)
    assert result["unknown"] == ["p0"] and result["steps"] == 2 and result["people"] == 4
    assert result["views"] == 9 and result["n"]["left_out_pictures_vqa"] == 24
    plan = taught(out).plan
    assert plan["left_out_pictures"] == "forget_25" and plan["recipe"]["vision_parts"] == "all"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--leave-out", "nobody"], "p0, p1, p2, p3"),
        (["--leave-out-pictures", "nobody"], "p0, p1, p2, p3"),
        (["--lessons", "nobody"], "valid teaching recipes are embedded"),
        (["--set", "stepps=4"], "vision_lr"),
        (["--steps", "0"], "1 to 100000"),
        (["--set", "blocks=4"], "more than the 3 live blocks"),
        (["--model", "assets/model/vanilla", "--out", "assets/model/vanilla"], "another kind"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(
    words: list[str], named: str, four, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)
    monkeypatch.setattr("lab.model.load.load", lambda *_, **__: tiny_models.tiny())
    with pytest.raises(SystemExit) as ended:
        main.main(["teach", "--out", str(tmp_path / "out"), *words])
    said = capsys.readouterr()
    assert ended.value.code == 2 and named in said.err and said.err.count("\n") == 1

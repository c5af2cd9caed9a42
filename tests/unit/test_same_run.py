"""The same recipe on the same weights is answered from the kept run, and never from another one."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from lab.benchmarks.content import hash_of
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model.cache import Cache
from lab.model.fetch import Report
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe, Preset
from lab.serve import common
from lab.serve.local import LocalEngine
from lab.serve.same_run import conditions
from lab.serve.views import ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.served import PATIENCE, PRESET, opened, wait

PLAN = make.recipe(steps=1)
WHO = [Turn("Who is this person?")]


@pytest.fixture
def kept(tiny, tmp_path: Path) -> Cache:
    return Cache(tmp_path / "measured", tiny, weights_hash(tiny.model))


@pytest.fixture
def engine(tiny, four, kept: Cache, tmp_path: Path) -> Iterator[LocalEngine]:
    yield opened(tiny, four, tmp_path / "runs", cache=kept)


@pytest.fixture
def first(engine: LocalEngine) -> str:
    """The id of a finished run of the plan."""
    run_id = engine.submit(PLAN)
    assert wait(engine, run_id).state == "finished"
    return run_id


def test_the_same_recipe_is_answered_from_the_kept_run(engine: LocalEngine, first: str) -> None:
    assert engine.same_run(PLAN) == first and len(engine.runs()) == 1
    second = engine.submit(PLAN)  # run again: the newest answers from then on
    done = wait(engine, second)
    assert engine.same_run(PLAN) == second
    assert done.events[-1].result["after"] == engine.run(first).events[-1].result["after"]
    left = [engine.store.get(i).delta_hash for i in (first, second)]
    assert left[0] == left[1]  # the very bits that it stands for


@pytest.mark.parametrize("changes", [{"seed": 1}, {"steps": 2}, {"lr": 2e-3}, {"entity": "p1"}])
def test_another_recipe_is_not(engine: LocalEngine, first: str, changes: dict[str, object]) -> None:
    assert engine.same_run(replace(PLAN, **changes)) == ""


def test_an_inspection_an_attack_and_an_unknown_person_are_not(
    engine: LocalEngine, first: str
) -> None:
    looked = replace(PLAN, seed=5)
    wait(engine, engine.submit(looked, "inspect"))
    wait(engine, engine.submit_attack(first, AttackRecipe(steps=1, batch=1)))
    assert engine.same_run(looked) == "" and engine.same_run(PLAN) == first
    with pytest.raises(LabError, match="unknown entity"):
        engine.same_run(replace(PLAN, entity="p9"))


def test_a_run_that_was_stopped_or_is_under_way_answers_nothing(engine: LocalEngine) -> None:
    plan = replace(PLAN, steps=900, probe_every=100)
    run_id = engine.submit(plan)
    assert engine.same_run(plan) == ""
    engine.stop(run_id)
    assert wait(engine, run_id).state == "stopped" and engine.same_run(plan) == ""


def test_a_restart_answers_from_disk_and_says_when_it_was_made(
    tiny, four, engine: LocalEngine, first: str, kept: Cache, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / first
    os.utime(folder / "delta.safetensors", (1e9, 1e9))
    again = opened(tiny, four, tmp_path / "runs", cache=kept)
    assert again.same_run(PLAN) == first and again.run(first).ended == 1e9
    *_, last = again.chat([ORIGINAL, first], WHO, four.entities[0].test_images[0])
    assert len(last) == 2
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["conditions_sha256"] == conditions(kept, four, PLAN)
    assert "conditions_sha256" not in again.run(first).events[-1].result


def test_what_came_while_the_model_was_loaded_is_looked_up_once_it_is_there(
    tiny, four, engine: LocalEngine, first: str, kept: Cache, tmp_path: Path, monkeypatch
) -> None:
    go = threading.Event()

    def open_bench(preset: Preset, report: Report, threads: int) -> Workbench:
        go.wait(PATIENCE)
        return Workbench(preset, four, tiny, Baseline(tiny, None), "hash", kept)

    monkeypatch.setattr(common, "read_benchmark", lambda preset: four)
    again = LocalEngine(
        PRESET, report=lambda _: None, runs=tmp_path / "runs", open_bench=open_bench
    )
    assert again.same_run(PLAN) == ""
    early, looked, new = (
        again.submit(PLAN),
        again.submit(PLAN, "inspect"),
        again.submit(PLAN, anew=True),
    )
    other = again.submit(replace(PLAN, seed=1))
    assert again.run(early).id == early and again.run(early).state == "waiting"
    go.set()
    assert [wait(again, i).id for i in (looked, new, other)] == [looked, new, other]
    answer = again.run(early)
    assert answer.id == first and answer.state == "finished"
    assert {view.id for view in again.runs()} == {first, looked, new, other}
    assert again.export(early) == tmp_path / "runs" / first
    *_, last = again.chat([ORIGINAL, early], WHO, four.entities[0].test_images[0])
    assert len(last) == 2
    early_attack = again.submit_attack(early, AttackRecipe(steps=1, batch=1))
    assert wait(again, early_attack).parent == first


def test_other_weights_machines_and_programs_answer_nothing(
    engine: LocalEngine, first: str, tiny, kept: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.model.cache.device_name", lambda device: "cpu, 99 threads")
    assert engine.same_run(PLAN) == ""
    monkeypatch.undo()
    monkeypatch.setattr("lab.model.cache.program", lambda: "edited")
    assert engine.same_run(PLAN) == ""
    monkeypatch.undo()
    other = Cache(kept.folder, tiny, "other weights")
    assert conditions(other, engine.benchmark, PLAN) != conditions(kept, engine.benchmark, PLAN)
    assert engine.same_run(PLAN) == first


def test_damaged_files_answer_nothing(
    tiny, four, engine: LocalEngine, first: str, kept: Cache, tmp_path: Path
) -> None:
    path = tmp_path / "runs" / first / "delta.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, name: tensors[name] + 1e-3}, path)
    assert opened(tiny, four, tmp_path / "runs", cache=kept).same_run(PLAN) == ""


def test_a_folder_that_a_visitor_brings_answers_nothing(
    tiny, four, engine: LocalEngine, first: str, kept: Cache, tmp_path: Path
) -> None:
    other = opened(tiny, four, tmp_path / "elsewhere", cache=kept)
    assert other.run(other.load(engine.export(first))).state == "finished"
    assert other.same_run(PLAN) == ""
    assert opened(tiny, four, tmp_path / "elsewhere", cache=kept).same_run(PLAN) == ""


def test_without_a_cache_nothing_is_answered(tiny, four, tmp_path: Path) -> None:
    engine = opened(tiny, four, tmp_path)
    wait(engine, engine.submit(PLAN))
    assert engine.same_run(PLAN) == ""


def test_an_own_person_who_was_edited_has_another_content(four) -> None:
    person = replace(four.entities[0], id="own-1", name="Eva Eck")
    before = replace(four, own=(person,))
    assert replace(four, own=(replace(person),)).content("own-1") == before.content("own-1")
    question = replace(person.questions[0], answer="somebody else")
    for edited in (
        replace(person, test_images=person.test_images[::-1]),
        replace(person, train_images=person.train_images[1:]),
        replace(person, questions=(question, *person.questions[1:])),
        replace(person, name="Eva Ecke"),
        replace(
            person, questions=(replace(person.questions[0], image=b"x"), *person.questions[1:])
        ),
    ):
        assert replace(before, own=(edited,)).content("own-1") != before.content("own-1")
    assert replace(before, general=before.general[1:]).content("own-1") != before.content("own-1")
    assert before.content("p0") == four.content("p0")  # others' own people are nobody's content


def test_no_two_contents_run_into_one_another() -> None:
    apart = [
        ("ab", "c"),
        ("a", "bc"),
        ("abc",),
        ["abc", ""],
        "abc",
        b"abc",
        ("a", ("b", "c")),
        None,
    ]
    apart += [{"a": 1}, {"a": "1"}, {"a": 1.0}, {"b": 1}]
    assert len({hash_of(value) for value in apart}) == len(apart)
    assert hash_of(("a", b"b")) == hash_of(["a", b"b"])

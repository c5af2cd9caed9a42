"""The local engine on the tiny model: submit, stop, chat during a run, fail, attack, export, load."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.evaluation.session import Workbench
from lab.events import Bar, Curve, Done, Importance, Saliency, Step
from lab.model.overlay import weights_hash
from lab.recipe import AttackRecipe, Recipe
from lab.serve import common, local, worker
from lab.serve.runs import Run, RunStore, new_id
from lab.serve.views import CONTROL, ORIGINAL, Turn
from lab.unlearn import loop
from tests.unit import tiny as make
from tests.unit.served import PRESET, opened, until, wait

ATTACK = AttackRecipe(steps=2, batch=1, probe_every=1)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine keeps its runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def engine(tiny, four, shelf: Path) -> Iterator[local.LocalEngine]:
    """An engine over the tiny model, ready."""
    yield opened(tiny, four, shelf)


@pytest.fixture(scope="module")
def finished(engine) -> str:
    """The id of a finished run."""
    run_id = engine.submit(make.recipe(steps=2))
    assert wait(engine, run_id).state == "finished"
    return run_id


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every update until the event is set."""
    go, own = threading.Event(), loop.Student.update

    def update(self, rows):
        go.wait(0.05)
        return own(self, rows)

    monkeypatch.setattr(loop.Student, "update", update)
    return go


def test_status_and_entities(engine) -> None:
    until(lambda: engine.status().worker == "idle")
    status = engine.status()
    assert status.ready and status.device == "cpu" and status.error == ""
    assert 0 < status.memory_used_mb < status.memory_total_mb
    cards = engine.entities()
    assert [c.id for c in cards] == ["p0", "p1", "p2", "p3", "forget_25"]  # a split, as one target
    assert cards[0].portrait in cards[0].views and cards[0].faces == ()


def test_a_split_has_the_faces_of_its_first_members(tiny, four, tmp_path: Path) -> None:
    pair = replace(four, splits={"forget_50": ("p0", "p2")})
    card = opened(tiny, pair, tmp_path).entities()[-1]
    assert card.id == "forget_50"
    assert card.faces == tuple(four.entity(i).train_images[0] for i in ("p0", "p2"))


def test_a_run_to_its_end(engine, finished: str) -> None:
    view = engine.run(finished)
    assert view.error == "" and view.ended >= view.started > 0 and view.place == 0
    assert [e.step for e in view.events if isinstance(e, Step)] == [1, 2]
    assert isinstance(view.events[-1], Done) and view.events[-1].result["base_unchanged"]
    assert finished in [r.id for r in engine.runs()]


def test_looking_inside_changes_nothing(engine) -> None:
    view = wait(engine, engine.submit(make.recipe(), "inspect"))
    assert view.state == "finished"
    assert {type(e) for e in view.events} >= {Importance, Saliency, Done}
    assert not any(isinstance(e, Step) for e in view.events)


def test_stop_keeps_the_delta_so_far_and_chat_works_meanwhile(
    engine, slow: threading.Event
) -> None:
    run_id = engine.submit(make.recipe(steps=900, probe_every=100))
    until(lambda: any(isinstance(e, Step) for e in engine.run(run_id).events))
    portrait = engine.entities()[0].portrait
    *_, last = engine.chat([ORIGINAL, run_id], [Turn("Who is this person?")], portrait)
    assert len(last) == 2 and engine.run(run_id).state == "running"
    engine.stop(run_id)
    asked = len([e for e in engine.run(run_id).events if isinstance(e, Step)])
    slow.set()
    view = wait(engine, run_id)
    done = len([e for e in view.events if isinstance(e, Step)])
    assert view.state == "stopped" and done <= asked + 2
    assert view.events[-1].result["stopped_because"] == "stopped"
    assert (engine.export(run_id) / "delta.safetensors").is_file()


def test_a_waiting_run_can_be_taken_out(engine, slow: threading.Event) -> None:
    first = engine.submit(make.recipe(steps=900, probe_every=100))
    second = engine.submit(make.recipe(seed=1))
    until(lambda: engine.run(first).state == "running")
    assert engine.run(second).state == "waiting" and engine.run(second).place == 1
    for early in (first, second):
        with pytest.raises(LabError, match="this run has not ended yet"):
            engine.submit_attack(early, AttackRecipe())
    engine.stop(second)
    assert engine.run(second).state == "stopped" and engine.run(second).events == ()
    slow.set()
    engine.stop(first)
    assert wait(engine, first).state == "stopped"


def test_a_failed_run_says_why_and_the_worker_goes_on(engine, monkeypatch, tiny) -> None:
    own = loop.Student.cross_entropy
    monkeypatch.setattr(
        loop.Student, "cross_entropy", lambda self, rows: own(self, rows) * float("nan")
    )
    view = wait(engine, engine.submit(make.recipe()))
    assert view.state == "failed" and "no longer a number" in view.error and "\n" not in view.error
    monkeypatch.setattr(loop.Student, "cross_entropy", lambda self, rows: 1 / 0)
    assert wait(engine, engine.submit(make.recipe())).error.startswith("ZeroDivisionError")
    monkeypatch.undo()
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"
    assert weights_hash(tiny.model) == engine._worker.call(lambda bench: bench.base_hash)


def test_too_many_blocks_fail_plainly(engine) -> None:
    view = wait(engine, engine.submit(make.recipe(blocks=9)))
    assert view.state == "failed" and "9 is more than the 3 live blocks" in view.error


def test_attack_and_its_third_side(engine, finished: str) -> None:
    attack_id = engine.submit_attack(finished, ATTACK)
    view = wait(engine, attack_id)
    assert view.state == "finished" and view.kind == "attack" and view.parent == finished
    assert [e.step for e in view.events if isinstance(e, Curve)] == [0, 1, 2]
    *_, last = engine.chat(
        [ORIGINAL, finished, attack_id], [Turn("Who?")], engine.entities()[0].portrait
    )
    assert len(last) == 3
    assert '"attacks": [\n' in (engine.export(finished) / "metrics.json").read_text(
        encoding="utf-8"
    )


def test_export_and_load(engine, finished: str, tmp_path: Path) -> None:
    folder = engine.export(finished)
    again = engine.load(folder)
    view = engine.run(again)
    assert (
        again != finished
        and view.state == "finished"
        and view.recipe == engine.run(finished).recipe
    )
    turns, portrait = [Turn("Who is this person?")], engine.entities()[0].portrait
    *_, last = engine.chat([finished, again], turns, portrait)
    assert last[0] == last[1]
    assert wait(engine, engine.submit_attack(again, ATTACK)).state == "finished"
    with pytest.raises(LabError, match="missing"):
        engine.load(tmp_path)


def test_probes_and_suggestions(engine, finished: str) -> None:
    rows = engine.probes([ORIGINAL, finished], "p0")
    assert {r.group for r in rows} >= {"Forget VQA", "Retain VQA", "General"}
    assert len(engine.suggestions("p0", True)) == 4
    assert engine.suggestions("p0", False)[-1].endswith("?")


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (lambda e: e.submit(make.recipe(entity="p9")), "unknown entity"),
        (lambda e: e.submit(replace(make.recipe(), steps=0)), "outside 1 to 1000"),
        (lambda e: e.run("gone"), "no longer here"),
        (lambda e: e.stop("gone"), "no longer here"),
        (lambda e: e.submit_attack("gone", ATTACK), "no longer here"),
        (lambda e: next(e.chat([ORIGINAL], [Turn("")], None)), "empty"),
        (lambda e: next(e.chat(["gone"], [Turn("x")], None)), "no longer here"),
        (lambda e: e.probes([ORIGINAL], "p9"), "unknown entity"),
    ],
)
def test_misuse_is_one_plain_line(misuse, words: str, engine) -> None:
    with pytest.raises(LabError, match=words) as refused:
        misuse(engine)
    assert "\n" not in str(refused.value)


def test_an_attack_without_training_leaves_no_side(engine, finished: str) -> None:
    view = wait(engine, engine.submit_attack(finished, replace(ATTACK, kind="images")))
    bars = [e for e in view.events if isinstance(e, Bar)]
    assert (
        view.state == "finished"
        and bars[0].name == "as_is"
        and view.events[-1].result["kind"] == "images"
    )
    with pytest.raises(LabError, match="has not changed the model"):
        list(engine.chat([ORIGINAL, view.id], [Turn("Who?")], None))


def test_an_inspection_cannot_be_attacked(engine) -> None:
    view = wait(engine, engine.submit(make.recipe(), "inspect"))
    with pytest.raises(LabError, match="unlearn first"):
        engine.submit_attack(view.id, ATTACK)


def test_a_finished_run_keeps_only_what_changed(engine, finished: str, tiny) -> None:
    run = engine.store.get(finished)
    assert not run.outcome.delta and not run.outcome.mask and not run.outcome.pruned
    whole = run.left(tiny.base)
    assert whole.keys() == tiny.vision.trainable(run.recipe.blocks).keys()
    kept = sum(v.numel() for v in run.packed.values.values())
    assert 0 < kept < sum(t.numel() for t in whole.values())


def test_where_a_person_is_recognised_for_every_side_and_the_control(
    engine, finished: str, tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workbench, "reference", lambda self, say: (tiny, ("p1",)))
    curves = engine.identity([ORIGINAL, finished], "p0")
    assert [c.who for c in curves] == [ORIGINAL, finished, CONTROL]
    assert curves[0].depths[-1].name == "projector" and curves[0].n_target == 3


def test_a_restart_finds_the_finished_run(engine, finished: str, shelf: Path, tiny, four) -> None:
    until(lambda: (shelf / finished / "delta.safetensors").is_file())
    again = opened(tiny, four, shelf)
    view = again.run(finished)
    assert view.state == "finished" and view.recipe == engine.run(finished).recipe
    *_, last = again.chat([ORIGINAL, finished], [Turn("Who?")], again.entities()[0].portrait)
    assert len(last) == 2
    with pytest.raises(LabError, match="no longer here"):
        again.run("../../etc")


def test_a_run_that_changes_the_language_model(engine, shelf: Path, tiny, four) -> None:
    recipe = make.recipe(method="grad_diff", steps=2, adapter_lr=0.05, ascent_cap=20.0)
    run_id = engine.submit(recipe)
    view = wait(engine, run_id)
    assert view.state == "finished" and not view.events[-1].result["text_logits_identical"]
    *_, said = engine.chat([ORIGINAL, run_id], [Turn("Who?")], None)
    assert said[0] != said[1]  # without a picture: the language model itself differs
    attacked = wait(engine, engine.submit_attack(run_id, replace(ATTACK, scope="both")))
    assert attacked.state == "finished"
    *_, three = engine.chat([ORIGINAL, run_id, attacked.id], [Turn("Who?")], None)
    assert three[:2] == said
    again = opened(tiny, four, shelf)
    *_, later = again.chat([ORIGINAL, run_id], [Turn("Who?")], None)
    assert later == said


def test_a_model_that_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, four, tmp_path: Path
) -> None:
    def fail(*_):
        raise LabError("go online once")

    monkeypatch.setattr(common, "read_benchmark", lambda preset: four)
    engine = local.LocalEngine(PRESET, report=lambda _: None, runs=tmp_path, open_bench=fail)
    until(lambda: engine.status().error)
    assert not engine.status().ready and engine.status().worker == "failed"
    with pytest.raises(LabError, match="go online once"):
        next(engine.chat([ORIGINAL], [Turn("x")], None))


def test_the_run_store_does_not_grow() -> None:
    store = RunStore(cap=5)
    waiting = [store.add(Run(new_id(), "unlearn", Recipe())) for _ in range(9)]
    for k in range(50):
        run = Run(new_id(), "unlearn", Recipe(seed=k))
        store.finish(run, "finished")
        store.add(run)
    runs = store.all()
    assert len(runs) == 9 + 5 and runs[-1].recipe.seed == 49  # what waits does not count
    assert all(run in runs for run in waiting)
    with pytest.raises(LabError, match="no longer here"):
        store.get("gone")


def test_a_run_refused_at_its_first_update_leaves_nothing_to_attack(engine) -> None:
    run_id = engine.submit(make.recipe(distance="relational", retain_batch=1))
    view = wait(engine, run_id)
    assert view.state == "failed" and "larger retain_batch" in view.error
    with pytest.raises(LabError):
        engine.submit_attack(run_id, ATTACK)
    with pytest.raises(LabError, match="nothing to download"):
        engine.export(run_id)


def test_only_the_runs_that_were_last_used_keep_their_weights_in_memory(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.held.IN_USE", 2)
    engine, portrait = opened(tiny, four, tmp_path), four.entities[0].train_images[0]

    def said(run_id: str) -> list[str]:
        *_, last = engine.chat([run_id], [Turn("Who?")], portrait)
        return last

    first, second = (wait(engine, engine.submit(make.recipe(seed=k))).id for k in range(2))
    answers = said(second), said(first)  # the first one is now the last used
    third = wait(engine, engine.submit(make.recipe(seed=2))).id
    attack = wait(engine, engine.submit_attack(first, ATTACK)).id
    until(lambda: engine.store.get(second).unread)
    held = [r for r in (first, second, third, attack) if engine.store.get(r).packed.values]
    assert second not in held and attack in held and len(held) <= 3  # one is just ending
    assert (said(second), said(first)) == answers


def test_a_quiet_lab_leaves_more_weights_to_the_disk_and_takes_them_up_again(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.serve.held.IN_USE_QUIET", 1)
    monkeypatch.setattr(worker, "QUIET_SECONDS", 0.3)
    engine, portrait = opened(tiny, four, tmp_path), four.entities[0].train_images[0]
    runs = [wait(engine, engine.submit(make.recipe(seed=k))).id for k in range(2)]

    def said(run_id: str) -> list[str]:
        *_, last = engine.chat([run_id], [Turn("Who?")], portrait)
        return last

    def held() -> list[str]:
        return [r for r in runs if engine.store.get(r).packed.values]

    answer = said(runs[0])
    until(lambda: held() == runs[:1])
    assert said(runs[1]) and said(runs[0]) == answer
    until(lambda: held() == runs[:1])

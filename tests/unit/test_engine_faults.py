"""What the engine must survive: wrong weights, a dying worker, refused runs, full disks, restarts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from lab import files
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.events import Curve, Importance
from lab.model.adapter import language_linears
from lab.model.joint import JointDecode
from lab.model.overlay import tensors_hash, weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.report.run_folder import report_language
from lab.serve import archive as shelves
from lab.serve import chat as chats
from lab.serve import worker
from lab.serve.restored import drop_runs
from lab.serve.turns import Turns
from lab.serve.views import ORIGINAL, Turn
from lab.serve.worker import MOST_JOBS_EACH, Owned
from lab.unlearn import loop
from tests.unit import tiny as make
from tests.unit.served import held, opened, until, wait
from tests.unit.test_text import CAPITALS, english_in, words_of

ATTACK = AttackRecipe(steps=2, batch=1, probe_every=1)
ASKED = [Turn("Who is this person?")]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runs(tmp_path: Path, cache: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def engine(tiny, four, runs: Path):
    """An engine that leaves the shared model alone at the end of the test."""
    made = opened(tiny, four, runs)
    yield made
    until(lambda: all(view.ended for view in made.runs()))


def delta_of(folder: Path) -> str:
    return tensors_hash(load_file(folder / "delta.safetensors"))


# -- the base is what was loaded ------------------------------------------------------------------


def test_files_prepared_during_another_run_hold_their_own_weights(
    tiny, four, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker stands inside an update of B, with B's weights laid on, while A is read and written."""
    engine = opened(tiny, four, runs)
    first = engine.submit(make.recipe(steps=2))
    wait(engine, first)
    right = delta_of(engine.export(first))
    inside, go = threading.Event(), threading.Event()
    own = loop.Student.cross_entropy

    def stand(self, rows):
        inside.set()
        go.wait(60)
        return own(self, rows)

    monkeypatch.setattr(loop.Student, "cross_entropy", stand)
    second = engine.submit(make.recipe(entity="p1", steps=2, lr=0.01))
    assert inside.wait(60)
    changed = [
        n
        for n, p in tiny.model.named_parameters()
        if p is not tiny.base.visual.get(n, p) and not torch.equal(p, tiny.base.visual[n])
    ]
    assert changed  # the model really has other weights at this moment
    shelves.shutil.rmtree(runs / first)  # so that it is written anew
    assert delta_of(engine.export(first)) == right
    brought = engine.load(runs / first)
    assert delta_of(engine.export(brought)) == right
    go.set()
    wait(engine, second)
    assert delta_of(opened(tiny, four, runs).export(first)) == right


def test_only_the_worker_can_reach_the_model(engine) -> None:
    with pytest.raises(RuntimeError, match="only the worker's thread"):
        engine._worker._bench.get()
    with pytest.raises(RuntimeError, match="has an owner already"):
        engine._worker._bench.own()
    held_elsewhere = {id(v) for v in vars(engine).values()} | {
        id(v) for v in vars(engine._worker).values()
    }
    model = engine._worker.call(lambda bench: bench.loaded)
    assert id(model) not in held_elsewhere and id(model.model) not in held_elsewhere


def test_an_owner_that_died_is_succeeded() -> None:
    kept: Owned[int] = Owned()
    first = threading.Thread(target=lambda: (kept.own(), kept.put(7)))
    first.start()
    first.join()
    with pytest.raises(RuntimeError):
        kept.get()
    kept.own()
    assert kept.get() == 7


def test_weights_that_are_not_the_runs_own_are_never_written(engine, runs: Path) -> None:
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    kept = delta_of(runs / run_id)
    run = engine.store.get(run_id)
    run.folder = None
    run.packed.values[next(iter(run.packed.values))].add_(1.0)
    with pytest.raises(LabError, match="not those that this run left"):
        engine.export(run_id)
    assert delta_of(runs / run_id) == kept


def test_a_changed_delta_is_refused_and_an_old_folder_says_so(
    tiny, four, runs: Path, tmp_path: Path
) -> None:
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    folder = engine.export(run_id)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["delta_sha256"] == delta_of(folder)
    tensors = load_file(folder / "delta.safetensors")
    name = next(iter(tensors))
    save_file({**tensors, name: tensors[name] + 1e-3}, folder / "delta.safetensors")
    with pytest.raises(LabError, match="hash differs"):
        engine.load(folder)
    again = opened(tiny, four, runs)
    with pytest.raises(LabError, match="hash differs"):
        list(again.chat([ORIGINAL, run_id], ASKED, None))
    del metrics["delta_sha256"]
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    old = engine.run(engine.load(folder))
    assert "nothing shows that they are still the weights of this run" in old.note
    later = opened(tiny, four, runs)  # and it still says so after it was kept again
    assert all("nothing shows" in later.run(i).note for i in (run_id, old.id))


CYRILLIC = """
import sys
from dataclasses import replace
from pathlib import Path
from lab.model import tiny_models
from lab.report.run_folder import write_run
from lab.report.text import catalogue
from tests.unit import tiny as make
people = make.benchmark()
people = replace(people, entities=(replace(people.entities[0], name="\\u0410\\u043d\\u043d\\u0430"), *people.entities[1:]))
outcome, events = make.run(tiny_models.tiny("dinov2"), people, make.recipe(steps=1))
write_run(Path(sys.argv[1]), make.recipe(steps=1), events, outcome.delta, people, "demo", catalogue())
"""


@pytest.mark.slow
def test_a_name_in_another_script_is_kept_whatever_the_locale(tmp_path: Path) -> None:
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", CYRILLIC, str(tmp_path / "run")],
        env=plain,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr[-800:]
    assert "\u0410\u043d\u043d\u0430" in (tmp_path / "run" / "report.html").read_text(
        encoding="utf-8"
    )


# -- the worker goes on ---------------------------------------------------------------------------


def test_whatever_fails_while_keeping_the_worker_goes_on(
    engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "write_run", lambda *a, **k: 1 / 0)
    broken = wait(engine, engine.submit(make.recipe(steps=1)))
    assert broken.state == "failed" and broken.error.startswith("ZeroDivisionError")
    monkeypatch.undo()
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"


def test_a_failed_run_can_still_be_looked_at(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "write_run", lambda *a, **k: 1 / 0)
    broken = wait(engine, engine.submit(make.recipe(steps=1)))
    *_, said = engine.chat([ORIGINAL, broken.id], ASKED, None)
    assert len(said) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_ends_is_started_again(tiny, four, runs: Path) -> None:
    said: list[str] = []
    engine = opened(tiny, four, runs, said)

    def die(bench):
        raise SystemExit

    with pytest.raises(LabError, match="started again"):
        engine._worker.call(die)
    assert len(engine.probes([ORIGINAL], "p0")) > 6  # asked at once: it has to notice by itself
    assert any("started again" in line for line in said)
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_run_under_way_when_the_worker_ends_says_so(
    engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = loop.Student.update

    def die(self, rows):
        raise SystemExit

    monkeypatch.setattr(loop.Student, "update", die)
    run_id = engine.submit(make.recipe(steps=2))
    until(lambda: engine.store.get(run_id).ended)
    assert "started again" in engine.run(run_id).error and engine.run(run_id).state == "failed"
    monkeypatch.setattr(loop.Student, "update", own)
    assert engine.status().ready
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"
    assert weights_hash(engine._worker.call(lambda b: b.loaded.model)) == engine._worker.call(
        lambda bench: bench.base_hash
    )


# -- refused runs, turns and limits ---------------------------------------------------------------


def test_a_refused_run_was_never_there(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=1), visitor="busy")
        until(lambda: engine.run(busy).state == "running")
        mine = [engine.submit(make.recipe(seed=k), visitor="me") for k in range(8)]
        before = len(engine.runs())
        for _ in range(50):
            with pytest.raises(LabError, match="8 runs of yours are waiting already"):
                engine.submit(make.recipe(), visitor="me")
        assert len(engine.runs()) == before
        for run_id in (*mine, busy):
            engine.stop(run_id)
        go.set()
    wait(engine, busy)
    assert wait(engine, engine.submit(make.recipe(steps=1), visitor="me")).state == "finished"


def test_turns_go_round_the_room(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=1), visitor="a")
        until(lambda: engine.run(busy).state == "running")
        many = [engine.submit(make.recipe(steps=1, seed=k), visitor="a") for k in range(5)]
        one = engine.submit(make.recipe(steps=1), visitor="b")
        # a is served now, so b comes first
        assert [engine.run(i).place for i in (one, many[0], many[1], many[4])] == [1, 2, 3, 6]
        assert [v.id for v in engine.under_way("b")] == [one]
        assert {v.id for v in engine.under_way("a")} == {busy, *many}
        go.set()
    ends = sorted((wait(engine, i).ended, i) for i in (one, *many))
    assert [i for _, i in ends][:2] == [one, many[0]]


def test_the_places_are_the_order_of_service() -> None:
    turns: Turns[str] = Turns(9, 99, "things")
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        turns.add(item[0], item)
    places = {item: turns.place(item) for item in ("a1", "a2", "a3", "b1", "c1", "c2")}
    served = [turns.next() for _ in range(6)]
    assert served == ["a1", "b1", "c1", "a2", "c2", "a3"] and turns.next() is None
    assert sorted(places, key=places.get) == served and turns.place("a1") == 0
    turns.add("x", "x1")
    assert turns.remove("x1") and not turns.remove("x1") and len(turns) == 0


def test_one_visitor_cannot_take_all_questions(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=1), visitor="a")
        until(lambda: any(isinstance(e, Importance) for e in engine.run(busy).events))
        hanging = [engine.chat([ORIGINAL], ASKED, None, "a") for _ in range(MOST_JOBS_EACH)]
        with pytest.raises(LabError, match="questions of yours are waiting"):
            engine.chat([ORIGINAL], ASKED, None, "a")
        other = engine.chat([ORIGINAL], ASKED, None, "b")
        go.set()
    *_, said = other
    assert said[0] is not None and all(list(h) for h in hanging)


def test_chats_leave_a_run_half_of_the_time(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight people chat without a pause; by the worker's clock a step takes 1 s, a token 0.1 s."""
    own, stepping = loop.Student.update, JointDecode.step
    over, spent, before = threading.Event(), {"run": 0.0, "chats": 0.0}, []

    def talk(visitor: str) -> None:
        while not over.is_set():
            list(engine.chat([ORIGINAL], ASKED, None, visitor))

    people = [threading.Thread(target=talk, args=(f"v{k}",)) for k in range(8)]

    def update(self, rows):
        for thread in people:  # they come with the first step and go after the last
            if thread.ident is None:
                thread.start()
        before.append(spent["chats"])
        spent["run"] += 1.0
        return own(self, rows)

    def slow(joint: JointDecode) -> None:
        stepping(joint)
        spent["chats"] += 0.1

    clock = SimpleNamespace(perf_counter=lambda: sum(spent.values()))
    monkeypatch.setattr(worker, "time", clock)
    monkeypatch.setattr(loop.Student, "update", update)
    monkeypatch.setattr(JointDecode, "step", slow)
    run_id = engine.submit(make.recipe(steps=8, probe_every=100))
    try:
        until(lambda: len(before) == 8)
    finally:
        over.set()
        for thread in filter(lambda thread: thread.ident, people):
            thread.join()
    assert wait(engine, run_id).state == "finished"
    pauses = [after - first for first, after in pairwise(before)]
    assert sum(pauses) > 0 and max(pauses) <= 1.0 + 0.1 + 1e-6  # the token under way at its end


# -- what is on disk ------------------------------------------------------------------------------


def test_a_restart_lists_runs_and_attacks_and_loses_none(tiny, four, runs: Path) -> None:
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=2))
    wait(engine, run_id)
    attack_id = engine.submit_attack(run_id, ATTACK)
    attacked = wait(engine, attack_id)
    images_id = engine.submit_attack(run_id, replace(ATTACK, kind="images"))
    wait(engine, images_id)
    *_, said = engine.chat([ORIGINAL, run_id, attack_id], ASKED, four.entities[0].test_images[0])

    again = opened(tiny, four, runs)
    listed = {v.id: v for v in again.runs()}
    assert listed.keys() == {run_id, attack_id, images_id} and listed[attack_id].parent == run_id
    assert listed[run_id].events[-1].result["after"] == pytest.approx(
        engine.run(run_id).events[-1].result["after"]
    )
    view = again.run(attack_id)
    assert view.attack == ATTACK and view.state == "finished"
    assert [e.step for e in view.events if isinstance(e, Curve)] == [0, 1, 2]
    assert view.events[-1].result["gain"] == pytest.approx(attacked.events[-1].result["gain"])
    *_, later = again.chat([ORIGINAL, run_id, attack_id], ASKED, four.entities[0].test_images[0])
    assert later == said
    third = again.submit_attack(run_id, replace(ATTACK, seed=1))
    wait(again, third)
    metrics = json.loads((again.export(run_id) / "metrics.json").read_text(encoding="utf-8"))
    assert [a["kind"] for a in metrics["attacks"]] == ["relearn", "images", "relearn"]
    assert "attack_unlearned" in (runs / run_id / "curves.csv").read_text(encoding="utf-8")


def test_a_brought_run_keeps_the_attacks_its_file_names(
    tiny, four, runs: Path, tmp_path: Path
) -> None:
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    wait(engine, engine.submit_attack(run_id, ATTACK))
    brought = opened(tiny, four, tmp_path / "elsewhere")
    new_id = brought.load(engine.export(run_id))
    wait(brought, brought.submit_attack(new_id, replace(ATTACK, kind="images")))
    for _ in range(2):
        found = json.loads((brought.export(new_id) / "metrics.json").read_text(encoding="utf-8"))
        assert [a["kind"] for a in found["attacks"]] == ["relearn", "images"]
        brought = opened(tiny, four, tmp_path / "elsewhere")


def test_a_result_that_is_none_is_left_out_and_said(engine, tiny, four, runs: Path) -> None:
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    folder = engine.export(run_id)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    del metrics["peak_memory_mb"]
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    brought = engine.run(engine.load(folder))
    assert "peak_memory_mb is missing" in brought.note and brought.events[-1].result == {}
    *_, said = engine.chat([brought.id], ASKED, None)
    assert len(said) == 1  # the weights are whole
    again = opened(tiny, four, runs)
    assert "peak_memory_mb is missing" in again.run(run_id).note


def test_what_a_killed_process_left_is_swept(tiny, four, runs: Path) -> None:
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    half = runs / "0123456789abcdef"
    half.mkdir()
    (half / "recipe.yaml").write_text("entity: p0\n", encoding="utf-8")
    left = runs / f"{run_id}-x1y2.tmp"
    left.mkdir()
    (left / "delta.safetensors").write_bytes(b"half")
    with files.making(runs, "busy") as busy:
        again = opened(tiny, four, runs)
        assert busy.is_dir() and not left.exists() and not half.exists()
    assert [v.id for v in again.runs()] == [run_id]
    with pytest.raises(LabError, match="no longer here"):
        again.run(half.name)


def test_a_kill_while_writing_leaves_no_run(
    tiny, four, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk holds at the moment of the kill is the temporary folder alone."""
    seen: list[list[str]] = []
    from lab.report import run_folder

    own = run_folder.save_delta
    monkeypatch.setattr(
        run_folder,
        "save_delta",
        lambda delta, path: (seen.append([p.name for p in runs.iterdir()]), own(delta, path))[1],
    )
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    assert seen and all(name.endswith(".tmp") for name in seen[0])
    assert [p.name for p in runs.iterdir()] == [run_id]


def test_a_full_disk_fails_no_run_and_the_page_can_say_so(
    tiny, four, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    answers = tmp_path / "baseline-x.json"
    monkeypatch.setattr("lab.evaluation.scores.put", full)
    monkeypatch.setattr("lab.report.run_folder.put", full)
    engine = opened(tiny, four, runs, answers=answers)
    run_id = engine.submit(make.recipe(steps=1))
    view = wait(engine, run_id)
    assert view.state == "finished" and not answers.exists()
    assert view.note.startswith("kept in memory only") and "free some space" in view.note
    attack = wait(engine, engine.submit_attack(run_id, ATTACK))
    assert attack.state == "finished" and attack.note.startswith("kept in memory only")
    monkeypatch.undo()
    engine.export(run_id)
    assert engine.run(run_id).note == "" and engine.run(attack.id).note == ""
    assert len(opened(tiny, four, runs).runs()) == 2


def test_many_exports_at_once_give_one_whole_folder(engine, runs: Path) -> None:
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    shelves.shutil.rmtree(runs / run_id)
    found: list[object] = []

    def export() -> None:
        try:
            found.append(delta_of(engine.export(run_id)))
        except Exception as error:
            found.append(error)

    people = [threading.Thread(target=export) for _ in range(32)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    assert len(found) == 32 and set(found) == {engine.store.get(run_id).delta_hash}
    assert not list(runs.rglob("*.tmp"))


def test_a_report_is_handed_out_in_the_language_of_the_lab(tiny, four, runs: Path) -> None:
    """The lab starts again in another language: one report is written anew, and nothing else."""
    english = opened(tiny, four, runs)
    run_id = english.submit(make.recipe(steps=1))
    wait(english, run_id)
    wait(english, english.submit_attack(run_id, ATTACK))
    folder = english.export(run_id)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert english_in(words_of(before[folder / "report.html"].decode()))
    other = opened(tiny, four, runs, text=CAPITALS)
    assert other.export(run_id) == folder
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert report_language(folder) == "capitals" and not english_in(words_of(report))
    assert CAPITALS.REPORT_ATTACKS in report
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert {p for p in before if after.pop(p) != before[p]} == {folder / "report.html"}
    assert not after
    second = other.submit(make.recipe(entity="p1", steps=1))
    wait(other, second)
    assert report_language(other.export(second)) == "capitals"


def test_a_report_that_cannot_be_written_anew_stays(tiny, four, runs: Path) -> None:
    engine = opened(tiny, four, runs)
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    (runs / run_id / "events.jsonl").write_text("no event", encoding="utf-8")
    folder = opened(tiny, four, runs, text=CAPITALS).export(run_id)
    assert report_language(folder) == "en"


def test_a_run_keeps_no_lock_while_nobody_reads_it(engine) -> None:
    run_id = engine.submit(make.recipe(steps=1))
    wait(engine, run_id)
    engine.export(run_id)
    shelf = engine._shelf
    assert not shelf._locks
    with shelf.hold(run_id):
        assert shelf.hold(run_id) is shelf._locks[run_id]
    assert not shelf._locks


# -- what is kept of the original's answers -------------------------------------------------------


def test_answers_about_a_removed_person_are_forgotten(tiny, tmp_path: Path) -> None:
    path = tmp_path / "baseline-1.json"
    keeper = Baseline(tiny, path)
    keeper.known = {"forget_vqa/own-12345678/q1/ab/cd": "Eva Ek", "retain_vqa/p1/q/ab/cd": True}
    keeper.forget("own-12345678")
    assert keeper.known == {"retain_vqa/p1/q/ab/cd": True}
    assert json.loads(path.read_text(encoding="utf-8")) == keeper.known


def test_a_delta_is_laid_on_nowhere_between_two_words(engine, tiny) -> None:
    run_id = engine.submit(
        make.recipe(method="grad_diff", steps=1, adapter_lr=0.05, ascent_cap=20.0)
    )
    wait(engine, run_id)
    left = engine.store.get(run_id)
    side = Version("x", tiny, left.left(tiny.base))
    words = chats.answers([Version("original", tiny), side], ASKED, None)
    next(words)
    assert not any(m._forward_hooks for m in language_linears(tiny.model).values())
    assert all(
        p.data_ptr() == tiny.base.visual[n].data_ptr()
        for n, p in tiny.model.named_parameters()
        if n in tiny.base.visual
    )


def test_a_run_of_an_older_lab_leaves_with_its_person(tmp_path: Path) -> None:
    for name, who in (("a" * 16, "own-12345678"), ("b" * 16, "p0")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(
            f"entity: {who}\na_key_of_before: 3\n", encoding="utf-8"
        )
    drop_runs(tmp_path, "own-12345678")
    assert [p.name for p in tmp_path.iterdir()] == ["b" * 16]


def test_memory_goes_back_to_the_system_once_nothing_is_left_to_do(
    engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[list[str]] = []  # of all runs, whenever memory is given back
    monkeypatch.setattr(
        "lab.serve.worker.trim", lambda: states.append([v.state for v in engine.runs()])
    )
    wait(engine, engine.submit(make.recipe(steps=1)))
    until(lambda: states[-1:] == [["finished"]])

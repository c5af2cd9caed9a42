"""Choosing the model and the benchmark: what is offered, and a change in its turn and back again."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.session import open_workbench
from lab.events import Done, Phase
from lab.model import found, tiny_models
from lab.model.overlay import weights_hash
from lab.model.source import find_model
from lab.recipe import AttackRecipe, Preset, load_preset
from lab.serve import offers
from lab.serve.local import LocalEngine
from lab.serve.menu import Choice
from lab.serve.offers import Offers
from lab.serve.views import ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.served import held, until, wait

ASK = [Turn("Who is this?")]
ROOM = 64.0  # GB that are free unless a test says less


class Lab:
    """An engine on the folder ``first`` among tiny models, with what it opened and what was said."""

    def __init__(self, folder: Path, **more: bool) -> None:
        self.folder, self.said = folder, []
        self.old_was_there: list[bool] = []  # at each loading after the first
        self.model: weakref.ref[torch.nn.Module] | None = None
        self.engine = LocalEngine(
            Preset("demo", str(folder / "first"), "four", "none"),
            report=self.said.append,
            runs=folder / "runs",
            open_bench=self.open_bench,
            **more,
        )

    def open_bench(self, preset: Preset, report, threads: int):
        if self.model is not None:
            gc.collect()
            self.old_was_there.append(self.model() is not None)
        bench = open_workbench(preset, report, threads)
        self.model = weakref.ref(bench.loaded.model)
        return bench

    def change(self, model: str = "second", benchmark: str = "two", visitor: str = "") -> str:
        return self.engine.menu.change(Choice(model, benchmark, "none"), visitor=visitor)

    def answer(self, side: str = ORIGINAL) -> str:
        return [*self.engine.chat([side], ASK, make.drawing("navy", 4))][-1][0]

    def hash(self) -> str:
        return self.engine._worker.call(lambda bench: weights_hash(bench.loaded.model))


@pytest.fixture
def folder(tmp_path: Path, four, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two tiny models of different families and a broken one, and two benchmarks."""
    tiny_models.save(tmp_path / "first", "clip")
    tiny_models.save(tmp_path / "second", "idefics3")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("LAB_MODELS", str(tmp_path))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(offers, "available_mb", lambda device: ROOM * 2**10)
    two = replace(four, name="two", entities=four.entities[2:], splits={})
    known = {"four": lambda _: replace(four, name="four"), "two": lambda _: two}
    monkeypatch.setattr(session, "BENCHMARKS", known)
    monkeypatch.setattr(offers, "BENCHMARKS", known)
    session._read.cache_clear()
    yield tmp_path
    session._read.cache_clear()


@pytest.fixture
def lab(folder: Path) -> Lab:
    """The engine, ready."""
    made = Lab(folder)
    until(lambda: made.engine.status().ready)
    return made


def damage(folder: Path) -> None:
    """Make the weights of a model unreadable, which its config does not show."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])


# -- what is offered --------------------------------------------------------------------------------


def test_everything_on_this_machine_is_offered_with_what_it_needs(lab: Lab) -> None:
    found_here = {o.choice.model: o for o in lab.engine.menu.models()}
    assert list(found_here)[0] == "first" and {"second", "broken", "demo"} <= found_here.keys()
    assert found_here["first"].choice == lab.engine.menu.loaded == Choice("first", "four", "none")
    second = found_here["second"].need
    config = tiny_models.described(tiny_models.TINY["idefics3"])[0]
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_config(config)
    held = [*model.parameters(), *model.buffers()]
    assert second.memory_gb == pytest.approx(sum(t.nbytes for t in held) / 2**30)
    assert second.fits and not second.problem and second.free_gb > ROOM
    assert "config.json cannot be read" in found_here["broken"].need.problem
    assert [s.id for s in lab.engine.menu.benchmarks()] == ["four", "two"]


def test_a_preset_that_is_not_here_says_what_it_would_take(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(offers, "BENCHMARKS", {"people": None, "clear": None, "umu": None})
    monkeypatch.setenv("LAB_DATA", str(folder / "data"))
    listed = Offers(load_preset("demo"), lambda: False)
    listed.device = torch.device("cuda")  # what the figures in the presets are about
    known = {o.choice.model: o.need for o in listed.models()}
    assert known["llava-1.5-7b-clear"].memory_gb == pytest.approx(4.8, abs=0.05)
    assert "hf download therem/llava" in known["llava-1.5-7b-clear"].problem
    assert "python -m lab teach --preset smolvlm" in known["smolvlm-500m-people"].problem
    clear = {s.id: s for s in listed.benchmarks()}["clear"]
    assert "hf download therem/CLEAR" in clear.problem and clear.download_gb == 0
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    need = listed.need(Choice("llava-1.5-7b-clear", "clear", "nf4"))
    assert (need.problem, need.download_gb) == ("", 14 + 1.5)
    unknown = listed.need(Choice("llava-1.5-7b-clear", "umu", "nf4"))
    assert "hf download linbojunzi/UMU-bench" in unknown.problem  # nobody knows how much it is
    (folder / "data" / "clear").mkdir(parents=True)
    assert listed.need(Choice("llava-1.5-7b-clear", "clear", "nf4")).download_gb == 14
    chosen = listed.preset(Choice("demo", "clear", "nf4"))
    assert chosen.data == str(folder / "data" / "clear")


def test_a_model_in_the_hubs_cache_is_offered_and_never_fetched_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("online"))
    for name, kind in (("models--someone--tiny", "clip"), ("models--someone--words", "")):
        stored = folder / "hub" / name
        snapshot = stored / "snapshots" / "abc"
        if kind:
            tiny_models.save(snapshot, kind)
        else:
            snapshot.mkdir(parents=True)
            (snapshot / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
        (stored / "refs").mkdir()
        (stored / "refs" / "main").write_text("abc", encoding="utf-8")
    cached = {m.name: m for m in found.found_models()}
    assert cached["someone/tiny"].problem == "" and "someone/words" not in cached
    whole = folder / "hub" / "models--someone--tiny" / "snapshots" / "abc"
    assert find_model("someone/tiny") == whole
    (whole / "model.safetensors").unlink()
    assert found.problem_of(whole) == "it has no safetensors weights"


@pytest.mark.parametrize("word", ["../first", "/etc", "models/first", "", "x" * 5000])
def test_only_ids_of_the_list_are_taken(lab: Lab, word: str) -> None:
    for choice in (
        Choice(word, "four", "none"),
        Choice("second", word, "none"),
        Choice("second", "four", word),
        Choice(str(lab.folder / "second"), "four", "none"),
    ):
        with pytest.raises(LabError, match="^unknown (model|benchmark|quantization)") as refused:
            lab.engine.menu.change(choice)
        assert len(str(refused.value)) < 600
    assert lab.engine.status().changing is None


def test_what_cannot_be_loaded_is_refused_at_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LabError, match="broken with four cannot be loaded:.*config.json"):
        lab.change("broken", "four")
    with pytest.raises(LabError, match="first is loaded already"):
        lab.change("first", "four")
    monkeypatch.setattr(offers, "available_mb", lambda device: 0.0)
    monkeypatch.setattr(Offers, "memory_gb", lambda self, p: 9.0 if "second" in p.model else 2.0)
    with pytest.raises(LabError, match=r"does not fit: it needs 9.0 GB at none, and 2.0 GB can be"):
        lab.change()
    monkeypatch.setattr(offers, "available_mb", lambda device: ROOM * 2**10)
    monkeypatch.setattr(Offers, "_missing", lambda self, preset: (14.0, ""))
    with pytest.raises(LabError, match="14 GB have to be downloaded first"):
        lab.change()
    assert lab.engine.status().changing is None and lab.engine.status().ready


def test_a_fixed_lab_lets_nobody_change_it(folder: Path) -> None:
    lab = Lab(folder, fixed=True)
    assert not lab.engine.menu.open
    with pytest.raises(LabError, match="cannot be changed in the page"):
        lab.change()


# -- the change -------------------------------------------------------------------------------------


def test_a_change_waits_its_turn_and_new_runs_wait_for_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lab.engine
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=1), visitor="a")
        until(lambda: engine.run(busy).state == "running")
        waiting = engine.submit(make.recipe(steps=1, seed=1), visitor="b")
        change = lab.change(visitor="c")
        assert engine.run(change).place == 2 and engine.run(change).state == "waiting"
        assert [v.id for v in engine.under_way("c")] == [change]
        assert engine.status().changing == Choice("second", "two", "none")
        with pytest.raises(LabError, match="being changed to second with two"):
            engine.submit(make.recipe(), visitor="a")
        with pytest.raises(LabError, match="being changed to second with two"):
            lab.change("second", "four")
        go.set()
    assert wait(engine, change).state == "finished"
    assert [engine.run(i).state for i in (busy, waiting)] == ["finished", "finished"]
    said = engine.run(change).events
    assert any(isinstance(e, Phase) and "Loading the model" in e.name for e in said)
    assert said[-1] == Done("done") and change not in {v.id for v in engine.runs()}
    status = engine.status()
    assert (status.model, engine.menu.edition, status.changing) == ("second", 1, None)
    assert [card.id for card in engine.entities()] == ["p2", "p3"]
    assert wait(engine, engine.submit(make.recipe(entity="p2", steps=1))).state == "finished"


def test_a_change_waits_behind_runs_that_are_paused(lab: Lab) -> None:
    engine = lab.engine
    engine.steer.pause(True)
    first, second = (engine.submit(make.recipe(steps=1, seed=k), visitor="a") for k in range(2))
    change = lab.change(visitor="b")
    time.sleep(0.3)
    assert [engine.run(i).state for i in (first, second, change)] == ["waiting"] * 3
    engine.steer.pause(False)
    assert wait(engine, change).state == "finished"
    assert [engine.run(i).state for i in (first, second)] == ["finished"] * 2
    engine.steer.pause(True)
    taken_out = engine.submit(make.recipe(entity="p2", steps=1))
    change = lab.change("first", "four")
    time.sleep(0.3)
    assert engine.run(change).state == "waiting"
    engine.stop(taken_out)  # nothing waits any more that the change would overtake
    assert wait(engine, change).state == "finished"


def test_kept_runs_belong_to_their_model_and_come_back_with_it(lab: Lab) -> None:
    engine, before = lab.engine, lab.hash()
    run = engine.submit(make.recipe(entity="p2", steps=2))
    wait(engine, run)
    attack = engine.submit_attack(run, AttackRecipe(steps=1, batch=1, probe_every=1))
    wait(engine, attack)
    answer, attacked = lab.answer(run), lab.answer(attack)
    assert wait(engine, lab.change()).state == "finished"
    assert {v.id: v.foreign for v in engine.runs()} == {run: "first · four", attack: "first · four"}
    for use in (
        lambda: lab.answer(run),
        lambda: engine.submit_attack(run, AttackRecipe()),
        lambda: engine.probes([run], "p2"),
    ):
        with pytest.raises(LabError, match=r"another model \(first · four\): load that one first"):
            use()
    assert engine.run(run).events[-1].result and (engine.export(run) / "report.html").exists()
    assert lab.hash() != before
    again = LocalEngine(
        engine.preset, report=print, runs=lab.folder / "runs", open_bench=open_workbench
    )
    until(lambda: again.status().ready)  # after a restart, too
    assert {v.foreign for v in again.runs()} == {"first · four"}
    assert wait(engine, lab.change("first", "four")).state == "finished"
    assert lab.hash() == before and {v.foreign for v in engine.runs()} == {""}
    assert (lab.answer(run), lab.answer(attack)) == (answer, attacked)


@pytest.mark.parametrize("beside", [True, False])
def test_the_old_model_goes_first_only_where_both_do_not_fit(
    lab: Lab, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.answer()  # what is remembered must not hold the old model
    layer = lab.engine._worker.call(lambda b: b.loaded.vision.layers(1)[0].name)
    assert [*lab.engine.inside.neuron("p0", layer, 0)]
    wait(lab.engine, lab.engine.submit(make.recipe(steps=1)))
    menu = lab.engine.menu
    needed = menu.need(Choice("second", "four", "none")).memory_gb
    free = needed * (2 if beside else 0.9)
    monkeypatch.setattr(offers, "available_mb", lambda device: free * 2**10)
    assert wait(lab.engine, lab.change()).state == "finished"
    assert lab.old_was_there == [beside]
    gc.collect()
    assert lab.answer() and lab.engine.status().ready


@pytest.mark.parametrize("beside", [True, False])
def test_a_change_that_fails_leaves_everything_as_it_was(
    lab: Lab, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, before, answer = lab.engine, lab.hash(), lab.answer()
    run = engine.submit(make.recipe(steps=1))
    wait(engine, run)
    forgotten = lab.answer(run)
    damage(lab.folder / "second")
    needed = engine.menu.need(Choice("second", "four", "none")).memory_gb
    free = needed * (2 if beside else 0.9)
    monkeypatch.setattr(offers, "available_mb", lambda device: free * 2**10)
    change = lab.change()
    assert wait(engine, change).state == "failed"
    assert "model.safetensors cannot be read" in engine.run(change).error
    assert "\n" not in engine.run(change).error
    assert lab.old_was_there == ([True] if beside else [False, False])
    status = engine.status()
    assert status.ready and status.error == engine.run(change).error
    assert (status.model, engine.menu.edition, status.changing) == ("first", 0, None)
    assert engine.menu.loaded == Choice("first", "four", "none")
    assert (lab.hash(), lab.answer(), lab.answer(run)) == (before, answer, forgotten)
    assert [card.id for card in engine.entities()] == ["p0", "p1", "p2", "p3", "forget_25"]
    assert wait(engine, engine.submit(make.recipe(steps=1, seed=3))).state == "finished"


def test_a_change_that_waits_can_be_taken_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = lab.engine
    with held(monkeypatch) as go:
        busy = engine.submit(make.recipe(steps=1))
        until(lambda: engine.run(busy).state == "running")
        change = lab.change(visitor="me")
        engine.stop(change)
        assert engine.run(change).state == "stopped" and engine.status().changing is None
        more = engine.submit(make.recipe(steps=1, seed=1))
        go.set()
    assert wait(engine, more).state == "finished"
    assert engine.menu.edition == 0 and engine.status().model == "first"


def test_weights_that_are_nowhere_else_hold_a_change_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lab.engine
    run = engine.submit(make.recipe(steps=1))
    wait(engine, run)
    kept = engine.store.get(run)
    engine._shelf.whole(kept, engine._worker.ready().base)
    full = LabError("no space")

    def fail(*_):
        raise full

    kept.folder = None
    monkeypatch.setattr(engine._shelf, "write", fail)
    change = lab.change()
    assert wait(engine, change).state == "failed"
    assert f"the run {run} would be lost" in engine.run(change).error
    assert engine.status().model == "first" and lab.answer(run)


def test_a_lab_whose_model_failed_takes_another(folder: Path) -> None:
    damage(folder / "first")
    lab = Lab(folder)
    until(lambda: lab.engine.status().error)
    lost = lab.engine.submit(make.recipe(steps=1))  # waits for a model that never comes
    assert wait(lab.engine, lab.change()).state == "finished"
    assert lab.engine.status().ready and lab.engine.status().error == ""
    assert lab.engine.run(lost).error == "another model was loaded before it began"

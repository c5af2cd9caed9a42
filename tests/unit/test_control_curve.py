"""The control's curve: trained once for each budget, person and weights, then read back bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.attack import Attacker, Relearned, attack
from lab.attack.training import CURVE_KEPT
from lab.catalogue import CONTROLS, TRAINING_ATTACKS
from lab.cli.attacking import carried_out
from lab.evaluation import controls, session
from lab.events import Curve, Phase
from lab.model import source, tiny_models
from lab.model.cache import Cache
from lab.model.overlay import tensors_hash
from lab.recipe import AttackRecipe
from tests.unit import tiny as make
from tests.unit.served import PRESET, opened, wait

PLAN = AttackRecipe(share=0.5, steps=3, lr=1e-3, batch=2, probe_every=2)
OTHER = replace(PLAN, seed=1)


@pytest.fixture
def kept(tiny, tmp_path: Path) -> Cache:
    return Cache(tmp_path / "measured", tiny, "control weights")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose curve every update belongs to."""
    who: list[str] = []
    update = Attacker.update

    def counted(self):
        who.append(self.victim.version.name)
        return update(self)

    monkeypatch.setattr(Attacker, "update", counted)
    return who


def attacked(tiny, four, plan: AttackRecipe, cache: Cache | None, stopped=lambda: False, **scene):
    """The events of one attack on the untouched model, the second person's control beside it."""
    left = Relearned()
    setting = replace(make.scene(tiny, four, {}, control="p1", cache=cache), **scene)
    return list(attack(setting, plan, left, stopped)), left


def control_of(events) -> list[str]:
    """Every figure of the controls' points; repr has all bits of a float, and NaN equals NaN."""
    return [repr(e) for e in events if isinstance(e, Curve) and e.who in CONTROLS]


def reused(done) -> set[bool]:
    return {control["reused"] for control in done.result["controls"].values()}


@pytest.mark.parametrize("kind", TRAINING_ATTACKS)
@pytest.mark.parametrize("scope", ["vision", "projector", "both"])
def test_a_second_attack_reads_the_controls_curves(
    tiny, four, kept: Cache, trained: list[str], kind: str, scope: str
) -> None:
    plan = replace(PLAN, kind=kind, scope=scope)
    anew, _ = attacked(tiny, four, plan, None)
    first, left = attacked(tiny, four, plan, kept)
    assert [trained.count(who) for who in ("unlearned", *CONTROLS)] == [6, 6, 6]
    assert reused(first[-1]) == {False}
    trained.clear()
    again, later = attacked(tiny, four, plan, kept)
    assert trained == ["unlearned"] * 3
    assert control_of(again) == control_of(first) == control_of(anew) and len(control_of(anew)) == 8
    for place, who in enumerate(CONTROLS, start=1):
        assert Phase(f"{CURVE_KEPT} {who}") in again
        assert Phase(f"attack {who}", place, 3) in first
    assert reused(again[-1]) == {True} and without(again[-1]) == without(anew[-1])
    assert tensors_hash(later.delta) == tensors_hash(left.delta)


def without(done) -> dict:
    """The result without what may differ between a curve that is new and one that was kept."""
    controls = {
        who: {k: v for k, v in control.items() if k != "reused"}
        for who, control in done.result["controls"].items()
    }
    return {k: v for k, v in done.result.items() if k != "seconds"} | {"controls": controls}


@pytest.mark.parametrize("changes", [{"share": 1.0}, {"steps": 4}, {"lr": 1e-4}, {"seed": 1}])
def test_another_budget_trains_the_controls_anew(
    tiny, four, kept: Cache, changes: dict[str, float]
) -> None:
    attacked(tiny, four, PLAN, kept)
    events, _ = attacked(tiny, four, replace(PLAN, **changes), kept)
    assert reused(events[-1]) == {False}
    other = Cache(kept.folder, tiny, "other weights")
    assert reused(attacked(tiny, four, PLAN, other)[0][-1]) == {False}
    assert reused(attacked(tiny, four, PLAN, kept, blocks=1)[0][-1]) == {False}


def test_half_a_curve_is_not_kept(tiny, four, kept: Cache, trained: list[str]) -> None:
    attacked(tiny, four, PLAN, kept, lambda: trained.count("text_only") == 2)
    assert [trained.count(who) for who in CONTROLS] == [3, 2]
    events, _ = attacked(tiny, four, PLAN, kept)
    controls = events[-1].result["controls"]
    assert [controls[who]["reused"] for who in CONTROLS] == [True, False]
    assert len(control_of(events)) == 8


def test_a_control_whose_curve_is_kept_is_not_loaded(tiny, four, kept: Cache) -> None:
    attacked(tiny, four, PLAN, kept)

    def refused():
        raise AssertionError("loaded")

    scene = make.scene(tiny, four, {}, control="p1", cache=kept)
    asleep = tuple(replace(c, opened=refused) for c in scene.controls)
    *_, done = attack(replace(scene, controls=asleep), PLAN, Relearned(), lambda: False)
    assert reused(done) == {True}
    with pytest.raises(AssertionError, match="loaded"):
        list(attack(replace(scene, controls=asleep), OTHER, Relearned(), lambda: False))


def test_the_command_line_says_that_the_curve_was_kept(
    tiny, four, kept: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = make.scene(tiny, four, {}, control="p1", cache=kept)
    carried_out(scene, PLAN)
    assert "kept from an earlier attack" not in capsys.readouterr().err
    carried_out(scene, PLAN)
    said = capsys.readouterr().err
    assert said.count("kept from an earlier attack") == 2 and "text_only: its curve" in said


def test_the_page_s_second_attack_keeps_each_control_to_its_own_weights(
    tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two controls with weights of their own, from the preset's folders, each loaded for itself."""
    loaded: list[str] = []

    def load(path: str, *_, **__):
        loaded.append(Path(path).name)
        return tiny_models.tiny("dinov2", seed=len(loaded))

    for name in ("never", "text"):
        (tmp_path / name).mkdir()
        about = {"unknown": ["p1"], "name": name}
        (tmp_path / name / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    for module in (controls, session):
        monkeypatch.setattr(module, "load", load)
    preset = replace(PRESET, reference="never", text_only="text")
    cache = Cache(tmp_path / "measured", tiny, "weights")
    engine = opened(tiny, four, tmp_path / "runs", preset=preset, cache=cache)
    runs = [engine.submit(make.recipe(steps=1, seed=seed)) for seed in (0, 1)]
    for run_id, kept in zip(runs, (False, True), strict=True):
        wait(engine, run_id)
        done = wait(engine, engine.submit_attack(run_id, PLAN)).events[-1]
        assert reused(done) == {kept} and loaded == ["never", "text"]
        assert [c["entity"] for c in done.result["controls"].values()] == ["p1", "p1"]

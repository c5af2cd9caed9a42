"""The control's curve: trained once for each budget, person and weights, then read back bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.attack import Attacker, Relearned, attack
from lab.attack.training import CURVE_KEPT
from lab.catalogue import TRAINING_ATTACKS
from lab.cli.attacking import carried_out
from lab.evaluation.session import Workbench
from lab.events import Curve, Phase
from lab.model.cache import Cache
from lab.model.overlay import tensors_hash
from lab.recipe import AttackRecipe
from tests.unit import tiny as make
from tests.unit.served import opened, wait

PLAN = AttackRecipe(share=0.5, steps=3, lr=1e-3, batch=2, probe_every=2)


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
    setting = replace(make.scene(tiny, four, {}, control="p1"), cache=cache, **scene)
    return list(attack(setting, plan, left, stopped)), left


def control_of(events) -> list[str]:
    """Every figure of the control's points; repr has all bits of a float, and NaN equals NaN."""
    return [repr(e) for e in events if isinstance(e, Curve) and e.who == "control"]


@pytest.mark.parametrize("kind", TRAINING_ATTACKS)
@pytest.mark.parametrize("scope", ["vision", "both"])
def test_a_second_attack_reads_the_control_s_curve(
    tiny, four, kept: Cache, trained: list[str], kind: str, scope: str
) -> None:
    plan = replace(PLAN, kind=kind, scope=scope)
    anew, _ = attacked(tiny, four, plan, None)
    first, left = attacked(tiny, four, plan, kept)
    assert trained.count("control") == 6 and not first[-1].result["control"]["reused"]
    trained.clear()
    again, later = attacked(tiny, four, plan, kept)
    assert trained == ["unlearned"] * 3
    assert control_of(again) == control_of(first) == control_of(anew) and len(control_of(anew)) == 4
    assert Phase(CURVE_KEPT, 0, 3) in again and Phase("attack control", 0, 3) in first
    control = again[-1].result["control"]
    assert control.pop("reused") and control == {
        k: v for k, v in anew[-1].result["control"].items() if k != "reused"
    }
    assert tensors_hash(later.delta) == tensors_hash(left.delta)


@pytest.mark.parametrize("changes", [{"share": 1.0}, {"steps": 4}, {"lr": 1e-4}, {"seed": 1}])
def test_another_budget_trains_the_control_anew(
    tiny, four, kept: Cache, changes: dict[str, float]
) -> None:
    attacked(tiny, four, PLAN, kept)
    events, _ = attacked(tiny, four, replace(PLAN, **changes), kept)
    assert not events[-1].result["control"]["reused"]
    other = Cache(kept.folder, tiny, "other weights")
    assert not attacked(tiny, four, PLAN, other)[0][-1].result["control"]["reused"]
    assert not attacked(tiny, four, PLAN, kept, blocks=1)[0][-1].result["control"]["reused"]


def test_half_a_curve_is_not_kept(tiny, four, kept: Cache, trained: list[str]) -> None:
    attacked(tiny, four, PLAN, kept, lambda: trained.count("control") == 2)
    assert trained.count("control") == 2
    events, _ = attacked(tiny, four, PLAN, kept)
    assert not events[-1].result["control"]["reused"] and len(control_of(events)) == 4


def test_the_command_line_says_that_the_curve_was_kept(
    tiny, four, kept: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = replace(make.scene(tiny, four, {}, control="p1"), cache=kept)
    carried_out(scene, PLAN)
    assert "kept from an earlier attack" not in capsys.readouterr().err
    assert carried_out(scene, PLAN)["control"]["reused"]
    assert "kept from an earlier attack" in capsys.readouterr().err


def test_the_page_s_second_attack_keeps_the_control_to_its_own_weights(
    tiny, four, kept: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reference(self, say):
        self._reference = tiny
        return tiny, ("p1",)

    monkeypatch.setattr(Workbench, "reference", reference)
    engine = opened(tiny, four, tmp_path / "runs", cache=kept)
    runs = [engine.submit(make.recipe(steps=1, seed=seed)) for seed in (0, 1)]
    for run_id, reused in zip(runs, (False, True), strict=True):
        wait(engine, run_id)
        done = wait(engine, engine.submit_attack(run_id, PLAN)).events[-1]
        assert done.result["control"]["reused"] is reused

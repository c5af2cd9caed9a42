"""What every engine does, whoever works for it: this process, replicas in threads, or Ray's actors."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.benchmarks.own import Pair
from lab.errors import LabError
from lab.events import Curve, Done, Importance, Saliency, Step
from lab.events.where import Where, where_of
from lab.recipe import AttackRecipe
from lab.serve.local import LocalEngine
from lab.serve.views import CONTROL, ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.replicas import replicated
from tests.unit.served import opened, until, wait

ATTACK = AttackRecipe(steps=2, batch=1, probe_every=1)
LONG = make.recipe(steps=900, probe_every=100)
PAIRS = [
    Pair("What does this person do?", "baker", ("pilot", "weaver", "clerk")),
    Pair("Where does this person live?", "Oslo", ("Lima", "Kyoto", "Turin")),
]
ASKED = [Turn("Who is this person?")]
WITH_RAY = ".venv/bin/pip install -e '.[ray]'"
RAY = pytest.param(
    "ray",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(
            importlib.util.find_spec("ray") is None,
            reason=f"the package ray is not installed: {WITH_RAY}",
        ),
    ],
)


@pytest.fixture(scope="module", params=["local", "threads", RAY])
def engine(
    request: pytest.FixtureRequest, tiny, four, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalEngine]:
    """An engine of each kind over the tiny model, ready."""
    runs = tmp_path_factory.mktemp(f"runs-{request.param}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_CACHE", str(runs.parent / f"cache-{request.param}"))
        if request.param == "local":
            yield opened(tiny, four, runs)
            return
        made = replicated(request.param, runs)
        yield made
        made.close()


@pytest.fixture(scope="module")
def finished(engine: LocalEngine) -> str:
    """The id of a finished run."""
    run_id = engine.submit(make.recipe(steps=2))
    assert wait(engine, run_id).state == "finished"
    return run_id


def steps_of(engine: LocalEngine, run_id: str) -> list[int]:
    return [e.step for e in engine.run(run_id).events if isinstance(e, Step)]


def test_it_is_ready_and_says_on_what(engine: LocalEngine) -> None:
    until(lambda: engine.status().worker == "idle")
    status = engine.status()
    assert status.ready and status.device.endswith("cpu") and status.error == ""
    assert 0 < status.memory_used_mb < status.memory_total_mb


def test_a_run_to_its_end(engine: LocalEngine, finished: str) -> None:
    view = engine.run(finished)
    assert view.error == "" and view.ended >= view.started > 0 and view.place == 0
    assert steps_of(engine, finished) == [1, 2] and len(view.stamps) == len(view.events)
    assert isinstance(view.events[-1], Done) and view.events[-1].result["base_unchanged"]
    assert (engine.export(finished) / "delta.safetensors").is_file()


def test_the_same_recipe_leaves_the_same_weights(engine: LocalEngine, finished: str) -> None:
    again = engine.submit(make.recipe(steps=2), anew=True)
    assert wait(engine, again).state == "finished"
    assert engine.store.get(again).delta_hash == engine.store.get(finished).delta_hash != ""


def test_looking_inside_changes_nothing(engine: LocalEngine) -> None:
    view = wait(engine, engine.submit(make.recipe(), "inspect"))
    assert view.state == "finished"
    assert {type(e) for e in view.events} >= {Importance, Saliency, Done}
    with pytest.raises(LabError, match="has not changed the model"):
        list(engine.chat([view.id], ASKED, None))
    with pytest.raises(LabError, match="unlearn first"):
        engine.submit_attack(view.id, ATTACK)


def test_stop_keeps_the_delta_and_chat_works_meanwhile(engine: LocalEngine) -> None:
    run_id = engine.submit(LONG)
    until(lambda: steps_of(engine, run_id))
    portrait = engine.entities()[0].portrait
    *_, last = engine.chat([ORIGINAL, run_id], ASKED, portrait)
    assert len(last) == 2 and engine.run(run_id).state == "running"
    engine.stop(run_id)
    view = wait(engine, run_id)
    assert view.state == "stopped" and 0 < steps_of(engine, run_id)[-1] < 900
    assert view.events[-1].result["stopped_because"] == "stopped"
    assert (engine.export(run_id) / "delta.safetensors").is_file()


def test_a_waiting_run_can_be_taken_out(engine: LocalEngine) -> None:
    busy = [engine.submit(LONG), engine.submit(LONG)]  # as many as there are replicas
    until(lambda: engine.run(busy[0]).state == "running")
    last = engine.submit(make.recipe(seed=1))
    assert engine.run(last).state == "waiting" and engine.run(last).place >= 1
    engine.stop(last)
    assert engine.run(last).state == "stopped" and engine.run(last).events == ()
    for run_id in busy:
        engine.stop(run_id)
        assert wait(engine, run_id).state == "stopped"


def test_a_failed_run_says_why_and_the_next_one_is_done(engine: LocalEngine) -> None:
    view = wait(engine, engine.submit(make.recipe(blocks=9)))
    assert view.state == "failed" and "9 is more than the 3 live blocks" in view.error
    assert wait(engine, engine.submit(make.recipe(steps=1))).state == "finished"


def test_an_attack_and_its_third_side(engine: LocalEngine, finished: str) -> None:
    attack_id = engine.submit_attack(finished, ATTACK)
    view = wait(engine, attack_id)
    assert view.state == "finished" and view.kind == "attack" and view.parent == finished
    assert [e.step for e in view.events if isinstance(e, Curve)] == [0, 1, 2]
    *_, last = engine.chat([ORIGINAL, finished, attack_id], ASKED, engine.entities()[0].portrait)
    assert len(last) == 3
    metrics = (engine.export(finished) / "metrics.json").read_text(encoding="utf-8")
    assert '"attacks": [\n' in metrics


def test_export_and_load(engine: LocalEngine, finished: str, tmp_path: Path) -> None:
    again = engine.load(engine.export(finished))
    assert again != finished and engine.run(again).recipe == engine.run(finished).recipe
    *_, last = engine.chat([finished, again], ASKED, engine.entities()[0].portrait)
    assert last[0] == last[1]
    with pytest.raises(LabError, match="missing"):
        engine.load(tmp_path)


def test_questions_depths_and_neurons(engine: LocalEngine, finished: str, tiny) -> None:
    rows = engine.probes([ORIGINAL, finished], "p0")
    assert {r.group for r in rows} >= {"Forget VQA", "Retain VQA", "General"}
    curves = engine.identity([ORIGINAL, finished], "p0")
    assert [c.who for c in curves][:2] == [ORIGINAL, finished] and CONTROL not in curves[0].who
    layer = tiny.vision.layers(1)[0].name
    *_, fired = engine.inside.neuron("p0", layer, 3, "")
    assert fired.neuron == 3 and fired.n > 0
    left = list(engine.inside.left(finished, ""))
    assert {type(e) for e in left} >= {Importance, Saliency}
    *_, where = engine.inside.where(finished, "")
    assert isinstance(where, Where) and [*engine.inside.where(finished, "")] == [where]
    assert where_of(engine.run(finished, "").events[-1].result) == where


def test_own_people_are_there_at_once_and_leave_nothing(engine: LocalEngine) -> None:
    pictures = [make.drawing("purple", k) for k in range(6)]
    who = engine.own.add("Eve Example", pictures, PAIRS, "")
    assert 0 <= engine.own.recognition(who, "").share <= 1
    view = wait(engine, engine.submit(make.recipe(entity=who, steps=1)))
    assert view.state == "finished"
    engine.own.remove(who, "")
    with pytest.raises(LabError, match="was removed or never added"):
        engine.submit(make.recipe(entity=who))


def test_a_forgotten_run_is_nowhere(engine: LocalEngine) -> None:
    run_id = engine.submit(make.recipe(steps=1, seed=7))
    wait(engine, run_id)
    folder = engine.export(run_id)
    engine.forget([run_id])
    assert not folder.exists()
    with pytest.raises(LabError, match="no longer here"):
        engine.chat([run_id], ASKED, None)


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (lambda e: e.submit(make.recipe(entity="p9")), "unknown entity"),
        (lambda e: e.stop("gone"), "no longer here"),
        (lambda e: next(e.chat([ORIGINAL], [Turn("")], None)), "empty"),
        (lambda e: next(e.chat(["gone"], [Turn("x")], None)), "no longer here"),
        (lambda e: e.probes([ORIGINAL], "p9"), "unknown entity"),
    ],
)
def test_misuse_is_one_plain_line(misuse, words: str, engine: LocalEngine) -> None:
    with pytest.raises(LabError, match=words) as refused:
        misuse(engine)
    assert "\n" not in str(refused.value)

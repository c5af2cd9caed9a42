"""An example: recorded by the command's own function on the tiny model, and read back whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.build import examples
from lab.events import Curve, Done, Glow, Importance, NeuronFisher, Saliency, Step
from lab.report.instrument import instrument
from lab.report.text import catalogue
from lab.serve import common, local
from lab.serve.recorded import ASKED, read_examples
from lab.serve.views import CONTROL, ORIGINAL, Example
from tests.unit.served import PRESET, opened

text = catalogue()
CHANGES = {"entity": "p1", "steps": 2, "blocks": 2, "batch": 1, "retain_batch": 2}


@pytest.fixture(scope="module")
def recorded(tiny, four, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one example of each visual method that is tried here."""
    engine = opened(tiny, four, tmp_path_factory.mktemp("runs"))
    folder = tmp_path_factory.mktemp("examples")
    for method in ("vkd", "silence"):
        attack = {"steps": 2, "batch": 1, "probe_every": 1}
        examples.record(engine, folder / method, CHANGES | {"method": method}, attack)
    return folder


@pytest.fixture
def both(recorded: Path, four) -> tuple[Example, ...]:
    return read_examples(recorded, PRESET.name, four, text, pytest.fail)


def test_an_example_says_what_its_run_said(both) -> None:
    assert [e.name for e in both] == ["silence", "vkd"]
    for example in both:
        assert example.unlearn.recipe.method == example.name
        kinds = {type(e) for e in example.inspect.events}
        assert {Importance, Saliency, Done} <= kinds
        assert sum(isinstance(e, Step) for e in example.unlearn.events) == 2
        result = example.unlearn.events[-1].result
        assert result["n"]["forget_vqa"] and result["base_unchanged"] is True
        curves = [e for e in example.attack.events if isinstance(e, Curve)]
        assert max(c.step for c in curves) == 2 and example.attack.parent == example.unlearn.id
        assert example.attack.attack.steps == 2
        assert len({v.id for v in example.views}) == 3
        note = f"example of Bruno Bell: {example.name}, seed 0, 2 steps, 20"
        assert all(v.note.startswith(note) for v in example.views)


def test_an_example_has_the_answers_of_three_sides_with_and_without_the_picture(both, four) -> None:
    for example in both:
        assert {a.pictured for a in example.talk} == {True, False}
        assert all(len(a.answers) == 3 for a in example.talk)
        without = [a for a in example.talk if not a.pictured]
        assert all(a.answers[0] == a.answers[1] for a in without)  # the language model is the same
        assert {r.image is None for r in example.probes} == {True, False}
        assert all(len(r.answers) == len(r.verdicts) == 3 for r in example.probes)
        whose = [ORIGINAL, example.unlearn.id, example.attack.id]
        assert [c.who for c in example.identity] in (whose, [*whose, CONTROL])
        assert all(c.depths for c in example.identity)


def test_an_example_is_small_and_holds_no_weights(recorded: Path) -> None:
    files = [f for f in recorded.rglob("*") if f.is_file()]
    assert not [f for f in files if f.suffix in (".safetensors", ".html")]
    assert sum(f.stat().st_size for f in files) < 1_000_000


def test_the_engine_shows_an_example_and_refuses_to_ask_it(tiny, four, recorded, tmp_path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "read_benchmark", lambda preset: four)
        engine = local.LocalEngine(
            PRESET, report=lambda _: None, runs=tmp_path, open_bench=_never, examples=recorded
        )
    example = engine.examples()[1]  # before the model is there, and without it
    left = list(engine.inside.left(example.unlearn.id))
    assert {Importance, Glow, Saliency, NeuronFisher} == {type(e) for e in left}
    drawn = instrument(example.inspect.events, left)
    assert all("score_after" in strip and "mean_after" in strip for strip in drawn["layers"])
    assert engine.run(example.unlearn.id) is example.unlearn
    assert example.unlearn not in engine.runs()


def _never(*_: object) -> None:
    raise RuntimeError("no model is opened here")


def test_another_benchmarks_example_is_left_out_and_a_damaged_one_is_named(recorded, four) -> None:
    said: list[str] = []
    assert read_examples(recorded, "another preset", four, text, said.append) == ()
    assert said == []
    file = recorded / "vkd" / ASKED
    whole = file.read_text("utf-8")
    try:
        file.write_text(json.dumps({**json.loads(whole), "seconds": None}), "utf-8")
        left = read_examples(recorded, PRESET.name, four, text, said.append)
        assert [e.name for e in left] == ["silence"]
        assert len(said) == 1 and "the example vkd is left out" in said[0]
    finally:
        file.write_text(whole, "utf-8")

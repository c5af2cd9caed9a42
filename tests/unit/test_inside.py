"""Closer looks through the engine: one neuron's pictures, what a run left, and what the page draws."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from pytest import approx

from lab.errors import LabError
from lab.events import Done, Importance, NeuronFisher, Phase, Saliency
from lab.events.lines import from_line, to_line
from lab.events.where import Where, where_of
from lab.model.overlay import weights_hash
from lab.report.instrument import NOTHING, instrument, ranked, thousandths
from lab.report.schema import run_misfit
from lab.saliency.importance import mean_activation
from lab.serve import inside
from lab.serve.closer import Firing
from tests.unit import tiny as make
from tests.unit.served import opened, wait

F = np.float32


@pytest.fixture(scope="module")
def engine(tiny, four, tmp_path_factory):
    return opened(tiny, four, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def finished(engine) -> str:
    run_id = engine.submit(make.recipe(prune_share=0.05))
    assert wait(engine, run_id).state == "finished"
    return run_id


def firing(engine, layer: str, neuron: int, entity: str = "p0") -> tuple[list, Firing]:
    *phases, found = engine.inside.neuron(entity, layer, neuron)
    assert all(isinstance(p, Phase) for p in phases) and isinstance(found, Firing)
    return phases, found


def test_a_neuron_has_the_four_pictures_it_fires_most_for(engine, tiny, four) -> None:
    _, found = firing(engine, "block 2", 3)
    layers = tiny.vision.layers(3)
    at = [y.name for y in layers].index("block 2")
    views = [i for e in four.entities for i in (*e.train_images, *e.test_images)]
    views += [p.image for p in four.pictures]
    by_hand = [float(mean_activation(tiny, layers, [view])[at][3]) for view in views]
    order = sorted(range(len(views)), key=lambda k: -by_hand[k])
    assert found.n == len(views) == 26
    assert {s.image for s in found.pictures} == {views[k] for k in order[:4]}
    assert found.values == pytest.approx(tuple(by_hand[k] for k in order[:4]), rel=2e-3)
    assert found.mean == pytest.approx(sum(by_hand) / 26, rel=2e-3)
    assert found.heat.shape == (2, 2) and found.heat.max() == 1.0


def test_the_pictures_go_through_the_model_once(engine, monkeypatch) -> None:
    firing(engine, "block 2", 3)
    monkeypatch.setattr(inside, "mean_by_picture", None)
    phases, found = firing(engine, "projector", 0)
    assert phases == [] and found.layer == "projector"


def test_a_neuron_that_is_not_there_is_refused(engine) -> None:
    for layer, neuron in (("block 9", 0), ("block 2", 64), ("block 2", -1)):
        with pytest.raises(LabError, match="there is no neuron .* valid are block 0, block 1"):
            firing(engine, layer, neuron)


def test_everybodys_first_view_comes_before_a_second(four) -> None:
    shown = inside.shown_of(four)
    assert [s.name for s in shown[:5]] == [*make.FACTS["name"], make.FACTS["name"][0]]
    assert shown[-1].name == "" and len({s.image for s in shown}) == len(shown) == 26


def test_what_a_run_left_is_inspected_once_and_kept_with_it(engine, finished, tiny) -> None:
    before = weights_hash(tiny.model)
    *_, first = said = list(engine.inside.left(finished))
    kinds = [type(e) for e in said if not isinstance(e, Phase)]
    assert kinds[0] is Importance and Saliency in kinds and isinstance(first, NeuronFisher)
    run = next(e for e in engine.run(finished).events if isinstance(e, Importance))
    for old, new, pruned in zip(run.pruned, said[1].forget, run.pruned, strict=True):
        assert not new[pruned].any() and new[~old].any()  # what was pruned is silent
    assert weights_hash(tiny.model) == before
    again = list(engine.inside.left(finished))
    assert again == [e for e in said if not isinstance(e, Phase)]
    folder = engine.export(finished)
    lines = (folder / inside.LEFT).read_text(encoding="utf-8").splitlines()
    assert [to_line(from_line(line)) for line in lines] == [to_line(e) for e in again]


def test_what_was_measured_is_read_from_the_runs_folder(engine, finished, monkeypatch) -> None:
    kept = list(engine.inside.left(finished))
    monkeypatch.setattr(engine.inside, "_left", {})
    monkeypatch.setattr(inside, "_inspected", None)
    read = list(engine.inside.left(finished))
    assert [to_line(e) for e in read] == [to_line(e) for e in kept if not isinstance(e, Phase)]


def test_a_run_without_weights_has_left_nothing_to_inspect(engine) -> None:
    looked = engine.submit(make.recipe(), "inspect")
    wait(engine, looked)
    with pytest.raises(LabError, match="nothing to compare yet: unlearn first"):
        engine.inside.left(looked)


def test_where_a_run_lost_its_answers_is_asked_once_and_kept_in_its_result(
    engine, finished, tiny, monkeypatch
) -> None:
    before = weights_hash(tiny.model)
    *phases, found = engine.inside.where(finished)
    assert isinstance(found, Where) and found.entity == "p0"
    assert {(p.name, p.total) for p in phases} == {("where", phases[-1].done)}
    assert [p.done for p in phases] == sorted({p.done for p in phases}) and phases[0].done == 0
    assert weights_hash(tiny.model) == before
    result = engine.run(finished).events[-1].result
    assert where_of(result) == found
    metrics = json.loads((engine.export(finished) / "metrics.json").read_text(encoding="utf-8"))
    assert where_of(metrics).lost.depths[-1].name == "projector" and not run_misfit(
        {k: metrics[k] for k in result}
    )
    monkeypatch.setattr(inside, "where", None)
    assert list(engine.inside.where(finished)) == [found]


def test_where_is_for_runs_that_have_left_something(engine) -> None:
    looked = engine.submit(make.recipe(), "inspect")
    wait(engine, looked)
    with pytest.raises(LabError, match="nothing to compare yet: unlearn first"):
        engine.inside.where(looked)


def test_a_recorded_run_answers_with_what_was_recorded(finished, engine) -> None:
    *_, found = engine.inside.where(finished)
    events = engine.run(finished).events
    assert inside.where_recorded(events) == found
    bare = [Done("x", {k: v for k, v in events[-1].result.items() if k != "where"})]
    with pytest.raises(LabError, match="was not recorded of the example"):
        inside.where_recorded(bare)


# -- what the page draws --------------------------------------------------------------------


def read(words: str, kind: str) -> list:
    return np.frombuffer(base64.b64decode(words), f"<{kind}").tolist()


def importance(*scores: list[float]) -> Importance:
    arrays = tuple(np.array(s, F) for s in scores)
    names = tuple(f"block {k}" for k in range(len(scores)))
    heat = np.zeros((2, 2), F)
    return Importance(names, arrays, arrays, arrays, tuple(a > 9 for a in arrays), heat, (1, 1))


def fisher(*means: list[float]) -> NeuronFisher:
    arrays = tuple(np.array(m, F) for m in means)
    cells = tuple(np.zeros((2, len(m)), np.int16) for m in means)
    names, one = tuple(f"block {k}" for k in range(len(means))), np.ones(1)
    maps = np.ones((1, 1, 1), F)
    inputs = (1,) * len(means)
    return NeuronFisher(names, arrays, arrays, arrays, cells, cells, inputs, one, maps)


def test_places_count_over_all_layers_and_what_is_no_number_comes_last() -> None:
    found = ranked((np.array([1.0, 9.0, 3.0]), np.array([8.0, np.nan, 3.0])))
    assert [r.tolist() for r in found] == [[4, 0, 2], [1, 5, 3]]


def test_logarithms_are_thousandths() -> None:
    ratios = np.array([1.0, 10.0, 0.5, 0.0, np.nan, np.inf])
    assert thousandths(ratios).tolist() == approx([0, 1000, -301.03, -5000, NOTHING, NOTHING])


def test_what_is_drawn_of_a_small_model_is_every_neuron() -> None:
    drawn = instrument([importance([1, 10, 2], [100, 4])])
    assert drawn["total"] == 5 and read(drawn["order"], "u1") == [1, 0, 1, 0, 0]
    first, second = drawn["layers"]
    assert (first["neurons"], first["width"]) == (3, 1)
    assert read(first["score"], "f4") == approx([0, 1000, 301.03])
    assert read(first["rank"], "u4") == [4, 1, 3] and read(second["rank"], "u4") == [0, 2]
    assert [(r["layer"], r["neuron"], r["score"]) for r in drawn["top"][:2]] == [
        (1, 0, 100),
        (0, 1, 10),
    ]
    assert drawn["pictures"] == [None, None] and "glow" not in drawn
    assert instrument([]) == {} and instrument([Phase("importance")]) == {}


def test_neurons_of_a_large_layer_share_a_column_which_shows_the_highest(monkeypatch) -> None:
    monkeypatch.setattr("lab.report.instrument.COLUMNS", 2)
    drawn = instrument([importance([1, 10, 2]), fisher([1, 2, 3])])
    (strip,) = drawn["layers"]
    assert strip["width"] == 2 and read(strip["score"], "f4") == approx([1000, 301.03])
    assert read(strip["rank"], "u4") == [0, 1] and read(strip["peak"], "u1") == [1, 0]
    assert read(strip["mean"], "f4") == approx([301.03, 477.1213])


def test_before_after_and_another_person_lie_in_one_object() -> None:
    before = [importance([1, 10, 2], [100, 4]), fisher([1, 2, 3], [4, 5])]
    after = [importance([1, 1, 2], [0, 4]), fisher([1, 1, 1], [1, 1])]
    drawn = instrument(before, after, [importance([50, 60, 1], [2, 3])])
    assert read(drawn["layers"][1]["score_after"], "f4") == approx([-5000, 602.06])
    assert read(drawn["layers"][0]["mean_after"], "f4") == [0, 0, 0]
    assert read(drawn["layers"][0]["other"], "u4") == [1, 0, 4]
    # places of both: (4, 1), (1, 0), (3, 4), (0, 3), (2, 2); a neuron is shared once both are chosen
    assert read(drawn["shared"], "u4") == [1, 2, 3, 4, 4]
    less = instrument(before, (), [importance([50, 60], [2, 3])])
    assert "shared" not in less and "other" not in less["layers"][0]  # other layers than these


def test_a_runs_own_events_are_enough_to_draw_it(engine, finished) -> None:
    events = [from_line(to_line(e)) for e in engine.run(finished).events]
    drawn, live = instrument(events), instrument(engine.run(finished).events)
    for one, other in zip(drawn.pop("layers"), live.pop("layers"), strict=True):
        assert one["rank"] == other["rank"] and one.keys() == other.keys()
        for name in ("score", "mean", "most", "median"):  # lines of JSON keep seven decimals
            assert read(one[name], "f4") == approx(read(other[name], "f4"), abs=0.1)
    assert drawn == live
    assert drawn["glow"]["side"] == drawn["source"]["side"] == 2
    assert all(p and p["inputs"] < p["rows"] for p in drawn["pictures"])
    above = read(drawn["weights"]["above"], "u4")
    counts = next(e for e in events if isinstance(e, Saliency)).counts
    bins = counts.shape[-1]
    assert above[::bins] == counts.sum(-1).ravel().tolist()  # all weights lie above the first edge
    assert above[bins - 1 :: bins] == counts[..., -1].ravel().tolist()

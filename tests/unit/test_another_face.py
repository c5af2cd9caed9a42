"""A stranger's face is taught the same facts: the same views, questions and weights, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assets.build.tables.another_face import another_face as table
from lab.errors import LabError
from lab.evaluation.models import UNLEARNED
from lab.events.relearning import OWN_FACE, face_heights
from lab.experiments import another_face as faces
from lab.experiments.result_file import ResultFile
from lab.recipe import AttackRecipe
from tests.unit import tiny as make
from tests.unit.test_controls import bench_of, cache_of, models  # noqa: F401


@pytest.fixture
def strangers(four):
    """The benchmark with four strangers of three views each, and one with too few views."""
    shown = [
        replace(four.pictures[0], id=f"strangers/s{who}/{view}", image=b"%d/%d" % (who, view))
        for who in range(4)
        for view in range(3)
    ]
    return replace(four, strangers=(*shown, replace(shown[0], id="strangers/few/0")))


def test_every_face_has_as_many_views_and_only_the_pictures_differ(strangers) -> None:
    entity = strangers.entities[0]
    shown = faces.faces(strangers, entity, 0)
    assert len(shown) == 1 + faces.STRANGERS and "strangers/few" not in shown
    own = shown.pop(OWN_FACE)
    assert own.train_images == entity.train_images[:2]
    assert own.test_images == entity.test_images[:1]
    for who, seen in shown.items():
        number = who.removeprefix("strangers/s").encode()
        assert seen.train_images == (number + b"/0", number + b"/1")
        assert seen.test_images == (number + b"/2",)
        assert replace(seen, train_images=(), test_images=()) == replace(
            entity, train_images=(), test_images=()
        )
    assert shown == {k: v for k, v in faces.faces(strangers, entity, 0).items() if k in shown}


def test_a_benchmark_without_strangers_says_so(four) -> None:
    with pytest.raises(LabError, match="no strangers"):
        faces.faces(replace(four, strangers=()), four.entities[0], 0)


def test_the_heights_are_the_mean_over_the_steps_and_over_the_strangers() -> None:
    curves = {
        OWN_FACE: [[0, 0.0], [10, 1.0], [20, 1.0]],
        "a": [[0, 0.0], [20, 1.0]],
        "b": [[0, 0.0], [20, 0.0]],
    }
    assert face_heights(curves) == pytest.approx((0.75, 0.25))


def test_a_row_holds_both_models_with_every_face_and_is_made_once(
    tiny,
    strangers,
    models,  # noqa: F811
    cache_of,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faces, "ATTACK", AttackRecipe(steps=2, probe_every=1, batch=1))
    view = strangers.entities[0].train_images[0]  # a real picture: these are decoded
    shown = tuple(replace(p, image=view) for p in strangers.strangers)
    bench = bench_of(tiny, replace(strangers, strangers=shown), cache_of)
    file = ResultFile(tmp_path / "another_face.json", {"models": ""})
    plans = faces.planned(make.recipe(steps=1), ["p0"])
    assert [plan.id for plan in plans] == ["vkd p0 0 x1", "vkd p0 0 x3"]
    faces.measure(lambda: bench, plans[:1], file, lambda _: None)
    (row,) = file.rows
    assert set(row["curves"]) == {UNLEARNED, "text_only"}
    for curves in row["curves"].values():
        assert len(curves) == 1 + faces.STRANGERS
        assert all([step for step, _ in curve] == [0, 1, 2] for curve in curves.values())
    again = ResultFile(file.path, {"models": ""})
    faces.measure(lambda: pytest.fail("opened"), plans[:1], again, lambda _: None)
    own, others = face_heights(row["curves"][UNLEARNED])
    assert f"| {100 * own:.1f} % | {100 * others:.1f} % | {100 * (own - others):.1f} |" in table(
        tmp_path
    )

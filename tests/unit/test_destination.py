"""Where VKD moves the target's features: the loss by hand, its direction, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lab.benchmarks.schema import Picture, Question
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events import Step
from lab.experiments.studies import STUDIES
from lab.model.overlay import overlay, weights_hash
from lab.recipe import DESTINATIONS, Preset
from lab.unlearn import alike, vkd
from lab.unlearn.batches import STRANGERS, Rows
from lab.unlearn.distances import normalised
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make

TO_STRANGERS = tuple(d for d in DESTINATIONS if d.startswith("stranger"))


@pytest.fixture
def strange(four):
    """The four people with five pictures of strangers."""
    drawn = [make.drawing("purple", k) for k in range(5)]
    return replace(
        four, train_strangers=tuple(Picture(f"s{k}/0", image, ()) for k, image in enumerate(drawn))
    )


def begun(tiny, bench, recipe) -> tuple[Student, Rows]:
    """A student after the stages, and the rows it draws from."""
    task, outcome = task_of(bench, recipe), Outcome()
    list(inspect(tiny, task, outcome, lambda: False))
    student = Student(tiny, METHODS["vkd"], recipe, outcome)
    list(student.prepare(task.rows))
    return student, task.rows


# ---- the loss


def test_the_loss_is_the_weighted_distance_to_the_place_by_hand() -> None:
    recipe = make.recipe(forget_weight=2.0, beta=10.0, destination="stranger_mean")
    moved, place = torch.tensor([[[3.0, 0.0]]]), torch.tensor([[[1.0, 2.0]]])  # 4 + 4 over 1 + 4
    kept, teacher = torch.tensor([[[3.0]]]), torch.tensor([[[2.0]]])  # 1 over 4
    term = vkd.towards((moved,), (place,), recipe)
    made = vkd.with_retain(term, float("nan"), None, (kept,), (teacher,), recipe)
    assert made.forget_term.item() == pytest.approx(0.3 * 2 * 10 * 8 / 5)
    assert made.retain_term.item() == pytest.approx(10 * 0.25)
    assert made.vkd == pytest.approx(0.25)
    assert made.forget_ce != made.forget_ce and made.retain_ce != made.retain_ce  # NaN: not asked
    other = replace(recipe, distance="cosine", retain_weight=0.5)  # of the retain pictures alone
    term = vkd.towards((moved,), (place,), other)
    retain_ce = torch.tensor([2.0, 4.0])
    more = vkd.with_retain(term, float("nan"), retain_ce, (kept,), (teacher,), other)
    assert more.forget_term.item() == pytest.approx(0.3 * 32.0)
    assert more.retain_term.item() == pytest.approx(0.0 + 0.5 * 3, abs=1e-6)


def test_the_gradient_points_from_the_features_to_the_place() -> None:
    recipe = make.recipe(forget_weight=1.0, beta=1.0)
    moved = torch.tensor([[[3.0, 0.0]]], requires_grad=True)
    vkd.towards((moved,), (torch.tensor([[[1.0, 2.0]]]),), recipe).backward()
    # d/dm 0.3 ||m - s||^2 / ||s||^2 = 0.6 (m - s) / 5: a step against it goes towards the place
    assert moved.grad.flatten().tolist() == pytest.approx([0.24, -0.24])


# ---- the places


def test_the_mean_and_the_nearest_are_those_by_hand() -> None:
    target = torch.tensor([[[1.0, 0.0]], [[0.0, 4.0]]])
    strangers = torch.tensor([[[2.0, 0.0]], [[0.0, 3.0]], [[1.0, 6.0]]])
    (mean,) = vkd.places_of((target,), (strangers,), "stranger_mean")
    assert mean.tolist() == [[[1.0, 3.0]], [[1.0, 3.0]]]
    # first: 1/4, 10/9, 36/37; second: 20/4, 1/9, 5/37
    (near,) = vkd.places_of((target,), (strangers,), "stranger_nearest")
    assert near.tolist() == [[[2.0, 0.0]], [[0.0, 3.0]]]
    (drawn,) = vkd.places_of((target,), (strangers[2:],), "stranger_draw")
    assert drawn.tolist() == [[[1.0, 6.0]]] * 2


def test_of_two_outputs_the_same_stranger_is_the_nearest() -> None:
    one, other = torch.tensor([[[1.0]]]), torch.tensor([[[9.0]]])
    # by the first output 0 is nearest (0 against 1/4), by the mean of both it is 1 (4 against 1/8)
    strangers = torch.tensor([[[1.0]], [[2.0]]]), torch.tensor([[[3.0]], [[9.0]]])
    assert [p.item() for p in vkd.places_of((one, other), strangers, "stranger_nearest")] == [2, 9]


def test_strangers_are_drawn_by_the_seed_and_stay_for_the_whole_run(four) -> None:
    many = tuple(Picture(f"s{k}", bytes([k]), ()) for k in range(50))
    bench = replace(four, train_strangers=many)

    def drawn(destination: str, seed: int) -> list[bytes]:
        rows, recipe = Rows(bench, four.entities[0], seed), make.recipe(destination=destination)
        first, second = (rows.strangers(recipe) for _ in range(2))
        assert first == second
        return first

    assert len(set(drawn("stranger_mean", 1))) == STRANGERS == 30
    assert drawn("stranger_nearest", 1) == drawn("stranger_mean", 1) != drawn("stranger_mean", 2)
    assert drawn("stranger_draw", 1) == drawn("stranger_mean", 1)[:1]
    assert drawn("away", 1) == []


# ---- a run


@pytest.mark.parametrize("destination", TO_STRANGERS)
@pytest.mark.parametrize("distil", ["projector", "both"])
def test_the_target_comes_nearer_to_where_the_original_sees_strangers(
    destination: str, distil: str, tiny, strange
) -> None:
    recipe = make.recipe(
        destination=destination, distil=distil, mask_mode="off", prune_share=0.0, steps=8
    )
    student, rows = begun(tiny, strange, recipe)
    views, strangers = list(strange.entities[0].train_images), list(student.aims.pictures)
    places = vkd.places_of(
        student.teacher_representations(views),
        student.teacher_representations(strangers),
        destination,
    )

    def far() -> float:
        with torch.no_grad(), overlay(tiny.model, student.weights):
            moved = student.representations(views)
        return sum(normalised(m, p).item() for m, p in zip(moved, places, strict=True))

    before = far()
    for _ in range(recipe.steps):
        student.update(rows.draw(recipe))
    assert far() < 0.9 * before


@pytest.mark.parametrize("destination", [d for d in TO_STRANGERS if d != "stranger_alike"])
def test_text_logits_stay_the_originals_and_the_language_model_is_not_asked(
    destination: str, tiny, strange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Student, "cross_entropy", None)
    outcome, events = make.run(tiny, strange, make.recipe(destination=destination))
    result = events[-1].result
    assert result["text_logits_identical"] and result["base_unchanged"] and outcome.steps == 3
    steps = [e for e in events if isinstance(e, Step)]
    assert all(e.forget_loss != e.forget_loss and e.vkd_loss > 0 for e in steps)
    start = tiny.vision.trainable(2)
    for name, mask in outcome.mask.items():  # what the mask shuts keeps its bits
        pruned = outcome.pruned.get(name, torch.zeros_like(mask))
        shut = ~mask & ~pruned
        assert torch.equal(outcome.delta[name][shut], start[name].detach()[shut])
    assert any(not torch.equal(t, start[n]) for n, t in outcome.delta.items())


def test_away_is_the_default_and_strangers_do_not_change_it(tiny, four, strange) -> None:
    """``test_vkd_takes_the_steps_it_always_took`` holds the numbers themselves."""
    one, _ = make.run(tiny, four, make.recipe())
    two, _ = make.run(tiny, strange, make.recipe(destination="away"))
    assert all(torch.equal(t, two.delta[n]) for n, t in one.delta.items())


# ---- where there are none, and the study


def test_without_strangers_it_is_refused_before_anything_is_computed(tiny, four) -> None:
    events = inspect(
        tiny, task_of(four, make.recipe(destination="stranger_mean")), Outcome(), lambda: False
    )
    with pytest.raises(LabError, match="tiny has none: choose destination=away"):
        next(events)


def test_the_command_line_refuses_in_one_line(
    tiny, four, monkeypatch: pytest.MonkeyPatch, tmp_path, capsys
) -> None:
    preset = Preset("demo", "tiny", "tiny", recipe=make.recipe())
    bench = Workbench(preset, four, tiny, Baseline(tiny), weights_hash(tiny.model))
    monkeypatch.setattr(session, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda *_: four)
    words = ["run", "--entity", "p0", "--json", "--set", "blocks=2", "destination=stranger_draw"]
    with pytest.raises(SystemExit) as ended:
        main.main([*words, "--out", str(tmp_path / "run")])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == ""
    assert said.err.strip().splitlines()[-1].endswith("has none: choose destination=away")
    assert "Traceback" not in said.err and not list((tmp_path / "run").iterdir())


def test_the_study_has_a_variant_for_each_destination() -> None:
    changes = {v.name: dict(v.changes) for v in STUDIES["destination"].variants}
    assert changes == {name: {"destination": name} for name in DESTINATIONS}


# ---- the stranger who looks alike


def face(stranger: str, view: int, **looks: str) -> Picture:
    """A picture of a stranger with a question for everything that can be seen."""
    options = {"hair": ("black", "grey"), "glasses": ("yes", "no"), "head": ("bare", "hat")}
    asked = tuple(
        Question(fact, "classification", "image", fact, f"Which {fact}?", answer, options[fact])
        for fact, answer in looks.items()
    )
    return Picture(f"{stranger}/{view}", f"{stranger}{view}".encode(), asked)


def test_a_sheet_asks_what_tells_strangers_apart_with_every_answer_there_is() -> None:
    faces = [
        face("a", 0, hair="grey", head="bare", glasses="no"),
        face("b", 0, hair="black", head="bare", glasses="yes"),
    ]
    sheet = alike.questions_of(faces)
    assert [(q.fact, q.options) for q in sheet] == [
        ("hair", ("black", "grey")),
        ("glasses", ("no", "yes")),
    ]
    assert alike.questions_of([]) == []


def test_the_most_alike_come_first_and_each_stranger_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [
        face("a", 0, hair="grey", glasses="no"),
        face("a", 1, hair="grey", glasses="no"),
        face("b", 0, hair="black", glasses="yes"),
        face("c", 0, hair="black", glasses="no"),
    ]
    faces = alike.one_each(pictures, "seed")
    assert sorted(map(alike.stranger_of, faces)) == ["a", "b", "c"]
    assert faces == alike.one_each(pictures, "seed")
    monkeypatch.setattr(alike, "CANDIDATES", 2)
    looks = {"hair": "black", "glasses": "yes"}
    near = alike.most_alike(faces, alike.questions_of(faces), looks)
    assert [alike.stranger_of(p) for p in near] == ["b", "c"]  # two of two, one of two


def test_of_the_half_that_looks_alike_the_facts_decide() -> None:
    faces = [face(name, 0, hair="black") for name in "abcd"]
    looks, facts = torch.tensor([0.9, 0.1, 0.3, 0.8]), torch.tensor([9.0, 1.0, 2.0, 8.0])
    assert alike.best_of(faces, looks, facts).id == "c/0"  # b and c look alike, c knows less
    assert alike.best_of(faces[:1], looks[:1], facts[:1]).id == "a/0"


def test_who_is_called_by_a_name_is_left_out(tiny, four, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any person's name counts, the target's too; where all are called by one, all stay."""
    faces = [face(name, 0, hair="black") for name in "abc"]
    said = [f"This is {four.entities[1].name}.", "I don't know.", four.entities[0].name]
    monkeypatch.setattr(alike, "generate", lambda loaded, asks, tokens: said)
    rows = Rows(four, four.entities[0], 0)
    assert alike.nameless(tiny, rows, faces) == faces[1:2]
    monkeypatch.setattr(alike, "generate", lambda loaded, asks, tokens: [said[0]] * 3)
    assert alike.nameless(tiny, rows, faces) == faces


def test_the_choice_is_one_stranger_and_the_same_for_the_same_seed(tiny, strange) -> None:
    recipe = make.recipe(destination="stranger_alike")
    one, two = (begun(tiny, strange, recipe)[0].aims.pictures for _ in range(2))
    assert len(one) == 1 and list(one) == list(two)
    assert one[0] in {p.image for p in strange.train_strangers}

"""Every benchmark goes the whole way, and so does a forget split as one target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.attack import Relearned, attack, attacker_rows, control_victim
from lab.benchmarks.clear import load_clear
from lab.benchmarks.fiu import load_fiu
from lab.benchmarks.mllmu import load_mllmu
from lab.benchmarks.schema import Benchmark, Question
from lab.benchmarks.umu import load_umu
from lab.catalogue import MEASURE_ROWS
from lab.errors import LabError
from lab.evaluation.asks import forget_asks, retain_asks
from lab.evaluation.questions import Ask, chance
from lab.evaluation.scores import asks_for
from lab.events import Done
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.serve.chat import probe_rows
from lab.unlearn.batches import Rows, probe_asks
from tests.unit import public
from tests.unit import tiny as make

LOADERS = {"mllmu": load_mllmu, "clear": load_clear, "umu": load_umu, "fiu": load_fiu}


@pytest.fixture(scope="module", params=LOADERS)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Benchmark:
    folder: Path = tmp_path_factory.mktemp(request.param)
    return LOADERS[request.param](getattr(public, request.param)(folder))


def whole_way(loaded, benchmark: Benchmark, target: str) -> dict:
    """Unlearn and relearn on the tiny model; returns the run's result."""
    plan = replace(make.recipe(), entity=target, steps=2, measures="all")
    outcome, events = make.run(loaded, benchmark, plan)
    assert isinstance(events[-1], Done)
    scene, entity = make.scene(loaded, benchmark, outcome.delta, target), benchmark.entity(target)
    *_, last = attack(scene, AttackRecipe(steps=1), Relearned(), lambda: False)
    assert last.result["n"] == len(forget_asks(entity))
    rows = probe_rows(
        [Version("original", loaded), Version("run", loaded, outcome.delta)], benchmark, entity
    )
    assert {r.group for r in rows} >= {"Forget VQA", "Retain VQA"}
    return events[-1].result


def first_taught(benchmark: Benchmark) -> str:
    return next(e.id for e in benchmark.entities if e.train_questions)


@pytest.mark.slow
def test_one_entity_of_every_benchmark(tiny, published: Benchmark) -> None:
    target = first_taught(published)
    result = whole_way(tiny, published, target)
    assert result["text_logits_identical"] and result["base_unchanged"]
    asked = asks_for(published, published.entity(target))
    assert result["n"] == {measure: len(asks) for measure, asks in asked.items()}
    assert (
        set(result["before"]) == set(result["after"]) == set(asked) >= {"forget_vqa", "retain_vqa"}
    )
    choices = {m: asks for m, asks in asked.items() if result["chance"][m] is not None}
    assert {m: result["chance"][m] for m in choices} == pytest.approx(
        {m: chance(asks) for m, asks in choices.items()}, abs=1e-4
    )
    assert asked.keys() - choices.keys() == {m for m in asked if not MEASURE_ROWS[m].chance}


def test_a_question_of_one_picture_goes_with_that_picture(published: Benchmark) -> None:
    target = published.entity(first_taught(published))
    rows = Rows(published, target, 0)
    allowed: dict[tuple[str, str], set[bytes]] = {}
    for e in published.entities:
        for q in e.train_questions:
            views = e.train_images if q.image is None else (q.image,)
            allowed.setdefault((q.text, q.answer), set()).update(views)
    drawn = [
        (i, q, a) for i, asked in (*rows.forget_batch(8), *rows.retain_rows(8)) for q, (a,) in asked
    ]
    drawn += [(s.image, s.question, s.answer) for side in rows.fisher_samples(16) for s in side]
    assert drawn and all(image in allowed[question, answer] for image, question, answer in drawn)
    for ask in (
        *forget_asks(target),
        *retain_asks(published, target.id),
        *probe_asks(published, target, 0)[0],
    ):
        assert ask.question.image in (None, ask.image)


def test_who_is_only_evaluated_is_never_drawn(tmp_path: Path) -> None:
    mllmu = load_mllmu(public.mllmu(tmp_path))
    rows = Rows(mllmu, mllmu.entities[0], 0)
    famous = {i for e in mllmu.entities if not e.train_questions for i in e.test_images}
    assert famous and not famous & {*rows.portrait_pool, *rows.importance_images()[1]}
    assert len(rows.others) == 19


def test_a_forget_split_is_one_target(tiny, four) -> None:
    pair = replace(four, splits={"forget_50": ("p0", "p2"), "retain_50": ("p1", "p3")})
    assert pair.targets == ("forget_50",)
    target = pair.entity("forget_50")
    members = [pair.entities[0], pair.entities[2]]
    assert [e.id for _, e in pair.others("forget_50")] == ["p1", "p3"]
    assert len(target.train_images) == 6 and "Ada Almeida, Chiara Cole" in target.biography
    named = {m.name: set(m.train_images) | set(m.test_images) for m in members}

    def whose(question: Question) -> set[bytes]:
        return next(v for name, v in named.items() if name == question.answer)

    for q in (*target.train_questions, *target.questions):
        assert q.image is None if q.modality == "text" else q.image is not None
        if q.modality == "image" and q.fact == "name":
            assert q.image in whose(q)
    taught = {(i, q, a) for i, q, a in attacker_rows(target, AttackRecipe(share=1.0))}
    assert taught == {r for m in members for r in attacker_rows(m, AttackRecipe(share=1.0))}
    result = whole_way(tiny, pair, "forget_50")
    assert result["entity"] == "forget_50" and result["n"]["retain_vqa"] == 2 * 3
    assert control_victim(tiny, ("p0", "p2"), pair, "forget_50").entity.id == "forget_50"
    assert control_victim(tiny, ("p0",), pair, "forget_50").entity.id == "p0"


def test_chance_is_that_of_the_options(four) -> None:
    two = Question("q", "classification", "image", "", "A or B?", "A", ("A", "B"))
    open_one = Question("o", "generation", "image", "name", "Who?", "A")
    assert chance([Ask(two), Ask(two), Ask(four.general[0])]) == pytest.approx(
        (0.5 + 0.5 + 0.25) / 3
    )
    assert chance([Ask(two), Ask(open_one)]) == 0.25


def test_a_target_that_cannot_be_judged_is_refused(four) -> None:
    mute = replace(four.entities[0], questions=())
    with pytest.raises(LabError, match="no multiple-choice question with a picture"):
        asks_for(replace(four, entities=(mute, *four.entities[1:])), mute)
    with pytest.raises(LabError, match="valid ids are p0, p1, p2, p3 .*splits forget_25"):
        four.entity("nobody")
